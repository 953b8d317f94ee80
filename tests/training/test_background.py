"""What is trained beside the bot leaves the processor to it, however Linux shares it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT
from bot.training.background import NICENESS

#: How nice a process is and, before and after it steps back, its session's share. That is "none" where Linux
#: doesn't share among sessions: it has no such file, or an empty one, as in many containers.
TOLD = """
import os
from pathlib import Path
from bot.training.background import step_back

def share():
    told = Path("/proc/self/autogroup")
    return told.read_text().split()[-1:] if told.exists() else []

print(*(share() or ["none"]))
step_back()
print(os.nice(0), *(share() or ["none"]))
"""


def _share() -> list[str]:
    told = Path("/proc/self/autogroup")
    return told.read_text().split() if told.exists() else []


@pytest.mark.parametrize("alone", [True, False], ids=["session of its own", "somebody's session"])
def test_a_gentle_process_is_nice_and_takes_nobody_along(alone: bool) -> None:
    ours = _share()
    ran = subprocess.run(
        [sys.executable, "-c", TOLD],
        cwd=ROOT,
        start_new_session=alone,
        capture_output=True,
        text=True,
        check=True,
    )
    before, nice, after = ran.stdout.split()
    assert nice == str(min(19, os.nice(0) + NICENESS))
    assert after == (str(NICENESS) if alone and before != "none" else before)
    # The session that it was begun in is as it was.
    assert _share() == ours
