"""Confirming receipt, and a longer buyer protection."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from bot.dialogue.actions.change import Change, yes_or_no
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.ratings import ask_rating
from bot.dialogue.actions.step import Slots, Speaker, remembered
from bot.dialogue.turn import Turn
from bot.shop.policy import CancelWay, can_extend, cancel_way, extended, protected_until
from bot.shop.values import Order


class ConfirmReceipt(Change):
    """The buyer says that all has arrived: the invoice depends on it."""

    flow = "confirm_receipt"
    asks = False

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:  # noqa: ARG002
        """What has not left us cannot have arrived, and once is enough."""
        way = cancel_way(order)
        confirmed = turn.shop.receipt_confirmed_at(order.number)
        if confirmed is not None:
            speaker.say("utter_receipt_known", number=order.number, day=turn.words.day_of(confirmed))
        elif way in (CancelWay.SHIPPED, CancelWay.DELIVERED):
            return None
        elif way is CancelWay.OVER:
            say_state(turn, speaker, order)
        else:
            speaker.say("utter_receipt_too_early", number=order.number)
        return {}

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:  # noqa: ARG002
        """What confirming means."""
        speaker.say("utter_read_back_receipt", yes_or_no(turn), number=order.number)

    def make(
        self,
        turn: Turn,
        tracker: Tracker,
        speaker: Speaker,
        order: Order,
        detail: Any,  # noqa: ARG002
        seen: str,
    ) -> Slots:
        """Note it, once for ever."""
        turn.shop.confirm_receipt(order.number, seen, key=f"receipt:{order.number}")
        turn.confirms = True
        speaker.say("utter_receipt_done", number=order.number)
        return {"done": remembered(tracker, self.flow)} | ask_rating(turn, tracker, speaker)


class ExtendProtection(Change):
    """More days in which the buyer may say that something is wrong; so often as policy allows."""

    flow = "extend_protection"
    asks = False

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:  # noqa: ARG002
        """Only what is paid and neither over nor received is protected, and not without end."""
        times = turn.shop.protection_extensions(order.number)
        until = protected_until(order, times, turn.rules)
        confirmed = turn.shop.receipt_confirmed_at(order.number)
        if until is None or cancel_way(order) is CancelWay.OVER:
            say_state(turn, speaker, order)
        elif confirmed is not None:
            speaker.say("utter_receipt_known", number=order.number, day=turn.words.day_of(confirmed))
        elif not can_extend(order, times, turn.rules, turn.clock.now()):
            speaker.say("utter_protection_no_more", number=order.number, until=turn.words.date(until))
        else:
            return None
        return {}

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:  # noqa: ARG002
        """From which day to which."""
        times = turn.shop.protection_extensions(order.number)
        old, new = protected_until(order, times, turn.rules), extended(order, times, turn.rules)
        if old is None or new is None:
            raise LookupError("the order has no protection to extend")
        values = {"until": turn.words.date(old), "new": turn.words.date(new)}
        speaker.say("utter_read_back_protection", yes_or_no(turn), number=order.number, **values)

    def make(
        self,
        turn: Turn,
        tracker: Tracker,
        speaker: Speaker,
        order: Order,
        detail: Any,  # noqa: ARG002
        seen: str,
    ) -> Slots:
        """Extend it, once for each yes."""
        times = turn.shop.protection_extensions(order.number)
        until = turn.shop.extend_protection(order.number, seen, key=f"protection:{order.number}:{times}")
        turn.confirms = True
        speaker.say("utter_protection_extended", number=order.number, until=turn.words.date(until))
        return {"done": remembered(tracker, self.flow)}
