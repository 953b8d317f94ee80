"""Changing an order for its buyer: one form for every kind of change, each read back and made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.address_change import ChangeAddress
from bot.dialogue.actions.cancelling import Cancel
from bot.dialogue.actions.change import AGAIN, NO, NOTHING_TAKEN, OVER, YES, Change
from bot.dialogue.actions.exchanging import Exchange
from bot.dialogue.actions.freight import RepayFreight
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import ASKED_WITH
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.item_change import ChangeItems, partly_cancelled
from bot.dialogue.actions.known_orders import known_order
from bot.dialogue.actions.order_wishes import AddGift, AddNote, CombineOrders, InstructDelivery
from bot.dialogue.actions.problems import Problem
from bot.dialogue.actions.receipt import ConfirmReceipt, ExtendProtection
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, reasoned_yes, typed_answer
from bot.dialogue.turn import Turn
from bot.errors import PolicyError
from bot.messages import Button
from bot.shop.policy import standing
from bot.shop.values import Order, Refusal, ReturnReason

CHANGE_OF_INTENT: Mapping[str, Change] = {
    "order_cancel": Cancel(),
    "order_change_address": ChangeAddress(),
    "order_change_items": ChangeItems(),
    "order_note": AddNote(),
    "order_gift": AddGift(),
    "order_combine": CombineOrders(),
    "logistics_redirect": ChangeAddress(),
    "logistics_delivery_instructions": InstructDelivery(),
    "logistics_confirm_receipt": ConfirmReceipt(),
    "logistics_extend_protection": ExtendProtection(),
    "refund_damaged": Problem(ReturnReason.DAMAGED),
    "refund_faulty": Problem(ReturnReason.FAULTY),
    "refund_wrong_item": Problem(ReturnReason.WRONG_ITEM),
    "refund_missing_item": Problem(ReturnReason.MISSING_ITEM),
    "refund_not_as_described": Problem(ReturnReason.NOT_AS_DESCRIBED),
    "refund_exchange": Exchange(),
    "refund_return_freight": RepayFreight(),
    "refund_warranty": Problem(ReturnReason.FAULTY),
}
#: The form's slots, emptied before a change and after it.
FRESH: Slots = {"change_part": None, "change_detail": None, "change_confirmed": None, "change_seen": None}
#: The identity check has run out while the form waited.
EXPIRED = "expired"
#: The order is not as it was read back.
CHANGED = "changed"


def _change(tracker: Tracker) -> tuple[str, Change]:
    intent = tracker.get_slot("change_intent")
    return intent, CHANGE_OF_INTENT[intent]


def _order(turn: Turn, tracker: Tracker) -> Order | None:
    """The order that the change began with, whatever was spoken of since.

    None where its buyer is not identified, or no longer: the check ran out, or somebody proved to be another
    buyer in between.
    """
    number = tracker.get_slot("change_order")
    order = turn.shop.order(number) if number else None
    if order is None or turn.customer is None or order.customer_id != turn.customer.id:
        return None
    turn.read("order", number=order.number, state=order.state.value)
    return order


class StartChange(Step):
    """A change is wanted: whether the order's state allows it."""

    title = "action_start_change"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Open the way to the form, or say why not and what can be done."""
        order = known_order(turn, tracker)
        intent = tracker.get_slot("flow_intent")
        said = turn.memory.pop(ASKED_WITH, None) or turn.understanding.text
        partly = partly_cancelled(turn, order, said) if intent == "order_cancel" else None
        if partly is not None:
            intent = "order_change_items"
        change = CHANGE_OF_INTENT[intent]
        turn.flow = change.flow
        began = FRESH | {"change_intent": intent, "change_order": order.number}
        refused = change.refuse(turn, tracker, speaker, order)
        taken = NOTHING_TAKEN
        if refused is None:
            taken = partly or change.take(turn, order, None, asked=False)
            if taken.over:
                refused = change.end(turn, tracker, speaker, order, taken.detail)
        if refused is not None:
            left = {"leave_form": True, "way": "closed", "change_order": None}
            if turn.case is None:
                refused = refused | back_to(turn, tracker, speaker)
            return began | left | refused
        return began | {"way": "open", "change_part": taken.part, "change_detail": taken.detail}


class ChangeForm(Form):
    """What is wanted, and a yes to what was read back."""

    title = "validate_change_form"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take a button, or the words that stand for it."""
        _, change = _change(tracker)
        turn.flow = change.flow
        order = _order(turn, tracker)
        if order is None:
            return {"change_confirmed": EXPIRED}
        seen, asked = tracker.get_slot("change_seen"), tracker.get_slot("requested_slot")
        if change.is_left(turn, tracker.get_slot("change_part")):
            return {"change_confirmed": NO, "misunderstandings": 0}
        if asked == "change_confirmed":
            answered = _answered(turn, change, tracker.get_slot("change_part"))
            if answered.get("change_confirmed") == YES and seen != standing(order):
                return answered | {"change_confirmed": CHANGED}
            return answered
        if asked != "change_detail":
            return {}
        part = tracker.get_slot("change_part")
        taken = change.take(turn, order, part, asked=True)
        if taken.detail is None and (taken.part is None or taken.part == part):
            return {}
        # An answer is no question, and none that was asked before, whatever the model takes it for.
        turn.memory["question_count"] = 0
        over = {"change_confirmed": OVER} if taken.over else {}
        return {"change_detail": taken.detail, "change_part": taken.part, "misunderstandings": 0} | over

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """The detail where the change has one, and the yes."""
        if slots.get("change_confirmed") is not None:
            return ()
        change = CHANGE_OF_INTENT[slots["change_intent"]]
        return ("change_detail", "change_confirmed") if change.asks else ("change_confirmed",)


