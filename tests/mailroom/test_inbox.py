"""The inbox: once, in order, one holder at a time, and whoever lost the claim writes nothing."""

from __future__ import annotations

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.errors import LostClaimError
from bot.mailroom import conversations, inbox, transcript
from bot.mailroom.conversations import Owner
from bot.mailroom.inbox import Claim, InboxState
from bot.messages import Attachment
from tests.mailroom.conftest import LEASE, Take, Write
from tests.mailroom.letters import letter

rows = inbox.inbox


def _states(database: Database) -> list[tuple[str, str, int]]:
    """Each row's text, state and failed tries."""
    with database.begin() as connection:
        found = connection.execute(sa.select(rows.c.text, rows.c.state, rows.c.attempts).order_by(rows.c.id))
        return [(row.text, row.state, row.attempts) for row in found]


def _finish(database: Database, clock: SetClock, held: Claim | None, note: str = "answered") -> None:
    assert held is not None
    with database.begin() as connection:
        inbox.finish(connection, held, note, now=clock.now())


# --- Accepting ---


def test_a_message_accepted_twice_is_one_row(database: Database, write: Write) -> None:
    first = write("Where is it?", message_id="7")
    again = write("Where is it?", message_id="7")
    assert (first.fresh, again.fresh) == (True, False)
    assert first.conversation_id == again.conversation_id
    assert _states(database) == [("Where is it?", "new", 0)]


def test_a_message_that_comes_again_after_its_answer_is_not_answered_again(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("Where is it?", message_id="7")
    _finish(database, clock, take())
    assert not write("Where is it? (edited)", message_id="7").fresh
    assert take() is None
    assert _states(database) == [("Where is it?", "done", 0)]


def test_the_same_id_on_another_channel_or_account_is_another_message(write: Write) -> None:
    assert write(message_id="7").fresh
    assert write(message_id="7", channel="mail").fresh
    assert write(message_id="7", account="outlet").fresh


def test_a_message_accepted_in_eight_threads_at_once_is_one_row(database: Database, clock: SetClock) -> None:
    same = letter("Hello?", message_id="7")

    def accept(_: int) -> bool:
        with database.begin() as connection:
            return inbox.accept(connection, same, language="en", now=clock.now()).fresh

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(accept, range(24))) == 1
    assert len(_states(database)) == 1


def test_a_strangers_messages_in_eight_threads_at_once_are_one_conversation(
    database: Database, write: Write
) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = {receipt.conversation_id for receipt in threads.map(lambda n: write(f"{n}"), range(24))}
    assert len(ids) == 1
    with database.begin() as connection:
        lines = transcript.lines(connection, ids.pop())
        stored = connection.execute(sa.select(rows.c.text).order_by(rows.c.id)).scalars().all()
    assert [line.position for line in lines] == list(range(1, 25))
    # The transcript's order is the order of arrival.
    assert [line.text for line in lines] == stored


def test_what_was_not_committed_was_not_accepted(database: Database, clock: SetClock) -> None:
    def fail() -> None:
        with database.begin() as connection:
            inbox.accept(connection, letter("Hello", message_id="7"), language="en", now=clock.now())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert _states(database) == []
    with database.begin() as connection:
        assert inbox.accept(connection, letter(message_id="7"), language="en", now=clock.now()).fresh


def test_a_receipt_tells_whether_a_person_answers(database: Database, write: Write) -> None:
    receipt = write()
    assert not receipt.with_agent
    with database.begin() as connection:
        conversations.set_owner(connection, receipt.conversation_id, Owner.AGENT)
    assert write().with_agent
    assert write(message_id="7").with_agent
    assert write(message_id="7").with_agent


def test_a_message_is_claimed_whole(write: Write, take: Take, clock: SetClock) -> None:
    photo = Attachment("broken cup.jpg", "image/jpeg", 120_000, "attachments/1.jpg")
    write(
        "It came broken",
        sender="chat-1",
        sender_name="Ana",
        language_hint="pt-BR",
        network="192.0.2.1",
        button='/inform{"return_reason": "broken"}',
        attachments=(photo,),
    )
    held = take()
    assert held is not None
    assert held.row.text == "It came broken"
    assert held.row.button == '/inform{"return_reason": "broken"}'
    assert (held.row.language_hint, held.row.network) == ("pt-BR", "192.0.2.1")
    assert held.row.attachments == (photo,)
    assert held.row.received_at == clock.now()
    assert (held.conversation.sender, held.conversation.sender_name) == ("chat-1", "Ana")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("naïve 你好 مرحبا 🚚👩‍👩‍👧", "naïve 你好 مرحبا 🚚👩‍👩‍👧"),
        ("'; DROP TABLE inbox; --", "'; DROP TABLE inbox; --"),
        ("{order_number} %s {{x}}", "{order_number} %s {{x}}"),
        ("a" * 10_000, "a" * 10_000),
        # Half of a pair is no character, and no database takes a zero.
        ("broken \ud83d emoji", "broken � emoji"),
        ("zero\x00byte", "zero�byte"),
    ],
)
def test_a_text_is_kept_as_it_is_typed_as_far_as_a_database_can(
    write: Write, take: Take, typed: str, kept: str
) -> None:
    write(typed, sender_name=typed[:100] or None, button=typed, network=typed[:50])
    held = take()
    assert held is not None
    assert held.row.text == kept
    assert held.row.button == kept
    assert held.conversation.sender_name == (kept[:100] or None)


