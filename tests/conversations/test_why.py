"""Why the bot said what it said, of real conversations: the clause that refused is named with its value."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.dialogue.because import because
from bot.dialogue.grounds import version_of
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.replay import stored
from bot.dialogue.why import why, why_of
from bot.mailroom.tables import outbox
from bot.shop.values import OrderSample

pytestmark = pytest.mark.model


def test_a_refusal_names_its_clause_and_the_rules_of_then(
    rehearsal: Rehearsal, samples: dict[str, OrderSample]
) -> None:
    sample = samples["out_of_window"]
    rehearsal.play({"text": f"I want to return order {sample.number}, {sample.email}"})
    version, days = version_of(rehearsal.rules), rehearsal.rules.returns.window_days
    clause = f"returns.window_days = {days}"
    assert f"policy: {clause} (rules {version})" in why(rehearsal.last)
    with rehearsal.database.begin() as connection:
        turn = stored(connection, 1)[-1]
        position = connection.execute(sa.select(sa.func.max(outbox.c.position))).scalar_one()
        found = because(connection, 1, position)
        assert because(connection, 1, position + 1) is None
        assert because(connection, 2, position) is None
    assert f"policy: {clause} (rules {version})" in why_of(turn)
    assert found is not None
    assert (found.flow, found.rules) == ("return", version)
    assert clause in found.clauses
    assert any(sample.number in fact for fact in found.facts)
