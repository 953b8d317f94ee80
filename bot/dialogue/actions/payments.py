"""Ways to pay, a payment that was declined, and one that was taken twice."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import known_order
from bot.dialogue.actions.payment_words import payment_values, say_how_to_pay
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.actions.ways_to_pay import CASH_ON_DELIVERY, is_taken, named_in
from bot.dialogue.turn import Turn
from bot.errors import PolicyError
from bot.shop.values import OrderState, Payment, PaymentState

#: Reasons that speak of a card; said of another way to pay they would only confuse.
OF_CARDS = ("expired_card", "wrong_security_code")
CARD = "card"
#: Ways to pay without a name of their own: what they are called depends on the language.
NAMELESS = ("bank_transfer", "cash_on_delivery")


class PaymentMethods(Step):
    """Which ways to pay there are."""

    title = "action_payment_methods"
    flow = "payment_methods"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """From shop.yml; inside a form, the form goes on by itself."""
        _answer_by_name(turn, speaker)
        return {} if tracker.active_loop_name else {"done": remembered(tracker, "payment_methods")}


def _answer_by_name(turn: Turn, speaker: Speaker) -> None:
    """Say of each way that is named whether it is taken; all there are, unless every one is."""
    named = named_in(turn.understanding.text)
    taken = [name for name in named if is_taken(name, turn.rules.payment)]
    missing = [name for name in named if name not in taken]
    if taken:
        speaker.say("utter_pay_by_this", way=turn.words.all_of([_called(turn, name) for name in taken]))
    if missing == [CASH_ON_DELIVERY]:
        speaker.say("utter_no_cash_on_delivery")
    elif missing:
        speaker.say("utter_not_pay_by_this", way=turn.words.any_of([_called(turn, name) for name in missing]))
    if missing or not taken:
        speaker.say("utter_payment_methods", **payment_values(turn))


def _called(turn: Turn, name: str) -> str:
    """A brand by its name, any other way in the buyer's words."""
    reply = f"utter_method_{name}"
    return word(turn, reply) if turn.replies.has(reply) else name


class Declined(Step):
    """Why the payment was refused, as far as the provider says, and another way."""

    title = "action_payment_declined"
    flow = "declined"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Look the payments up."""
        order = known_order(turn, tracker)
        words = turn.words
        declined = [payment for payment in order.payments if payment.state is PaymentState.DECLINED]
        values = {"number": order.number, "total": words.money(order.total), **payment_values(turn)}
        if order.state is OrderState.CANCELLED:
            speaker.say(
                "utter_order_cancelled", day=words.day_of(order.cancelled_at or order.placed_at), **values
            )
        elif order.state is not OrderState.UNPAID:
            speaker.say("utter_declined_but_paid", **values)
        elif declined:
            last = declined[-1]
            turn.read("payment", reference=last.reference, state=last.state.value, why=last.decline_reason)
            reply = f"utter_declined_{last.decline_reason}"
            if last.decline_reason in OF_CARDS and last.method != CARD:
                reply = "utter_declined_unsaid"
            speaker.say(
                reply if turn.replies.has(reply) else "utter_declined_unsaid",
                label=_label(turn, last),
                day=words.day_of(last.at),
                **values,
            )
        else:
            speaker.say("utter_declined_no_trace", **values)
            say_how_to_pay(turn, speaker)
        return {"done": remembered(tracker, "declined"), **back_to(turn, tracker, speaker)}


class ChargedTwice(Step):
    """Two charges for one order: checked, and sent to finance with the evidence."""

    title = "action_charged_twice"
    flow = "charged_twice"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Report a double charge once, or say what a second line on a statement may be."""
        order = known_order(turn, tracker)
        words = turn.words
        try:
            found = turn.shop.report_double_charge(order.number, key=f"double:{order.number}")
        except PolicyError:
            speaker.say("utter_charged_twice_not_found", number=order.number, total=words.money(order.total))
            return {"done": remembered(tracker, "charged_twice"), **back_to(turn, tracker, speaker)}
        turn.confirms = True
        extra = found.extra
        references = words.all_of([payment.reference for payment in extra])
        turn.read("double_charge", first=found.first.reference, extra=references)
        speaker.say(
            "utter_charged_twice_found",
            number=order.number,
            amount=words.money(sum((payment.amount for payment in extra[1:]), extra[0].amount)),
            label=_label(turn, extra[0]),
            answer_by=words.moment(found.answer_by),
        )
        return {"done": remembered(tracker, "charged_twice")} | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"charged twice: {found.first.reference} stays, {references} to be given back",
            intent="payment_charged_twice",
            priority=Priority.HIGH,
            order=order,
            reply="utter_handed_over",
        )


def _label(turn: Turn, payment: Payment) -> str:
    """How a payment is called on a statement (Visa 1234), or its way of paying where it has no name."""
    reply = f"utter_method_{payment.method}"
    if turn.replies.has(reply) and (payment.method in NAMELESS or not payment.label):
        return turn.replies.say(reply, turn.words.language, {}).text
    return payment.label or payment.method
