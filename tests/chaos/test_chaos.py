"""Nothing is lost, doubled, or out of order while processes die, the disk fills and clocks jump."""

from __future__ import annotations

import pytest

from tests.chaos.driver import Plan, run
from tests.conftest import BACKENDS

SHORT = Plan(messages=300, buyers=30, seconds=10.0, disturb_every=1.5, timeouts=0.04, patience=45.0)


# Twenty seconds, on a machine with nothing else to do.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", BACKENDS)
def test_messages_survive_a_kill_every_second(backend: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres") if backend == "postgresql" else None
    told: list[str] = []
    verdict = run(SHORT, server, told.append)
    assert verdict.good, f"{told[-1]}\n{verdict}"
    # Otherwise it would prove nothing.
    assert verdict.counts["killed"] >= 5
    assert verdict.counts["timed out"] > 0
