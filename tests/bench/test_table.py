"""The table tells both sides, the ratio and whether the target was reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.driving import Measured, percentile
from bench.turns import TABLE, main, table, turn_line

OURS = Measured(
    messages=300,
    expected=0.99,
    ready_seconds=4.0,
    cpu_seconds=5.0,
    wall_seconds=6.0,
    median_seconds=0.02,
    p95_seconds=0.04,
    memory_bytes=500_000_000,
    processes=2,
    turn_p95_seconds=0.05,
    unexpected=(),
)
RIVAL = replace(
    OURS,
    cpu_seconds=25.0,
    wall_seconds=24.0,
    ready_seconds=40.0,
    p95_seconds=0.1,
    median_seconds=0.06,
    memory_bytes=1_500_000_000,
)


def _row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(name))


def test_both_sides_stand_beside_each_other_with_their_ratio():
    row = _row(table(OURS, RIVAL, ("a", "b")), "messages per CPU-second")
    assert row.split()[3:] == ["60.0", "12.0", "5.00", "≥", "5", "reached"]


def test_a_missed_target_is_told():
    slow = replace(OURS, p95_seconds=0.06)
    assert _row(table(slow, RIVAL, ("a", "b")), "p95").endswith("MISSED")
    assert "MISSED" not in table(OURS, RIVAL, ("a", "b"))


@pytest.mark.parametrize(
    ("name", "ratio", "reached"),
    [
        ("messages per CPU-second", 5.0, True),
        ("messages per CPU-second", 4.99, False),
        ("p95", 0.49, True),
        ("p95", 0.5, False),
        ("memory", 0.5, False),
        ("start", 0.19, True),
        ("start", 0.2, False),
        ("processes", 1.0, None),
    ],
)
def test_targets_are_the_ones_that_were_set(name, ratio, reached):
    target = next(target for target in TABLE if target.name.startswith(name))
    assert target.reached(ratio) is reached


@pytest.mark.parametrize(("seconds", "told"), [(0.0599, "reached"), (0.06, "MISSED"), (None, "not measured")])
def test_the_wait_for_a_turn_is_told_with_its_bound(seconds, told):
    assert turn_line(replace(OURS, turn_p95_seconds=seconds)).endswith(told)


def test_a_percentile_is_a_value_that_was_seen():
    assert percentile([5, 1, 4, 2, 3], 95) == 5
    assert percentile(range(1, 101), 95) == 95
    assert percentile([7], 95) == 7


def test_a_rival_that_never_did_as_expected_breaks_no_table():
    assert "inf" in _row(table(OURS, replace(RIVAL, expected=0.0), ("a", "b")), "expected flow")


@pytest.mark.parametrize(
    "wrong", [["--conversations", "0"], ["--at-once", "-1"], ["--conversations", "9999"]]
)
def test_a_number_that_cannot_be_is_told_before_anything_starts(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "from 1 to 100" in capsys.readouterr().err
