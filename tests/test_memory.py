"""Memory that was freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot import memory

#: Takes 80 MB in small pieces below one that stays, frees them, and tells how much is held before and after.
_HOLDER = """
from pathlib import Path
from bot.memory import give_back
def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1])
taken = [bytes(1_000) for _ in range(80_000)]
last = bytes(1_000)
del taken
before = held()
give_back()
print(before - held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
def test_what_was_freed_is_given_back() -> None:
    ran = subprocess.run([sys.executable, "-c", _HOLDER], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 40_000


def test_a_worker_gives_back_once_in_a_while_when_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    now = 100.0
    monkeypatch.setattr(memory, "give_back", lambda: given.append(now))
    sparing = memory.Sparing(lambda: now)
    for moment in (100.0, 104.9, 105.0, 106.0, 164.9, 165.0, 165.1):
        now = moment
        sparing.rest()
    assert given == [105.0, 165.0]