def _answered(turn: Turn, change: Change, part: Any) -> Slots:
    pressed = turn.understanding.first("change_confirmed")
    answer = pressed or (AGAIN if change.corrects(turn) else typed_answer(turn) or reasoned_yes(turn))
    if answer == AGAIN and change.asks:
        return FRESH | {"change_part": change.kept(part), "misunderstandings": 0}
    return {"change_confirmed": answer, "misunderstandings": 0} if answer in (YES, NO) else {}


class AskDetail(Step):
    """Asks what is wanted, as the kind of change needs it."""

    title = "action_ask_change_form_change_detail"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask for what is still missing."""
        intent, change = _change(tracker)
        order = _order(turn, tracker)
        if order is None:
            _say_expired(turn, speaker, intent)
        else:
            change.ask(turn, speaker, order, tracker.get_slot("change_part"))
        return {}


class AskConfirmed(Step):
    """Reads the change back before it is made."""

    title = "action_ask_change_form_change_confirmed"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say what would be done, of the order as it is now; the answer counts for that alone."""
        intent, change = _change(tracker)
        order = _order(turn, tracker)
        if order is None:
            _say_expired(turn, speaker, intent)
            return {}
        seen, now = tracker.get_slot("change_seen"), standing(order)
        if seen is not None and seen != now:
            _say_changed(turn, speaker, order, intent)
            return {}
        change.read_back(turn, speaker, order, tracker.get_slot("change_detail"))
        return {"change_seen": now}


class SubmitChange(Step):
    """Makes the change, once, or lets it be."""

    title = "action_submit_change"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Do what was read back, if the order is still as it was then."""
        intent, change = _change(tracker)
        turn.flow = change.flow
        cleared = FRESH | {"change_order": None, "change_intent": None}
        answer, order = tracker.get_slot("change_confirmed"), _order(turn, tracker)
        if order is None:
            _say_expired(turn, speaker, intent)
            return cleared
        if answer == CHANGED:
            _say_changed(turn, speaker, order, intent)
            return cleared
        if answer == OVER:
            ended = change.end(turn, tracker, speaker, order, tracker.get_slot("change_detail"))
            return cleared | ended | ({} if turn.case else back_to(turn, tracker, speaker))
        if answer != YES:
            speaker.say("utter_change_left", number=order.number)
            return cleared | back_to(turn, tracker, speaker)
        try:
            # All of it or nothing: an order whose refund is refused must not stay cancelled.
            with turn.connection.begin_nested():
                done = change.make(
                    turn,
                    tracker,
                    speaker,
                    order,
                    tracker.get_slot("change_detail"),
                    tracker.get_slot("change_seen"),
                )
        except PolicyError as refusal:
            turn.read("refused", code=refusal.code)
            if refusal.code in (Refusal.CHANGED_MEANWHILE.value, Refusal.TOO_LATE.value):
                _say_changed(turn, speaker, turn.shop.order(order.number) or order, intent)
                return cleared
            return cleared | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why=f"the change was refused at the last step: {refusal.code}",
                intent=intent,
                order=order,
            )
        if turn.case is None:
            done = done | back_to(turn, tracker, speaker)
        return cleared | done


def _say_changed(turn: Turn, speaker: Speaker, order: Order, intent: str) -> None:
    """The warehouse was quicker: nothing was done, and what can be done now is one click away."""
    # Whoever asks that asks for the first time.
    turn.memory["question_count"] = 0
    state = turn.replies.say(f"utter_state_{order.state.value}", turn.words.language, {}).text
    what_now = turn.replies.say("utter_change_what_now", turn.words.language, {}).text
    speaker.say("utter_changed_meanwhile", [Button(what_now, f"/{intent}")], number=order.number, state=state)


def _say_expired(turn: Turn, speaker: Speaker, intent: str) -> None:
    once_more = turn.replies.say("utter_change_what_now", turn.words.language, {}).text
    speaker.say("utter_change_expired", [Button(once_more, f"/{intent}")])
