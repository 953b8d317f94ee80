"""An exchange: another colour or size is held, the goods come back, and a difference in price is settled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.approvals import tell_asked
from bot.dialogue.actions.change import Change, Taken, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.item_change import OFFERED, OTHER, named_variant, wish_in_words
from bot.dialogue.actions.lines import chosen_line, line_buttons, open_lines
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.refunds import tell_return, tell_window_closed
from bot.dialogue.actions.remedies import REFUND, remedy_meant
from bot.dialogue.actions.step import Slots, Speaker, inform, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    goods_must_come_back,
    is_in_window,
    leaves_by,
    price_difference,
    reaches_by,
    refund_method,
    variants_for,
    worth_of_way_back,
)
from bot.shop.values import ON_ITS_WAY, Money, Order, OrderLine, OrderState, ReturnReason, Variant

#: Why goods that are exchanged come back.
REASON = ReturnReason.DOES_NOT_FIT


class Exchange(Change):
    """Another variant of the same product at once; anything else, and what costs more, by a person."""

    flow = "exchange"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:  # noqa: ARG002
        """What has not left us is swapped, what is not here waits; the window is that of a return."""
        if order.state in (OrderState.CANCELLED, OrderState.RETURNED):
            say_state(turn, speaker, order)
        elif order.state in ON_ITS_WAY:
            speaker.say("utter_exchange_on_its_way", number=order.number)
        elif order.state is not OrderState.DELIVERED:
            speaker.say("utter_exchange_before_shipping", number=order.number)
        elif not open_lines(turn, order):
            speaker.say("utter_problem_settled", number=order.number)
        elif not is_in_window(order, turn.rules, turn.clock.now()):
            tell_window_closed(turn, speaker, order)
        else:
            return None
        return {}

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:
        """Which goods, then what instead; or a wish in the buyer's own words."""
        known = dict(part or {})
        if "line" not in known:
            lines = open_lines(turn, order)
            line_id = chosen_line(turn, order, lines, "change_line", asked=asked)
            if line_id is None:
                return Taken()
            if not line_id.isdigit():
                # All of them: what instead of each is told in words.
                return Taken(part={"line": OTHER})
            known["line"] = int(line_id)
        line = next((one for one in order.lines if one.id == known["line"]), None)
        pressed = turn.understanding.first("change_sku")
        if pressed == OTHER:
            return Taken(part={"line": OTHER, "of": known["line"]})
        variant = named_variant(turn, line, _variants(turn, line), pressed) if line else None
        if variant is not None:
            return Taken({"line": known["line"], "sku": variant.sku})
        read = turn.understanding
        if read.intent in ("refund_request", "refund_return") and remedy_meant(read.text) == REFUND:
            # Money instead of other goods: the flow of returns takes it up.
            return Taken(part=part)
        wish = wish_in_words(turn) if asked and part and pressed is None else None
        return (
            Taken({"text": wish if line is None else f"{line.title}: {wish}"}) if wish else Taken(part=known)
        )

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:
        """Which goods, or what instead, by buttons; what none of them says, in words."""
        if not part:
            buttons = line_buttons(turn, order, open_lines(turn, order), "change_line")
            speaker.say("utter_ask_exchange_line", buttons, number=order.number)
            return
        line = next((one for one in order.lines if one.id == part["line"]), None)
        variants = _variants(turn, line)[:OFFERED] if line else ()
        if line is None or not variants:
            speaker.say("utter_ask_exchange_text")
            return
        buttons = [inform(self._named(turn, line, one), change_sku=one.sku) for one in variants]
        other = inform(word(turn, "utter_items_other"), change_sku=OTHER)
        speaker.say("utter_ask_exchange_variant", [*buttons, other], item=turn.words.line(line))

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """What comes back, what is held and when it leaves; money that is settled with it."""
        buttons = yes_or_no(turn, again=True)
        if "text" in detail:
            speaker.say("utter_read_back_items", buttons, number=order.number, wish=detail["text"])
            return
        line, new, difference = self._wanted(turn, order, detail)
        values = self._values(turn, order, line, new, difference)
        if difference.minor > 0:
            speaker.say("utter_read_back_exchange_more", buttons, **values)
            return
        if difference:
            speaker.say("utter_exchange_less", **values)
        comes_back = _comes_back(turn, order, line)
        reply = "utter_read_back_exchange" if comes_back else "utter_read_back_exchange_keep"
        speaker.say(reply, buttons, **values)

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Open the return, hold the new goods, and give back what they cost less; or hand over."""
        done = {"done": remembered(tracker, self.flow)}
        if "text" in detail:
            return done | self._pass_on(turn, tracker, speaker, order, detail["text"], seen)
        line, new, difference = self._wanted(turn, order, detail)
        values = self._values(turn, order, line, new, difference)
        if difference.minor > 0:
            wish = f"{line.title} for {values['new']}, {difference.major} {difference.currency} more"
            return done | self._pass_on(turn, tracker, speaker, order, wish, seen)
        key = f"exchange:{order.number}:{line.id}"
        turn.shop.exchange(order.number, line.id, new.sku, seen, key=f"{key}:{new.sku}")
        made = turn.shop.request_return(order.number, [line.id], REASON, key=key)
        turn.confirms = True
        turn.read("exchange", line=line.id, sku=new.sku, back=made.id)
        tell_return(turn, speaker, made)
        speaker.say("utter_exchange_done" if made.goods_come_back else "utter_exchange_done_keep", **values)
        if not difference:
            return done
        owed = Money(-difference.minor, difference.currency)
        refund = turn.shop.request_refund(order.number, owed, REASON, key=f"{key}:refund", return_id=made.id)
        return done | tell_asked(turn, tracker, speaker, order, refund)

    def _pass_on(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, wish: str, seen: str
    ) -> Slots:
        text = f"The buyer asks for an exchange: {wish}"
        key = f"exchange:{order.number}:{len(order.remarks)}"
        turn.shop.record_wish(order.number, text, seen, key=key)
        turn.confirms = True
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=text,
            intent="refund_exchange",
            order=order,
            reply="utter_passed_on",
        )

    def _wanted(
        self, turn: Turn, order: Order, detail: Mapping[str, Any]
    ) -> tuple[OrderLine, Variant, Money]:
        line = next(one for one in order.lines if one.id == detail["line"])
        product = turn.shop.product(detail["sku"])
        if product is None:
            raise LookupError(f"{detail['sku']} has left the catalogue")
        new = next(one for one in product.variants if one.sku == detail["sku"])
        return line, new, price_difference(line, new, read_rates(turn.connection))

    def _values(
        self, turn: Turn, order: Order, line: OrderLine, new: Variant, difference: Money
    ) -> dict[str, str]:
        words, now = turn.words, turn.clock.now()
        product = turn.shop.product(new.sku)
        method = refund_method(order)
        days = turn.rules.returns.check_days + math.ceil(turn.rules.shipping.dispatch_hours / 24)
        return {
            "number": order.number,
            "old": words.line(line),
            "new": words.variant(product, new) if product else new.sku,
            "days": str(days),
            "amount": words.money(Money(abs(difference.minor), difference.currency)),
            "method": word(turn, f"utter_method_{method}"),
            "leaves": words.day(leaves_by(now, order, turn.rules)),
            "expected": words.day(reaches_by(now, order, turn.rules)),
        }

    @staticmethod
    def _named(turn: Turn, line: OrderLine, variant: Variant) -> str:
        traits = ", ".join(trait for trait in (variant.colour, variant.size) if trait)
        difference = price_difference(line, variant, read_rates(turn.connection))
        if not difference:
            return traits
        sign = "+" if difference.minor > 0 else "−"
        return f"{traits} ({sign}{turn.words.money(Money(abs(difference.minor), difference.currency))})"


def exchangeable(turn: Turn, order: Order, line_ids: Sequence[int]) -> bool:
    """Whether another variant of one of these lines' products is there."""
    return any(_variants(turn, line) for line in order.lines if line.id in line_ids)


def exchange_button(turn: Turn) -> Button:
    """Begins an exchange."""
    return Button(word(turn, "utter_keep_exchange"), "/refund_exchange")


def _variants(turn: Turn, line: OrderLine) -> list[Variant]:
    product = turn.shop.product(line.sku)
    return variants_for(product, line) if product else []


def _comes_back(turn: Turn, order: Order, line: OrderLine) -> bool:
    return goods_must_come_back(worth_of_way_back(order, [line.id]), turn.rules, read_rates(turn.connection))
