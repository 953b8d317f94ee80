"""Money or goods back: which goods, why, a yes to what was read back, and the return is made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process
from rasa_sdk import Tracker

from bot.desk.values import Reason
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import back_to, is_before_shipping, known_order
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.refunds import days_after_goods, refund_values, tell_refund
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, remembered
from bot.dialogue.turn import Turn
from bot.errors import PolicyError
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    FreightPayer,
    freight_payer,
    goods_must_come_back,
    is_in_window,
    local_day,
    refund_arrival,
    refund_due,
    refund_method,
    refundable,
    return_value,
    return_window,
    returning_lines,
    worth_of_way_back,
)
from bot.shop.values import ON_ITS_WAY, Order, OrderState, RefundState, ReturnReason

#: All lines of the order.
ALL = "all"
#: What the buyer may choose as the reason, in the order of the buttons.
REASONS = (
    ReturnReason.CHANGED_MIND,
    ReturnReason.DOES_NOT_FIT,
    ReturnReason.NOT_AS_DESCRIBED,
    ReturnReason.DAMAGED,
    ReturnReason.FAULTY,
    ReturnReason.WRONG_ITEM,
    ReturnReason.OTHER,
)
#: What a buyer says instead of pressing the button.
REASON_OF_INTENT = {
    "refund_damaged": ReturnReason.DAMAGED,
    "refund_faulty": ReturnReason.FAULTY,
    "refund_wrong_item": ReturnReason.WRONG_ITEM,
    "refund_missing_item": ReturnReason.MISSING_ITEM,
    "refund_not_as_described": ReturnReason.NOT_AS_DESCRIBED,
    "refund_exchange": ReturnReason.DOES_NOT_FIT,
    "product_size": ReturnReason.DOES_NOT_FIT,
    "refund_return": ReturnReason.CHANGED_MIND,
    "logistics_delay": ReturnReason.LATE,
}
#: Words in an answer to "what is the reason"; the first that the message holds wins.
REASON_WORDS: Mapping[ReturnReason, Sequence[str]] = {
    ReturnReason.DOES_NOT_FIT: ("fit", "too small", "too big", "too large", "too tight", "too long", "size"),
    ReturnReason.DAMAGED: ("damaged", "broken", "cracked", "crushed", "smashed", "scratched", "torn"),
    ReturnReason.FAULTY: ("work", "defect", "faulty", "turn on", "charge", "stopped"),
    ReturnReason.WRONG_ITEM: ("wrong", "not what i ordered"),
    ReturnReason.NOT_AS_DESCRIBED: (
        "described",
        "description",
        "picture",
        "photo",
        "quality",
        "looks different",
    ),
    ReturnReason.CHANGED_MIND: (
        "my mind",
        "changed mind",
        "change of mind",
        "don't want",
        "do not want",
        "no longer",
        "don't need",
        "do not need",
        "don't like",
        "do not like",
    ),
    ReturnReason.OTHER: ("other", "another", "cheaper", "no reason"),
}
_TITLE_MATCH = 70.0
#: From this confidence on a message of another topic is no reason, whatever words it holds.
SURE = 0.7
#: Words of a buyer who won't return the goods after all; "never mind" alone is understood without them.
_KEEPS = re.compile(
    r"\bkeep (?:it|them|this|these|everything)\b"
    r"|^\W*cancel(?: (?:it|this|that|the return|my return))?(?:,? please)?\W*$"
    r"|\b(?:don't|do not|won't|not) (?:want to )?(?:return|send)\b[^.?!]*\b(?:any ?more|after all)\b",
    re.IGNORECASE,
)


def open_lines(order: Order) -> list[int]:
    """The ids of lines that can still go into a return."""
    gone = returning_lines(order)
    return [line.id for line in order.lines if line.id not in gone]


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
            return closed | hand_over(
                turn,
                tracker,
                speaker,
                Reason.FLOW_MISSING,
                why="wants the money back for an order that has not shipped",
                intent="order_cancel",
                order=order,
                reply="utter_refund_before_shipping",
            )
        if order.state in ON_ITS_WAY:
            speaker.say("utter_refund_on_its_way", number=order.number)
            return closed | back_to(turn, tracker, speaker)
        if order.refunds and not refundable(order):
            return closed | tell_refund(turn, tracker, speaker, order)
        if not open_lines(order):
            speaker.say("utter_return_already", number=order.number)
            return closed | back_to(turn, tracker, speaker)
        window = return_window(order, turn.rules)
        if not is_in_window(order, turn.rules, turn.clock.now()) and window.last_day is not None:
            speaker.say(
                "utter_return_window_closed",
                number=order.number,
                days=str(window.days),
                last_day=turn.words.date(window.last_day),
            )
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
        if _KEEPS.search(_plain(turn.understanding.text)):
            # Nothing is left to ask: the end says that nothing was changed.
            return {"return_line": ALL, "return_reason": ReturnReason.OTHER.value, "return_confirmed": "no"}
        filled: Slots = {}
        if tracker.get_slot("return_line") is None:
            line = self._line(turn, order, asked == "return_line")
            if line is not None:
                filled["return_line"] = line
        if tracker.get_slot("return_reason") is None:
            reason = self._reason(turn, asked == "return_reason")
            if reason is not None:
                filled["return_reason"] = reason.value
        if asked == "return_confirmed":
            answer = turn.understanding.first("return_confirmed") or {
                "service_affirm": "yes",
                "service_deny": "no",
            }.get(turn.understanding.intent)
            if answer in ("yes", "no"):
                filled["return_confirmed"] = answer
        return filled | ({"misunderstandings": 0} if filled else {})

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """Goods, reason, yes."""
        return ("return_line", "return_reason", "return_confirmed")

    @staticmethod
    def _line(turn: Turn, order: Order, asked: bool) -> str | None:
        lines = open_lines(order)
        if len(lines) == 1:
            return str(lines[0])
        pressed = turn.understanding.first("return_line")
        if pressed is not None:
            return str(pressed) if pressed == ALL or (pressed.isdigit() and int(pressed) in lines) else None
        if not asked:
            return None
        text = turn.understanding.text.lower()
        if text.strip(" .!") in (
            "all",
            "both",
            "everything",
            "all of them",
            "both of them",
            "the whole order",
        ):
            return ALL
        titles = {line.id: line.title.lower() for line in order.lines if line.id in lines}
        best = process.extractOne(text, titles, scorer=fuzz.token_set_ratio, score_cutoff=_TITLE_MATCH)
        return str(best[2]) if best else None

    @staticmethod
    def _reason(turn: Turn, asked: bool) -> ReturnReason | None:
        pressed = turn.understanding.first("return_reason")
        if pressed in [reason.value for reason in REASONS]:
            return ReturnReason(pressed)
        read = REASON_OF_INTENT.get(turn.understanding.intent)
        elsewhere = turn.understanding.intent.startswith(("payment_", "logistics_", "order_"))
        if elsewhere and turn.understanding.confidence >= SURE:
            return read
        if asked and read in (None, ReturnReason.CHANGED_MIND):
            said = _plain(turn.understanding.text)
            meant = (reason for reason, words in REASON_WORDS.items() if any(word in said for word in words))
            return next(meant, read)
        # Outside the question, "I want to return it" is no reason, but "it arrived broken" is.
        return read if asked or read is not ReturnReason.CHANGED_MIND else None


def _plain(words: str) -> str:
    return words.lower().replace("’", "'")


class AskReturnLine(Step):
    """Asks which goods, by buttons."""

    title = "action_ask_return_form_return_line"
    flow = "return"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Offer each line that can still be returned, and all of them."""
        order = known_order(turn, tracker)
        lines = open_lines(order)
        everything = turn.replies.say("utter_all_items", turn.words.language, {}).text
        buttons = [inform(line.title, return_line=str(line.id)) for line in order.lines if line.id in lines]
        speaker.say(
            "utter_ask_return_line", [*buttons, inform(everything, return_line=ALL)], number=order.number
        )
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


