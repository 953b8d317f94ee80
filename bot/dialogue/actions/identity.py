"""The identity check: no fact of an order before the order number and a contact on it were given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions import answers, one_time_code
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, files_kept, inform
from bot.dialogue.turn import Turn
from bot.mailroom import conversations
from bot.messages import Button
from bot.shop.contact import is_email
from bot.shop.identity import Verdict
from bot.shop.values import Money, Order, OrderState

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

#: Where forms keep the intent that began them, if it is not ``flow_intent`` …
SLOT_OF_FORM = {
    "product_form": "product_wish",
    "advice_form": "advice_wish",
    "destination_form": "shipping_question",
    "change_form": "change_intent",
}
#: … or which one that always is.
INTENT_OF_FORM = {
    "coupon_form": "payment_coupon",
    "bargain_form": "product_bargain",
    "quotation_form": "product_quotation",
}

#: The order isn't known yet: the form asks for it.
UNKNOWN = "unknown"
#: The check failed for good: a person goes on.
FAILED = "failed"
#: The question needs no order and was answered.
TOLD = "told"
#: The buyer has no number, or no address, to give: a person finds the order.
NONE_AT_HAND = "none_at_hand"
#: In the conversation's memory: the order number that was tried with a contact that is not its own.
_TRIED = "tried_number"

#: What the button says that a buyer without a number presses.
NO_NUMBER = "no_order_number"
#: Orders that are offered as buttons to a buyer who is known.
OFFERED = 4
_BARE_NUMBER = re.compile(r"\d{4,}")
#: Meanings beside which the weaker words count.
_UNCLEAR = ("nlu_fallback", "out_of_scope", "service_deny", "service_leave", "service_account")


def known_order(turn: Turn, tracker: Tracker) -> Order:
    """The order whose buyer is identified in this conversation.

    Raises:
        LookupError: no order is known; a flow must not get here.
    """
    number = tracker.get_slot("order_number")
    order = turn.shop.order(number) if number else None
    if order is None or turn.customer is None or order.customer_id != turn.customer.id:
        raise LookupError("no order of an identified buyer is known")
    turn.read("order", number=order.number, state=order.state.value)
    return order


def own_order(turn: Turn, typed: str | None, spoken_of: str | None) -> Order | None:
    """The known buyer's order that is meant, if it can be told."""
    if turn.customer is None:
        return None
    for number in (typed, None if typed else spoken_of):
        meant = turn.shop.nearest_order_number(turn.customer.id, number) if number else None
        if meant:
            return turn.shop.order(meant)
    if typed:
        return None
    recent = turn.shop.orders_of(turn.customer.id, limit=2)
    return recent[0] if len(recent) == 1 else None


def given_contact(turn: Turn) -> str | None:
    """The e-mail address or phone number in a message.

    A phone number as it was typed: only the order's own country tells what a national form means.
    """
    read = turn.understanding
    found = read.first("email")
    if found:
        return str(found)
    phone = next((one for one in read.entities if one["entity"] == "phone"), None)
    return None if phone is None else read.text[phone["start"] : phone["end"]] or str(phone["value"])


def _known(turn: Turn, customer_id: int) -> None:
    """From here on the conversation is this customer's."""
    turn.now_known(turn.shop.customer(customer_id))
    conversations.set_customer(turn.connection, turn.conversation.id, customer_id)
    turn.memory["verified_at"] = turn.clock.now().isoformat()


def _check(turn: Turn, speaker: Speaker, flow: str, number: str, contact: str) -> Slots:
    """Compare both with the order on file; say what came of it."""
    turn.identity_checked = True
    result = turn.identity.check(number, contact, turn.channel_identity, network=turn.row.network)
    forgotten: Slots = {"contact": None}
    if result.verdict is Verdict.VERIFIED and result.customer_id is not None:
        _known(turn, result.customer_id)
        return forgotten | {"order_number": result.order_number, "order_step": flow}
    if result.verdict is Verdict.LOCKED:
        turn.memory["locked_until"] = result.locked_until.isoformat() if result.locked_until else None
        return forgotten | {"order_number": None, "order_step": FAILED}
    speaker.say("utter_identity_wrong")
    turn.memory[_TRIED] = number
    return forgotten | {"order_number": None, "order_step": UNKNOWN}


