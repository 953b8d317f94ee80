"""Bargaining is begun: the price explained, then what lowers it for all, or the ladder where it was left."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.requests import Requests
from bot.dialogue.actions import answers
from bot.dialogue.actions.deals import (
    FRESH,
    INTENT,
    basket_deal,
    explain,
    offer_of,
    order_deal,
    promote,
    say_already,
)
from bot.dialogue.actions.identity import UNKNOWN
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import known_order, own_order
from bot.dialogue.actions.leads import MOST_PIECES, say_breaks, say_too_few
from bot.dialogue.actions.products import FindProduct
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.turn import Turn
from bot.shop.policy import price_breaks, price_for
from bot.shop.values import Order, OrderState, Product
from bot.spelling import words_in

#: Words of a refusal that names no goods, at most.
SHORT_REFUSAL = 3
#: What rules branch on.
OPEN, CLOSED, ASK_PRODUCT, IDENTIFY = "open", "closed", "product", "identify"


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
        if not names_product and _only_refuses(read.text):
            # "Дорого!" is no wooden railway, however alike their letters are.
            found |= {"product": tracker.get_slot("product"), "product_candidates": []}
        turn.flow = self.flow
        product = turn.shop.product(found["product"]) if found.get("product") else None
        if product is None:
            return {"bargain_step": ASK_PRODUCT}
        return found | _begin(turn, tracker, speaker, product)


def _only_refuses(text: str) -> bool:
    """Whether a message calls a price high or begs, and names nothing."""
    is_short = words_in(text) <= SHORT_REFUSAL
    return answers.says_only(answers.PLEADS, text) or (is_short and answers.means(answers.TOO_DEAR, text))


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
    closed = FRESH | {"bargain_step": CLOSED}
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
    pieces = turn.understanding.first("quantity") if deal.order is None else None
    if deal.product is not None and isinstance(pieces, int) and 1 < pieces <= MOST_PIECES:
        if price_for(pieces, price_breaks(deal.product, turn.rules)) is not None:
            say_breaks(turn, speaker, deal.product, pieces)
            return closed | back_to(turn, tracker, speaker)
        say_too_few(turn, speaker, deal.product)
        promote(turn, speaker, deal, pieces)
    elif not deal.record.refusals:
        explain(turn, speaker, deal)
        promote(turn, speaker, deal)
    state = offer_of(deal, tries=0) | {"begun": turn.row.id}
    if asked is not None:
        # A supervisor has been asked already: what stands is offered, no other price is.
        state["price"] = False
    return FRESH | {"bargain_step": OPEN, "bargain": state}
