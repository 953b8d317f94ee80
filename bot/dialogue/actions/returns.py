"""Money or goods back: which goods, why, a yes to what was read back, and the return is made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.answers import keeps
from bot.dialogue.actions.approvals import say_waiting, tell_asked
from bot.dialogue.actions.exchanging import exchange_button, exchangeable
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import is_before_shipping, known_order
from bot.dialogue.actions.lines import ALL, chosen_line, line_buttons, open_lines
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.refunds import (
    days_after_goods,
    tell_refund,
    tell_return,
    tell_window_closed,
)
from bot.dialogue.actions.return_reasons import REASONS, told_reason
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, remembered, typed_answer
from bot.dialogue.turn import Turn
from bot.errors import PolicyError
from bot.messages import Button
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    FreightPayer,
    freight_payer,
    goods_must_come_back,
    is_in_window,
    local_day,
    refund_arrival,
    refund_method,
    refundable,
    return_value,
    worth_of_way_back,
)
from bot.shop.values import ON_ITS_WAY, Order, OrderState, RefundState, ReturnReason

#: "Cancel" alone, where a return is spoken of.
_CANCEL = re.compile(r"\W*cancel(?: (?:it|this|that|the return|my return))?(?:,? please)?\W*", re.IGNORECASE)


class StartReturn(Step):
    """Money back or goods back: what the order's state and the window allow."""

    title = "action_start_return"
    flow = "return"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Open the way to the form, or say why not and what can be done."""
        order = known_order(turn, tracker)
        fresh: Slots = {"return_line": None, "return_reason": None, "return_confirmed": None}
        closed = fresh | {"way": "closed"}
        if order.state in (OrderState.UNPAID, OrderState.CANCELLED, OrderState.RETURNED):
            say_state(turn, speaker, order)
            return closed | back_to(turn, tracker, speaker)
        if is_before_shipping(order):
            speaker.say("utter_refund_before_shipping")
            return closed | back_to(turn, tracker, speaker)
        if order.state in ON_ITS_WAY:
            speaker.say("utter_refund_on_its_way", number=order.number)
            return closed | back_to(turn, tracker, speaker)
        if order.refunds and not refundable(order):
            return closed | tell_refund(turn, tracker, speaker, order)
        if not open_lines(turn, order):
            waits = say_waiting(turn, tracker, speaker, order)
            if waits is None:
                speaker.say("utter_return_already", number=order.number)
            return closed | (waits or {}) | back_to(turn, tracker, speaker)
        if not is_in_window(order, turn.rules, turn.clock.now()):
            tell_window_closed(turn, speaker, order)
            return closed | back_to(turn, tracker, speaker)
        return fresh | {"way": "open"}


class ReturnForm(Form):
    """Which goods, why, and a yes to what was read back."""

    title = "validate_return_form"
    flow = "return"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take a button, or the words that stand for it."""
        order = known_order(turn, tracker)
        asked = tracker.get_slot("requested_slot")
        if _keeps(turn.understanding.text):
            # Nothing is left to ask: the end says that nothing was changed.
            return {"return_line": ALL, "return_reason": ReturnReason.OTHER.value, "return_confirmed": "no"}
        filled: Slots = {}
        if tracker.get_slot("return_line") is None:
            line = self._line(turn, order, asked == "return_line")
            if line is not None:
                filled["return_line"] = line
        if tracker.get_slot("return_reason") is None:
            reason = told_reason(turn, asked=asked == "return_reason")
            if reason is not None:
                filled["return_reason"] = reason.value
        if asked == "return_confirmed":
            answer = turn.understanding.first("return_confirmed") or typed_answer(turn)
            if answer in ("yes", "no"):
                filled["return_confirmed"] = answer
        return filled | ({"misunderstandings": 0} if filled else {})

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """Goods, reason, yes."""
        return ("return_line", "return_reason", "return_confirmed")

    @staticmethod
    def _line(turn: Turn, order: Order, asked: bool) -> str | None:
        return chosen_line(turn, order, open_lines(turn, order), "return_line", asked=asked)


def _keeps(text: str) -> bool:
    return keeps(text) or _CANCEL.fullmatch(text) is not None


