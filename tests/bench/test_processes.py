"""What processes use is read from /proc, with all their children, and what was started is stopped."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from bench.processes import Stat, all_stats, family, pss_of, running

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("has", child.pid, flush=True)
child.wait()
"""


def _wait_until(condition, seconds: float = 30.0):
    until = time.monotonic() + seconds
    while not (seen := condition()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.02)
    return seen


def _child_of(group) -> int:
    line = _wait_until(lambda: [line for line in group.said().splitlines() if line.startswith("has ")])
    return int(line[0].split()[1])


def test_cpu_seconds_are_those_of_the_process_and_of_its_ended_children():
    line = "42 (python3) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 1 1 1"
    assert Stat.parse(line) == Stat(7, ended=False, cpu_seconds=(11 + 22 + 33 + 44) / _TICKS)


def test_a_command_may_be_called_anything():
    line = "42 (a) R (b) 9) S 7 42 42 0 -1 4194560 100 200 0 0 1 2 3 4 20 0 1 0 1 1 1"
    assert Stat.parse(line) == Stat(7, ended=False, cpu_seconds=10 / _TICKS)


def test_our_own_line_is_read_as_the_system_tells_it():
    ours = all_stats()[os.getpid()]
    assert ours.parent == os.getppid()
    times = os.times()
    assert ours.cpu_seconds == pytest.approx(sum(times[:4]), abs=0.5)


def test_a_family_is_the_living_roots_with_all_descendants():
    stats = {pid: Stat(parent, False, 0.0) for pid, parent in {1: 0, 2: 1, 3: 2, 4: 2, 5: 4, 6: 1}.items()}
    assert sorted(family([2, 99], stats)) == [2, 3, 4, 5]


def test_proportional_memory_is_told_in_bytes():
    rollup = "55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:  9000 kB\nPss:  1234 kB\nPss_Dirty: 7 kB\n"
    assert pss_of(rollup) == 1234 * 1024


def test_a_kernel_that_tells_no_proportional_memory_is_an_error():
    with pytest.raises(ValueError, match="Pss"):
        pss_of("Rss: 9000 kB\n")


def test_a_group_counts_children_and_leaves_none_behind(tmp_path):
    with running(tmp_path / "log") as group:
        group.start([sys.executable, "-c", _PARENT], os.environ, tmp_path)
        child = _child_of(group)
        assert group.count() == 2
        assert group.memory() > 1e6
        assert group.cpu_seconds() > 0
    _wait_until(lambda: child not in all_stats())


def test_a_group_is_stopped_when_the_measuring_fails(tmp_path):
    children = []

    def measure():
        with running(tmp_path / "log") as group:
            group.start([sys.executable, "-c", _PARENT], os.environ, tmp_path)
            children.append(_child_of(group))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure()
    (child,) = children
    _wait_until(lambda: child not in all_stats())


def test_a_process_that_ended_by_itself_is_told_with_its_last_words(tmp_path):
    with running(tmp_path / "log") as group:
        group.start([sys.executable, "-c", "raise SystemExit('no room')"], os.environ, tmp_path)
        _wait_until(lambda: group.count() == 0)
        with pytest.raises(RuntimeError, match="no room"):
            group.require_alive()


def test_a_zombie_counts_as_ended():
    line = "42 (python3) Z 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 1 1 1"
    assert Stat.parse(line).ended