# --- Claiming ---


def test_turns_are_taken_in_the_order_of_arrival(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    for sender, text in (("ana", "a1"), ("ben", "b1"), ("ana", "a2"), ("ben", "b2")):
        write(text, sender=sender)
    taken = []
    while (held := take()) is not None:
        taken.append(held.row.text)
        _finish(database, clock, held)
    assert taken == ["a1", "b1", "a2", "b2"]


def test_a_held_conversation_holds_back_its_own_messages_only(write: Write, take: Take) -> None:
    for sender, text in (("ana", "a1"), ("ana", "a2"), ("ben", "b1")):
        write(text, sender=sender)
    first, second = take("w1"), take("w2")
    assert first is not None
    assert second is not None
    assert (first.row.text, second.row.text) == ("a1", "b1")
    assert take("w3") is None


def test_eight_threads_take_each_conversations_turns_one_at_a_time_and_in_order(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    for number in range(8):
        for sender in ("ana", "ben", "cem", "dee", "eva"):
            write(f"{number}", sender=sender)
    guard = threading.Lock()
    at_work: set[str] = set()
    answered: dict[str, list[str]] = defaultdict(list)
    clashes: list[str] = []

    def work(number: int) -> None:
        while inbox_waits():
            held = take(f"w{number}")
            if held is None:
                continue
            who = held.conversation.sender
            with guard:
                if who in at_work:
                    clashes.append(who)
                at_work.add(who)
            answered[who].append(held.row.text)
            with guard:
                at_work.discard(who)
            _finish(database, clock, held)

    def inbox_waits() -> bool:
        with database.begin() as connection:
            return inbox.waiting_count(connection) > 0

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert clashes == []
    assert set(answered) == {"ana", "ben", "cem", "dee", "eva"}
    assert all(texts == [str(number) for number in range(8)] for texts in answered.values())


def test_of_eight_threads_one_gets_the_only_turn(database: Database, write: Write, take: Take) -> None:
    for attempt in range(5):
        write(f"{attempt}", sender=f"buyer-{attempt}")
        with ThreadPoolExecutor(8) as threads:
            held = [claim for claim in threads.map(lambda n: take(f"w{n}"), range(8)) if claim is not None]
        assert [claim.row.text for claim in held] == [f"{attempt}"]


def test_a_claim_lapses_with_its_lease(clock: SetClock, write: Write, take: Take) -> None:
    write("Hello")
    first = take("w1")
    clock.advance(seconds=59)
    assert take("w2") is None
    clock.advance(seconds=1)
    second = take("w2")
    assert first is not None
    assert second is not None
    assert second.row.id == first.row.id
    assert second.number > first.number


def test_a_lease_can_be_prolonged(database: Database, clock: SetClock, write: Write, take: Take) -> None:
    write("Hello")
    held = take("w1")
    assert held is not None
    clock.advance(seconds=59)
    with database.begin() as connection:
        inbox.extend(connection, held, now=clock.now(), lease=LEASE)
    clock.advance(seconds=59)
    assert take("w2") is None
    _finish(database, clock, held)


def _acts() -> list[Callable[..., None]]:
    def retry(connection: sa.engine.Connection, held: Claim, now: dt.datetime) -> None:
        inbox.retry(connection, held, "failed", not_before=now)

    def finish(connection: sa.engine.Connection, held: Claim, now: dt.datetime) -> None:
        inbox.finish(connection, held, "answered", now=now)

    def bury(connection: sa.engine.Connection, held: Claim, now: dt.datetime) -> None:
        inbox.bury(connection, held, "given up", now=now)

    def extend(connection: sa.engine.Connection, held: Claim, now: dt.datetime) -> None:
        inbox.extend(connection, held, now=now, lease=LEASE)

    def release(connection: sa.engine.Connection, held: Claim, now: dt.datetime) -> None:
        inbox.release(connection, held)

    return [retry, finish, bury, extend, release]


@pytest.mark.parametrize("act", _acts(), ids=lambda act: act.__name__)
@pytest.mark.parametrize("successor", ["w2", "w1"])
def test_whoever_lost_the_claim_can_do_nothing_with_it(
    database: Database, clock: SetClock, write: Write, take: Take, act: Callable[..., None], successor: str
) -> None:
    """Not even where the same worker took the conversation again."""
    write("Hello")
    old = take("w1")
    clock.advance(seconds=61)
    new = take(successor)
    assert new is not None
    with pytest.raises(LostClaimError), database.begin() as connection:
        act(connection, old, clock.now())
    # A lease that ended counts as a failed try, and nothing else has changed.
    assert _states(database) == [("Hello", "new", 1)]
    assert take("w3") is None
    _finish(database, clock, new)
    with pytest.raises(LostClaimError), database.begin() as connection:
        act(connection, old, clock.now())
    with pytest.raises(LostClaimError), database.begin() as connection:
        act(connection, new, clock.now())
    assert _states(database) == [("Hello", "done", 1)]


def test_a_lapsed_claim_that_nobody_took_over_still_counts(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("Hello")
    held = take("w1")
    clock.advance(hours=1)
    _finish(database, clock, held)
    assert _states(database) == [("Hello", "done", 0)]


# --- Failing ---


def test_a_failed_turn_holds_back_the_later_ones_of_its_conversation(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    for sender, text in (("ana", "a1"), ("ana", "a2"), ("ben", "b1")):
        write(text, sender=sender)
    held = take()
    assert held is not None
    with database.begin() as connection:
        inbox.retry(connection, held, "KeyError", not_before=clock.now() + dt.timedelta(seconds=10))
        assert inbox.next_try(connection) == clock.now()
    other = take()
    assert other is not None
    assert other.row.text == "b1"
    _finish(database, clock, other)
    assert take() is None
    with database.begin() as connection:
        # a2 could be taken, were it not for a1.
        assert inbox.next_try(connection) is not None
    clock.advance(seconds=10)
    again = take()
    assert again is not None
    assert (again.row.text, again.row.attempts) == ("a1", 1)
    _finish(database, clock, again)
    last = take()
    assert last is not None
    assert last.row.text == "a2"


def test_a_buried_turn_lets_the_next_one_pass(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write("a1")
    write("a2")
    held = take()
    assert held is not None
    with database.begin() as connection:
        inbox.bury(connection, held, "KeyError in the turn", now=clock.now())
    following = take()
    assert following is not None
    assert following.row.text == "a2"
    assert _states(database) == [("a1", InboxState.BURIED.value, 1), ("a2", "new", 0)]


def test_a_note_of_any_length_can_be_left(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write()
    _finish(database, clock, take(), note="x" * 5_000)
    with database.begin() as connection:
        assert connection.execute(sa.select(rows.c.note)).scalar_one() == "x" * 200


# --- After a death ---


def test_what_a_dead_worker_held_is_given_back_and_its_ghost_writes_nothing(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    for sender in ("ana", "ben", "cem"):
        write("Hello", sender=sender)
    ghost, own, alive = take("dead"), take("dead"), take("alive")
    assert ghost is not None
    with database.begin() as connection:
        freed = inbox.claims_of(connection, "dead")
    assert {claim.conversation.sender for claim in freed} == {"ana", "ben"}
    for lost in (ghost, own):
        with pytest.raises(LostClaimError), database.begin() as connection:
            inbox.finish(connection, lost, "answered", now=clock.now())
    for claim in freed:
        with database.begin() as connection:
            inbox.retry(connection, claim, "died", not_before=clock.now())
    _finish(database, clock, alive)
    again = take("next")
    assert again is not None
    assert (again.conversation.sender, again.row.attempts) == ("ana", 1)


def test_a_worker_that_held_nothing_leaves_nothing(database: Database, write: Write) -> None:
    write()
    with database.begin() as connection:
        assert inbox.claims_of(connection, "dead") == []


def test_what_a_dead_worker_had_finished_is_not_taken_again(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    write()
    _finish(database, clock, take("dead"))
    with database.begin() as connection:
        assert inbox.claims_of(connection, "dead") == []
    assert take() is None


# --- Events ---


def test_an_event_takes_a_turn_in_its_order_and_no_place_in_the_transcript(
    database: Database, clock: SetClock, write: Write, take: Take
) -> None:
    talk = write("before").conversation_id
    with database.begin() as connection:
        inbox.accept_event(connection, talk, "handed_back", {"agent": "Ana"}, now=clock.now())
        inbox.accept_event(connection, talk, "handed_back", {"agent": "Ana"}, now=clock.now())
    write("after")
    seen = []
    while (held := take()) is not None:
        seen.append((held.row.kind, held.row.text, dict(held.row.data)))
        _finish(database, clock, held)
    event = ("handed_back", "", {"agent": "Ana"})
    assert seen == [("message", "before", {}), event, event, ("message", "after", {})]
    with database.begin() as connection:
        lines = transcript.lines(connection, talk)
    assert [(line.position, line.text) for line in lines] == [(1, "before"), (2, "after")]


def test_how_much_waits_is_known(database: Database, clock: SetClock, write: Write, take: Take) -> None:
    def waits() -> int:
        with database.begin() as connection:
            return inbox.waiting_count(connection)

    assert waits() == 0
    write("a1")
    write("a2")
    assert waits() == 2
    held = take()
    assert waits() == 2
    _finish(database, clock, held)
    assert waits() == 1
