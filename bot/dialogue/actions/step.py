"""What every action and form of the flows stands on."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.dialogue.turn import Turn, current_turn
from bot.messages import Button

#: What the bot last asked outside a form, in the slot ``asked``.
NOTHING = "nothing"

Slots = dict[str, Any]


class Speaker:
    """Says replies by name; their words are chosen by language when the turn is spoken."""

    def __init__(self, dispatcher: CollectingDispatcher) -> None:
        self._dispatcher = dispatcher

    def say(self, reply: str, buttons: Sequence[Button] = (), /, **values: Any) -> None:
        """Say a reply, filling its places; buttons come after the reply's own."""
        self._dispatcher.utter_message(
            response=reply,
            buttons=[{"title": button.title, "payload": button.payload} for button in buttons],
            **values,
        )


class Step(Action, ABC):
    """An action of a flow. Subclasses name themselves and act; the turn holds the rest."""

    #: As ``domain.yml`` calls it.
    title: ClassVar[str]
    #: The flow it belongs to; empty for what only connects flows.
    flow: ClassVar[str] = ""
    #: Whether it takes up what the buyer said: misunderstandings before it are over.
    understands: ClassVar[bool] = True

    def name(self) -> str:
        """The action's name in the domain."""
        return self.title

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: Mapping[str, Any],  # noqa: ARG002 (the SDK's signature)
    ) -> list[EventType]:
        """Act within the current turn and turn what changed into events."""
        turn = current_turn()
        if self.flow:
            turn.flow = self.flow
        changed = self.act(turn, tracker, Speaker(dispatcher))
        if tracker.get_slot("asked") != NOTHING:
            changed.setdefault("asked", NOTHING)
        if self.understands and tracker.get_slot("misunderstandings"):
            changed.setdefault("misunderstandings", 0)
        if self.understands and tracker.get_slot("awaits"):
            changed.setdefault("awaits", None)
        leaves = changed.pop("leave_form", False)
        events: list[EventType] = [SlotSet(name, value) for name, value in changed.items()]
        if leaves:
            events += [ActiveLoop(None), SlotSet("requested_slot", None)]
        return events

    @abstractmethod
    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Do it; returns slots to set, and ``leave_form: True`` to end the form that is being filled."""


class Form(Step, ABC):
    """A form's validation: takes what the message holds and says what to ask next.

    A form that takes nothing from a message rejects it, and Rasa's rules answer it as they would outside
    the form; then the form asks again.
    """

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: Mapping[str, Any],  # noqa: ARG002 (the SDK's signature)
    ) -> list[EventType]:
        """Fill slots from the current message, then request the first one that is still open."""
        turn = current_turn()
        if self.flow:
            turn.flow = self.flow
        filled = self.act(turn, tracker, Speaker(dispatcher))
        known = {**tracker.slots, **filled}
        missing = next((slot for slot in self.wanted(turn, known) if known.get(slot) is None), None)
        events: list[EventType] = [SlotSet(name, value) for name, value in filled.items()]
        return [*events, SlotSet("requested_slot", missing)]

    @abstractmethod
    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:
        """The slots that this form needs now, in the order of asking; none once it is over."""


def inform(title: str, **values: str) -> Button:
    """A button that fills slots of the form being asked."""
    return Button(title, f"/inform{json.dumps(values, ensure_ascii=False)}")


def remembered(tracker: Tracker, what: str) -> list[str]:
    """The conversation's list of things done, with one more: for the wrap-up and the case card."""
    done = list(tracker.get_slot("done") or ())
    return done if what in done else [*done, what]
