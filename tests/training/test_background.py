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


def _said(program: str, *, alone: bool) -> list[str]:
    """What a process says, in a session of its own or in ours."""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        start_new_session=alone,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.split()


@pytest.mark.parametrize("alone", [True, False], ids=["session of its own", "somebody's session"])
def test_a_gentle_process_is_nice_and_takes_nobody_along(alone: bool) -> None:
    ours = _share()
    before, nice, after = _said(TOLD, alone=alone)
    assert nice == str(min(19, os.nice(0) + NICENESS))
    assert after == (str(NICENESS) if alone and before != "none" else before)
    # The session that it was begun in is as it was.
    assert _share() == ours


CORES = """
import os
from bot.training.background import step_back

before = os.sched_getaffinity(0)
step_back()
after = os.sched_getaffinity(0)
assert after <= before
print(len(before), len(after))
os.sched_setaffinity(0, {min(after)})
step_back()
print(len(os.sched_getaffinity(0)))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system binds nobody to a processor")
def test_one_core_is_left_to_who_serves_where_there_is_more_than_one() -> None:
    before, after, alone = map(int, _said(CORES, alone=True))
    assert after == max(1, before - 1)
    assert alone == 1
