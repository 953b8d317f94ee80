"""Cancelling an order: closed, refunded, pulled from the warehouse, or refused at the door."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.approvals import tell_asked
from bot.dialogue.actions.change import Change, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.refunds import refund_values
from bot.dialogue.actions.step import Slots, Speaker, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    CancelWay,
    authority_limit,
    cancel_way,
    duplicate_charges,
    local_day,
    refund_arrival,
    refund_due,
    refund_method,
    refundable,
)
from bot.shop.values import Order, RefundState, ReturnReason

#: What the store's people read in a request to pull a parcel.
PULL = "The buyer cancels: please pull this parcel before it is handed over."


class Cancel(Change):
    """By the order's state; a swap is offered once before a paid one is cancelled."""

    flow = "cancel"
    asks = False

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """What has left us cannot be cancelled; money that was taken twice is looked at by a person."""
        match cancel_way(order):
            case CancelWay.OVER:
                say_state(turn, speaker, order)
                return {}
            case CancelWay.DELIVERED:
                speaker.say("utter_cancel_delivered", number=order.number)
                return {}
            case CancelWay.SHIPPED:
                ours = turn.rules.changes.freight_after_shipping == "store"
                reply = "utter_cancel_shipped_ours" if ours else "utter_cancel_shipped"
                speaker.say(reply, number=order.number)
                return {}
        if duplicate_charges(order):
            return hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why="wants to cancel an order that was paid twice",
                intent="payment_charged_twice",
                order=order,
            )
        return None

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:  # noqa: ARG002
        """What becomes of the goods, and of the money: how much, by what way, by when."""
        way, amount, method = cancel_way(order), refundable(order), refund_method(order)
        today = local_day(turn.clock.now(), order.timezone)
        values = {
            "number": order.number,
            "items": turn.words.all_of([turn.words.line(line) for line in order.lines]),
            "amount": turn.words.money(amount),
            "method": word(turn, f"utter_method_{method}") if method else "",
            "arrival": turn.words.day(refund_arrival(method, today, turn.rules, checking=True)),
        }
        buttons = yes_or_no(turn)
        if way is CancelWay.CLOSE:
            speaker.say("utter_read_back_close", buttons, **values)
            return
        if way is CancelWay.PULL:
            speaker.say("utter_read_back_pull", buttons, **values)
            return
        offered = turn.memory.get("swap_offered") == order.number
        if turn.rules.changes.swap_offer and not offered:
            turn.memory["swap_offered"] = order.number
            speaker.say("utter_cancel_swap_offer")
            buttons.insert(1, Button(word(turn, "utter_cancel_swap"), "/order_change_items"))
        limit = authority_limit(turn.rules)
        above = read_rates(turn.connection).convert(amount, limit.currency) > limit
        speaker.say("utter_read_back_cancel_above" if above else "utter_read_back_cancel", buttons, **values)

    def make(
        self,
        turn: Turn,
        tracker: Tracker,
        speaker: Speaker,
        order: Order,
        detail: Any,  # noqa: ARG002
        seen: str,
    ) -> Slots:
        """Cancel and give the money back, or ask the warehouse to pull the parcel."""
        done = {"done": remembered(tracker, "cancel")}
        if cancel_way(order) is CancelWay.PULL:
            turn.shop.record_wish(order.number, PULL, seen, key=f"pull:{order.number}:{len(order.remarks)}")
            turn.confirms = True
            return {"done": remembered(tracker, "pull")} | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why="wants to cancel a packed order: pull it before the carrier has it, and tell the buyer",
                intent="order_cancel",
                order=order,
                reply="utter_cancel_pull_asked",
            )
        cancelled = turn.shop.cancel_order(order.number, seen, key=f"cancel:{order.number}")
        amount = refundable(cancelled)
        if not amount:
            turn.confirms = True
            speaker.say("utter_cancel_closed", number=order.number)
            return done
        refund = turn.shop.request_refund(
            order.number, amount, ReturnReason.CHANGED_MIND, key=f"cancel:{order.number}:refund"
        )
        turn.confirms = True
        turn.read("refund", id=refund.id, state=refund.state.value)
        after = turn.shop.order(order.number) or cancelled
        values = refund_values(turn, after, refund, refund_due(refund, after, turn.rules))
        if refund.state is not RefundState.AWAITING_APPROVAL:
            speaker.say("utter_cancel_done", **values)
            return done
        speaker.say("utter_cancel_closed", number=order.number)
        about = "the order was cancelled at the buyer's wish"
        return done | tell_asked(turn, tracker, speaker, after, refund, about=about)
