"""What every change of an order is made of: whether it can be, what is wanted, a yes, and it is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from rasa_sdk import Tracker

from bot.dialogue.actions import answers
from bot.dialogue.actions.answers import keeps
from bot.dialogue.actions.step import Slots, Speaker, inform
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.values import Order

#: From this confidence on a message of another topic is no answer, whatever words it holds.
SURE = 0.7
#: Meanings that leave a question for something else. What was asked for in the buyer's own words may be taken
#: for any other: "three pieces instead of one" for a complaint, "5 Elm Row" for five stars.
_LEAVING = (
    "payment_",
    "refund_policy",
    "refund_return",
    "refund_state",
    "order_cancel",
    "order_place",
    "order_state",
    "logistics_customs",
    "logistics_delay",
    "logistics_destinations",
    "logistics_duties",
    "logistics_lost",
    "logistics_services",
    "logistics_shipping",
    "logistics_where",
    "service_account",
    "service_bot",
    "service_capabilities",
    "service_complaint",
    "service_goodbye",
    "service_greeting",
    "service_human",
    "service_language",
    "service_leave",
    "service_privacy",
    "service_thanks",
)
YES, NO, AGAIN, OVER = "yes", "no", "again", "over"


class Taken(NamedTuple):
    """What a message told of the change that is wanted; JSON, kept in slots."""

    #: All that is needed; None until then.
    detail: Any = None
    #: What is known so far, where one message may not tell all.
    part: Any = None
    #: Nothing is left to ask or to confirm: ``Change.end`` says how it ends.
    over: bool = False


NOTHING_TAKEN = Taken()


class Change(ABC):
    """One kind of change that a buyer may ask for. Holds nothing: slots do."""

    #: What reports and ``/why`` call it; ``utter_done_<flow>`` sums it up.
    flow: ClassVar[str]
    #: Whether something must be asked before it can be read back.
    asks: ClassVar[bool] = True

    @abstractmethod
    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """Say why it cannot be done and what can, or hand over; None if it can be done."""

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:  # noqa: ARG002
        """What the current message tells of it; ``asked``: it answers this change's question."""
        return NOTHING_TAKEN

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:  # noqa: B027
        """Ask for what is missing."""

    def is_left(self, turn: Turn, part: Any) -> bool:  # noqa: ARG002
        """Whether the message says that everything stays as it is; ``part`` is what is known of the wish."""
        return keeps(turn.understanding.text)

    def kept(self, part: Any) -> Any:  # noqa: ARG002
        """What needn't be told anew by a buyer who tells the wish again after it was read back."""
        return None

    def corrects(self, turn: Turn) -> bool:  # noqa: ARG002
        """Whether the message corrects what was read back: it is neither a yes nor a no to it."""
        return False

    @abstractmethod
    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """Say what would be done, and ask whether to."""

    @abstractmethod
    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Do it, once, and say so.

        Raises:
            PolicyError: the order is not as it was read back, or policy does not allow it; nothing was said.
        """

    def end(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any) -> Slots:  # noqa: ARG002
        """Say how it ends where ``Taken.over`` was told; nothing is made."""
        return {}


def word(turn: Turn, reply: str, **values: Any) -> str:
    """A reply's text, to stand within another."""
    return turn.replies.say(reply, turn.words.language, values).text


def yes_or_no(turn: Turn, *, again: bool = False) -> list[Button]:
    """The buttons below what was read back; with one to tell it anew."""
    buttons = [inform(word(turn, "utter_change_yes"), change_confirmed=YES)]
    if again:
        buttons.append(inform(word(turn, "utter_change_again"), change_confirmed=AGAIN))
    return [*buttons, inform(word(turn, "utter_change_no"), change_confirmed=NO)]


def is_question(turn: Turn) -> bool:
    """Whether a message asks something back instead of answering."""
    return turn.understanding.text.rstrip().endswith(("?", "？", "؟"))


def leaves(turn: Turn) -> bool:
    """Whether a message asks something back, or is surely about something else than what was asked."""
    read = turn.understanding
    asks = is_question(turn) or answers.means(answers.WHY, read.text)
    return asks or (read.confidence >= SURE and read.intent.startswith(_LEAVING))
