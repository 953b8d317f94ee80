"""Memory that was freed goes back to the system."""

from __future__ import annotations

import gc
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


def test_what_a_process_holds_is_settled_when_it_changes_and_only_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled: list[str] = []
    sparing, held = memory.Sparing(lambda: 0.0), "one model"
    monkeypatch.setattr(memory, "settle", lambda: settled.append(held))
    for held in ("one model", "one model", "another", "another", "one model"):
        sparing.rest(held)
    assert settled == ["one model", "another", "one model"]


#: Holds many objects in a circle, settles, lets go of them and settles again: what do rounds look through?
_SETTLER = """
import gc
from bot.memory import settle, uncollected
def round_trip():
    return len(gc.get_objects())
with uncollected():
    assert not gc.isenabled()
    large = [[] for _ in range(200_000)]
    large.append(large)
assert gc.isenabled()
before = round_trip()
settle()
settled = round_trip()
kept = gc.get_freeze_count()
del large
gc.collect()
unseen = gc.get_freeze_count()
settle()
print(before, settled, kept - unseen, unseen - gc.get_freeze_count())
"""


def test_what_is_settled_is_not_looked_through_and_is_let_go_of_at_the_next_time() -> None:
    ran = subprocess.run([sys.executable, "-c", _SETTLER], capture_output=True, text=True, check=True)
    before, settled, lost_unasked, let_go = map(int, ran.stdout.split())
    assert before > 200_000
    assert settled < 1_000
    assert lost_unasked < 1_000
    assert let_go > 200_000


def test_what_loads_something_large_leaves_the_collector_as_it_was() -> None:
    was = gc.isenabled()
    gc.disable()
    try:
        with memory.uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        gc.enable()
        with pytest.raises(KeyError), memory.uncollected():
            raise KeyError
        assert gc.isenabled()
    finally:
        (gc.enable if was else gc.disable)()
