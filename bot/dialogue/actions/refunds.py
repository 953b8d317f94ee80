"""How far a refund is, and the return policy."""

from __future__ import annotations

import datetime as dt

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import known_order
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.shop.policy import is_agreed, is_refund_late, local_day, refund_arrival, refund_due, return_window
from bot.shop.values import Order, Refund, RefundState, Return, ReturnState


class TellRefundState(Step):
    """Requested, received, approved, sent, arrived: date and amount; late: finance."""

    title = "action_refund_state"
    flow = "refund_state"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Tell the newest refund of the order, or that there is none."""
        return tell_refund(turn, tracker, speaker, known_order(turn, tracker))


def tell_refund(turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots:
    """Tell how far the order's newest refund is; a late one goes to finance."""
    words = turn.words
    if not order.refunds:
        speaker.say("utter_refund_none", number=order.number)
        return back_to(turn, tracker, speaker)
    refund = order.refunds[-1]
    turn.read("refund", id=refund.id, state=refund.state.value)
    due = refund_due(refund, order, turn.rules)
    values = refund_values(turn, order, refund, due)
    if is_refund_late(refund, order, turn.rules, turn.clock.now()):
        return {"done": remembered(tracker, "refund_state")} | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"a refund of {values['amount']} ({refund.state.value}) is late",
            intent="payment_refund_late",
            queue=turn.rules.topic_queues["payment"],
            order=order,
            reply="utter_refund_late",
        )
    waits = due is None and refund.state in (RefundState.REQUESTED, RefundState.AWAITING_APPROVAL)
    reply = f"utter_refund_{refund.state.value}" + ("_after_goods" if waits else "")
    speaker.say(reply, day=words.day_of(last_moment(order, refund)), **values)
    if waits:
        _ask_for_goods(turn, speaker, order, refund)
    return {"done": remembered(tracker, "refund_state"), **back_to(turn, tracker, speaker)}


def refund_values(turn: Turn, order: Order, refund: Refund, due: dt.date | None) -> dict[str, str]:
    """What replies about a refund tell of it."""
    return {
        "number": order.number,
        "amount": turn.words.money(refund.amount),
        "method": turn.replies.say(f"utter_method_{refund.method}", turn.words.language, {}).text,
        "arrival": turn.words.day(due or local_day(turn.clock.now(), order.timezone)),
        "days": days_after_goods(turn, refund.method),
    }


def say_requested(turn: Turn, speaker: Speaker, order: Order, refund: Refund) -> None:
    """Say how much of a refund that is within the authority comes by what way and when."""
    due = refund_due(refund, order, turn.rules)
    values = refund_values(turn, order, refund, due)
    speaker.say("utter_refund_after_goods" if due is None else "utter_refund_requested", **values)


def say_declined(turn: Turn, speaker: Speaker, order: Order, refund: Refund) -> None:
    """Say that a refund is not granted, and who can tell why."""
    day = turn.words.day_of(last_moment(order, refund))
    speaker.say("utter_refund_declined", day=day, **refund_values(turn, order, refund, None))


def last_moment(order: Order, refund: Refund) -> dt.datetime:
    """When the refund came to stand where it does."""
    decided = [one.decided_at for one in order.approvals if one.refund_id == refund.id]
    moments = (refund.arrived_at, refund.sent_at, refund.approved_at, *decided, refund.requested_at)
    return next(moment for moment in moments if moment is not None)


def tell_return(turn: Turn, speaker: Speaker, made: Return) -> None:
    """Say where goods that must come back are sent, and until when."""
    if made.goods_come_back and made.send_by is not None:
        speaker.say(
            "utter_return_made",
            number=made.order_number,
            address=turn.rules.returns.address,
            send_by=turn.words.day(made.send_by),
        )


def tell_window_closed(turn: Turn, speaker: Speaker, order: Order) -> None:
    """Say when the time for returning ended."""
    window = return_window(order, turn.rules)
    if window.last_day is not None:
        speaker.say(
            "utter_return_window_closed",
            number=order.number,
            days=str(window.days),
            last_day=turn.words.date(window.last_day),
        )


def days_after_goods(turn: Turn, method: str) -> str:
    """How many days after the goods have reached us the money should be there."""
    today = turn.clock.now().date()
    return str((refund_arrival(method, today, turn.rules, checking=True) - today).days)


def _ask_for_goods(turn: Turn, speaker: Speaker, order: Order, refund: Refund) -> None:
    """Until when goods that have not been sent yet must be."""
    today = local_day(turn.clock.now(), order.timezone)
    goods = next((back for back in order.returns if back.id == refund.return_id), None)
    if goods is None or not _is_awaited(order, goods):
        return
    if goods.send_by is not None and goods.send_by >= today:
        address = turn.rules.returns.address
        speaker.say("utter_return_send_by", send_by=turn.words.day(goods.send_by), address=address)


def _is_awaited(order: Order, goods: Return) -> bool:
    """Whether the buyer has yet to send these goods, and may."""
    return goods.state in (ReturnState.REQUESTED, ReturnState.APPROVED) and is_agreed(order, goods)


class TellRefundPolicy(Step):
    """The return policy in short."""

    title = "action_refund_policy"
    flow = "refund_policy"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """From shop.yml, for the buyer's country where that is known."""
        rules = turn.rules.returns
        country = turn.customer.country if turn.customer else None
        days = rules.window_days_by_country.get(country or "", rules.window_days)
        longest = max(rules.window_days_by_country.values(), default=rules.window_days)
        reply = "utter_refund_policy_here" if country else "utter_refund_policy"
        speaker.say(reply, days=str(days), longest=str(longest), check=str(rules.check_days))
        return {} if tracker.active_loop_name else {"done": remembered(tracker, "refund_policy")}


class TellReturnAddress(Step):
    """Where a return goes: to the buyer of one with its last day, to everybody the address."""

    title = "action_return_address"
    flow = "return_address"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """The address is no secret."""
        number = tracker.get_slot("order_number")
        order = turn.shop.order(number) if number and turn.customer else None
        today = local_day(turn.clock.now(), turn.words.zone.key)
        if order is not None and turn.customer is not None and order.customer_id == turn.customer.id:
            waited = [
                back
                for back in order.returns
                if _is_awaited(order, back) and back.send_by is not None and back.send_by >= today
            ]
            if waited:
                tell_return(turn, speaker, waited[-1])
                return {}
        speaker.say("utter_return_address", address=turn.rules.returns.address)
        return {}