class CheckIdentity(Step):
    """Begins every flow about an order: finds out whether the order is known."""

    title = "action_check_identity"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Take what the message says; what is missing is asked by the form."""
        intent = turn.understanding.intent
        flow = FLOW_OF_INTENT[intent]
        turn.flow = flow
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
            return begun | _check(turn, speaker, flow, typed, contact)
        return begun | {"order_number": typed, "contact": contact, "order_step": UNKNOWN}

    @staticmethod
    def _asks_generally(turn: Turn, tracker: Tracker) -> bool:
        """Who pays a way back is told to everybody; what was paid needs the order."""
        read = turn.understanding
        if read.first("change_choice") is not None:
            return False
        return tracker.active_loop_name is not None or not (
            turn.customer or read.first("order_number") or read.first("money")
        )


class IdentityForm(Form):
    """Asks for the order number and for the e-mail or phone on the order."""

    title = "validate_identity_form"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Take a number, a contact or both; check them as soon as both are there."""
        if tracker.get_slot("order_step") != UNKNOWN or turn.identity_checked:
            # Over, or this message has been checked already: a second look would count a second try.
            return {}
        flow = tracker.get_slot("flow")
        turn.flow = flow
        turn.memory["photos"] = turn.memory.get("photos", 0) + files_kept(turn)
        if tracker.get_slot("code_state"):
            return self._by_code(turn, tracker, speaker, flow)
        number = turn.understanding.first("order_number") or self._bare_number(turn, tracker)
        contact = given_contact(turn)
        filled: Slots = {}
        if number and number != tracker.get_slot("order_number"):
            order = own_order(turn, number, None)
            if order is not None:
                return {"order_number": order.number, "order_step": flow, "misunderstandings": 0}
            filled["order_number"] = number
        if contact:
            filled["contact"] = contact
        if filled:
            filled["misunderstandings"] = 0
        number = filled.get("order_number") or tracker.get_slot("order_number")
        if contact and not number:
            # "Sorry, the mail is …": who tells that alone anew means the number that was tried before.
            number = filled["order_number"] = turn.memory.pop(_TRIED, None)
        contact = filled.get("contact") or tracker.get_slot("contact")
        if filled and number and contact:
            filled |= _check(turn, speaker, flow, number, contact)
        elif not filled and one_time_code.offered(turn) and self._has_none(turn):
            address = tracker.get_slot("contact")
            if address and is_email(address):
                return one_time_code.send(turn, speaker, address)
            return {"code_state": one_time_code.ASKED, "misunderstandings": 0}
        elif not filled and self._has_none(turn):
            return {"order_step": NONE_AT_HAND, "misunderstandings": 0}
        return filled

    def _by_code(self, turn: Turn, tracker: Tracker, speaker: Speaker, flow: str) -> Slots:
        """Take an address or a code; an order number with its contact is as good as before."""
        over: Slots = {"code_state": None, "code_address": None, "code": None}
        typed = one_time_code.typed(turn) if tracker.get_slot("code_state") == one_time_code.SENT else None
        number, contact = turn.understanding.first("order_number"), given_contact(turn)
        # Digits alone could be both: where a code was sent they are the code.
        if number and (typed is None or any(sign.isalpha() for sign in turn.understanding.text)):
            contact = contact or tracker.get_slot("code_address")
            if contact:
                return over | _check(turn, speaker, flow, number, contact)
            return over | {"order_number": number, "misunderstandings": 0}
        if contact and is_email(contact):
            return one_time_code.send(turn, speaker, contact)
        if typed is None:
            return over | {"order_step": NONE_AT_HAND, "misunderstandings": 0} if self._has_none(turn) else {}
        turn.identity_checked = True
        result = one_time_code.redeem(turn, typed)
        if result.verdict is Verdict.LOCKED:
            turn.memory["locked_until"] = result.locked_until.isoformat() if result.locked_until else None
            return over | {"order_step": FAILED}
        if result.customer_id is None:
            speaker.say("utter_code_wrong")
            return {"code": None, "misunderstandings": 0}
        _known(turn, result.customer_id)
        order = own_order(turn, None, None)
        if order is not None:
            return over | {"order_number": order.number, "order_step": flow, "misunderstandings": 0}
        return over | {"order_number": None, "contact": None, "misunderstandings": 0}

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """Both, until the check has ended one way or the other; or an address, and the code sent to it."""
        if slots.get("order_step") != UNKNOWN:
            return ()
        return ("code_address", "code") if slots.get("code_state") else ("order_number", "contact")

    @staticmethod
    def _has_none(turn: Turn) -> bool:
        """The buyer says that they have not got what is asked for."""
        if turn.understanding.intent == NO_NUMBER and one_time_code.offered(turn):
            return True
        said = turn.understanding.text.replace("’", "'")
        unclear = turn.understanding.intent in _UNCLEAR
        return bool(
            answers.means(answers.NO_PROOF, said)
            # What was asked for is meant, though it may be taken for a parcel.
            or answers.says_only(answers.NOT_FOUND, said)
            or (unclear and answers.means(answers.NOTHING_AT_HAND, said))
        )

    @staticmethod
    def _bare_number(turn: Turn, tracker: Tracker) -> str | None:
        """Digits typed where the order number was asked for are meant as one."""
        if tracker.get_slot("requested_slot") != "order_number":
            return None
        found = _BARE_NUMBER.search(turn.understanding.text)
        if found is None or turn.understanding.first("email") or turn.understanding.first("phone"):
            return None
        return turn.rules.patterns.order_number[0].normal.format(digits=found.group())


