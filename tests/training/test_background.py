"""What is trained beside the bot leaves the processor to it, however Linux shares it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT
from bot.training.background import NICENESS

#: How nice a process is, and its session's share where Linux shares among sessions.
TOLD = """
import os
from pathlib import Path
from bot.training.background import step_back
step_back()
shared = Path("/proc/self/autogroup")
print(os.nice(0), shared.read_text().split()[-1] if shared.exists() else "none")
"""


@pytest.mark.parametrize("alone", [True, False], ids=["session of its own", "somebody's session"])
def test_a_gentle_process_is_nice_and_takes_nobody_along(alone: bool) -> None:
    shared = Path("/proc/self/autogroup")
    before = shared.read_text().split()[-1] if shared.exists() else "none"
    ran = subprocess.run(
        [sys.executable, "-c", TOLD],
        cwd=ROOT,
        start_new_session=alone,
        capture_output=True,
        text=True,
        check=True,
    )
    own = str(NICENESS) if alone and before != "none" else before
    assert ran.stdout.split() == [str(min(19, os.nice(0) + NICENESS)), own]
    # The session that it was begun in is as it was.
    assert (shared.read_text().split()[-1] if shared.exists() else "none") == before
