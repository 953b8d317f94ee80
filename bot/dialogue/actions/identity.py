"""The identity check: no fact of an order before the order number and a contact on it were given."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import interrupted
from bot.dialogue.actions.known_orders import given_contact, own_order
from bot.dialogue.actions.payment_words import invoice_kinds, say_how_to_pay
from bot.dialogue.actions.step import Slots, Speaker, Step, files_kept
from bot.dialogue.turn import Turn
from bot.mailroom import conversations
from bot.shop.identity import Verdict
from bot.shop.values import Money

#: Which flow goes on once the order is known, by the intent that asked for it.
FLOW_OF_INTENT = {
    "order_state": "order_state",
    "logistics_where_is_parcel": "parcel",
    "logistics_delay": "parcel",
    "logistics_lost": "parcel",
    "logistics_customs": "customs",
    "logistics_not_shipped": "parcel",
    "logistics_delivered_not_received": "not_received",
    "payment_declined": "declined",
    "product_bargain": "bargain",
    "payment_charged_twice": "charged_twice",
    "refund_request": "return",
    "refund_return": "return",
    "refund_state": "refund_state",
    "payment_not_registered": "not_registered",
    "payment_wrong_amount": "wrong_amount",
    "payment_price_protection": "price_protection",
    "payment_invoice": "invoice",
    "order_cancel": "change",
    "order_change_address": "change",
    "order_change_items": "change",
    "order_note": "change",
    "order_gift": "change",
    "order_combine": "change",
    "logistics_redirect": "change",
    "logistics_delivery_instructions": "change",
    "logistics_confirm_receipt": "change",
    "logistics_extend_protection": "change",
    "refund_damaged": "change",
    "refund_wrong_item": "change",
    "refund_missing_item": "change",
    "refund_not_as_described": "change",
    "refund_faulty": "change",
    "refund_warranty": "change",
    "refund_exchange": "change",
    "refund_return_freight": "change",
}

#: What a buyer wants done with the same goods: one takes the place of another.
INSTEAD = frozenset({"refund_request", "refund_return", "refund_exchange"})
#: The order isn't known yet: the form asks for it.
UNKNOWN = "unknown"
#: The check failed for good: a person goes on.
FAILED = "failed"
#: The question needs no order and was answered.
TOLD = "told"
#: The buyer has no number, or no address, to give: a person finds the order.
NONE_AT_HAND = "none_at_hand"
#: In the conversation's memory: the order number that was tried with a contact that is not its own.
TRIED = "tried_number"
#: The words that began a flow which looks at them, whatever is said until it is known which order.
ASKED_WITH = "asked_with"
LONGEST_ASKED = 300
_HEARD = ("change", "not_registered")


def now_known(turn: Turn, customer_id: int) -> None:
    """From here on the conversation is this customer's."""
    turn.now_known(turn.shop.customer(customer_id))
    conversations.set_customer(turn.connection, turn.conversation.id, customer_id)
    turn.memory["verified_at"] = turn.clock.now().isoformat()


def check(turn: Turn, speaker: Speaker, flow: str, number: str, contact: str) -> Slots:
    """Compare both with the order on file; say what came of it."""
    turn.identity_checked = True
    result = turn.identity.check(number, contact, turn.channel_identity, network=turn.row.network)
    forgotten: Slots = {"contact": None}
    if result.verdict is Verdict.VERIFIED and result.customer_id is not None:
        now_known(turn, result.customer_id)
        return forgotten | {"order_number": result.order_number, "order_step": flow}
    if result.verdict is Verdict.LOCKED:
        turn.memory["locked_until"] = result.locked_until.isoformat() if result.locked_until else None
        return forgotten | {"order_number": None, "order_step": FAILED}
    speaker.say("utter_identity_wrong")
    turn.memory[TRIED] = number
    return forgotten | {"order_number": None, "order_step": UNKNOWN}


