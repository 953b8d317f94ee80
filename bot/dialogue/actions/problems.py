"""Faulty, damaged, wrong, incomplete, not as described: first help, a photo, and how it is put right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.approvals import ask_replacement, goods, say_waiting, tell_asked
from bot.dialogue.actions.approved import say_replaced
from bot.dialogue.actions.change import Change, Taken, word, yes_or_no
from bot.dialogue.actions.fault_answers import NONE, TRIED, WORKS, told_photo, told_tried
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.known_orders import OFFERED, is_before_shipping
from bot.dialogue.actions.lines import ALL, chosen_line, line_buttons, open_lines
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.refunds import days_after_goods, tell_return
from bot.dialogue.actions.remedies import PART, REFUND, REPAIR, REPLACE, Remedies, is_reported_in_time
from bot.dialogue.actions.step import Slots, Speaker, files_kept, inform, remembered
from bot.dialogue.actions.told import fact_of
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import (
    leaves_by,
    local_day,
    reaches_by,
    refund_arrival,
    refund_method,
    standing,
    warranty_until,
)
from bot.shop.values import ON_ITS_WAY, Order, OrderState, Product, RefundState, Remedy, ReturnReason

#: Orders that are looked through for what a report may be about.
MOST_ORDERS = 20
#: In the conversation's memory: the order of which it was told that nothing is left to put right.
_TOLD_SETTLED = "told_settled"


class Problem(Change):
    """Something is wrong with the goods; the cause lies with us."""

    flow = "problem"

    def __init__(self, reason: ReturnReason) -> None:
        self.reason = reason

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """Nothing that is not here can be faulty; what is long ago is looked at by a person."""
        if order.state in ON_ITS_WAY:
            speaker.say("utter_problem_on_its_way", number=order.number)
            return {}
        if order.state is OrderState.DELIVERED and open_lines(turn, order):
            if self.reason is ReturnReason.FAULTY or is_reported_in_time(turn, order, self.reason):
                return None
            return self._to_person(turn, tracker, speaker, order, "reports it after the time for that")
        waits = say_waiting(turn, tracker, speaker, order) if order.state is OrderState.DELIVERED else None
        if waits is not None:
            return waits
        if turn.memory.get(_TOLD_SETTLED) == order.number and not is_before_shipping(order):
            return self._to_person(turn, tracker, speaker, order, "says so again of what is settled")
        turn.memory[_TOLD_SETTLED] = order.number
        if order.state is OrderState.DELIVERED:
            speaker.say("utter_problem_settled", number=order.number)
            return {}
        say_state(turn, speaker, order)
        return self._of_another(turn, tracker, speaker, order)

    def _of_another(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots:
        """What has not left us cannot have arrived so: another order that did is meant, or a person looks."""
        if not is_before_shipping(order):
            return {}
        own = turn.shop.orders_of(order.customer_id, limit=MOST_ORDERS)
        arrived = [one for one in own if one.state is OrderState.DELIVERED][:OFFERED]
        if not arrived:
            return self._to_person(turn, tracker, speaker, order, "reports goods of an order not sent yet")
        intent = tracker.get_slot("flow_intent")
        buttons = [
            Button(
                word(turn, "utter_order_of_day", number=one.number, day=turn.words.day_of(one.placed_at)),
                f"/{intent}{json.dumps({'order_number': one.number})}",
            )
            for one in arrived
        ]
        speaker.say("utter_ask_which_order", buttons)
        return {}

    def is_left(self, turn: Turn, part: Any) -> bool:
        """To keep the goods is one of the remedies."""
        return "photos" not in (part or {}) and super().is_left(turn, part)

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:
        """Which goods, whether the first help helped, a photo, and the remedy: one after another."""
        known = dict(part or {})
        # What came with the first words may have come before the identity check.
        sent = files_kept(turn) if asked else int(turn.memory.pop("photos", 0))
        if sent:
            known["photos"] = sent + (known.get("photos", 0) if known.get("photos") != NONE else 0)
        if "lines" not in known:
            left = open_lines(turn, order)
            line = chosen_line(turn, order, left, "change_line", asked=asked)
            if line is None:
                return Taken(part=known or None)
            known["lines"] = left if line == ALL else [int(line)]
        elif "tried" not in known and asked:
            known |= told_tried(turn)
        elif "photos" not in known and asked:
            known |= told_photo(turn, known)
        elif "photos" in (part or {}) and asked:
            remedy = self._remedies(turn, order, known).asked_for()
            if remedy is not None:
                return Taken(known | {"remedy": remedy}, known)
        return self._gone_on(turn, order, known)

    def kept(self, part: Any) -> Any:
        """Another remedy needs no other photo."""
        return part

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:
        """The first of these that is not known."""
        known: Mapping[str, Any] = part or {}
        if "lines" not in known:
            buttons = line_buttons(turn, order, open_lines(turn, order), "change_line")
            speaker.say("utter_ask_problem_line", buttons, number=order.number)
        elif "tried" not in known:
            product = self._product(turn, order, known)
            speaker.say(
                "utter_ask_tried",
                [
                    inform(word(turn, "utter_tried_works"), change_choice=WORKS),
                    inform(word(turn, "utter_tried_not"), change_choice=TRIED),
                ],
                steps=fact_of(turn, product, "troubleshooting") if product else "",
            )
        elif "photos" not in known:
            reply = "utter_ask_photo_again" if known.get("reminded") else "utter_ask_photo"
            speaker.say(reply, [inform(word(turn, "utter_no_photo"), change_choice=NONE)])
        else:
            remedies = self._remedies(turn, order, known)
            buttons = [inform(remedies.named(one), change_choice=one) for one in remedies.offered()]
            human = Button(word(turn, "utter_meaning_service_human"), "/service_human")
            in_time = is_reported_in_time(turn, order, self.reason)
            reply = "utter_ask_remedy" if in_time else "utter_ask_remedy_warranty"
            speaker.say(reply, [*buttons, human], items=self._items(turn, order, known))

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The remedy with its dates and sums, or what a person is told."""
        words, now = turn.words, turn.clock.now()
        items, remedy = self._items(turn, order, detail), detail["remedy"]
        remedies = self._remedies(turn, order, detail)
        buttons = yes_or_no(turn, again=True)
        if self._needs_person(detail):
            wish = remedies.named(remedy)
            speaker.say("utter_read_back_passed_on", buttons, number=order.number, items=items, wish=wish)
            return
        if remedy == REPLACE:
            speaker.say(
                "utter_read_back_replace_above" if remedies.above_authority else "utter_read_back_replace",
                buttons,
                number=order.number,
                items=items,
                leaves=words.day(leaves_by(now, order, turn.rules)),
                expected=words.day(reaches_by(now, order, turn.rules)),
            )
            return
        method = refund_method(order)
        comes_back = remedy == REFUND and remedies.come_back
        speaker.say(
            "utter_read_back_fault_return" if comes_back else "utter_read_back_fault_money",
            buttons,
            number=order.number,
            items=items,
            amount=words.money(remedies.amount(remedy)),
            method=word(turn, f"utter_method_{method}"),
            days=days_after_goods(turn, method),
            arrival=words.day(
                refund_arrival(method, local_day(now, order.timezone), turn.rules, checking=True)
            ),
        )

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Do it, or record the wish and hand it over."""
        remedy, lines = detail["remedy"], detail["lines"]
        remedies = self._remedies(turn, order, detail)
        # With the reason: after a no, the same goods for another one are another wish.
        key = f"{remedy}:{order.number}:{'-'.join(map(str, sorted(lines)))}:{self.reason.value}"
        done = {"done": remembered(tracker, self.flow)}
        photos = f"photos: {detail['photos']}"
        if self._needs_person(detail):
            text = f"{self.reason.value}: {goods(order, lines)}; the buyer wishes: {remedy}; {photos}."
            turn.shop.record_wish(order.number, text, seen, key=f"problem:{len(order.remarks)}:{key}")
            turn.confirms = True
            return done | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why=text,
                intent=f"refund_{self.reason.value}",
                order=order,
                reply="utter_passed_on",
            )
        if remedy == REPLACE and remedies.above_authority:
            return ask_replacement(turn, tracker, speaker, order, lines, self.reason, about=photos, key=key)
        if remedy == REFUND and remedies.come_back:
            made = turn.shop.request_return(order.number, lines, self.reason, key=key)
            refund = turn.shop.request_refund(
                order.number, None, self.reason, key=f"{key}:refund", return_id=made.id
            )
            turn.confirms = True
            turn.read("return", id=made.id, refund=refund.id, state=refund.state.value)
            if refund.state is not RefundState.REQUESTED:
                return tell_asked(turn, tracker, speaker, order, refund, about=photos)
            tell_return(turn, speaker, made)
            return done | tell_asked(turn, tracker, speaker, order, refund)
        kept = {REPLACE: Remedy.REPLACEMENT, PART: Remedy.PART_REFUND, REFUND: Remedy.FULL_REFUND}[remedy]
        fault = {"lines": lines, "reason": self.reason.value, "remedy": kept.value, "key": key}
        if kept is Remedy.REPLACEMENT:
            self._settle(turn, order, fault, seen)
            say_replaced(turn, speaker, order, self._items(turn, order, detail))
            return done
        amount = remedies.amount(remedy)
        refund = turn.shop.request_refund(order.number, amount, self.reason, key=f"{key}:refund")
        turn.confirms = True
        if refund.state is not RefundState.REQUESTED:
            # Settled with the yes: after a no something else may be wished for.
            about = f"{goods(order, lines)}, kept by the buyer; {photos}"
            return tell_asked(turn, tracker, speaker, order, refund, about=about, settle=fault)
        self._settle(turn, order, fault, standing(turn.shop.order(order.number) or order))
        return done | tell_asked(turn, tracker, speaker, order, refund)

    def _settle(self, turn: Turn, order: Order, fault: Mapping[str, Any], seen: str) -> None:
        remedy = Remedy(fault["remedy"])
        turn.shop.settle(order.number, fault["lines"], self.reason, remedy, seen, key=fault["key"])
        turn.confirms = True
        turn.read("settled", lines=fault["lines"], remedy=remedy.value)

    def end(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any) -> Slots:
        """The first help helped, or no warranty covers it any more."""
        if detail.get("tried") == WORKS:
            speaker.say("utter_tried_helped")
            return {"done": remembered(tracker, self.flow)}
        product = self._product(turn, order, detail)
        until = warranty_until(product, order) if product else None
        if until is None:
            return self._to_person(turn, tracker, speaker, order, "the catalogue has no warranty")
        speaker.say(
            "utter_warranty_over", items=self._items(turn, order, detail), until=turn.words.date(until)
        )
        return {}

    # --- What is known ---

    def _gone_on(self, turn: Turn, order: Order, known: dict[str, Any]) -> Taken:
        """Pass over what needn't be asked; end where there is nothing left to do."""
        if known.get("tried") == WORKS:
            return Taken(known, over=True)
        product = self._product(turn, order, known)
        helps = self.reason is ReturnReason.FAULTY and product and "troubleshooting" in product.facts
        if not helps:
            known.setdefault("tried", TRIED)
        if "tried" in known and not is_reported_in_time(turn, order, self.reason):
            until = warranty_until(product, order) if product else None
            if until is None or until < local_day(turn.clock.now(), order.timezone):
                return Taken(known, over=True)
        return Taken(part=known)

    def _remedies(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> Remedies:
        return Remedies(turn, order, self.reason, known["lines"])

    def _items(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> str:
        return turn.words.all_of([turn.words.line(line) for line in order.lines if line.id in known["lines"]])

    def _product(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> Product | None:
        """The product of the one line that it is about."""
        skus = [line.sku for line in order.lines if line.id in known["lines"]]
        return turn.shop.product(skus[0]) if len(skus) == 1 else None

    @staticmethod
    def _needs_person(detail: Mapping[str, Any]) -> bool:
        return detail["photos"] == NONE or detail["remedy"] == REPAIR

    def _to_person(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, why: str) -> Slots:
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"{self.reason.value}: {why}",
            intent=f"refund_{self.reason.value}",
            order=order,
            reply="utter_passed_on",
        )
