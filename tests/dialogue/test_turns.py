"""Turns: whatever fails in one, the buyer is told the truth once and a person has it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from rasa_sdk.events import FollowupAction

from bot import database as database_module
from bot.database import lock_now
from bot.desk.cases import Cases
from bot.desk.values.cases import CaseState, Outcome, Priority, Reason
from bot.dialogue import deadline as deadline_module
from bot.dialogue.actions.identity import CheckIdentity
from bot.dialogue.composing import Composer
from bot.dialogue.replies import Replies
from bot.dialogue.tables import trackers
from bot.dialogue.trackers import ConversationTrackerStore
from bot.dialogue.turn import current_turn
from bot.dialogue.waiting import LEAVE
from bot.errors import TryLaterError, TurnTimeoutError
from bot.mailroom import inbox, line, outbox
from bot.messages import Attachment, Button
from bot.settings import ShopRules
from tests.chaos.script import ScriptedEngine
from tests.conftest import BACKENDS
from tests.dialogue.talking import (
    GREETED,
    GREETING,
    HONEST,
    Talk,
    greeting_as,
    greeting_that,
    really_greet,
)

pytestmark = pytest.mark.model

#: Longer than any test waits.
FOR_EVER = 30.0


def test_a_message_is_answered_once(talk: Talk) -> None:
    talk.press()
    assert talk.turns() == ["answered"]
    (said,) = talk.said()
    assert GREETED in said
    assert talk.states() == [("done", 0)]
    assert talk.traces() == (1, 1)
    assert talk.turns() == []


def test_messages_of_one_buyer_are_answered_in_order(talk: Talk) -> None:
    talk.offer(GREETING, Button("What", "/service_capabilities"), Button("Bot", "/service_bot"))
    for payload in ("/service_greeting", "/service_bot", "/service_capabilities"):
        talk.write(button=payload)
    talk.turns()
    assert [report.flow for report in talk.reports] == ["greeting", "about_bot", "capabilities"]
    assert len(talk.said()) == 3


# --- An action fails ---


def _breaks(*_: Any) -> Any:
    raise KeyError("PAPAYA is what the buyer wrote")


def test_a_failing_action_is_tried_three_times_and_then_a_person_has_it(talk: Talk) -> None:
    talk.press()
    begun = talk.clock.now()
    with greeting_that(_breaks):
        assert talk.turns() == ["put off", "put off", "buried"]
    (said,) = talk.said()
    assert said.startswith(HONEST)
    assert talk.states() == [("buried", 3)]
    case = talk.case()
    assert case is not None
    assert (case.reason, case.priority) == (Reason.FAILED, Priority.HIGH)
    assert "KeyError in the turn on inbox row" in case.card.why
    assert talk.owner() == "agent"
    # Between the tries there was time for what fails to pass.
    assert talk.clock.now() - begun >= dt.timedelta(seconds=3)


def test_nothing_of_a_failed_try_is_kept(talk: Talk) -> None:
    def break_after_writing(turn: Any, tracker: Any, speaker: Any) -> Any:
        outbox.post(turn.connection, talk.id, "half said", now=talk.clock.now())
        turn.memory["half"] = "remembered"
        really_greet(turn, tracker, speaker)
        raise RuntimeError

    talk.press()
    with greeting_that(break_after_writing):
        assert talk.turn().note == "put off"  # type: ignore[union-attr]
    assert talk.said() == []
    assert talk.traces() == (0, 0)
    talk.clock.advance(seconds=10)
    assert talk.turns() == ["answered"]
    (said,) = talk.said()
    assert GREETED in said


def test_an_action_that_works_at_the_last_try_needs_nobody(talk: Talk) -> None:
    tries = []

    def work_at_last(turn: Any, tracker: Any, speaker: Any) -> Any:
        tries.append(turn.row.attempts)
        if len(tries) < 3:
            raise OSError("busy")
        return really_greet(turn, tracker, speaker)

    talk.press()
    with greeting_that(work_at_last):
        assert talk.turns() == ["put off", "put off", "answered"]
    assert tries == [0, 1, 2]
    assert len(talk.said()) == 1
    assert talk.case() is None


def test_a_message_behind_a_failing_one_waits_and_then_goes_to_the_person(talk: Talk) -> None:
    talk.press()
    talk.write("and another thing")
    with greeting_that(_breaks):
        assert talk.turns() == ["put off", "put off", "buried", "relayed"]
    assert len(talk.said()) == 1


def test_a_failing_conversation_holds_nobody_else_up(talk: Talk) -> None:
    other = Talk(talk.database, talk.rules, talk.replies, talk.clock, talk.engine, sender="ben")
    talk.press()
    with greeting_that(_breaks):
        talk.turn()
    other.press()
    report = other.turn()
    assert report is not None
    assert report.conversation_id == other.id
    assert len(other.said()) == 1


def test_a_second_failure_in_a_conversation_adds_to_its_case(talk: Talk, rules: ShopRules) -> None:
    talk.press()
    with greeting_that(_breaks):
        talk.turns()
    first = talk.case()
    with talk.database.begin() as connection:
        inbox.talks.set_owner(connection, talk.id, inbox.Owner.BOT)
    talk.press()
    with greeting_that(_breaks):
        talk.turns()
    second = talk.case()
    assert first is not None
    assert second is not None
    assert first.id == second.id
    assert len(talk.said()) == 2


def _says(reply: str) -> Callable[..., Any]:
    def say(turn: Any, tracker: Any, speaker: Any) -> Any:
        speaker.say(reply)
        return {}

    return say


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda turn, tracker, speaker: {}, "SilentTurnError"),
        (_says("utter_nobody_wrote_this"), "MissingReplyError"),
        # It needs values that nobody gives.
        (_says("utter_greet_day"), "MissingReplyError"),
        (lambda turn, tracker, speaker: None, "AttributeError"),
    ],
    ids=["a silent turn", "an unknown reply", "a missing value", "no slots"],
)
def test_a_turn_that_ends_without_a_proper_word_has_failed(
    talk: Talk, act: Callable[..., Any], name: str
) -> None:
    talk.press()
    with greeting_that(act):
        assert talk.turns() == ["put off", "put off", "buried"]
    (said,) = talk.said()
    assert said.startswith(HONEST)
    case = talk.case()
    assert case is not None
    assert case.card.why.startswith(name)


def test_a_flow_whose_rules_lack_a_step_has_failed(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    # No rule goes on from here: not for an order's state.
    monkeypatch.setattr(CheckIdentity, "act", lambda *_: {"order_step": "declined"})
    talk.press(Button("My order", "/order_state"))
    assert talk.turns() == ["put off", "put off", "buried"]
    case = talk.case()
    assert case is not None
    assert case.card.why.startswith("DeadEndError")


def test_a_turn_that_never_comes_to_listen_has_failed(talk: Talk) -> None:
    async def again(*_: Any) -> list[Any]:
        return [FollowupAction("action_greet")]

    talk.press()
    with greeting_as(talk.engine, again):
        assert talk.turns() == ["put off", "put off", "buried"]
    case = talk.case()
    assert case is not None
    assert case.card.why.startswith("EndlessTurnError")


def test_a_missing_reply_in_the_files_is_a_failure_and_never_a_silence(talk: Talk, replies: Replies) -> None:
    def without(*keys: str) -> Replies:
        left = {
            language: {key: value for key, value in all_of_them.items() if not key.startswith(keys)}
            for language, all_of_them in replies._responses.items()
        }
        return Replies(left, "en")

    talk.press()
    assert talk.turns(replies=without("utter_greet")) == ["put off", "put off", "buried"]
    assert talk.said()[0].startswith(HONEST)


def test_even_without_the_words_for_a_failure_the_buyer_is_told(talk: Talk) -> None:
    talk.press()
    assert talk.turns(replies=Replies({"en": {}}, "en")) == ["put off", "put off", "buried"]
    (said,) = talk.said()
    assert said.startswith("Something went wrong on our side.")
    assert "2026-11-23" in said
    assert talk.case() is not None


def test_a_model_that_raises_while_it_reads_is_a_failure(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(talk.engine), "understand", _breaks)
    talk.write("PAPAYA")
    assert talk.turns() == ["put off", "put off", "buried"]
    case = talk.case()
    assert case is not None
    assert case.card.wants == "PAPAYA"


def test_out_of_hours_the_honest_line_says_when(talk: Talk) -> None:
    # A Saturday night in the queues' time zone.
    talk.clock.at = dt.datetime(2026, 11, 21, 18, 0, tzinfo=dt.timezone.utc)
    talk.press()
    with greeting_that(_breaks):
        talk.turns()
    (said,) = talk.said()
    assert "off duty" in said
    assert "Nov 23" in said


#: A Saturday night in the queues' time zone.
NIGHT = dt.datetime(2026, 11, 21, 18, 0, tzinfo=dt.timezone.utc)


@pytest.fixture
def waiting(talk: Talk) -> Talk:
    """A buyer who asked for a person in the night."""
    talk.clock.at = NIGHT
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    talk.reports.clear()
    return talk


@pytest.mark.parametrize("typed", ["", "I'll leave it!", "never mind", "forget it"])
def test_who_would_have_to_wait_for_the_morning_may_leave_it(waiting: Talk, typed: str) -> None:
    before = waiting.case()
    assert before is not None
    assert "off duty" in waiting.said()[-1]
    waiting.write(typed) if typed else waiting.press(Button("I'll leave it", LEAVE))
    assert waiting.turns() == ["the buyer waits no longer"]
    assert "I've left that" in waiting.said()[-1]
    assert waiting.owner() == "bot"
    with waiting.database.begin() as connection:
        cases = Cases(connection, waiting.rules, waiting.clock)
        case = cases.get(before.id)
        assert (case.state, case.outcome) == (CaseState.CLOSED, Outcome.NO_ANSWER_NEEDED)
        assert [(one.kind.value, one.actor) for one in cases.events(case.id)][-1] == ("closed", "the buyer")
        assert cases.due() == ()
    waiting.press()
    assert waiting.turns() == ["answered"]


def test_who_leaves_it_once_somebody_has_the_case_is_relayed(waiting: Talk) -> None:
    case = waiting.case()
    assert case is not None
    with waiting.database.begin() as connection:
        Cases(connection, waiting.rules, waiting.clock).claim(case.id, waiting.person())
    before = waiting.said()
    waiting.press(Button("I'll leave it", LEAVE))
    assert waiting.turns() == ["relayed"]
    assert waiting.said() == before
    assert waiting.owner() == "agent"


@pytest.mark.parametrize(
    "typed", ["leave it with my neighbour please", "never mind, my lawyer writes to you"]
)
def test_words_that_only_begin_as_if_they_left_it_are_for_people(waiting: Talk, typed: str) -> None:
    waiting.write(typed)
    assert waiting.turns() == ["relayed"]
    assert waiting.owner() == "agent"


def test_who_writes_again_while_everybody_is_off_duty_hears_it_again_now_and_then(waiting: Talk) -> None:
    before = len(waiting.said())
    for _ in range(20):
        waiting.write("hello? is anybody there")
        waiting.turns()
        waiting.clock.advance(minutes=10)
    again = waiting.said()[before:]
    # 200 minutes: after each hour in which nothing was said.
    assert len(again) == 3
    assert all("off duty" in said and "Nov 23" in said for said in again)
    assert [button.payload for button in waiting.lines()[-1].buttons] == []
    newest = next(line for line in reversed(waiting.lines()) if line.buttons)
    assert [button.payload for button in newest.buttons] == [LEAVE]
    waiting.write(button=LEAVE)
    waiting.turns()
    assert waiting.owner() == "bot"


def test_who_writes_again_in_hours_or_to_somebody_hears_nothing_of_the_bot(waiting: Talk) -> None:
    before = waiting.said()
    waiting.clock.at = NIGHT + dt.timedelta(hours=33)
    waiting.write("hello?")
    case = waiting.case()
    assert case is not None
    waiting.turns()
    with waiting.database.begin() as connection:
        Cases(connection, waiting.rules, waiting.clock).claim(case.id, waiting.person())
    waiting.clock.at = NIGHT + dt.timedelta(hours=48)
    waiting.write("hello??")
    waiting.turns()
    assert waiting.said() == before


def test_a_file_that_is_not_kept_does_not_take_away_what_was_offered(waiting: Talk) -> None:
    waiting.write("look", attachments=(Attachment("a.exe", "application/octet-stream", 9, ""),))
    waiting.turns()
    assert "a.exe" in waiting.said()[-1]
    waiting.write("I'll leave it")
    assert waiting.turns() == ["the buyer waits no longer"]


def test_who_asks_just_before_closing_time_may_leave_it_too(talk: Talk) -> None:
    # On Saturday, two minutes before the queue closes: perhaps nobody answers before Monday.
    talk.clock.at = dt.datetime(2026, 11, 21, 13, 58, tzinfo=dt.timezone.utc)
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    assert "off duty" not in talk.said()[-1]
    assert "Nov 23" in talk.said()[-1]
    assert [button.payload for button in talk.lines()[-1].buttons] == [LEAVE]


def test_words_that_leave_something_close_no_case_where_that_was_not_offered(talk: Talk) -> None:
    talk.clock.at = NIGHT + dt.timedelta(hours=33)
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    for text in ("I'll leave it", "never mind", "leave it with my neighbour please", "/service_leave"):
        talk.write(text)
    talk.turns()
    assert {report.note for report in talk.reports[1:]} == {"relayed"}
    assert talk.owner() == "agent"


# --- While the buyer waits for whoever comes first ---


def test_who_waits_is_told_meanwhile_what_takes_no_person(waiting: Talk) -> None:
    before = waiting.case()
    assert before is not None
    waiting.press(Button("Ways to pay", "/payment_methods"))
    assert waiting.turns() == ["answered"]
    assert "PayPal" in waiting.said()[-1]
    case = waiting.case()
    assert case is not None
    assert (waiting.owner(), case.id, case.state) == ("agent", before.id, CaseState.OPEN)
    assert (case.clock, case.due_at) == (before.clock, before.due_at)
    with waiting.database.begin() as connection:
        events = Cases(connection, waiting.rules, waiting.clock).events(case.id)
    assert [one.kind.value for one in events] == ["opened", "buyer_wrote"]


@pytest.mark.parametrize("typed", ["", "never mind"])
def test_what_is_told_meanwhile_leaves_the_way_out_of_the_wait_in_reach(waiting: Talk, typed: str) -> None:
    waiting.press(Button("Ways to pay", "/payment_methods"))
    assert waiting.turns() == ["answered"]
    assert [button.payload for button in waiting.lines()[-1].buttons][-1] == LEAVE
    waiting.write(typed) if typed else waiting.write(button=LEAVE)
    assert waiting.turns() == ["the buyer waits no longer"]
    assert waiting.owner() == "bot"


def test_who_waits_in_hours_is_told_meanwhile_and_not_asked_to_leave(talk: Talk) -> None:
    talk.clock.at = NIGHT + dt.timedelta(hours=33)
    talk.press(Button("A person", "/service_human"))
    talk.press(Button("Ways to pay", "/payment_methods"))
    assert talk.turns()[-1] == "answered"
    assert LEAVE not in {button.payload for line in talk.lines() for button in line.buttons}


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param("/order_cancel", id="takes questions back"),
        pytest.param("/order_change_note", id="has a form"),
        pytest.param("/service_account", id="comes to a case"),
        pytest.param("/service_thanks", id="small talk"),
    ],
)
def test_what_takes_a_person_or_a_question_back_is_left_to_the_person(waiting: Talk, wish: str) -> None:
    told, traces = waiting.said(), waiting.traces()
    waiting.write(wish)
    waiting.press(Button("That", wish))
    assert waiting.turns() == ["relayed"] * 2
    # What was tried left nothing: no question is open that nobody asked.
    assert (waiting.said(), waiting.traces()) == (told, traces)


def test_who_fails_to_answer_meanwhile_leaves_it_to_the_person(waiting: Talk) -> None:
    told = waiting.said()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Composer, "speak", _breaks)
        waiting.press(Button("Ways to pay", "/payment_methods"))
        assert waiting.turns() == ["relayed"]
    assert waiting.said() == told


def test_a_form_that_a_case_left_open_takes_no_answer_meanwhile(talk: Talk) -> None:
    talk.press(Button("How long?", "/logistics_shipping_time"))
    talk.turns()
    assert "Which country" in talk.said()[-1]
    talk.press()
    with greeting_that(_breaks):
        assert talk.turns()[-1] == "buried"
    told = talk.said()
    talk.press(Button("To Germany", '/logistics_shipping_time{"country": "DE"}'))
    assert talk.turns() == ["relayed"]
    assert talk.said() == told


def test_the_supervisors_case_is_theirs_alone(talk: Talk) -> None:
    talk.clock.at = NIGHT
    talk.press(Button("A threat", "/service_threat"))
    talk.press(Button("Ways to pay", "/payment_methods"))
    assert talk.turns()[-1] == "relayed"


# --- No model ---


def test_without_a_model_every_message_goes_to_a_person_at_once(mute: Talk) -> None:
    mute.write("Where is my parcel?")
    assert mute.turns() == ["buried"]
    (said,) = mute.said()
    assert said.startswith(HONEST)
    case = mute.case()
    assert case is not None
    assert (case.reason, case.card.wants) == (Reason.FAILED, "Where is my parcel?")
    mute.write("Hello?")
    assert mute.turns() == ["relayed"]
    assert len(mute.said()) == 1


# --- Too long ---


def _loops(*_: Any) -> Any:
    until = time.monotonic() + FOR_EVER
    while time.monotonic() < until:
        pass


def _loops_and_swallows(*_: Any) -> Any:
    for _attempt in range(2):
        with contextlib.suppress(Exception):
            _loops()
    _loops()


@pytest.mark.parametrize("act", [_loops, _loops_and_swallows])
def test_a_turn_that_takes_too_long_goes_to_a_person_at_once(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, act: Callable[..., Any]
) -> None:
    monkeypatch.setattr(deadline_module, "AGAIN", 0.1)
    talk.press()
    begun = time.monotonic()
    with greeting_that(act):
        assert talk.turns(turn_seconds=0.3) == ["buried"]
    assert time.monotonic() - begun < FOR_EVER / 3
    (said,) = talk.said()
    assert said.startswith(HONEST)
    case = talk.case()
    assert case is not None
    assert case.card.why.startswith("TurnTimeoutError")


def test_an_action_that_was_broken_off_never_goes_on(talk: Talk) -> None:
    went_on = []

    async def wait(dispatcher: Any, *_: Any) -> list[Any]:
        await asyncio.sleep(0.5)
        went_on.append(current_turn().row.id)
        dispatcher.utter_message(text="too late")
        return []

    talk.press()
    with greeting_as(talk.engine, wait):
        assert talk.turns(turn_seconds=0.2) == ["buried"]
    other = Talk(talk.database, talk.rules, talk.replies, talk.clock, talk.engine, sender="ben")

    def wait_here(turn: Any, tracker: Any, speaker: Any) -> Any:
        time.sleep(0.6)
        return really_greet(turn, tracker, speaker)

    other.press()
    with greeting_that(wait_here):
        assert other.turns() == ["answered"]
    other.press()
    assert other.turns() == ["answered"]
    assert went_on == []
    assert len(other.said()) == 2
    assert len(talk.said()) == 1


def test_a_turn_whose_time_runs_out_when_it_is_done_is_done(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm may ring between the commit and the end: then nothing must be said on top."""
    finish = inbox.finish

    def finish_late(connection: Any, *args: Any, **more: Any) -> None:
        finish(connection, *args, **more)
        sa.event.listen(connection, "commit", ring, once=True)

    def ring(_connection: Any) -> None:
        rang.append(True)

    rang: list[bool] = []
    begin = type(talk.database).begin

    @contextlib.contextmanager
    def begin_and_ring(self: Any) -> Any:
        with begin(self) as connection:
            yield connection
        if rang:
            rang.clear()
            raise TurnTimeoutError

    monkeypatch.setattr(inbox, "finish", finish_late)
    monkeypatch.setattr(type(talk.database), "begin", begin_and_ring)
    talk.press()
    report = talk.turn()
    monkeypatch.undo()
    assert report is not None
    assert report.note == "lost"
    assert talk.states() == [("done", 0)]
    (said,) = talk.said()
    assert GREETED in said
    assert talk.case() is None


