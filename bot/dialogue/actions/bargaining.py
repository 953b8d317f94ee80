"""Bargaining: the price explained, then what lowers it for all, then a ladder that only refusals move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.requests import Requests
from bot.desk.values.cases import Priority, Reason
from bot.desk.values.requests import Request, RequestState
from bot.dialogue import ladders
from bot.dialogue.actions import answers
from bot.dialogue.actions.change import leaves, word
from bot.dialogue.actions.deals import (
    INTENT,
    Deal,
    basket_deal,
    concede,
    deal_of,
    explain,
    order_deal,
    promote,
    say_already,
    say_stands,
    still_theirs,
    what_is,
    wish_of,
)
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import UNKNOWN, back_to, known_order, own_order
from bot.dialogue.actions.products import FindProduct
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, inform, remembered, typed_answer
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.values import Money, Order, OrderState, Product

#: What rules branch on.
OPEN, CLOSED, ASK_PRODUCT, IDENTIFY = "open", "closed", "product", "identify"
#: How the form ends: the offer is taken, left standing, or nobody can do more.
YES, LEFT, FINAL = "yes", "left", "final"
#: The waiting request's purpose.
PURPOSE = "bargain"
#: Answers that name no price before the offer is left standing.
TRIES = 2
#: From this confidence on "I'll take it" is a yes.
SURE = 0.8
_FRESH: Slots = {"bargain": None, "bargain_answer": None, "bargain_price": None}


class FindBargain(Step):
    """A lower price is wanted: for which order or product."""

    title = "action_find_bargain"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """An order that is named or spoken of, else a product."""
        read = turn.understanding
        typed, spoken = read.first("order_number"), tracker.get_slot("order_number")
        names_product = read.first("product") is not None
        order = own_order(turn, typed, None if names_product else spoken) if typed or spoken else None
        if typed and order is None:
            return {"bargain_step": IDENTIFY}
        if order is not None and (typed or (not names_product and order.state is OrderState.UNPAID)):
            return {"order_number": order.number} | _begin(turn, tracker, speaker, order)
        found = FindProduct().act(turn, tracker, speaker)
        turn.flow = self.flow
        product = turn.shop.product(found["product"]) if found.get("product") else None
        if product is None:
            return {"bargain_step": ASK_PRODUCT}
        return found | _begin(turn, tracker, speaker, product)


class AskOrder(Step):
    """The order is named, and not known to be the buyer's: the identity check comes first."""

    title = "action_bargain_order"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Begin the check; its form takes what the message holds."""
        begun = {"flow": "bargain", "flow_intent": INTENT, "order_step": UNKNOWN}
        return begun | {"order_number": None, "contact": None}


class AskProduct(Step):
    """Nobody knows what shall be cheaper: the product is asked for."""

    title = "action_bargain_product"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Offer those that the words may mean."""
        return FindProduct().act(turn, tracker, speaker)


