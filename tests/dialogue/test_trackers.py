"""Trackers: written piece by piece and copied as they stand, they hold what Rasa's own would."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import sqlalchemy as sa
from rasa.shared.core.events import SlotSet, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.tables import trackers
from bot.dialogue.trackers import FOLD_ABOVE, ConversationTracker
from bot.messages import Button
from tests.conftest import BACKENDS
from tests.dialogue.talking import Talk

pytestmark = pytest.mark.model


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stored(talk: Talk) -> list[dict[str, Any]]:
    """The conversation's events as they are written down."""
    with talk.database.begin() as connection:
        events = connection.execute(
            sa.select(trackers.c.events).where(trackers.c.conversation_id == talk.id)
        ).scalar_one()
    found: list[dict[str, Any]] = json.loads(events)
    return found


def speak(talk: Talk) -> None:
    """Begin a form, leave it waiting, and talk of other things."""
    for payload in ("/service_greeting", "/order_state", "/payment_methods"):
        talk.press(Button("x", payload))
        talk.turns()
    talk.write("CD-123456")
    talk.turns()


def test_what_is_written_turn_by_turn_is_the_whole_conversation(talk: Talk) -> None:
    speak(talk)
    events = stored(talk)
    assert len(events) <= FOLD_ABOVE
    assert [event["text"] for event in events if event["event"] == "user"] == ["x", "x", "x", "CD-123456"]
    assert [event["text"] for event in events if event["event"] == "bot"] == talk.said()
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)


def test_what_was_read_is_written_back_unchanged(talk: Talk) -> None:
    speak(talk)
    before = stored(talk)
    talk.press(Button("x", "/service_capabilities"))
    talk.turns()
    after = stored(talk)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert [event.as_dict() for event in deserialise_events(copy.deepcopy(after))] == after


@pytest.fixture
def tracker(talk: Talk) -> ConversationTracker:
    speak(talk)
    assert talk.engine is not None
    made: ConversationTracker = ConversationTracker.from_events(
        "1", deserialise_events(stored(talk)), slots=talk.engine._agent.processor.domain.slots
    )
    return made


def test_a_copy_is_in_the_state_that_replaying_all_events_leads_to(tracker: ConversationTracker) -> None:
    copied, replayed = tracker.copy(), DialogueStateTracker.copy(tracker)
    assert type(copied) is ConversationTracker
    assert type(replayed) is DialogueStateTracker
    assert copied.active_loop is not None
    assert list(copied.events) == list(tracker.events) == list(replayed.events)
    for name in sorted(vars(replayed).keys() - {"events", "slots"}):
        assert getattr(copied, name) == getattr(replayed, name), name
    assert {name: vars(slot) for name, slot in copied.slots.items()} == {
        name: vars(slot) for name, slot in replayed.slots.items()
    }


def test_a_copy_goes_its_own_way(tracker: ConversationTracker) -> None:
    before, count = tracker.current_slot_values(), len(tracker.events)
    copied = tracker.copy()
    copied.update(SlotSet("order_number", "CD-999999"))
    copied.reject_action(copied.active_loop_name)
    assert copied.get_slot("order_number") == "CD-999999"
    assert copied.is_active_loop_rejected
    assert tracker.current_slot_values() == before
    assert len(tracker.events) == count
    assert not tracker.is_active_loop_rejected


def test_actions_get_to_know_what_the_bot_said_and_nothing_else_of_the_past(
    tracker: ConversationTracker, talk: Talk
) -> None:
    state = tracker.current_state()
    assert [event["text"] for event in state.pop("events")] == talk.said()
    theirs = DialogueStateTracker.current_state(tracker)
    del theirs["events"]
    assert state == theirs
