"""Questions about paying that need no order: instalments, safety, currency, points, deposits, coupons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.payment_words import payment_values
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.errors import ShopError
from bot.shop.values import Coupon, CouponKind, Money

#: A charge that the buyer did not make: no answer, a person.
_NOT_MINE = re.compile(
    r"\b(?:never|didn't|did not|not) (?:made|make|me|mine|order|buy|bought)\b|\bunauthori[sz]ed\b"
    r"|\b(?:stolen|fraud|scammed|hacked)\b"
    r"|\bdon't (?:know|recogni[sz]e) (?:this|that|the) (?:charge|payment)\b",
    re.IGNORECASE,
)
#: Letters of other scripts may follow at once: "WELCOME10って入れても".
_CODE = re.compile(r"(?<![^\W\u0370-\uffff])(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{3,29}(?![^\W\u0370-\uffff])")
UNKNOWN, KNOWN = "unknown", "known"


class AnswerPayment(Step):
    """One answer for each question, from ``shop.yml``."""

    title = "action_payment_answer"
    flow = "payment_answer"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say it; inside a form, the form goes on by itself."""
        intent = turn.understanding.intent
        turn.flow = intent.removeprefix("payment_")
        if intent == "payment_safety" and _NOT_MINE.search(turn.understanding.text.replace("’", "'")):
            return hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why="speaks of a charge that they did not make",
                priority=Priority.HIGH,
                reply="utter_passed_on",
            )
        match intent:
            case "payment_instalments":
                _say_instalments(turn, speaker)
            case "payment_currency":
                _say_currency(turn, speaker)
            case "payment_points":
                _say_points(turn, speaker)
            case "payment_deposit":
                _say_deposit(turn, speaker)
            case _:
                speaker.say("utter_payment_safety", store=turn.rules.store.name)
        return {} if tracker.active_loop_name else {"done": remembered(tracker, "payment_answer")}


def _say_instalments(turn: Turn, speaker: Speaker) -> None:
    rules = turn.rules.payment.instalments
    if rules is None:
        speaker.say("utter_no_instalments", **payment_values(turn))
        return
    least = turn.words.money(Money.of(rules.least, turn.rules.store.currency))
    providers = turn.words.any_of(rules.providers)
    speaker.say("utter_instalments", providers=providers, parts=rules.parts, least=least)


def _say_currency(turn: Turn, speaker: Speaker) -> None:
    """The currencies; a sum and a currency that are named are converted at today's rate."""
    speaker.say("utter_payment_currency", **payment_values(turn))
    amount = turn.understanding.first("money")
    if not isinstance(amount, Mapping):
        return
    try:
        value = Money(int(amount["amount_minor"]), str(amount["currency"]))
        wanted = [one for one in turn.rules.payment.currencies if one != value.currency]
        named = [one for one in wanted if re.search(rf"\b{one}\b", turn.understanding.text, re.IGNORECASE)]
        if named:
            speaker.say(
                "utter_converted",
                amount=turn.words.money(value),
                other=turn.words.money(turn.shop.convert(value, named[0])),
            )
    except (ShopError, KeyError, TypeError):
        # No rate, or a sum without a currency: the general answer stands.
        return


def _say_points(turn: Turn, speaker: Speaker) -> None:
    rules = turn.rules.payment.points
    if rules is None:
        speaker.say("utter_no_points")
        return
    currency = turn.rules.store.currency
    speaker.say(
        "utter_points",
        earned=rules.earned,
        spent=turn.words.money(Money.of(1, currency)),
        points=rules.worth_one,
    )
    if turn.customer is not None:
        speaker.say("utter_points_balance", balance=turn.words.number(turn.customer.points))


def _say_deposit(turn: Turn, speaker: Speaker) -> None:
    percent = turn.rules.payment.deposit_percent
    if not percent:
        speaker.say("utter_no_deposit")
        return
    speaker.say("utter_deposit", percent=turn.words.number(float(percent)))


class FindCoupon(Step):
    """A coupon that does not work, or what one is good for: finds out which."""

    title = "action_find_coupon"
    flow = "coupon"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """The code in the message, if there is one."""
        code = _code(turn, sure=True)
        step = KNOWN if code else UNKNOWN
        return {"coupon": code, "coupon_step": step, "misunderstandings": 0}


class CouponForm(Form):
    """Asks for the code."""

    title = "validate_coupon_form"
    flow = "coupon"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take what looks like a code."""
        asked = tracker.get_slot("requested_slot") == "coupon"
        code = _code(turn, sure=False) if asked else None
        return {"coupon": code, "coupon_step": KNOWN, "misunderstandings": 0} if code else {}

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """One question."""
        return ("coupon",)


def _code(turn: Turn, *, sure: bool) -> str | None:
    """A code that the store knows or, asked for one, what looks like it."""
    said = turn.understanding.text.upper()
    found = _CODE.findall(said)
    known = next((code for code in found if turn.shop.coupon(code)), None)
    if known or sure:
        # Unasked, capitals and digits together are a code, too: mistyped or long gone.
        typed = _CODE.findall(turn.understanding.text)
        mixed = (one for one in typed if any(letter.isdigit() for letter in one) and "CD-" not in one)
        return known or next(mixed, None)
    return str(found[0]) if len(found) == 1 and " " not in said.strip() else None


class TellCoupon(Step):
    """Whether the coupon holds, and if not, why."""

    title = "action_tell_coupon"
    flow = "coupon"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Look it up; one that is somebody else's is told as unknown."""
        code = str(tracker.get_slot("coupon"))
        coupon = turn.shop.coupon(code)
        own = turn.customer.id if turn.customer else None
        cleared: Slots = {"coupon": None}
        if coupon is None or coupon.customer_id not in (None, own):
            speaker.say("utter_coupon_unknown", code=code)
            return cleared
        turn.read("coupon", code=coupon.code, until=coupon.valid_until.isoformat(), left=coupon.uses_left)
        today = turn.clock.now().date()
        values = {
            "code": coupon.code,
            "worth": _worth(turn, coupon),
            "minimum": turn.words.money(coupon.minimum),
            "until": turn.words.date(coupon.valid_until),
            "start": turn.words.date(coupon.valid_from),
        }
        if today > coupon.valid_until:
            reply = "utter_coupon_over"
        elif today < coupon.valid_from:
            reply = "utter_coupon_early"
        elif coupon.uses_left == 0:
            reply = "utter_coupon_used"
        else:
            reply = "utter_coupon_holds" if coupon.minimum.minor else "utter_coupon_holds_anyway"
        speaker.say(reply, **values)
        return cleared | {"done": remembered(tracker, "coupon"), **back_to(turn, tracker, speaker)}


def _worth(turn: Turn, coupon: Coupon) -> str:
    words = turn.words
    match coupon.kind:
        case CouponKind.PERCENT:
            return word(turn, "utter_coupon_off", worth=f"{words.number(coupon.percent)} %")
        case CouponKind.AMOUNT:
            return word(turn, "utter_coupon_off", worth=words.money(coupon.amount))
        case CouponKind.FREE_FREIGHT:
            return word(turn, "utter_coupon_free_freight")