# --- The claim is lost ---


def test_whoever_lost_the_claim_in_mid_turn_writes_nothing(talk: Talk) -> None:
    def lose(turn: Any, tracker: Any, speaker: Any) -> Any:
        said = really_greet(turn, tracker, speaker)
        talk.clock.advance(seconds=120)
        talk.claim("thief")
        return said

    talk.press()
    with greeting_that(lose):
        report = talk.turn()
    assert report is not None
    assert report.note == "lost"
    assert talk.said() == []
    assert talk.traces() == (0, 0)
    assert talk.states() == [("new", 1)]


def test_whoever_lost_the_claim_and_fails_writes_nothing_either(talk: Talk) -> None:
    def lose_and_fail(*_: Any) -> Any:
        talk.clock.advance(seconds=120)
        talk.claim("thief")
        raise KeyError

    talk.press()
    with greeting_that(lose_and_fail):
        for tries in (9, 3):
            report = talk.turn(turn_tries=tries)
            assert report is not None
            assert report.note == "lost"
            talk.clock.advance(seconds=120)
    # Each lease that ended counts; what the late worker met does not.
    assert talk.states() == [("new", 3)]
    assert talk.said() == []
    assert talk.case() is None


class _Overtaken(ScriptedEngine):
    """While it works its lease ends, and another worker takes the same turn to its end."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.other: Any = None

    def take(self, turn: Any) -> Any:
        self._talk.clock.advance(seconds=120)
        self.other = self._talk.taker("w2", engine=ScriptedEngine()).take_next()
        return super().take(turn)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("first", [True, False], ids=["its first message", "a later one"])
def test_of_two_who_take_one_turn_the_late_one_has_failed_at_nothing(
    mute: Talk, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Both write the same tracker, the same reply and the same record of the turn."""
    if not first:
        mute.write("1 talk")
        mute.turns(engine=ScriptedEngine())
    mute.write("2 talk")
    engine = _Overtaken(mute)
    report = mute.turn(engine=engine)
    assert report is not None
    assert (report.note, engine.other.note) == ("lost", "answered")
    assert mute.states()[-1] == ("done", 1)
    answers = ["2.1/1 after 0"] if first else ["1.1/1 after 0", "2.1/1 after 1"]
    assert mute.said() == answers
    assert mute.traces() == (1, len(answers))
    assert mute.case() is None
    # A failure that is none would have somebody look for it.
    (told,) = caplog.messages
    assert "another worker has it" in told


