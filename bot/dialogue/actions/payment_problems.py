"""Money of an order: paid and not registered, another sum, a price that fell, the invoice."""

from __future__ import annotations

import datetime as dt
import zlib

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import ASKED_WITH
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import known_order
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.payment_words import invoice_kinds, payment_values, say_how_to_pay
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import (
    duplicate_charges,
    fallen_prices,
    local_day,
    price_protected_until,
    received,
)
from bot.shop.values import Order, OrderState, PaymentState, RemarkColour


class NotRegistered(Step):
    """The money is gone and the order looks unpaid."""

    title = "action_payment_not_registered"
    flow = "not_registered"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Look the payments up; money that we have and the order does not know goes to finance."""
        order, words = known_order(turn, tracker), turn.words
        said = turn.memory.pop(ASKED_WITH, None) or turn.understanding.text
        if order.state is OrderState.CANCELLED:
            say_state(turn, speaker, order)
        elif order.state is not OrderState.UNPAID:
            speaker.say("utter_declined_but_paid", number=order.number, total=words.money(order.total))
        elif received(order):
            return _found(turn, tracker, speaker, order)
        else:
            pending = [one for one in order.payments if one.state in _WAITING]
            if pending:
                last = pending[-1]
                turn.read("payment", reference=last.reference, state=last.state.value)
                speaker.say(
                    "utter_payment_pending",
                    number=order.number,
                    amount=words.money(last.amount),
                    day=words.day_of(last.at),
                    by=words.day_of(turn.clock.now() + dt.timedelta(days=turn.rules.payment.pending_days)),
                )
            elif answers.still_to_pay(said):
                say_state(turn, speaker, order)
                speaker.say(
                    "utter_unpaid_how",
                    website=turn.rules.store.website,
                    hours=turn.rules.shipping.dispatch_hours,
                    **payment_values(turn),
                )
            else:
                speaker.say("utter_payment_no_trace", number=order.number, total=words.money(order.total))
                say_how_to_pay(turn, speaker)
        return {"done": remembered(tracker, "not_registered"), **back_to(turn, tracker, speaker)}


_WAITING = (PaymentState.PENDING, PaymentState.AUTHORISED)


def _found(turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots:
    paid = received(order)
    references = turn.words.all_of([one.reference for one in paid])
    turn.read("payment", reference=references, state="received")
    _remark(
        turn, order, f"Money is here and the order is unpaid: {references}. Please register it.", "unknown"
    )
    amount = sum((one.amount for one in paid[1:]), paid[0].amount)
    speaker.say(
        "utter_payment_found",
        number=order.number,
        amount=turn.words.money(amount),
        day=turn.words.day_of(paid[-1].at),
    )
    return {"done": remembered(tracker, "not_registered")} | hand_over(
        turn,
        tracker,
        speaker,
        Reason.POLICY,
        why=f"paid and not registered: {references}",
        intent="payment_not_registered",
        priority=Priority.HIGH,
        order=order,
    )


def _remark(turn: Turn, order: Order, text: str, what: str) -> None:
    # The same finding is remarked once, a new one anew.
    key = f"{what}:{order.number}:{zlib.crc32(text.encode()):08x}"
    # For finance, and no change of the order: as with a charge that came twice, no yes is asked for.
    colour = RemarkColour(turn.rules.remarks.special)
    turn.shop.add_remark(order.number, colour, turn.rules.store.assistant, text, key=key)
    turn.confirms = True


class WrongAmount(Step):
    """Another sum was charged than the order's."""

    title = "action_payment_wrong_amount"
    flow = "wrong_amount"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Compare what we took with what is owed; a difference goes to finance with the evidence."""
        order, words = known_order(turn, tracker), turn.words
        paid = received(order)
        if duplicate_charges(order):
            again = turn.replies.say("utter_meaning_payment_charged_twice", words.language, {}).text
            speaker.say("utter_amount_twice", [Button(again, "/payment_charged_twice")], number=order.number)
            return back_to(turn, tracker, speaker)
        if not paid:
            speaker.say("utter_payment_no_trace", number=order.number, total=words.money(order.total))
            return back_to(turn, tracker, speaker)
        taken = sum((one.amount for one in paid[1:]), paid[0].amount)
        values = {"number": order.number, "taken": words.money(taken), "total": words.money(order.total)}
        turn.read("amount", taken=taken.minor, owed=order.total.minor, currency=order.currency)
        if taken == order.total:
            speaker.say("utter_amount_right", **values)
            return {"done": remembered(tracker, "wrong_amount"), **back_to(turn, tracker, speaker)}
        references = words.all_of([one.reference for one in paid])
        text = f"Charged {taken.major}, owed {order.total.major} {order.currency}: {references}."
        _remark(turn, order, text, "amount")
        more = taken > order.total
        speaker.say("utter_amount_more" if more else "utter_amount_less", **values)
        return {"done": remembered(tracker, "wrong_amount")} | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"charged another sum than owed: {text}",
            intent="payment_wrong_amount",
            priority=Priority.HIGH,
            order=order,
        )


class PriceProtection(Step):
    """The price fell after the order: the difference within the days that policy gives."""

    title = "action_price_protection"
    flow = "price_protection"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Compare the prices; a difference is paid by a person, who gets it reckoned."""
        order, words = known_order(turn, tracker), turn.words
        until = price_protected_until(order, turn.rules)
        if order.state in (OrderState.CANCELLED, OrderState.RETURNED):
            say_state(turn, speaker, order)
            return back_to(turn, tracker, speaker)
        if until is None:
            speaker.say("utter_no_price_protection")
            return back_to(turn, tracker, speaker)
        if local_day(turn.clock.now(), order.timezone) > until:
            speaker.say("utter_price_protection_over", number=order.number, until=words.date(until))
            return {"done": remembered(tracker, "price_protection"), **back_to(turn, tracker, speaker)}
        products = {line.sku: turn.shop.product(line.sku) for line in order.lines}
        fallen = fallen_prices(order, products, turn.shop.convert)
        if not fallen:
            speaker.say("utter_price_same", number=order.number, until=words.date(until))
            return {"done": remembered(tracker, "price_protection"), **back_to(turn, tracker, speaker)}
        amount = sum((one.difference for one in fallen[1:]), fallen[0].difference)
        turn.read("price_fell", amount=amount.minor, currency=amount.currency)
        items = words.all_of([words.line(one.line) for one in fallen])
        fell = ", ".join(one.line.title for one in fallen)
        speaker.say("utter_price_fell", number=order.number, items=items, amount=words.money(amount))
        return {"done": remembered(tracker, "price_protection")} | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"price protection: {fell} fell by {words.money(amount)} in all, within the days for it",
            intent="payment_price_protection",
            order=order,
        )


class Invoice(Step):
    """The invoice: issued after the buyer has confirmed receipt."""

    title = "action_invoice"
    flow = "invoice"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say what it waits for, or have finance send it."""
        order, words = known_order(turn, tracker), turn.words
        if order.state in (OrderState.CANCELLED, OrderState.UNPAID):
            say_state(turn, speaker, order)
            return back_to(turn, tracker, speaker)
        if turn.shop.receipt_confirmed_at(order.number) is None:
            confirm = turn.replies.say("utter_meaning_logistics_confirm_receipt", words.language, {}).text
            buttons = [Button(confirm, "/logistics_confirm_receipt")]
            speaker.say("utter_invoice_waits", buttons, number=order.number, kinds=invoice_kinds(turn))
            return {"done": remembered(tracker, "invoice"), **back_to(turn, tracker, speaker)}
        _remark(turn, order, "The buyer asks for the invoice; receipt is confirmed.", "invoice")
        return {"done": remembered(tracker, "invoice")} | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why="wants the invoice by e-mail; receipt is confirmed",
            intent="payment_invoice",
            order=order,
            reply="utter_invoice_asked",
        )
