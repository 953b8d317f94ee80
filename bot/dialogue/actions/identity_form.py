"""The questions of the identity check: order number and contact, or a code sent to the address on file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.dialogue.actions import answers, one_time_code
from bot.dialogue.actions.identity import FAILED, NONE_AT_HAND, TRIED, UNKNOWN, check, now_known
from bot.dialogue.actions.known_orders import OFFERED, given_contact, own_order
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, files_kept, inform
from bot.dialogue.turn import Turn
from bot.shop.contact import is_email
from bot.shop.identity import Verdict

#: What the button says that a buyer without a number presses.
NO_NUMBER = "no_order_number"
_BARE_NUMBER = re.compile(r"\d{4,}")
#: Meanings beside which the weaker words count.
_UNCLEAR = ("nlu_fallback", "out_of_scope", "service_deny", "service_leave", "service_account")


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
            number = filled["order_number"] = turn.memory.pop(TRIED, None)
        contact = filled.get("contact") or tracker.get_slot("contact")
        if filled and number and contact:
            filled |= check(turn, speaker, flow, number, contact)
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
                return over | check(turn, speaker, flow, number, contact)
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
        now_known(turn, result.customer_id)
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
