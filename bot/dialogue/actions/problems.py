"""Faulty, damaged, wrong, incomplete, not as described: first help, a photo, and how it is put right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.approvals import (
    ask_replacement,
    goods,
    replacement_refused,
    say_waiting,
    tell_asked,
)
from bot.dialogue.actions.approved import say_replaced
from bot.dialogue.actions.change import Change, Taken, leaves, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import OFFERED, is_before_shipping
from bot.dialogue.actions.lines import ALL, chosen_line, line_buttons, open_lines
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.refunds import days_after_goods, tell_return
from bot.dialogue.actions.step import Slots, Speaker, files_kept, inform, remembered, typed_answer
from bot.dialogue.actions.told import fact_of
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    authority_limit,
    goods_must_come_back,
    goods_value,
    is_in_window,
    leaves_by,
    local_day,
    part_refund,
    reaches_by,
    refund_arrival,
    refund_method,
    refundable,
    return_value,
    standing,
    warranty_until,
    worth_of_way_back,
)
from bot.shop.values import ON_ITS_WAY, Money, Order, OrderState, Product, RefundState, Remedy, ReturnReason

#: How it may be put right, in the order of offering.
REPLACE, PART, REFUND, REPAIR = "replace", "part", "refund", "repair"
#: What a buyer means by another intent, where a remedy was asked for.
_REMEDY_OF_INTENT = {
    "refund_exchange": REPLACE,
    "refund_request": REFUND,
    "refund_return": REFUND,
    "refund_warranty": REPAIR,
}
#: The photo can't be sent: a person decides.
NONE = "none"
TRIED, WORKS = "tried", "works"
#: Orders that are looked through for what a report may be about.
MOST_ORDERS = 20


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
        if order.state is not OrderState.DELIVERED:
            say_state(turn, speaker, order)
            return self._of_another(turn, tracker, speaker, order)
        if not open_lines(turn, order):
            waits = say_waiting(turn, tracker, speaker, order)
            if waits is None:
                speaker.say("utter_problem_settled", number=order.number)
            return waits or {}
        if self.reason is not ReturnReason.FAULTY and not self._in_time(turn, order):
            return self._to_person(turn, tracker, speaker, order, "reports it after the time for that")
        return None

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
            known |= self._tried(turn)
        elif "photos" not in known and asked:
            known |= _without_photo(turn, known)
        elif "photos" in (part or {}) and asked:
            remedy = self._remedy(turn, order, known)
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
            buttons = [
                inform(self._named(turn, order, known, one), change_choice=one)
                for one in self._remedies(turn, order, known)
            ]
            human = Button(word(turn, "utter_meaning_service_human"), "/service_human")
            reply = "utter_ask_remedy" if self._in_time(turn, order) else "utter_ask_remedy_warranty"
            speaker.say(reply, [*buttons, human], items=self._items(turn, order, known))

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The remedy with its dates and sums, or what a person is told."""
        words, now = turn.words, turn.clock.now()
        items, remedy = self._items(turn, order, detail), detail["remedy"]
        buttons = yes_or_no(turn, again=True)
        if self._needs_person(detail):
            wish = self._named(turn, order, detail, remedy)
            speaker.say("utter_read_back_passed_on", buttons, number=order.number, items=items, wish=wish)
            return
        if remedy == REPLACE:
            above = self._above(turn, order, detail)
            speaker.say(
                "utter_read_back_replace_above" if above else "utter_read_back_replace",
                buttons,
                number=order.number,
                items=items,
                leaves=words.day(leaves_by(now, order, turn.rules)),
                expected=words.day(reaches_by(now, order, turn.rules)),
            )
            return
        method = refund_method(order)
        comes_back = remedy == REFUND and self._comes_back(turn, order, detail)
        speaker.say(
            "utter_read_back_fault_return" if comes_back else "utter_read_back_fault_money",
            buttons,
            number=order.number,
            items=items,
            amount=words.money(self._amount(turn, order, detail, remedy)),
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
        if remedy == REPLACE and self._above(turn, order, detail):
            return ask_replacement(turn, tracker, speaker, order, lines, self.reason, about=photos, key=key)
        if remedy == REFUND and self._comes_back(turn, order, detail):
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
        amount = self._amount(turn, order, detail, remedy)
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
        if "tried" in known and not self._in_time(turn, order):
            until = warranty_until(product, order) if product else None
            if until is None or until < local_day(turn.clock.now(), order.timezone):
                return Taken(known, over=True)
        return Taken(part=known)

    def _tried(self, turn: Turn) -> dict[str, str]:
        read = turn.understanding
        pressed = read.first("change_choice")
        if pressed in (TRIED, WORKS):
            return {"tried": pressed}
        answer = typed_answer(turn)
        in_vain = answer == "no" or answers.means(answers.IN_VAIN, read.text)
        # "I tried that" is a yes to the model, and to another question than whether it works.
        is_yes = answers.yes_or_no(read.text) == answers.YES and answer == "yes"
        if not in_vain and (is_yes or answers.means(answers.SOLVED, read.text)):
            return {"tried": WORKS}
        still = in_vain or read.intent.startswith("refund_") or answers.means("faulty", read.text)
        return {"tried": TRIED} if still and not leaves(turn) else {}

    def _remedy(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> str | None:
        offered = self._remedies(turn, order, known)
        read = turn.understanding
        pressed = read.first("change_choice")
        if pressed is not None:
            return str(pressed) if pressed in offered else None
        if leaves(turn) and read.intent not in _REMEDY_OF_INTENT:
            return None
        place = read.text.strip(" .!#")
        if place.isdigit() and 0 < int(place) <= len(offered):
            return offered[int(place) - 1]
        said = remedy_meant(read.text)
        if said is None and not answers.means(answers.ANOTHER_MATTER, read.text):
            said = _REMEDY_OF_INTENT.get(read.intent)
        return said if said in offered else None

    def _remedies(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> list[str]:
        """In the order of offering: sent again, a part of the price, all of it; under warranty no money."""
        lines = known["lines"]
        offered = []
        there = all(self._pieces(turn, line.sku) >= line.quantity for line in order.lines if line.id in lines)
        if there and not replacement_refused(turn, order, lines):
            offered.append(REPLACE)
        if not self._in_time(turn, order):
            return [*offered, REPAIR]
        return offered + [one for one in (PART, REFUND) if self._amount(turn, order, known, one)]

    def _amount(self, turn: Turn, order: Order, known: Mapping[str, Any], remedy: str) -> Money:
        lines, left = known["lines"], refundable(order)
        if remedy == PART:
            return min(part_refund(order, lines, self.reason, turn.rules), left)
        if self._comes_back(turn, order, known):
            return min(return_value(order, lines, self.reason), left)
        return min(goods_value(order, lines), left)

    def _comes_back(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> bool:
        """Whether the goods must come back for the whole price; what is missing can't."""
        if self.reason is ReturnReason.MISSING_ITEM:
            return False
        worth = worth_of_way_back(order, known["lines"])
        return goods_must_come_back(worth, turn.rules, read_rates(turn.connection))

    def _above(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> bool:
        """Whether sending it again, with what was settled of this order before, is above the authority."""
        lines = {*known["lines"], *turn.shop.settled_lines(order.number)}
        limit = authority_limit(turn.rules)
        return read_rates(turn.connection).convert(goods_value(order, lines), limit.currency) > limit

    def _named(self, turn: Turn, order: Order, known: Mapping[str, Any], remedy: str) -> str:
        """A remedy in words, with its sum."""
        if remedy == REPLACE and self.reason is ReturnReason.MISSING_ITEM:
            return word(turn, "utter_remedy_missing")
        if remedy in (REPLACE, REPAIR):
            return word(turn, f"utter_remedy_{remedy}")
        back = remedy == REFUND and self._comes_back(turn, order, known)
        amount = turn.words.money(self._amount(turn, order, known, remedy))
        name = remedy if remedy == PART or back else "money"
        return word(turn, f"utter_remedy_{name}", amount=amount)

    def _items(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> str:
        lines = known["lines"]
        return turn.words.all_of([turn.words.line(line) for line in order.lines if line.id in lines])

    def _product(self, turn: Turn, order: Order, known: Mapping[str, Any]) -> Product | None:
        """The product of the one line that it is about."""
        lines = known["lines"]
        skus = [line.sku for line in order.lines if line.id in lines]
        return turn.shop.product(skus[0]) if len(skus) == 1 else None

    @staticmethod
    def _pieces(turn: Turn, sku: str) -> int:
        product = turn.shop.product(sku)
        return sum(one.stock for one in product.variants if one.sku == sku) if product else 0

    @staticmethod
    def _needs_person(detail: Mapping[str, Any]) -> bool:
        return detail["photos"] == NONE or detail["remedy"] == REPAIR

    def _in_time(self, turn: Turn, order: Order) -> bool:
        return is_in_window(order, turn.rules, turn.clock.now(), self.reason)

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


def _without_photo(turn: Turn, known: Mapping[str, Any]) -> dict[str, Any]:
    """Words where a photo was asked for: asked once more, then a person looks at it without one."""
    read = turn.understanding
    if read.first("change_choice") == NONE or typed_answer(turn) == "no":
        return {"photos": NONE}
    if answers.means(answers.NO_PHOTO, read.text):
        return {"photos": NONE}
    if leaves(turn) or not read.text:
        return {}
    return {"photos": NONE} if known.get("reminded") else {"reminded": True}


def reported(reasons: Sequence[ReturnReason]) -> dict[str, Change]:
    """A change for each of these reasons, by the intent that tells it."""
    return {f"refund_{reason.value}": Problem(reason) for reason in reasons}


def remedy_meant(text: str) -> str | None:
    """The remedy that a message asks for; "when will my refund arrive?" asks for none."""
    if answers.means(answers.ANOTHER_MATTER, text):
        return None
    # "Keep it for a discount" before "money back": both speak of money.
    return answers.first_meant((PART, REPLACE, REFUND), answers.wanted(text))
