"""Each way to break the mailroom makes the run fail: what the verdict does not see, nobody would."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.driver import Plan, run
from tests.chaos.faults import FAULTS

#: Those that CI tries at each push; ``make proof`` tries all.
ALWAYS = ("known_messages_accepted_again", "newest_first", "settled_before_sent")
#: Those that SQL alone makes: they are tried over PostgreSQL as well.
IN_SQL = (
    "late_workers_write",
    "left_out_of_the_line",
    "sent_by_two_deliverers",
    "two_turns_at_once",
)


def _parameters() -> list[Any]:
    return [
        pytest.param(
            fault, backend, marks=() if fault in ALWAYS and backend == "sqlite" else pytest.mark.proof
        )
        for fault in FAULTS
        for backend in ("sqlite", "postgresql")
        if backend == "sqlite" or fault in IN_SQL
    ]


# Twenty seconds, on a machine with nothing else to do.
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("fault", "backend"), _parameters())
def test_a_mailroom_that_is_broken_on_purpose_is_found_out(
    fault: str, backend: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres") if backend == "postgresql" else None
    plan = Plan(
        seed=4,
        messages=300,
        buyers=30,
        seconds=12.0,
        disturb_every=0.8,
        timeouts=0.06,
        patience=25.0,
        fault=fault,
    )
    verdict = run(plan, server)
    print(verdict)
    assert not verdict.good
