"""Who pays a way back, and paying it back where it is ours: the carrier, the receipt, a yes."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.approvals import tell_asked
from bot.dialogue.actions.change import Change, Taken, leaves, word, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.step import Slots, Speaker, files_kept, inform, remembered, typed_answer
from bot.dialogue.turn import Turn
from bot.shop.exchange import read_rates
from bot.shop.policy import (
    freight_back,
    freight_is_ours,
    freight_repaid,
    is_agreed,
    local_day,
    refund_arrival,
    refund_method,
)
from bot.shop.values import Money, Order, Return

OTHER = "other"
#: No receipt can be sent: a person decides.
NONE = "none"


class RepayFreight(Change):
    """The newest return of an order whose way back was at our cost and is not paid back yet."""

    flow = "freight"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:  # noqa: ARG002
        """Without a return, or one at the buyer's cost, the rule is told."""
        backs = [one for one in order.returns if is_agreed(order, one)]
        if not backs:
            speaker.say("utter_freight_none", number=order.number)
        elif not any(freight_is_ours(order, one) for one in backs):
            speaker.say("utter_freight_theirs", number=order.number)
        elif _open(order) is None:
            speaker.say("utter_freight_repaid", number=order.number)
        else:
            return None
        return {}

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:  # noqa: ARG002
        """The carrier, then the receipt."""
        known = dict(part or {})
        sent = files_kept(turn) if asked else int(turn.memory.pop("photos", 0))
        if sent:
            known["receipt"] = sent
        if "carrier" not in known:
            carrier = self._carrier(turn)
            if carrier is not None:
                known["carrier"] = carrier
        elif "receipt" not in known and asked:
            known |= self._without_receipt(turn, known)
        if "carrier" in known and "receipt" in known:
            return Taken(known, known)
        return Taken(part=known or None)

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:  # noqa: ARG002
        """The first that is missing."""
        if not part or "carrier" not in part:
            other = word(turn, "utter_freight_other")
            buttons = [
                inform(other if name == OTHER else name, change_choice=name)
                for name in turn.rules.returns.freight_back
            ]
            speaker.say("utter_ask_freight_carrier", buttons)
            return
        reply = "utter_ask_receipt_again" if part.get("reminded") else "utter_ask_receipt"
        speaker.say(reply, [inform(word(turn, "utter_no_receipt"), change_choice=NONE)])

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """How much, by what way and when; without a receipt, what a person is told."""
        method, today = refund_method(order), local_day(turn.clock.now(), order.timezone)
        reply = (
            "utter_read_back_freight_passed_on" if detail["receipt"] == NONE else "utter_read_back_freight"
        )
        speaker.say(
            reply,
            yes_or_no(turn),
            number=order.number,
            amount=turn.words.money(self._amount(turn, order, detail)),
            method=word(turn, f"utter_method_{method}"),
            arrival=turn.words.day(refund_arrival(method, today, turn.rules, checking=True)),
        )

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Ask for the money, or hand over."""
        done = {"done": remembered(tracker, self.flow)}
        back = _open(order)
        if detail["receipt"] == NONE or back is None:
            text = f"The buyer asks for the freight of the way back with {detail['carrier']}; no receipt."
            turn.shop.record_wish(
                order.number, text, seen, key=f"freight:{order.number}:{len(order.remarks)}"
            )
            turn.confirms = True
            return done | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why=text,
                intent="refund_return_freight",
                order=order,
                reply="utter_passed_on",
            )
        key = f"freight:{order.number}:{back.id}"
        refund = turn.shop.repay_freight(order.number, back.id, detail["carrier"], key=key)
        turn.confirms = True
        turn.read("refund", id=refund.id, state=refund.state.value)
        return done | tell_asked(turn, tracker, speaker, order, refund)

    @staticmethod
    def _carrier(turn: Turn) -> str | None:
        """The carrier that is named, or pressed."""
        known = turn.rules.returns.freight_back
        pressed = turn.understanding.first("change_choice")
        if pressed in known:
            return str(pressed)
        said = turn.understanding.text.casefold()
        return next((name for name in known if name != OTHER and name.casefold() in said), None)

    @staticmethod
    def _without_receipt(turn: Turn, known: dict[str, Any]) -> dict[str, Any]:
        read = turn.understanding
        if read.first("change_choice") == NONE or typed_answer(turn) == "no":
            return {"receipt": NONE}
        if answers.means(answers.NO_PHOTO, read.text):
            return {"receipt": NONE}
        if leaves(turn) or not read.text:
            return {}
        return {"receipt": NONE} if known.get("reminded") else {"reminded": True}

    @staticmethod
    def _amount(turn: Turn, order: Order, detail: dict[str, Any]) -> Money:
        return freight_back(order, detail["carrier"], turn.rules, read_rates(turn.connection))


def _open(order: Order) -> Return | None:
    """The newest return of which the freight is ours and not paid back yet."""
    backs = [one for one in order.returns if freight_is_ours(order, one)]
    return next((one for one in reversed(backs) if not freight_repaid(order, one.id)), None)
