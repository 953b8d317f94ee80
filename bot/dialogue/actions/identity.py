"""The identity check: no fact of an order before the order number and a contact on it were given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values import Priority, Reason
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform
from bot.dialogue.turn import Turn
from bot.mailroom import conversations
from bot.messages import Button
from bot.shop.identity import Verdict
from bot.shop.values import Order, OrderState

#: Which flow goes on once the order is known, by the intent that asked for it.
FLOW_OF_INTENT = {
    "order_state": "order_state",
    "logistics_where_is_parcel": "parcel",
    "logistics_delay": "parcel",
    "logistics_lost": "parcel",
    "logistics_customs": "parcel",
    "logistics_not_shipped": "parcel",
    "logistics_delivered_not_received": "not_received",
    "payment_declined": "declined",
    "payment_charged_twice": "charged_twice",
    "refund_request": "return",
    "refund_return": "return",
    "refund_state": "refund_state",
}

#: The order isn't known yet: the form asks for it.
UNKNOWN = "unknown"
#: The check failed for good: a person goes on.
FAILED = "failed"
#: The buyer has no number, or no address, to give: a person finds the order.
NONE_AT_HAND = "none_at_hand"

#: Orders that are offered as buttons to a buyer who is known.
OFFERED = 4
_BARE_NUMBER = re.compile(r"\d{4,}")
#: A buyer's words for another of their orders than the one spoken of.
_OTHER_ORDER = re.compile(r"\b(?:another|other|different|second)\b.{0,20}\border", re.IGNORECASE)
_LACKS = r"\b(?:don'?t|do not|didn'?t|can ?not|can'?t|haven'?t|have no|no|not|without|lost|forgot|deleted)\b"
#: "I don't have the order number" whatever else it may be taken for …
_NO_PROOF = re.compile(rf"{_LACKS}[^.?!]{{0,30}}\b(?:number|confirmation|e-?mail|phone)\b", re.IGNORECASE)
#: … and what says the same only where nothing else was understood.
_NOTHING_AT_HAND = re.compile(
    rf"{_LACKS}[^.?!]{{0,20}}\b(?:it|one|any|know|remember|find|idea|clue|at hand)\b", re.IGNORECASE
)
#: Meanings beside which the weaker words count.
_UNCLEAR = ("nlu_fallback", "out_of_scope", "service_deny", "service_leave", "service_account")


def channel_identity(turn: Turn) -> str:
    """Who is at the other end, as far as the channel can tell."""
    talk = turn.conversation
    return f"{talk.channel}:{talk.account}:{talk.sender}"


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


def _own_order(turn: Turn, typed: str | None, spoken_of: str | None) -> Order | None:
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


def _check(turn: Turn, speaker: Speaker, flow: str, number: str, contact: str) -> Slots:
    """Compare both with the order on file; say what came of it."""
    turn.identity_checked = True
    result = turn.identity.check(number, contact, channel_identity(turn), network=turn.row.network)
    forgotten: Slots = {"contact": None}
    if result.verdict is Verdict.VERIFIED and result.customer_id is not None:
        turn.now_known(turn.shop.customer(result.customer_id))
        conversations.set_customer(turn.connection, turn.conversation.id, result.customer_id)
        turn.memory["verified_at"] = turn.clock.now().isoformat()
        return forgotten | {"order_number": result.order_number, "order_step": flow}
    if result.verdict is Verdict.LOCKED:
        turn.memory["locked_until"] = result.locked_until.isoformat() if result.locked_until else None
        return forgotten | {"order_number": None, "order_step": FAILED}
    speaker.say("utter_identity_wrong")
    return forgotten | {"order_number": None, "order_step": UNKNOWN}


class CheckIdentity(Step):
    """Begins every flow about an order: finds out whether the order is known."""

    title = "action_check_identity"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Take what the message says; what is missing is asked by the form."""
        intent = turn.understanding.intent
        flow = FLOW_OF_INTENT[intent]
        turn.flow = flow
        begun: Slots = {"flow": flow, "flow_intent": intent, "misunderstandings": 0}
        paused = interrupted(tracker) or tracker.get_slot("paused_intent")
        begun["paused_intent"] = None if FLOW_OF_INTENT.get(paused or "") == flow else paused
        typed = turn.understanding.first("order_number")
        spoken_of = None if _OTHER_ORDER.search(turn.understanding.text) else tracker.get_slot("order_number")
        order = _own_order(turn, typed, spoken_of)
        if order is not None:
            return begun | {"order_number": order.number, "order_step": flow}
        if turn.customer is None:
            # What was typed before, and never checked, needn't be typed again.
            typed = typed or spoken_of
        contact = given_contact(turn) or tracker.get_slot("contact")
        if typed and contact:
            return begun | _check(turn, speaker, flow, typed, contact)
        return begun | {"order_number": typed, "contact": contact, "order_step": UNKNOWN}


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
        number = turn.understanding.first("order_number") or self._bare_number(turn, tracker)
        contact = given_contact(turn)
        filled: Slots = {}
        if number and number != tracker.get_slot("order_number"):
            order = _own_order(turn, number, None)
            if order is not None:
                return {"order_number": order.number, "order_step": flow, "misunderstandings": 0}
            filled["order_number"] = number
        if contact:
            filled["contact"] = contact
        if filled:
            filled["misunderstandings"] = 0
        number = filled.get("order_number") or tracker.get_slot("order_number")
        contact = filled.get("contact") or tracker.get_slot("contact")
        if filled and number and contact:
            filled |= _check(turn, speaker, flow, number, contact)
        elif not filled and self._has_none(turn):
            return {"order_step": NONE_AT_HAND, "misunderstandings": 0}
        return filled

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """Both, until the check has ended one way or the other."""
        return () if slots.get("order_step") != UNKNOWN else ("order_number", "contact")

    @staticmethod
    def _has_none(turn: Turn) -> bool:
        """The buyer says that they have not got what is asked for."""
        said = turn.understanding.text.replace("’", "'")
        unclear = turn.understanding.intent in _UNCLEAR
        return bool(_NO_PROOF.search(said) or (unclear and _NOTHING_AT_HAND.search(said)))

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
                inform(f"{order.number}, {words.day_of(order.placed_at)}", order_number=order.number)
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


def interrupted(tracker: Tracker) -> str | None:
    """The intent whose form is open, and which the current message leaves for something else."""
    form = tracker.active_loop_name
    intent = tracker.get_slot("product_wish" if form == "product_form" else "flow_intent") if form else None
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
        speaker.say("utter_back_to", [Button(yes, f"/{paused}"), Button(no, "/service_deny")], topic=topic)
    # Otherwise the form that was left is still open and goes on with its question by itself.
    return {"paused_intent": None}


def is_before_shipping(order: Order) -> bool:
    """Whether the parcel has not left us yet."""
    return order.state in (OrderState.UNPAID, OrderState.PAID, OrderState.PACKED)
