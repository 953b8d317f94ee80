"""What every action and form of the flows stands on."""

from __future__ import annotations

import datetime as dt
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.turn import Turn, current_turn
from bot.errors import NotAcceptedError
from bot.messages import Button
from bot.spelling import words_in

#: What the bot last asked outside a form, in the slot ``asked``.
NOTHING = "nothing"
#: A typed yes is as certain as this; one of more than so many words, as that.
PLAIN, PLAIN_WORDS, CERTAIN = 0.8, 4, 0.95

#: A letter or two, which a model may take for anything: a yes only if it is beyond doubt.
_LETTERS = re.compile(r"[\W\d_]*[A-Za-zÀ-ӿ]{1,2}[\W\d_]*")
#: What is chosen among goods, and no yes: "L", where a swap was offered beside the question.
_CHOICES = ("size", "colour")

#: A question, or what is written for a program: no yes of a person.
_NO_WORDS = re.compile(r"[?？؟]\s*$|[=<>{}\[\]_\\/]")

#: What ends a first yes, and what no reason for it holds.
_PAUSES = re.compile(r"[,.;:!–—，。；！、،؛]+")
_OTHERWISE = (answers.KEEPS, "replace", "part", "declined")

Slots = dict[str, Any]


class Speaker:
    """Says replies by name; their words are chosen by language when the turn is spoken.

    Where orders live in another system, what is said of an action is held back until that system has
    acknowledged it.
    """

    def __init__(self, dispatcher: CollectingDispatcher, turn: Turn) -> None:
        self._dispatcher = dispatcher
        self._turn = turn
        self._requested = len(turn.shop.requested())

    def say(self, reply: str, buttons: Sequence[Button] = (), /, **values: Any) -> None:
        """Say a reply, filling its places; buttons come after the reply's own."""
        if len(self._turn.shop.requested()) == self._requested:
            self.say_now(reply, buttons, **values)
            return
        if not self._turn.held:
            by = self._turn.clock.now() + dt.timedelta(hours=self._turn.rules.clocks.open_question_hours)
            what = wishes(self._turn, self._turn.shop.requested())
            self.say_now("utter_requested", what=what, by=self._turn.words.moment(by))
        told = [{"title": button.title, "payload": button.payload} for button in buttons]
        self._turn.held.append({"reply": reply, "buttons": told, "values": values})

    def say_now(self, reply: str, buttons: Sequence[Button] = (), /, **values: Any) -> None:
        """Say what is true whatever another system makes of what was asked of it."""
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
        changed = self._acted(turn, tracker, Speaker(dispatcher, turn))
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

    def _acted(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Act; what the system in which the orders live does not do is handed to a person."""
        if not turn.rules.feed.is_on:
            return self.act(turn, tracker, speaker)
        from bot.dialogue.actions.handover import hand_over

        try:
            with turn.connection.begin_nested():
                return self.act(turn, tracker, speaker)
        except NotAcceptedError as error:
            turn.read("refused", code="not_accepted")
            return hand_over(turn, tracker, speaker, Reason.POLICY, why=str(error))

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
        filled = self.act(turn, tracker, Speaker(dispatcher, turn))
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


def wishes(turn: Turn, kinds: Sequence[str]) -> str:
    """What was asked of the store's own system, in words."""
    told = [
        turn.replies.say(f"utter_wish_{kind}", turn.words.language, {}).text for kind in dict.fromkeys(kinds)
    ]
    return turn.words.all_of(told)


def files_kept(turn: Turn) -> int:
    """How many files came with the message and lie in the store's files."""
    return sum(1 for file in turn.row.attachments if file.path)


def typed_answer(turn: Turn) -> str | None:
    """``yes`` or ``no`` in the buyer's own words; None where it is neither, or a yes that may be none.

    Orders and money move on a plain yes: words that say nothing else, whatever the model took them for, or
    what it is sure of: a few words, or many that are a yes beyond doubt.
    """
    read = turn.understanding
    said = answers.yes_or_no(read.text)
    if said == answers.NO:
        return said
    if _NO_WORDS.search(read.text) or answers.first_meant((answers.DOUBTFUL, answers.RESERVED), read.text):
        return None
    if said is not None:
        return said
    if read.intent == "service_deny":
        return answers.NO
    if any(read.first(choice) is not None for choice in _CHOICES):
        return None
    is_plain = words_in(read.text) <= PLAIN_WORDS and not _LETTERS.fullmatch(read.text)
    needed = PLAIN if is_plain else CERTAIN
    return answers.YES if read.intent == "service_affirm" and read.confidence >= needed else None


def reasoned_yes(turn: Turn) -> str | None:
    """``yes`` where one is given first and then only why: "yes, I ordered the wrong size"."""
    first, *rest = _PAUSES.split(turn.understanding.text, maxsplit=1)
    if not rest or answers.yes_or_no(first) != answers.YES or _NO_WORDS.search(turn.understanding.text):
        return None
    if answers.first_meant((answers.DOUBTFUL, answers.RESERVED, *_OTHERWISE), rest[0]):
        return None
    return answers.YES if answers.first_meant(answers.REASONS, rest[0]) else None


def remembered(tracker: Tracker, what: str) -> list[str]:
    """The conversation's list of things done, with one more: for the wrap-up and the case card."""
    done = list(tracker.get_slot("done") or ())
    return done if what in done else [*done, what]