def test_a_claim_outlasts_the_longest_turn(talk: Talk) -> None:
    def look(turn: Any, tracker: Any, speaker: Any) -> Any:
        talk.clock.advance(seconds=299)
        with talk.database.begin() as connection:
            found.append(inbox.claim(connection, "w2", now=talk.clock.now(), lease=dt.timedelta(seconds=60)))
        return really_greet(turn, tracker, speaker)

    found: list[Any] = []
    talk.press()
    with greeting_that(look):
        assert talk.turns(turn_seconds=300) == ["answered"]
    assert found == [None]


def test_the_same_turn_taken_again_says_nothing_twice(talk: Talk) -> None:
    talk.press()
    held = talk.claim()
    assert talk.taker().take(held).note == "answered"
    assert talk.taker().take(held).note == "lost"
    assert len(talk.said()) == 1


def test_not_even_a_row_that_is_put_back_by_hand_is_answered_twice(talk: Talk) -> None:
    talk.press()
    talk.turns()
    with talk.database.begin() as connection:
        connection.execute(inbox.inbox.update().where(inbox.inbox.c.button.is_not(None)).values(state="new"))
        line.join(connection, talk.id)
    talk.turns()
    assert len([said for said in talk.said() if GREETED in said]) == 1
    # What happened is not for a machine to decide.
    assert talk.case() is not None


