"""Rasa's tracker store over one row per conversation, in the turn's own transaction."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from bot.dialogue.tables import trackers
from bot.dialogue.turn import current_turn

# Built once: SQLAlchemy then knows at once how each is written.
_CONVERSATION = sa.bindparam("conversation", type_=sa.Integer)
_SELECT = sa.select(trackers.c.events, trackers.c.memory).where(trackers.c.conversation_id == _CONVERSATION)
_UPDATE = trackers.update().where(trackers.c.conversation_id == _CONVERSATION)
_INSERT = trackers.insert().values(conversation_id=_CONVERSATION)

#: A tracker with more events than this is folded …
FOLD_ABOVE = 60
#: … down to the events of this many last messages.
KEEP_MESSAGES = 2


class ConversationTracker(DialogueStateTracker):
    """A tracker that is copied as it stands: Rasa replays all events for each action that it runs."""

    #: So many of its first events are what the turn has stored.
    stored = 0

    def copy(self) -> ConversationTracker:
        """A tracker in the same state; neither sees what the other is told from now on."""
        twin = copy.copy(self)
        twin.events = self.events.copy()
        twin.slots = {name: slot.__copy__() for name, slot in self.slots.items()}
        twin.active_loop = copy.copy(self.active_loop)
        # As in Rasa's own copies: only what is logged on the conversation itself is marked with its model.
        twin.model_id = twin.assistant_id = None
        return twin

    def current_state(self, event_verbosity: EventVerbosity = EventVerbosity.NONE) -> dict[str, Any]:
        """What actions get to know; of the past only what the bot said, which is all they look at."""
        del event_verbosity
        state: dict[str, Any] = super().current_state(EventVerbosity.NONE)
        state["events"] = [event.as_dict() for event in self.events if isinstance(event, BotUttered)]
        return state


class ConversationTrackerStore(TrackerStore):
    """Loads and saves the tracker of the turn that is being taken.

    The cost of a turn must not grow with the conversation: old events are folded into the slot values
    that they left behind.
    """

    def __init__(self) -> None:
        super().__init__(domain=None)

    async def retrieve(self, sender_id: str) -> ConversationTracker | None:
        """The conversation's tracker, or None for its first message."""
        stored = current_turn().stored_events
        if stored is None:
            return None
        return self._tracker(sender_id, deserialise_events(json.loads(stored)))

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> ConversationTracker:
        """A new conversation's tracker, written with the turn's end: until then others may write, too."""
        tracker = ConversationTracker(sender_id, self.domain.slots)
        if append_action_listen:
            tracker.update(ActionExecuted("action_listen"))
        return tracker

    async def save(self, tracker: ConversationTracker) -> None:
        """Write the tracker within the turn's transaction."""
        turn = current_turn()
        turn.tracker = tracker
        turn.memory["form"] = tracker.active_loop_name
        stored = self._stored(tracker, turn.stored_events)
        values = {
            "conversation": turn.conversation.id,
            "events": stored,
            "memory": turn.memory,
            "updated_at": turn.clock.now(),
        }
        turn.connection.execute(_INSERT if turn.stored_events is None else _UPDATE, values)
        turn.stored_events = stored

    async def keys(self) -> list[str]:
        """Nothing in crossdesk lists conversations through Rasa."""
        return []

    def _stored(self, tracker: ConversationTracker, before: str | None) -> str:
        """The tracker's events as JSON: what was stored before and the new ones, or all of them folded."""
        events = list(tracker.events)
        if len(events) > FOLD_ABOVE:
            before, new = None, self._folded(tracker.sender_id, events)
        else:
            new = events[tracker.stored :]
        tracker.stored = len(events)
        text = json.dumps([event.as_dict() for event in new], ensure_ascii=False)
        return text if before is None else f"{before[:-1]}, {text[1:]}"

    def _tracker(self, sender_id: str, events: Sequence[Event]) -> ConversationTracker:
        tracker: ConversationTracker = ConversationTracker.from_events(
            sender_id, events, slots=self.domain.slots
        )
        tracker.stored = len(events)
        return tracker

    def _folded(self, sender_id: str, events: list[Event]) -> list[Event]:
        heard = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
        cut = heard[-KEEP_MESSAGES] if len(heard) > KEEP_MESSAGES else heard[0]
        past = self._tracker(sender_id, events[:cut])
        left: list[Any] = [SessionStarted()]
        left += [
            SlotSet(name, value)
            for name, value in past.current_slot_values().items()
            if value != past.slots[name].initial_value
        ]
        if past.active_loop_name:
            left += [ActionExecuted(past.active_loop_name), ActiveLoop(past.active_loop_name)]
        return [*left, ActionExecuted("action_listen"), *events[cut:]]


def remembered(connection: sa.engine.Connection, conversation_id: int) -> tuple[str | None, dict[str, Any]]:
    """The conversation's stored events, if it has any, and its memory beside them."""
    row = connection.execute(_SELECT, {"conversation": conversation_id}).one_or_none()
    return (None, {}) if row is None else (row.events, dict(row.memory))