def _chosen(tracker: Tracker, order: Order) -> list[int]:
    line = tracker.get_slot("return_line")
    return open_lines(order) if line == ALL else [int(line)]


class AskReturnConfirmed(Step):
    """Reads the return back before it is made."""

    title = "action_ask_return_form_return_confirmed"
    flow = "return"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Goods, amount, who pays the way back, and when the money arrives."""
        order = known_order(turn, tracker)
        words = turn.words
        chosen = _chosen(tracker, order)
        reason = ReturnReason(tracker.get_slot("return_reason"))
        value = return_value(order, chosen, reason)
        worth = worth_of_way_back(order, chosen)
        back = goods_must_come_back(worth, turn.rules, read_rates(turn.connection))
        today = local_day(turn.clock.now(), order.timezone)
        method = refund_method(order)
        payer = freight_payer(reason)
        if not back:
            reply = "utter_read_back_keep"
        else:
            reply = "utter_read_back_ours" if payer is FreightPayer.STORE else "utter_read_back_theirs"
        speaker.say(
            reply,
            items=words.all_of([line.title for line in order.lines if line.id in chosen]),
            number=order.number,
            amount=words.money(value),
            method=turn.replies.say(f"utter_method_{method}", words.language, {}).text,
            arrival=words.day(refund_arrival(method, today, turn.rules, checking=True)),
            days=days_after_goods(turn, method),
        )
        return {}


class SubmitReturn(Step):
    """Makes the return, once, or lets it be."""

    title = "action_submit_return"
    flow = "return"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask the shop for both the return and its refund; above the limit a supervisor decides."""
        order = known_order(turn, tracker)
        words = turn.words
        cleared: Slots = {"return_line": None, "return_reason": None, "return_confirmed": None}
        if tracker.get_slot("return_confirmed") != "yes":
            speaker.say("utter_return_left")
            return cleared | back_to(turn, tracker, speaker)
        chosen = _chosen(tracker, order)
        reason = ReturnReason(tracker.get_slot("return_reason"))
        key = f"return:{order.number}:{'-'.join(map(str, sorted(chosen)))}"
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
        if made.goods_come_back and made.send_by is not None:
            speaker.say(
                "utter_return_made",
                number=order.number,
                address=turn.rules.returns.address,
                send_by=words.day(made.send_by),
            )
        if refund.state is RefundState.AWAITING_APPROVAL:
            return (
                cleared
                | {"done": remembered(tracker, "return")}
                | hand_over(
                    turn,
                    tracker,
                    speaker,
                    Reason.ABOVE_AUTHORITY,
                    why=f"a refund of {words.money(refund.amount)} is above the bot's authority",
                    intent="refund_request",
                    order=order,
                    reply="utter_refund_above_authority",
                )
            )
        due = refund_due(refund, turn.shop.order(order.number) or order, turn.rules)
        values = refund_values(turn, order, refund, due)
        speaker.say("utter_refund_after_goods" if due is None else "utter_refund_requested", **values)
        return cleared | {"done": remembered(tracker, "return"), **back_to(turn, tracker, speaker)}