class AskReturnLine(Step):
    """Asks which goods, by buttons."""

    title = "action_ask_return_form_return_line"
    flow = "return"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Offer each line that can still be returned, and all of them."""
        order = known_order(turn, tracker)
        buttons = line_buttons(turn, order, open_lines(turn, order), "return_line")
        speaker.say("utter_ask_return_line", buttons, number=order.number)
        return {}


class AskReturnReason(Step):
    """Asks why, by buttons."""

    title = "action_ask_return_form_return_reason"
    flow = "return"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Offer the reasons."""
        speaker.say(
            "utter_ask_return_reason",
            [
                inform(
                    turn.replies.say(f"utter_reason_{reason.value}", turn.words.language, {}).text,
                    return_reason=reason.value,
                )
                for reason in REASONS
            ],
        )
        return {}


def _chosen(turn: Turn, tracker: Tracker, order: Order) -> list[int]:
    line = tracker.get_slot("return_line")
    return open_lines(turn, order) if line == ALL else [int(line)]


class AskReturnConfirmed(Step):
    """Reads the return back before it is made."""

    title = "action_ask_return_form_return_confirmed"
    flow = "return"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Goods, amount, who pays the way back, and when the money arrives."""
        order = known_order(turn, tracker)
        words = turn.words
        chosen = _chosen(turn, tracker, order)
        reason = ReturnReason(tracker.get_slot("return_reason"))
        value = return_value(order, chosen, reason)
        worth = worth_of_way_back(order, chosen)
        back = goods_must_come_back(worth, turn.rules, read_rates(turn.connection))
        today = local_day(turn.clock.now(), order.timezone)
        method = refund_method(order)
        payer = freight_payer(reason)
        theirs = back and payer is FreightPayer.BUYER
        offered = _offer_to_keep(turn, speaker, order, chosen) if theirs else []
        if not back:
            reply = "utter_read_back_keep"
        else:
            reply = "utter_read_back_ours" if payer is FreightPayer.STORE else "utter_read_back_theirs"
        speaker.say(
            reply,
            offered,
            items=words.all_of([words.line(line) for line in order.lines if line.id in chosen]),
            number=order.number,
            amount=words.money(value),
            method=turn.replies.say(f"utter_method_{method}", words.language, {}).text,
            arrival=words.day(refund_arrival(method, today, turn.rules, checking=True)),
            days=days_after_goods(turn, method),
        )
        return {}


def _offer_to_keep(turn: Turn, speaker: Speaker, order: Order, chosen: Sequence[int]) -> list[Button]:
    """Where the cause is not ours, what may make the buyer keep the goods: one try for an order."""
    if turn.memory.get("keep_offered") == order.number:
        return []
    turn.memory["keep_offered"] = order.number
    if not exchangeable(turn, order, chosen):
        speaker.say("utter_keep_help")
        return []
    speaker.say("utter_keep_offer")
    return [exchange_button(turn)]


class SubmitReturn(Step):
    """Makes the return, once, or lets it be."""

    title = "action_submit_return"
    flow = "return"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask the shop for both the return and its refund; above the limit a supervisor decides."""
        order = known_order(turn, tracker)
        cleared: Slots = {"return_line": None, "return_reason": None, "return_confirmed": None}
        if tracker.get_slot("return_confirmed") != "yes":
            speaker.say("utter_return_left")
            return cleared | back_to(turn, tracker, speaker)
        chosen = _chosen(turn, tracker, order)
        reason = ReturnReason(tracker.get_slot("return_reason"))
        # With the reason: after a no, the same goods for another one are another wish.
        key = f"return:{order.number}:{'-'.join(map(str, sorted(chosen)))}:{reason.value}"
        try:
            # Both or neither: a return whose refund is refused must not stay behind.
            with turn.connection.begin_nested():
                made = turn.shop.request_return(order.number, chosen, reason, key=key)
                refund = turn.shop.request_refund(
                    order.number, None, reason, key=f"{key}:refund", return_id=made.id
                )
        except PolicyError as refusal:
            # The order changed between the question and the yes.
            turn.read("refused", code=refusal.code)
            return cleared | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why=f"the return was refused at the last step: {refusal.code}",
                intent="refund_return",
                order=order,
            )
        turn.confirms = True
        turn.read("return", id=made.id, refund=refund.id, state=refund.state.value)
        if refund.state is RefundState.REQUESTED:
            tell_return(turn, speaker, made)
            cleared["done"] = remembered(tracker, "return")
        told = tell_asked(turn, tracker, speaker, order, refund)
        if turn.case is None:
            told |= back_to(turn, tracker, speaker)
        return cleared | told
