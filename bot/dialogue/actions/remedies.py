"""How a fault is put right: which remedies there are for the goods it is about, and what each comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.dialogue.actions import answers
from bot.dialogue.actions.approvals import replacement_refused
from bot.dialogue.actions.change import leaves, word
from bot.dialogue.turn import Turn
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    authority_limit,
    goods_must_come_back,
    goods_value,
    is_in_window,
    part_refund,
    refundable,
    return_value,
    worth_of_way_back,
)
from bot.shop.values import Money, Order, ReturnReason

#: How it may be put right, in the order of offering.
REPLACE, PART, REFUND, REPAIR = "replace", "part", "refund", "repair"
#: What a buyer means by another intent, where a remedy was asked for.
_REMEDY_OF_INTENT = {
    "refund_exchange": REPLACE,
    "refund_request": REFUND,
    "refund_return": REFUND,
    "refund_warranty": REPAIR,
}


@dataclass(frozen=True)
class Remedies:
    """The ways to put right what is wrong with some lines of an order, as the shop stands now."""

    turn: Turn
    order: Order
    reason: ReturnReason
    #: The ids of the lines that it is about.
    lines: Sequence[int]

    def offered(self) -> list[str]:
        """In the order of offering: sent again, a part of the price, all of it; under warranty no money."""
        offered = []
        there = all(
            self._pieces(line.sku) >= line.quantity for line in self.order.lines if line.id in self.lines
        )
        if there and not replacement_refused(self.turn, self.order, self.lines):
            offered.append(REPLACE)
        if not is_reported_in_time(self.turn, self.order, self.reason):
            return [*offered, REPAIR]
        return offered + [one for one in (PART, REFUND) if self.amount(one)]

    def asked_for(self) -> str | None:
        """Which of those that are offered the current message asks for, by a button or in words."""
        offered = self.offered()
        read = self.turn.understanding
        pressed = read.first("change_choice")
        if pressed is not None:
            return str(pressed) if pressed in offered else None
        if leaves(self.turn) and read.intent not in _REMEDY_OF_INTENT:
            return None
        place = read.text.strip(" .!#")
        if place.isdigit() and 0 < int(place) <= len(offered):
            return offered[int(place) - 1]
        said = remedy_meant(read.text)
        if said is None and not answers.means(answers.ANOTHER_MATTER, read.text):
            said = _REMEDY_OF_INTENT.get(read.intent)
        return said if said in offered else None

    def amount(self, remedy: str) -> Money:
        """What the buyer gets back by it, of what is left to give back."""
        left = refundable(self.order)
        if remedy == PART:
            return min(part_refund(self.order, self.lines, self.reason, self.turn.rules), left)
        if self.come_back:
            return min(return_value(self.order, self.lines, self.reason), left)
        return min(goods_value(self.order, self.lines), left)

    @property
    def come_back(self) -> bool:
        """Whether the goods must come back for the whole price; what is missing can't."""
        if self.reason is ReturnReason.MISSING_ITEM:
            return False
        worth = worth_of_way_back(self.order, self.lines)
        return goods_must_come_back(worth, self.turn.rules, read_rates(self.turn.connection))

    @property
    def above_authority(self) -> bool:
        """Whether sending it again, with what was settled of this order before, is above the authority."""
        lines = {*self.lines, *self.turn.shop.settled_lines(self.order.number)}
        limit = authority_limit(self.turn.rules)
        worth = goods_value(self.order, lines)
        return read_rates(self.turn.connection).convert(worth, limit.currency) > limit

    def named(self, remedy: str) -> str:
        """A remedy in words, with its sum."""
        if remedy == REPLACE and self.reason is ReturnReason.MISSING_ITEM:
            return word(self.turn, "utter_remedy_missing")
        if remedy in (REPLACE, REPAIR):
            return word(self.turn, f"utter_remedy_{remedy}")
        amount = self.turn.words.money(self.amount(remedy))
        name = remedy if remedy == PART or (remedy == REFUND and self.come_back) else "money"
        return word(self.turn, f"utter_remedy_{name}", amount=amount)

    def _pieces(self, sku: str) -> int:
        product = self.turn.shop.product(sku)
        return sum(one.stock for one in product.variants if one.sku == sku) if product else 0


def is_reported_in_time(turn: Turn, order: Order, reason: ReturnReason) -> bool:
    """Whether money can still be given back for this reason; after that only a warranty helps."""
    return is_in_window(order, turn.rules, turn.clock.now(), reason)


def remedy_meant(text: str) -> str | None:
    """The remedy that a message asks for; "when will my refund arrive?" asks for none."""
    if answers.means(answers.ANOTHER_MATTER, text):
        return None
    # "Keep it for a discount" before "money back": both speak of money.
    return answers.first_meant((PART, REPLACE, REFUND), answers.wanted(text))
