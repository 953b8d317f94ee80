"""Edits and deletions: what the buyer means now is answered, once, and the transcript shows what was."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.errors import LostClaimError
from bot.mailroom import changes, inbox, transcript
from bot.mailroom.inbox import Claim
from tests.conftest import NOON
from tests.mailroom.conftest import Take, Write

rows = inbox.inbox
SECOND = dt.timedelta(seconds=1)


def _finish(database: Database, clock: SetClock, held: Claim | None) -> None:
    assert held is not None
    with database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())


def _served(database: Database, clock: SetClock, take: Take) -> list[str]:
    texts = []
    while (held := take()) is not None:
        texts.append(held.row.text)
        _finish(database, clock, held)
    return texts


def _notes(database: Database) -> dict[str, tuple[str, str | None]]:
    """State and note of each message, by the channel's id."""
    with database.begin() as connection:
        found = connection.execute(sa.select(rows.c.message_id, rows.c.state, rows.c.note)).all()
    return {row.message_id: (row.state, row.note) for row in found}


def _lines(database: Database, talk: int) -> list[tuple[int, str, int | None, str | None]]:
    with database.begin() as connection:
        found = transcript.lines(connection, talk)
    return [(line.position, line.text, line.edits, line.change) for line in found]


def test_an_edit_before_the_answer_is_what_is_answered_once_and_in_its_place(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    talk = write("Where is CD-11?", message_id="1").conversation_id
    write("Please.", message_id="2")
    assert write("Where is CD-12?", message_id="1e", edits="1").fresh
    assert _served(database, clock, take) == ["Where is CD-12?", "Please."]
    assert _lines(database, talk) == [
        (1, "Where is CD-11?", None, None),
        (2, "Please.", None, None),
        (3, "Where is CD-12?", 1, "edited"),
    ]
    assert _notes(database)["1e"] == ("done", changes.REPLACED)


def test_the_last_of_several_edits_counts(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("a", message_id="1")
    write("b", message_id="1b", edits="1", sent_at=NOON + SECOND)
    write("d", message_id="1d", edits="1", sent_at=NOON + 3 * SECOND)
    # This one was under way for longer.
    write("c", message_id="1c", edits="1", sent_at=NOON + 2 * SECOND)
    assert _served(database, clock, take) == ["d"]
    assert _notes(database)["1c"] == ("done", changes.SUPERSEDED)


def test_an_edit_that_comes_again_changes_nothing(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("a", message_id="1")
    assert write("b", message_id="1b", edits="1").fresh
    assert not write("b", message_id="1b", edits="1").fresh
    assert _served(database, clock, take) == ["b"]


def test_an_edit_while_the_answer_is_worked_out_has_it_begun_anew(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("Where is CD-11?", message_id="1")
    held = take("w1")
    assert held is not None
    write("Where is CD-12?", message_id="1e", edits="1")
    with pytest.raises(LostClaimError), database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())
    again = take("w2")
    assert again is not None
    # It was no failure.
    assert (again.row.text, again.row.attempts) == ("Where is CD-12?", 0)
    _finish(database, clock, again)
    assert take() is None


def test_an_edit_of_a_later_message_leaves_the_turn_under_way_alone(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("a", message_id="1")
    write("b", message_id="2")
    held = take()
    write("B", message_id="2e", edits="2")
    _finish(database, clock, held)
    assert _served(database, clock, take) == ["B"]


def test_an_edit_after_the_answer_is_answered_again(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    talk = write("Where is CD-11?", message_id="1").conversation_id
    assert _served(database, clock, take) == ["Where is CD-11?"]
    write("Where is CD-12?", message_id="1e", edits="1")
    write("Where is CD-13?", message_id="1f", edits="1", sent_at=NOON + SECOND)
    assert _served(database, clock, take) == ["Where is CD-13?"]
    assert [line[2:] for line in _lines(database, talk)] == [(None, None), (1, "edited"), (1, "edited")]


def test_an_edit_that_overtakes_its_message_is_answered_and_the_message_is_not(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    talk = write("Where is CD-12?", message_id="1e", edits="1", sent_at=NOON + SECOND).conversation_id
    write("Where is CD-11?", message_id="1")
    assert _served(database, clock, take) == ["Where is CD-12?"]
    assert _notes(database)["1"] == ("done", changes.SUPERSEDED)
    assert _lines(database, talk) == [
        (1, "Where is CD-12?", 2, "edited"),
        (2, "Where is CD-11?", None, None),
    ]


def test_a_deleted_message_is_not_answered_and_the_reason_is_recorded(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    talk = write("Forget it", message_id="1").conversation_id
    write("Hello", message_id="2")
    write("", message_id="1d", edits="1", deletes=True)
    assert _served(database, clock, take) == ["Hello"]
    assert _notes(database)["1"] == ("done", changes.DELETED_UNANSWERED)
    assert _lines(database, talk) == [
        (1, "Forget it", None, None),
        (2, "Hello", None, None),
        (3, "", 1, "deleted"),
    ]


def test_a_deletion_while_the_answer_is_worked_out_drops_it(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("Forget it", message_id="1")
    held = take()
    assert held is not None
    write("", message_id="1d", edits="1", deletes=True)
    with pytest.raises(LostClaimError), database.begin() as connection:
        inbox.finish(connection, held, "answered", now=clock.now())
    assert take() is None


def test_a_deletion_after_the_answer_is_written_down_and_not_answered(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("Hello", message_id="1")
    assert _served(database, clock, take) == ["Hello"]
    write("", message_id="1d", edits="1", deletes=True)
    assert take() is None
    assert _notes(database)["1d"] == ("done", changes.DELETED_LATE)
    assert _notes(database)["1"] == ("done", "answered")


def test_a_deletion_that_overtakes_its_message_silences_it(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("", message_id="1d", edits="1", deletes=True)
    write("Forget it", message_id="1")
    write("I said: forget it", message_id="1e", edits="1")
    assert take() is None


def test_nobody_edits_another_buyers_message(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("Mine", message_id="1", sender="ana")
    write("", message_id="x", sender="eve", edits="1", deletes=True)
    write("Hers", message_id="y", sender="eve", edits="1")
    assert "Mine" in _served(database, clock, take)


def test_an_edit_of_what_nobody_knows_is_a_message(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("New words", message_id="9e", edits="9")
    assert _served(database, clock, take) == ["New words"]