class StartBargain(Step):
    """The product or the order was asked for."""

    title = "action_start_bargain"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Begin where the ladder stands."""
        if tracker.get_slot("bargain_step") == IDENTIFY:
            return _begin(turn, tracker, speaker, known_order(turn, tracker))
        product = turn.shop.product(tracker.get_slot("product"))
        if product is None:
            raise LookupError(f"the product {tracker.get_slot('product')} has left the catalogue")
        return _begin(turn, tracker, speaker, product)


def _begin(turn: Turn, tracker: Tracker, speaker: Speaker, about: Order | Product) -> Slots:
    """Explain the price, or take up the ladder where it was left."""
    closed = _FRESH | {"bargain_step": CLOSED}
    turn.memory["question_count"] = 0
    if isinstance(about, Order) and about.state is not OrderState.UNPAID:
        speaker.say("utter_bargain_paid", number=about.number)
        return closed | back_to(turn, tracker, speaker)
    deal = order_deal(turn, about) if isinstance(about, Order) else basket_deal(turn, about)
    turn.read("ladder", id=deal.record.id, refusals=deal.record.refusals)
    if deal.record.granted_minor is not None:
        say_already(turn, speaker, deal)
        return closed | back_to(turn, tracker, speaker)
    asked = Requests(turn.connection, turn.rules, turn.clock).of_key(deal.key)
    if asked is not None and asked.due_at is not None:
        speaker.say("utter_bargain_pending", by=turn.words.moment(asked.due_at))
        return closed | back_to(turn, tracker, speaker)
    if not deal.record.refusals:
        explain(turn, speaker, deal)
        promote(turn, speaker, deal)
    state = _state(deal, tries=0) | {"begun": turn.row.id}
    if asked is not None:
        # A supervisor has been asked already: what stands is offered, no other price is.
        state["price"] = False
    return _FRESH | {"bargain_step": OPEN, "bargain": state}


def _state(deal: Deal, *, tries: int) -> dict[str, Any]:
    return {"ladder": deal.record.id, "price": deal.beyond, "tries": tries}


class BargainForm(Form):
    """A yes, a refusal or, once the ladder has ended, a price for the supervisor."""

    title = "validate_bargain_form"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
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
        return {"bargain": _state(deal, tries=tries)}

    @staticmethod
    def _refused(turn: Turn, deal: Deal) -> Slots:
        record = deal.record if deal.beyond else ladders.refused(turn.connection, deal.record)
        moved = Deal(record, deal.ladder, deal.price, deal.order, deal.product)
        turn.read("ladder", id=record.id, refusals=record.refusals)
        if moved.beyond:
            asked = Requests(turn.connection, turn.rules, turn.clock).of_key(moved.key)
            if asked is not None or moved.ladder.most <= moved.off:
                return {"bargain_answer": FINAL}
        return {"bargain": _state(moved, tries=0)}


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


class SubmitBargain(Step):
    """Makes the concession real, asks a supervisor, or leaves the offer standing."""

    title = "action_submit_bargain"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """By how the form has ended."""
        done: Slots = _FRESH | {"done": remembered(tracker, "bargain")}
        deal = deal_of(turn, ladders.get(turn.connection, tracker.get_slot("bargain")["ladder"]))
        answer, wish = tracker.get_slot("bargain_answer"), tracker.get_slot("bargain_price")
        if deal is None or deal.record.granted_minor is not None:
            if deal is not None:
                say_already(turn, speaker, deal)
        elif not still_theirs(turn, deal):
            again = word(turn, "utter_change_what_now")
            speaker.say("utter_change_expired", [Button(again, f"/{INTENT}")])
        elif answer == YES and not deal.off:
            speaker.say("utter_bargain_settled", what=what_is(turn, deal), price=turn.words.money(deal.price))
        elif answer == YES:
            concede(turn, speaker, deal, deal.off, approved=False)
        elif answer in (LEFT, FINAL):
            say_stands(
                turn, speaker, deal, "utter_bargain_final" if answer == FINAL else "utter_bargain_stands"
            )
        else:
            self._ask(turn, speaker, deal, Money(int(wish), deal.price.currency))
        return done | back_to(turn, tracker, speaker)

    @staticmethod
    def _ask(turn: Turn, speaker: Speaker, deal: Deal, wish: Money) -> None:
        what = deal.product.name if deal.product else f"order {deal.record.order_number}"
        plain = [f"{one.major} {one.currency}" for one in (wish, deal.price, deal.offered)]
        asked = Requests(turn.connection, turn.rules, turn.clock).ask_approval(
            turn.conversation.id,
            PURPOSE,
            deal.price - wish,
            key=deal.key,
            most=deal.ladder.most,
            limit_kind="discount",
            question=f"{what}: the buyer would pay {plain[0]} instead of {plain[1]}, and refused {plain[2]}",
            language=turn.words.language,
            order_number=deal.record.order_number,
            data={"ladder": deal.record.id, "wish": wish.minor},
        )
        due = asked.due_at or turn.clock.now()
        speaker.say(
            "utter_bargain_asked",
            what=what_is(turn, deal),
            price=turn.words.money(wish),
            by=turn.words.moment(due),
        )


def bargain_answered(turn: Turn, tracker: Tracker, speaker: Speaker, request: Request) -> Slots:
    """The supervisor has decided, or nobody has in time: the flow goes on."""
    deal = deal_of(turn, ladders.get(turn.connection, request.data["ladder"]))
    turn.flow = "bargain"
    if deal is None or deal.record.granted_minor is not None:
        if deal is not None:
            say_already(turn, speaker, deal)
        return {}
    wish = Money(int(request.data["wish"]), deal.price.currency)
    if request.granted_minor and request.state in (RequestState.APPROVED, RequestState.COUNTERED):
        granted = Money(request.granted_minor, deal.price.currency)
        # Never less than what the bot had offered itself.
        granted = granted if granted > deal.off else deal.off
        approved = request.state is RequestState.APPROVED
        speaker.say(
            "utter_bargain_approved" if approved else "utter_bargain_countered",
            price=turn.words.money(wish),
            off=turn.words.money(granted),
        )
        concede(turn, speaker, deal, granted, approved=True)
        return {}
    if request.state is RequestState.TIMED_OUT and turn.rules.requests.then == "case":
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.ABOVE_AUTHORITY,
            why=f"no supervisor decided in time: {request.question}",
            intent=INTENT,
            priority=Priority.HIGH,
            queue=request.queue,
            order=deal.order if turn.customer else None,
            reply="utter_request_nobody",
        )
    looked = request.state is RequestState.DECLINED
    say_stands(turn, speaker, deal, "utter_bargain_declined" if looked else "utter_bargain_final")
    return {}