# --- The database is away ---


def test_a_locked_database_delays_a_turn_and_doubles_nothing(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "SQLITE_BUSY_SECONDS", 0.1)
    impatient = database_module.Database(str(talk.database.url))
    waiting = Talk(impatient, talk.rules, talk.replies, talk.clock, talk.engine)
    waiting.press()
    held = waiting.claim()
    with talk.database.begin() as connection:
        lock_now(connection)
        with pytest.raises(TryLaterError, match="the database cannot do this now: database is locked"):
            waiting.taker().take(held)
    assert waiting.said() == []
    assert waiting.states()[-1] == ("new", 0)
    # Its lease need not run out first? It must: the claim could not be given back either.
    waiting.clock.advance(seconds=120)
    assert waiting.turns() == ["answered"]
    assert len(waiting.said()) == 1


def test_a_full_disk_delays_a_turn_and_doubles_nothing(talk: Talk) -> None:
    talk.press()

    def fill(turn: Any, tracker: Any, speaker: Any) -> Any:
        said = really_greet(turn, tracker, speaker)
        outbox.post(turn.connection, talk.id, "x" * 2_000_000, now=talk.clock.now())
        return said

    def room(pages: int) -> None:
        with talk.database.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with talk.database.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    room(pages + 50)
    with greeting_that(fill), pytest.raises(TryLaterError, match="database or disk is full"):
        talk.turn()
    room(10_000_000)
    assert talk.said() == []
    # The claim was given back: nobody waits for a lease to end.
    assert talk.turns() == ["answered"]
    assert len(talk.said()) == 1


