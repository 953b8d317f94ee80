"""Wishes that are remarked on an order: a note, a gift, one parcel for two orders, how to deliver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.change import Change, Taken, leaves, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.packed import refused_once_packed
from bot.dialogue.actions.step import Slots, Speaker, remembered
from bot.dialogue.turn import Turn
from bot.privacy import mask_cards
from bot.shop.policy import CancelWay, can_change, cancel_way, standing
from bot.shop.values import Order, OrderState

#: A customer's orders that are looked through for one to combine with.
LOOKED_AT = 10


class _Wish(Change):
    """Words of the buyer that somebody else reads."""

    #: What the store's people read before the words.
    heading: ClassVar[str]
    intent: ClassVar[str]

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:  # noqa: ARG002
        """The words, whatever they are, unless they are a question or about something else."""
        text = " ".join(turn.understanding.text.split())
        fits = 2 <= len(text) <= turn.rules.changes.longest_note
        letters = any(letter.isalnum() for letter in text)
        if not asked or leaves(turn) or not fits or not letters or answers.yes_or_no(text):
            # A bare yes or no answers a question that was not asked.
            return Taken()
        return Taken({"text": mask_cards(text)})

    def remark(self, turn: Turn, order: Order, detail: Any, seen: str) -> None:
        """Leave the words on the order, in the colour of its time."""
        key = f"{self.flow}:{order.number}:{len(order.remarks)}"
        turn.shop.record_wish(order.number, f"{self.heading}: {detail['text']}", seen, key=key)
        turn.confirms = True


class AddNote(_Wish):
    """A remark for the warehouse, while it can still read it."""

    flow = "note"
    heading = "Note of the buyer"
    intent = "order_note"
    question: ClassVar[str] = "utter_ask_note"
    back: ClassVar[str] = "utter_read_back_note"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """What is packed needs a person, what has left is too late."""
        return refused_once_packed(
            turn,
            tracker,
            speaker,
            order,
            too_late="utter_note_too_late",
            why="has a wish for packing an order that is packed already",
            intent=self.intent,
        )

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:  # noqa: ARG002
        """Ask for the words."""
        speaker.say(self.question, number=order.number, **self.values(turn))

    def values(self, turn: Turn) -> dict[str, str]:
        """What the question tells."""
        return {"longest": str(turn.rules.changes.longest_note)}

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The words as they will stand on the order."""
        speaker.say(self.back, yes_or_no(turn, again=True), number=order.number, wish=detail["text"])

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Remark it."""
        self.remark(turn, order, detail, seen)
        speaker.say("utter_note_done", number=order.number)
        return {"done": remembered(tracker, self.flow)}


class AddGift(AddNote):
    """Wrapping, a card, no price in the box: what the store does, and the words for the card."""

    flow = "gift"
    heading = "A gift"
    intent = "order_gift"
    question = "utter_ask_gift"
    back = "utter_read_back_gift"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """A store may do nothing for gifts."""
        if not turn.rules.changes.gift:
            speaker.say("utter_gift_none")
            return {}
        return super().refuse(turn, tracker, speaker, order)

    def values(self, turn: Turn) -> dict[str, str]:
        """What the store does."""
        services = [word(turn, f"utter_gift_{name}") for name in turn.rules.changes.gift]
        return {"services": turn.words.all_of(services)}


class InstructDelivery(_Wish):
    """How to deliver: for the carrier, by way of logistics once the parcel is with it."""

    flow = "delivery_instructions"
    heading = "How to deliver"
    intent = "logistics_delivery_instructions"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:  # noqa: ARG002
        """What has arrived, or will not come, needs no instructions."""
        if cancel_way(order) not in (CancelWay.OVER, CancelWay.DELIVERED):
            return None
        say_state(turn, speaker, order)
        return {}

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:  # noqa: ARG002
        """Ask for the words."""
        speaker.say("utter_ask_instructions", number=order.number)

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The words as they are passed on."""
        buttons = yes_or_no(turn, again=True)
        speaker.say("utter_read_back_instructions", buttons, number=order.number, wish=detail["text"])

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Remark it; once it is shipped a person tells the carrier."""
        self.remark(turn, order, detail, seen)
        done = {"done": remembered(tracker, self.flow)}
        if cancel_way(order) is not CancelWay.SHIPPED:
            speaker.say("utter_instructions_noted", number=order.number)
            return done
        return done | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why="instructions for the carrier; confirmed, and remarked on the order",
            intent=self.intent,
            order=order,
            reply="utter_instructions_asked",
        )


class CombineOrders(Change):
    """One parcel for the orders of a buyer that go to the same place and are not packed yet."""

    flow = "combine"
    asks = False

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:  # noqa: ARG002
        """It needs another order beside this one, and none of them packed."""
        if not can_change(order):
            speaker.say("utter_combine_too_late", number=order.number)
            return {}
        if not _beside(turn, order):
            speaker.say("utter_combine_none", number=order.number)
            return {}
        return None

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:  # noqa: ARG002
        """Which orders travel together."""
        numbers = turn.words.all_of([order.number, *(one.number for one in _beside(turn, order))])
        speaker.say("utter_read_back_combine", yes_or_no(turn), numbers=numbers)

    def make(
        self,
        turn: Turn,
        tracker: Tracker,
        speaker: Speaker,
        order: Order,
        detail: Any,  # noqa: ARG002
        seen: str,
    ) -> Slots:
        """Remark each of them with the numbers of the others."""
        together = [order, *_beside(turn, order)]
        for one in together:
            others = ", ".join(other.number for other in together if other is not one)
            turn.shop.record_wish(
                one.number,
                f"The buyer asks for one parcel with {others}.",
                seen if one is order else standing(one),
                key=f"combine:{one.number}:{len(one.remarks)}",
            )
        turn.confirms = True
        speaker.say("utter_combine_done", numbers=turn.words.all_of([one.number for one in together]))
        return {"done": remembered(tracker, self.flow)}


def _beside(turn: Turn, order: Order) -> Sequence[Order]:
    """The buyer's other paid orders that are not packed and go to the same place."""
    if order.state is not OrderState.PAID:
        return ()
    return [
        one
        for one in turn.shop.orders_of(order.customer_id, limit=LOOKED_AT)
        if one.number != order.number
        and one.state is OrderState.PAID
        and can_change(one)
        and one.ship_to == order.ship_to
    ]
