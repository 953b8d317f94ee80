"""Rasa's tracker store over one row per conversation, in the turn's own transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.tables import trackers
from bot.dialogue.turn import current_turn

#: A tracker with more events than this is folded …
FOLD_ABOVE = 60
#: … down to the events of this many last messages.
KEEP_MESSAGES = 2


class ConversationTrackerStore(TrackerStore):
    """Loads and saves the tracker of the turn that is being taken.

    The cost of a turn must not grow with the conversation: old events are folded into the slot values
    that they left behind.
    """

    def __init__(self) -> None:
        super().__init__(domain=None)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation's tracker, or None for its first message."""
        stored = current_turn().stored_events
        if stored is None:
            return None
        return self._tracker(sender_id, deserialise_events(json.loads(stored)))

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new conversation's tracker, written with the turn's end: until then others may write, too."""
        tracker: DialogueStateTracker = self.init_tracker(sender_id)
        if append_action_listen:
            tracker.update(ActionExecuted("action_listen"))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the tracker within the turn's transaction."""
        turn = current_turn()
        turn.tracker = tracker
        events = list(tracker.events)
        if len(events) > FOLD_ABOVE:
            events = self._folded(tracker.sender_id, events)
        stored = json.dumps([event.as_dict() for event in events], ensure_ascii=False)
        values = {"events": stored, "memory": turn.memory, "updated_at": turn.clock.now()}
        table = trackers.c
        if turn.stored_events is None:
            turn.connection.execute(trackers.insert().values(conversation_id=turn.conversation.id, **values))
        else:
            turn.connection.execute(
                trackers.update().where(table.conversation_id == turn.conversation.id).values(**values)
            )
        turn.stored_events = stored

    async def keys(self) -> list[str]:
        """Nothing in crossdesk lists conversations through Rasa."""
        return []

    def _tracker(self, sender_id: str, events: Sequence[Event]) -> DialogueStateTracker:
        return DialogueStateTracker.from_events(sender_id, events, slots=self.domain.slots)

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
    row = connection.execute(
        sa.select(trackers.c.events, trackers.c.memory).where(trackers.c.conversation_id == conversation_id)
    ).one_or_none()
    return (None, {}) if row is None else (row.events, dict(row.memory))