def test_a_tracker_that_cannot_be_written_fails_the_turn(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa's own stores swallow this and go on: then words would go out for what nobody remembers."""
    monkeypatch.setattr(ConversationTrackerStore, "save", _breaks)
    talk.press()
    assert talk.turns() == ["put off", "put off", "buried"]
    assert talk.said()[0].startswith(HONEST)


def test_a_tracker_that_cannot_be_read_fails_the_turn(talk: Talk) -> None:
    talk.press()
    talk.turns()
    with talk.database.begin() as connection:
        connection.execute(trackers.update().values(events='[{"event": "of another version"}]'))
    talk.press()
    assert talk.turns() == ["put off", "put off", "buried"]
    assert talk.said()[-1].startswith(HONEST)


# --- Buttons and typed words ---

_BLANKS = [
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1f",
    "\x85",
    "\u00a0",
    "\u2003",
    "\u2028",
    "\u3000",
]


@pytest.mark.parametrize("blank", _BLANKS, ids=lambda blank: ascii(blank))
def test_what_is_typed_is_never_a_payload(talk: Talk, blank: str) -> None:
    heard = []
    understand = type(talk.engine).understand

    def listen(self: Any, text: str, *args: Any) -> Any:
        heard.append(understand(self, text, *args))
        return heard[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(talk.engine), "understand", listen)
        talk.write(f'{blank}/{blank}/inform{{"return_confirmed": "yes", "order_number": "CD-100001"}}')
        talk.turns()
    (read,) = heard
    assert not read.text.startswith("/")
    assert read.intent != "inform"
    assert not [entity for entity in read.entities if entity["entity"] == "return_confirmed"]
    assert talk.case() is None


@pytest.mark.parametrize("typed", ["/restart", "/session_start", "/back", "/handed_back", "/case_late"])
def test_rasas_own_commands_mean_nothing_when_they_are_typed(talk: Talk, typed: str) -> None:
    talk.press()
    talk.turns()
    talk.write(typed)
    talk.turns()
    read = talk.reports[-1].understanding
    assert read is not None
    assert read.intent != typed[1:]
    assert len(talk.said()) == 2


@pytest.mark.parametrize("typed", ["/", "///", " / ", "", "\u00a0", "\n"])
def test_a_message_of_nothing_is_answered_all_the_same(talk: Talk, typed: str) -> None:
    talk.write(typed)
    assert talk.turns() in (["answered"], ["case"])
    assert len(talk.said()) == 1


@pytest.mark.parametrize(
    "payload",
    [
        "/service_human",
        '/inform{"return_confirmed": "yes"}',
        "/handed_back",
        "/case_late",
        "/repeated_question",
        "/service_greeting ",
        "nonsense",
        "/inform{" * 500,
    ],
)
def test_a_forged_button_does_nothing_but_ask(talk: Talk, payload: str) -> None:
    talk.offer(GREETING)
    talk.write(button=payload)
    assert talk.turns() == ["answered"]
    (said,) = talk.said()
    assert GREETED not in said
    assert talk.case() is None
    assert talk.reports[-1].understanding is not None
    assert talk.reports[-1].understanding.intent == "stale_button"


def test_a_channels_own_command_needs_no_offer(talk: Talk) -> None:
    talk.write("/start", button="/service_greeting", command=True)
    assert talk.turns() == ["answered"]
    (said,) = talk.said()
    assert GREETED in said


def test_a_command_about_an_order_asks_who_the_buyer_is(talk: Talk) -> None:
    talk.write("/start CD-100001", button='/order_state{"order_number": "CD-100001"}', command=True)
    assert talk.turns() == ["answered"]
    (said,) = talk.said()
    assert "e-mail address or phone number on that order" in said


def test_a_stale_button_does_nothing_but_ask(talk: Talk) -> None:
    talk.offer(Button("A person", "/service_human"))
    for _ in range(outbox.STALE_AFTER):
        talk.offer()
    talk.write(button="/service_human")
    assert talk.turns() == ["answered"]
    assert talk.case() is None


def test_a_button_of_another_buyer_does_nothing_but_ask(talk: Talk) -> None:
    other = Talk(talk.database, talk.rules, talk.replies, talk.clock, talk.engine, sender="ben")
    other.offer(Button("A person", "/service_human"))
    talk.write(button="/service_human")
    talk.turns()
    assert talk.case() is None


def test_the_words_of_an_offered_button_are_the_button(talk: Talk) -> None:
    talk.offer(Button("Say hello!", GREETING.payload))
    talk.write("say HELLO ")
    assert talk.turns() == ["answered"]
    assert talk.reports[-1].flow == "greeting"


def test_a_button_whose_flow_is_gone_is_no_crash(talk: Talk) -> None:
    """An upgrade may take an intent away that an old message still offers."""
    talk.press(Button("Old", "/gone_intent"))
    notes = talk.turns()
    assert notes[-1] in ("answered", "case", "buried")
    assert len(talk.said()) == 1


# --- Long conversations ---


@pytest.mark.parametrize("messages", [60, pytest.param(200, marks=pytest.mark.proof)])
def test_a_long_conversation_costs_no_more_than_a_short_one(talk: Talk, messages: int) -> None:
    def size() -> int:
        with talk.database.begin() as connection:
            stored = connection.execute(
                sa.select(trackers.c.events).where(trackers.c.conversation_id == talk.id)
            ).scalar_one()
        return len(json.loads(stored))

    sizes = []
    for number in range(messages):
        talk.press(Button("x", "/service_capabilities" if number % 2 else "/service_greeting"))
        taken = talk.turn()
        assert taken is not None
        assert taken.note == "answered"
        sizes.append(size())
    assert max(sizes[30:]) <= max(sizes[:30])
    assert len(talk.said()) == messages


def test_a_form_outlives_a_long_talk_about_other_things(talk: Talk) -> None:
    talk.press(Button("My order", "/order_state"))
    talk.turns()
    for _ in range(25):
        talk.press(Button("x", "/service_capabilities"))
        talk.turns()
    before = len(talk.said())
    talk.write("CD-123456")
    talk.turns()
    # The number is the form's answer all the same: what it asks next is whose the order is.
    assert talk.reports[-1].flow == "order_state"
    assert "e-mail" in "".join(talk.said()[before:])


# --- A person has the conversation ---


@pytest.fixture
def handed_over(talk: Talk) -> Talk:
    """A buyer who asked for a person, whose case Sue has claimed."""
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    case = talk.case()
    assert case is not None
    with talk.database.begin() as connection:
        Cases(connection, talk.rules, talk.clock).claim(case.id, talk.person())
    talk.reports.clear()
    return talk


def test_while_a_person_answers_the_bot_says_nothing(handed_over: Talk) -> None:
    case = handed_over.case()
    assert case is not None
    with handed_over.database.begin() as connection:
        cases = Cases(connection, handed_over.rules, handed_over.clock)
        cases.reply(case.id, handed_over.person(), "I am Sue.", case.fence)
    before = handed_over.said()
    for text in ("Are you there?", "/service_greeting", ""):
        handed_over.write(text)
    handed_over.press()
    assert handed_over.turns() == ["relayed"] * 4
    assert handed_over.said() == before
    case = handed_over.case()
    assert case is not None
    assert case.state is CaseState.WAITING_US
    assert handed_over.owner() == "agent"


def test_a_conversation_whose_case_is_gone_is_the_bots_again(talk: Talk) -> None:
    with talk.database.begin() as connection:
        inbox.talks.set_owner(connection, talk.id, inbox.Owner.AGENT)
    talk.press()
    assert talk.turns() == ["answered"]
    assert talk.owner() == "bot"


def test_a_buyer_who_is_handed_back_is_welcomed_back(handed_over: Talk) -> None:
    case = handed_over.case()
    assert case is not None
    with handed_over.database.begin() as connection:
        Cases(connection, handed_over.rules, handed_over.clock).hand_back(
            case.id, handed_over.person(), Outcome.SOLVED, "told her", case.fence
        )
    assert handed_over.turns() == ["answered"]
    assert handed_over.reports[-1].flow == "handed_back"
    assert "Sue" in handed_over.said()[-1]
    assert handed_over.owner() == "bot"
    handed_over.press()
    assert handed_over.turns() == ["answered"]


def test_a_closed_case_needs_no_word_of_the_bot(handed_over: Talk) -> None:
    case = handed_over.case()
    assert case is not None
    before = handed_over.said()
    with handed_over.database.begin() as connection:
        Cases(connection, handed_over.rules, handed_over.clock).close(
            case.id, handed_over.person(), Outcome.SOLVED, "told her", case.fence
        )
    assert set(handed_over.turns()) <= {"silent"}
    assert handed_over.said() == before
    table = inbox.inbox.c
    with handed_over.database.begin() as connection:
        notes = connection.execute(sa.select(table.note).where(table.kind == "case_closed")).scalars().all()
    assert notes == ["the agent closed the case; the last word was theirs"]


def test_a_buyer_whom_nobody_answers_in_time_hears_it_with_a_new_date(talk: Talk) -> None:
    talk.press(Button("A person", "/service_human"))
    talk.turns()
    before = len(talk.said())
    talk.clock.advance(minutes=30)
    for _ in range(3):
        with talk.database.begin() as connection:
            due = Cases(connection, talk.rules, talk.clock).due()
        for case_id in due:
            with talk.database.begin() as connection:
                Cases(connection, talk.rules, talk.clock).expire(case_id)
        talk.turns()
        talk.clock.advance(minutes=30)
    late = talk.said()[before:]
    assert late
    assert all("Nov 23" in said for said in late)
    assert "case_late" in [report.flow for report in talk.reports]
    assert talk.owner() == "agent"
    assert [button.payload for button in talk.lines()[-1].buttons] == [LEAVE]
    talk.write(button=LEAVE)
    assert talk.turns() == ["the buyer waits no longer"]
    assert talk.owner() == "bot"


def test_a_threat_that_nobody_answers_in_time_cannot_be_left(talk: Talk) -> None:
    talk.offer(Button("x", "/service_threat"))
    talk.write(button="/service_threat")
    talk.turns()
    case = talk.case()
    assert case is not None
    assert case.reason is Reason.ALWAYS_HUMAN
    for _ in range(4):
        due = talk.case()
        assert due is not None
        assert due.due_at is not None
        talk.clock.at = due.due_at
        with talk.database.begin() as connection:
            Cases(connection, talk.rules, talk.clock).expire(case.id)
        talk.turns()
    assert "taking longer" in talk.said()[-1]
    assert all(not line.buttons for line in talk.lines() if "taking longer" in line.text)


# --- What the operator reads ---


def test_the_operators_lines_hold_no_buyers_words(
    talk: Talk, mute: Talk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "PAPAYA papaya@fruit.example Papayaweg 7 +49 151 23456789"

    def fail_with_words(turn: Any, *_: Any) -> Any:
        raise ValueError(f"{turn.row.text} {turn.conversation.sender_name} {words}")

    with caplog.at_level(logging.DEBUG):
        talk.offer(GREETING)
        with greeting_that(fail_with_words):
            talk.write(words, button=GREETING.payload, sender_name="Papaya")
            talk.turns()
        talk.write(words)
        talk.turns()
        other = Talk(talk.database, talk.rules, talk.replies, talk.clock, talk.engine, sender="papaya")
        other.write(words)
        other.turns()
        silent = Talk(talk.database, talk.rules, talk.replies, talk.clock, None, sender="papaya2")
        silent.write(words)
        silent.turns()
        other.press()
        with greeting_that(
            lambda turn, *_: turn.connection.execute(sa.text("SELECT :w FROM x"), {"w": words})
        ):
            other.turns()
    assert "papaya" not in caplog.text.lower()
    ours = [record for record in caplog.records if record.name.startswith("bot.")]
    assert any("inbox row" in record.getMessage() for record in ours)
    assert all("\n" not in record.getMessage() for record in ours)
    assert not [record for record in ours if record.exc_info]