class AskOrderNumber(Step):
    """Asks which order: by buttons from a buyer who is known, else by its number."""

    title = "action_ask_identity_form_order_number"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Ask."""
        own = turn.shop.orders_of(turn.customer.id, limit=OFFERED) if turn.customer else ()
        if not own:
            speaker.say("utter_ask_order_number")
            return {}
        words = turn.words
        speaker.say(
            "utter_ask_which_order",
            [
                inform(
                    turn.replies.say(
                        "utter_order_of_day",
                        words.language,
                        {"number": order.number, "day": words.day_of(order.placed_at)},
                    ).text,
                    order_number=order.number,
                )
                for order in own
            ],
        )
        return {}


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


def say_how_to_pay(turn: Turn, speaker: Speaker) -> None:
    """What usually helps when a payment is refused, without looking at an order."""
    speaker.say("utter_declined_tips", **payment_values(turn))


def payment_values(turn: Turn) -> dict[str, str]:
    """The ways to pay, in words."""
    pay = turn.rules.payment
    spoken = turn.words
    methods = [turn.replies.say(f"utter_method_{name}", spoken.language, {}).text for name in pay.methods]
    return {
        "methods": spoken.any_of(methods),
        "cards": spoken.all_of(pay.card_brands),
        "wallets": spoken.any_of(pay.wallets),
        "currencies": spoken.any_of(pay.currencies),
    }


def invoice_kinds(turn: Turn) -> str:
    """The kinds of invoices that the store issues, in words."""
    kinds = [
        turn.replies.say(f"utter_invoice_{kind}", turn.words.language, {}).text
        for kind in turn.rules.payment.invoices
    ]
    return turn.words.any_of(kinds)


def interrupted(tracker: Tracker) -> str | None:
    """The intent whose form is open, and which the current message leaves for something else."""
    form = tracker.active_loop_name
    if form is None:
        return None
    intent = INTENT_OF_FORM.get(form) or tracker.get_slot(SLOT_OF_FORM.get(form, "flow_intent"))
    return str(intent) if intent else None


def back_to(turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
    """Offer the way back to a flow that the buyer had left for this one, once."""
    paused = tracker.get_slot("paused_intent")
    if not paused:
        return {}
    if tracker.active_loop_name is None:
        topic = turn.replies.say(f"utter_meaning_{paused}", turn.words.language, {}).text
        yes = turn.replies.say("utter_yes", turn.words.language, {}).text
        no = turn.replies.say("utter_no", turn.words.language, {}).text
        speaker.say_now(
            "utter_back_to", [Button(yes, f"/{paused}"), Button(no, "/service_deny")], topic=topic
        )
    # Otherwise the form that was left is still open and goes on with its question by itself.
    return {"paused_intent": None}


def is_before_shipping(order: Order) -> bool:
    """Whether the parcel has not left us yet."""
    return order.state in (OrderState.UNPAID, OrderState.PAID, OrderState.PACKED)
