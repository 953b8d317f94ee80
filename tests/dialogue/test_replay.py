"""Replay: a stored turn, taken again on what it read, says the same, does the same and acts on nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import zlib
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.values.cases import Outcome
from bot.dialogue import tape
from bot.dialogue.playing import OffTapeError, Player
from bot.dialogue.replay import Replayer, StoredTurn, stored
from bot.dialogue.tables import trackers, turns
from bot.dialogue.tape import Step
from bot.mailroom.conversations import Owner
from bot.mailroom.tables import conversations, inbox
from bot.messages import Button
from tests.conftest import BACKENDS
from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _taken(talk: Talk) -> list[StoredTurn]:
    with talk.database.begin() as connection:
        return stored(connection, talk.id)


def _everything(database: Database) -> dict[str, Any]:
    with database.begin() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for name, table in schema.every_table().tables.items()
        }


def _replayer(talk: Talk, engine: Any = None, **more: Any) -> Replayer:
    return Replayer(talk.database, talk.rules, talk.replies, engine or talk.engine, **more)


def test_a_conversation_is_the_same_again_whatever_has_happened_since(talk: Talk) -> None:
    talk.press()
    talk.write("I want to talk to a person", language_hint="de")
    talk.turns()
    talk.clock.advance(days=3)
    with talk.database.begin() as connection:
        # A tracker, a language and an owner of today.
        connection.execute(trackers.update().values(events="[]", memory={"form": "return_form"}))
        connection.execute(conversations.update().values(language="ja", owner="agent", sender_name="Zoë"))
    before = _everything(talk.database)
    replayer = _replayer(talk)
    again = [replayer.take(turn) for turn in _taken(talk)]
    assert [one.differs for one in again] == [(), ()]
    assert [one.flow for one in again] == [one.turn.flow for one in again]
    assert all(one.said == one.turn.said != () for one in again)
    # It acts on nothing.
    assert _everything(talk.database) == before


def test_what_was_told_to_a_buyer_who_waits_for_a_person_is_the_same_again(talk: Talk) -> None:
    talk.press(Button("A person", "/service_human"))
    talk.press(Button("Ways to pay", "/payment_methods"))
    assert talk.turns()[-1] == "answered"
    assert talk.owner() == "agent"
    again = [_replayer(talk).take(turn) for turn in _taken(talk)]
    assert [one.differs for one in again] == [(), ()]
    assert "PayPal" in again[1].said[0].text


def test_a_message_whose_case_was_closed_while_it_was_taken_is_the_same_again(talk: Talk) -> None:
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    case = talk.case()
    assert case is not None
    talk.press(Button("Ways to pay", "/payment_methods"))
    held = talk.claim()
    assert held.conversation.owner is Owner.AGENT
    with talk.database.begin() as connection:
        cases = Cases(connection, talk.rules, talk.clock)
        mine = cases.claim(case.id, talk.person())
        cases.close(case.id, talk.person(), Outcome.SOLVED, "", mine.fence)
    assert talk.taker().take(held).note == "answered"
    assert talk.owner() == "bot"
    again = [_replayer(talk).take(turn) for turn in _taken(talk)]
    assert [one.differs for one in again] == [(), ()]
    assert "PayPal" in again[1].said[0].text


def test_another_model_is_told_with_what_it_makes_of_the_message(talk: Talk) -> None:
    talk.write("how can I return something?")
    talk.turns()
    engine = talk.engine

    class Other:
        model = "other"

        def understand(self, *given: Any) -> Any:
            return dataclasses.replace(engine.understand(*given), intent="service_greeting")  # type: ignore[union-attr]

        def take(self, turn: Any) -> Any:
            return engine.take(turn)  # type: ignore[union-attr]

    (turn,) = _taken(talk)
    found = _replayer(talk, Other()).take(turn)
    assert {"intent", "texts", "events"} <= set(found.differs)
    assert found.understanding is not None
    assert (turn.intent, found.understanding.intent) != ("service_greeting", turn.intent)
    assert "automated assistant" in found.said[0].text


def test_a_turn_whose_tape_is_damaged_or_gone_is_told(talk: Talk) -> None:
    talk.press()
    talk.turns()
    (turn,) = _taken(talk)
    assert turn.tape is not None
    other = zlib.compress(json.dumps({"format": 99}).encode())
    for bad, why in (
        (None, "was not kept"),
        (b"", "damaged"),
        (turn.tape[:-9], "damaged"),
        (other, "another"),
    ):
        with pytest.raises(ValueError, match=why):
            _replayer(talk).take(dataclasses.replace(turn, tape=bad))


def test_a_tape_is_small_and_goes_with_its_turn(talk: Talk) -> None:
    for _ in range(5):
        talk.press()
        talk.turns()
    with talk.database.begin() as connection:
        sizes = connection.execute(sa.select(sa.func.length(turns.c.tape))).scalars().all()
    assert 0 < max(sizes) < 8_000
    with talk.database.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(inbox)).scalar_one() > 0


# --- The tape by itself ---


def test_whatever_a_driver_gives_comes_back_as_it_was() -> None:
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.timezone.utc)
    row = [None, 1, 2.5, "ü\udc80", True, now, now.date(), Decimal("1.10"), b"\x00\xff", {"~at": 1, "b": 2}]
    kept = json.loads(json.dumps([row], default=tape._plain), object_hook=tape._back)
    assert kept == [row]


def test_a_statement_off_the_tape_ends_the_replay_or_is_read_elsewhere() -> None:
    asked = Step(tape.digest("SELECT 1"), tape.digest(()), [[1]], 1)
    with pytest.raises(OffTapeError, match="SELECT 2"):
        Player([asked]).answer("SELECT 2", ())
    player = Player([asked], lambda statement, _: (1, [[statement]]))
    assert player.answer("SELECT 2", ()).rows == [["SELECT 2"]]
    # What was read then is still what counts.
    assert player.answer("SELECT 1", ()).rows == [[1]]
    assert player.answer("UPDATE orders SET state = ?", ("sent",)).count == 1
    assert (player.off_tape, player.changed) == ("SELECT 2", ["orders"])


def test_the_same_statement_about_something_else_is_off_the_tape() -> None:
    asked = Step(tape.digest("SELECT ?"), tape.digest(("CD-1",)), [[1]], 1)
    with pytest.raises(OffTapeError):
        Player([asked]).answer("SELECT ?", ("CD-2",))