class CheckIdentity(Step):
    """Begins every flow about an order: finds out whether the order is known."""

    title = "action_check_identity"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Take what the message says; what is missing is asked by the form."""
        intent = turn.understanding.intent
        flow = FLOW_OF_INTENT[intent]
        turn.flow = flow
        if intent == "payment_invoice" and self._asks_for_invoices(turn):
            speaker.say("utter_invoice_general", kinds=invoice_kinds(turn))
            return {"order_step": UNKNOWN if tracker.active_loop_name == "identity_form" else TOLD}
        if intent == "refund_return_freight" and self._asks_generally(turn, tracker):
            turn.flow = "freight"
            amounts = turn.rules.returns.freight_back
            currency = turn.rules.store.currency
            told = [
                f"{name} {turn.words.money(Money.of(most, currency))}"
                for name, most in amounts.items()
                if name != "other"
            ]
            speaker.say("utter_freight_policy", amounts=turn.words.beside(told))
            return {"order_step": UNKNOWN if tracker.active_loop_name == "identity_form" else TOLD}
        # A photo of the goods needn't be sent again once it is known who sends it.
        turn.memory["photos"] = files_kept(turn)
        if flow in _HEARD:
            turn.memory[ASKED_WITH] = turn.understanding.text[:LONGEST_ASKED]
        begun: Slots = {"flow": flow, "flow_intent": intent, "misunderstandings": 0}
        paused = interrupted(tracker) or tracker.get_slot("paused_intent")
        same = FLOW_OF_INTENT.get(paused or "") == flow or {paused, intent} <= INSTEAD
        begun["paused_intent"] = None if same else paused
        typed = turn.understanding.first("order_number")
        spoken_of = (
            None
            if answers.means(answers.OTHER_ORDER, turn.understanding.text)
            else tracker.get_slot("order_number")
        )
        order = own_order(turn, typed, spoken_of)
        if order is not None:
            return begun | {"order_number": order.number, "order_step": flow}
        if turn.customer is None:
            # What was typed before, and never checked, needn't be typed again.
            typed = typed or spoken_of
        contact = given_contact(turn) or tracker.get_slot("contact")
        if typed and contact:
            return begun | check(turn, speaker, flow, typed, contact)
        return begun | {"order_number": typed, "contact": contact, "order_step": UNKNOWN}

    @staticmethod
    def _asks_for_invoices(turn: Turn) -> bool:
        """Which invoices there are is told before any purchase; that of an order needs the order."""
        read = turn.understanding
        if turn.customer or read.first("order_number") or given_contact(turn):
            return False
        return answers.means(answers.INVOICES, read.text)

    @staticmethod
    def _asks_generally(turn: Turn, tracker: Tracker) -> bool:
        """Who pays a way back is told to everybody; what was paid needs the order."""
        read = turn.understanding
        if read.first("change_choice") is not None:
            return False
        return tracker.active_loop_name is not None or not (
            turn.customer or read.first("order_number") or read.first("money")
        )


class IdentityFailed(Step):
    """Too many wrong tries: locked for a while, and the desk is told."""

    title = "action_identity_failed"
    flow = "identity"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Hand over to a person who can check by other means."""
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.IDENTITY_LOCKED,
            why="the identity check failed too often and is locked",
            intent=tracker.get_slot("flow_intent"),
            priority=Priority.HIGH,
            reply="utter_identity_locked",
        )


class NoOrderNumber(Step):
    """The buyer has no number at hand: a person finds the order by other means."""

    title = "action_no_order_number"
    flow = "identity"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Help without the order where that is possible, else hand over."""
        if tracker.get_slot("flow") == "declined":
            say_how_to_pay(turn, speaker)
            return {"leave_form": True}
        if tracker.get_slot("flow") == "invoice":
            speaker.say("utter_invoice_general", kinds=invoice_kinds(turn))
            return {"leave_form": True}
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why="has no order number at hand; the identity must be checked by a person",
            intent=tracker.get_slot("flow_intent"),
            reply="utter_no_order_number",
        )
