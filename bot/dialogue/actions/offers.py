"""The offer that bargaining has come to: taken, refused, or answered with a price for the supervisor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.requests import Requests
from bot.dialogue import ladders
from bot.dialogue.actions import answers
from bot.dialogue.actions.change import is_question, leaves, word
from bot.dialogue.actions.deals import INTENT, Deal, deal_of, offer_of, what_is, wish_of
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, typed_answer
from bot.dialogue.turn import Turn
from bot.messages import Button

#: How the form ends: the offer is taken, left standing, or nobody can do more.
YES, LEFT, FINAL = "yes", "left", "final"
#: Answers that name no price before the offer is left standing.
TRIES = 2
#: What no flow takes up.
_NOTHING = ("nlu_fallback", "out_of_scope")
#: From this confidence on "I'll take it" is a yes.
SURE = 0.8


class BargainForm(Form):
    """A yes, a refusal or, once the ladder has ended, a price for the supervisor."""

    title = "validate_bargain_form"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Count a refusal, whatever its words; take a yes or a price."""
        state = tracker.get_slot("bargain") or {}
        asked = tracker.get_slot("requested_slot")
        if asked not in ("bargain_answer", "bargain_price"):
            return {}
        if state.get("begun") == turn.row.id:
            # The message that began it anew refuses nothing.
            return {"misunderstandings": 0}
        deal = deal_of(turn, ladders.get(turn.connection, state["ladder"]))
        if deal is None or deal.record.granted_minor is not None:
            return {"bargain_answer": FINAL}
        taken = self._pressed(turn, deal)
        if taken is None:
            priced = asked == "bargain_price"
            taken = self._price(turn, deal, state) if priced else self._answer(turn, deal)
        if not taken and asked == "bargain_answer" and _is_talk(turn):
            # A reason or a number: neither a yes nor a refusal, so the offer stands as it is.
            tries = int(state.get("tries", 0)) + 1
            taken = {"bargain_answer": LEFT} if tries >= TRIES else {"bargain": {**state, "tries": tries}}
            if tries < TRIES:
                speaker.say("utter_bargain_words")
        if taken:
            # A refusal is no question, and none that was asked before.
            turn.memory["question_count"] = 0
            taken.setdefault("misunderstandings", 0)
        return taken

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """An answer to the offer, or the price that a supervisor is asked for."""
        if slots.get("bargain_answer") is not None or slots.get("bargain_price") is not None:
            return ()
        return ("bargain_price",) if (slots.get("bargain") or {}).get("price") else ("bargain_answer",)

    def _pressed(self, turn: Turn, deal: Deal) -> Slots | None:
        """What a button says, if it belongs to the offer that stands: a double click refuses once."""
        pressed = turn.understanding.first("bargain_answer")
        if pressed is None:
            return None
        said, _, number = str(pressed).partition("-")
        if number != str(deal.record.refusals):
            return {"misunderstandings": 0}
        return {"bargain_answer": YES} if said == YES else self._refused(turn, deal)

    def _answer(self, turn: Turn, deal: Deal) -> Slots:
        read = turn.understanding
        if read.intent == INTENT:
            other = read.first("product")
            if other is not None and deal.product is not None and str(other) != deal.product.code:
                # Another product: begun anew.
                return {}
            return self._refused(turn, deal)
        if read.intent == "service_deny":
            return self._refused(turn, deal)
        orders = read.intent == "order_place" and read.confidence >= SURE and read.first("product") is None
        takes = orders or answers.says_only(answers.TAKES, read.text) or typed_answer(turn) == YES
        return {"bargain_answer": YES} if takes else {}

    def _price(self, turn: Turn, deal: Deal, state: Mapping[str, Any]) -> Slots:
        read = turn.understanding
        wish = wish_of(turn, deal.price.currency)
        is_price = wish is not None and wish.minor > 0 and not read.text.rstrip().endswith("%")
        if wish is not None and is_price and wish < deal.offered:
            return {"bargain_price": wish.minor}
        agrees = typed_answer(turn) == YES or answers.says_only(answers.TAKES, read.text)
        if is_price or (wish is None and agrees):
            # As much as is asked or more, a number that was meant otherwise, a yes to the supervisor: none of
            # them surely takes the offer. It is read back, and a yes to that does.
            return {"bargain": {**state, "price": False}}
        aside = read.intent == "file_alone" or leaves(turn)
        if wish is None and read.intent not in (INTENT, "service_deny") and aside:
            return {}
        tries = int(state.get("tries", 0)) + 1
        if tries >= TRIES:
            return {"bargain_answer": LEFT}
        return {"bargain": offer_of(deal, tries=tries)}

    @staticmethod
    def _refused(turn: Turn, deal: Deal) -> Slots:
        record = deal.record if deal.beyond else ladders.refused(turn.connection, deal.record)
        moved = Deal(record, deal.ladder, deal.price, deal.order, deal.product)
        turn.read("ladder", id=record.id, refusals=record.refusals)
        if moved.beyond:
            asked = Requests(turn.connection, turn.rules, turn.clock).of_key(moved.key)
            if asked is not None or moved.ladder.most <= moved.off:
                return {"bargain_answer": FINAL}
        return {"bargain": offer_of(moved, tries=0)}


def _is_talk(turn: Turn) -> bool:
    """Whether a message neither asks anything nor means anything that a flow takes up."""
    read = turn.understanding
    return bool(read.text) and read.intent in _NOTHING and not is_question(turn)


class AskAnswer(Step):
    """Makes the offer that belongs to the count of refusals."""

    title = "action_ask_bargain_form_bargain_answer"
    flow = "bargain"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask whether it is taken."""
        deal = deal_of(turn, ladders.get(turn.connection, tracker.get_slot("bargain")["ladder"]))
        if deal is None:
            return {}
        number = deal.record.refusals
        refuse = inform(word(turn, "utter_bargain_refuse"), bargain_answer=f"no-{number}")
        if not number:
            take = inform(word(turn, "utter_bargain_accept"), bargain_answer=f"{YES}-0")
            speaker.say("utter_bargain_ask", [take, refuse])
            return {}
        last = number >= len(deal.ladder.steps)
        speaker.say(
            "utter_bargain_offer_last" if last else "utter_bargain_offer",
            [inform(word(turn, "utter_change_yes"), bargain_answer=f"{YES}-{number}"), refuse],
            what=what_is(turn, deal),
            off=turn.words.money(deal.off),
            price=turn.words.money(deal.offered),
            list=turn.words.money(deal.price),
        )
        return {}


class AskPrice(Step):
    """The ladder has ended: which price a supervisor shall be asked for."""

    title = "action_ask_bargain_form_bargain_price"
    flow = "bargain"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask; the second time in other words."""
        state = tracker.get_slot("bargain")
        deal = deal_of(turn, ladders.get(turn.connection, state["ladder"]))
        if deal is None:
            return {}
        price = turn.words.money(deal.offered)
        take = word(turn, "utter_bargain_take", price=price)
        leave = word(turn, "utter_bargain_leave")
        speaker.say(
            "utter_bargain_price_again" if state["tries"] else "utter_bargain_price",
            [
                inform(take, bargain_answer=f"{YES}-{deal.record.refusals}"),
                Button(leave, "/service_leave"),
            ],
            what=what_is(turn, deal),
            price=price,
        )
        return {}
