"""Which flows the benchmark of flows leaves out, and how its figures are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.driving import Measured
from bench.flows import ALL, FEW, FIRST, MOST, ROUNDS, told, with_first_flows
from bot.settings import ROOT


def measured(cpu_seconds: float, messages: int = 100) -> Measured:
    return Measured(
        messages=messages,
        expected=0.98,
        ready_seconds=1.0,
        cpu_seconds=cpu_seconds,
        wall_seconds=1.0,
        median_seconds=0.1,
        p95_seconds=0.2,
        memory_bytes=1,
        processes=2,
        turn_p95_seconds=None,
        unexpected=[],
    )


def test_the_copy_has_the_first_flows_and_no_others(tmp_path: Path) -> None:
    folder = with_first_flows(tmp_path)
    left = {
        str(path.relative_to(folder / "stories").with_suffix("")) for path in folder.glob("stories/*/*.yml")
    }
    assert left == set(FIRST)
    assert len(FIRST) < len(list(ROOT.glob("stories/*/*.yml"))) / 1.5
    assert (folder / "bot" / "__main__.py").is_file()


@pytest.mark.parametrize(("cost", "reached"), [(MOST * 2, True), (MOST * 2 + 0.1, False)])
def test_the_medians_of_a_messages_cost_are_compared(cost: float, reached: bool) -> None:
    few = [measured(2.0), measured(2.0), measured(9.0)]
    text, met = told({ALL: [measured(cost), measured(cost), measured(1.0)], FEW: few})
    assert len(few) == ROUNDS
    assert met is reached
    assert ("reached" in text, "MISSED" in text) == (reached, not reached)
