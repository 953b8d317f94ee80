"""What a supervisor decided on money and goods: done, once, and told as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.desk.values.requests import Request, RequestState
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.refunds import (
    last_moment,
    refund_values,
    say_declined,
    tell_refund,
    tell_return,
)
from bot.dialogue.actions.step import Slots, Speaker, remembered
from bot.dialogue.turn import Turn
from bot.errors import PolicyError
from bot.messages import Button
from bot.shop.policy import is_agreed, leaves_by, reaches_by, refund_due, standing
from bot.shop.values import Money, Order, Refund, RefundState, Remedy, ReturnReason

#: Who decided where nobody did.
NOBODY = "nobody in time"


def refund_answered(turn: Turn, tracker: Tracker, speaker: Speaker, request: Request) -> Slots:
    """A refund is granted, in part or not at all, or nobody has decided in time."""
    turn.flow = str(request.data["flow"])
    order = _order(turn, request)
    if _ends_with_person(turn, request):
        return _nobody(turn, tracker, speaker, request, order)
    granted = Money(request.granted_minor or 0, request.currency or order.currency)
    try:
        with turn.connection.begin_nested():
            refund = _decide(turn, request, order, granted)
    except PolicyError as refusal:
        turn.read("refused", code=refusal.code)
        waited = next(one for one in order.refunds if one.id == request.data["refund"])
        if waited.state is not RefundState.AWAITING_APPROVAL:
            # Decided in the store's own system: that counts.
            return tell_refund(turn, tracker, speaker, order)
        return _refused(turn, tracker, speaker, request, order, refusal)
    turn.confirms = True
    turn.read("refund", id=refund.id, state=refund.state.value)
    after = _order(turn, request)
    if not granted:
        say_declined(turn, speaker, after, refund)
        return {}
    due = refund_due(refund, after, turn.rules)
    values = refund_values(turn, after, refund, due)
    if request.state is RequestState.COUNTERED:
        asked = turn.words.money(Money(request.asked_minor or 0, granted.currency))
        speaker.say("utter_refund_countered", asked=asked, amount=values["amount"], number=order.number)
    _tell_return(turn, speaker, order, after, refund)
    day = turn.words.day_of(last_moment(after, refund))
    speaker.say("utter_refund_approved" if due else "utter_refund_approved_after_goods", day=day, **values)
    return {"done": remembered(tracker, turn.flow)}


def replacement_answered(turn: Turn, tracker: Tracker, speaker: Speaker, request: Request) -> Slots:
    """Goods are sent again, or not, or nobody has decided in time."""
    turn.flow = "problem"
    order = _order(turn, request)
    if _ends_with_person(turn, request):
        return _nobody(turn, tracker, speaker, request, order)
    lines, reason = list(request.data["lines"]), ReturnReason(request.data["reason"])
    items = turn.words.all_of([turn.words.line(line) for line in order.lines if line.id in lines])
    if request.state is not RequestState.APPROVED:
        money = Button(word(turn, "utter_meaning_refund_request"), "/refund_request")
        human = Button(word(turn, "utter_meaning_service_human"), "/service_human")
        speaker.say("utter_replace_declined", [money, human], number=order.number, items=items)
        return {}
    try:
        with turn.connection.begin_nested():
            _settle(turn, order.number, {**request.data, "remedy": Remedy.REPLACEMENT.value})
    except PolicyError as refusal:
        turn.read("refused", code=refusal.code)
        return _refused(turn, tracker, speaker, request, order, refusal)
    turn.confirms = True
    turn.read("settled", lines=lines, remedy=Remedy.REPLACEMENT.value, reason=reason.value)
    say_replaced(turn, speaker, order, items)
    return {"done": remembered(tracker, turn.flow)}


def say_replaced(turn: Turn, speaker: Speaker, order: Order, items: str) -> None:
    """Say what is sent again, and when."""
    now = turn.clock.now()
    speaker.say(
        "utter_replace_done",
        number=order.number,
        items=items,
        leaves=turn.words.day(leaves_by(now, order, turn.rules)),
        expected=turn.words.day(reaches_by(now, order, turn.rules)),
    )


def _decide(turn: Turn, request: Request, order: Order, granted: Money) -> Refund:
    refund = turn.shop.decide_refund(
        order.number,
        int(request.data["refund"]),
        granted,
        by=request.decided_by or NOBODY,
        key=f"decision:{request.id}",
    )
    fault = request.data.get("settle")
    if granted and fault:
        # The decision has just changed what is left to give back.
        _settle(turn, order.number, {**fault, "seen": standing(_order(turn, request))})
    return refund


def _settle(turn: Turn, number: str, fault: Mapping[str, Any]) -> None:
    reason, remedy = ReturnReason(fault["reason"]), Remedy(fault["remedy"])
    turn.shop.settle(number, fault["lines"], reason, remedy, fault["seen"], key=fault["key"])


def _tell_return(turn: Turn, speaker: Speaker, before: Order, after: Order, refund: Refund) -> None:
    """Where the goods are sent, if that was not told before."""
    waited = {back.id for back in before.returns if not is_agreed(before, back)}
    for back in after.returns:
        if back.id == refund.return_id and back.id in waited:
            tell_return(turn, speaker, back)


def _order(turn: Turn, request: Request) -> Order:
    order = turn.shop.order(request.order_number or "")
    if order is None:
        raise LookupError(f"the order of request {request.id} is gone")
    return order


def _ends_with_person(turn: Turn, request: Request) -> bool:
    return request.state is RequestState.TIMED_OUT and turn.rules.requests.then == "case"


def _nobody(turn: Turn, tracker: Tracker, speaker: Speaker, request: Request, order: Order) -> Slots:
    return hand_over(
        turn,
        tracker,
        speaker,
        Reason.ABOVE_AUTHORITY,
        why=f"no supervisor decided in time: {request.question}",
        intent="refund_request",
        priority=Priority.HIGH,
        queue=request.queue,
        order=order if turn.customer else None,
        reply="utter_request_nobody",
    )


def _refused(
    turn: Turn, tracker: Tracker, speaker: Speaker, request: Request, order: Order, refusal: PolicyError
) -> Slots:
    return hand_over(
        turn,
        tracker,
        speaker,
        Reason.POLICY,
        why=f"{request.state.value} by {request.decided_by}, and refused at the last step ({refusal.code}): "
        f"{request.question}",
        intent="refund_request",
        priority=Priority.HIGH,
        order=order if turn.customer else None,
        reply="utter_passed_on",
    )
