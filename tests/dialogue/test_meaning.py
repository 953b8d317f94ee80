"""What a message means where it stands, before a flow takes it up."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue.meaning import in_context
from bot.dialogue.turn import Understanding
from bot.messages import Button

ORDER = {"entity": "order_number", "value": "CD-104233", "start": 0, "end": 9}


def read(text: str, *ranking: tuple[str, float], **more: Any) -> Understanding:
    intent, sure = ranking[0]
    return Understanding(text, "pt", True, intent, sure, ranking, more.pop("entities", ()), **more)


WHEN = read("e quando chega?", ("product_restock", 0.84), ("logistics_where_is_parcel", 0.14))


@pytest.mark.parametrize(
    ("last", "meant"),
    [
        ("logistics_where_is_parcel", "logistics_where_is_parcel"),
        ("logistics_delay", "logistics_where_is_parcel"),
        ("product_restock", "product_restock"),
        # The parcel was not spoken of.
        ("payment_declined", "product_restock"),
        ("product_stock", "product_restock"),
        ("refund_state", "refund_state"),
        (None, "product_restock"),
    ],
)
def test_when_it_comes_is_asked_of_what_was_spoken_of(last: str | None, meant: str) -> None:
    assert in_context(WHEN, {"last_question": last}).intent == meant


@pytest.mark.parametrize(
    "other",
    [
        read("quando chega o CD-104233?", *WHEN.ranking, entities=(ORDER,)),
        read("quando é que vocês vão ter outra vez aquela jaqueta azul?", *WHEN.ranking),
        read("e vai ter logo?", ("product_restock", 0.96), ("logistics_where_is_parcel", 0.03)),
        read("posso pagar?", ("payment_methods", 0.8), ("logistics_where_is_parcel", 0.14)),
    ],
    ids=["it names what it is about", "it is long", "it cannot mean that", "it does not ask when"],
)
def test_what_says_itself_what_it_is_about_stays(other: Understanding) -> None:
    assert in_context(other, {"last_question": "logistics_where_is_parcel"}) is other


@pytest.mark.parametrize(
    "text",
    [
        "come on", "please please", "that's too much", "拜托了", "再便宜点吧", "venga ya", "allez, svp",
        "komm schon", "ach bitte bitte", "poxa, vai", "ну пожалуйста", "لو سمحت", "そこをなんとか", "제발요",
    ],
)  # fmt: skip
def test_begging_for_a_lower_price_refuses_the_offer_and_takes_none(text: str) -> None:
    plea = read(text, ("service_affirm", 0.98))
    for asked in (
        {"form": "bargain_form", "last_question": "product_stock"},
        {"last_question": "product_price"},
    ):
        assert in_context(plea, asked).intent == "product_bargain"
    assert in_context(plea, {"last_question": "refund_request"}) is plea


@pytest.mark.parametrize(
    "other",
    [
        read("have you got something cheaper?", ("product_recommend", 0.9)),
        read("CD-104233 was too expensive", ("payment_wrong_amount", 0.9), entities=(ORDER,)),
        read("you charged me too much", ("payment_wrong_amount", 0.9)),
    ],
    ids=["other goods", "an order", "what was paid"],
)
def test_what_is_dear_elsewhere_refuses_no_price(other: Understanding) -> None:
    assert in_context(other, {"last_question": "product_price"}) is other
    if other.entities or other.intent == "product_recommend":
        assert in_context(other, {"form": "bargain_form", "last_question": "product_bargain"}) is other


CANCEL = Button("Cancel the order", "/order_cancel")
PARCEL = Button("Where is my parcel?", "/logistics_where_is_parcel")
HUMAN = Button("Talk to a person", "/service_human")
NOT_RECEIVED = Button("I haven't received it", "/logistics_delivered_not_received")
STOP = Button("Stop", "/service_leave")
ANSWER = Button("Changed my mind", '/inform{"return_reason": "changed_mind"}')


@pytest.mark.parametrize("text", ["ja", "yes please", "sí", "oui", "да", "好的", "はい", "네", "نعم", "sim"])
def test_a_bare_yes_takes_the_one_thing_that_was_offered(text: str) -> None:
    yes = read(text, ("service_affirm", 0.99))
    assert in_context(yes, {"last_question": "refund_return"}, [CANCEL, HUMAN]).intent == "order_cancel"
    assert in_context(yes, {}, [CANCEL]).intent == "order_cancel"


@pytest.mark.parametrize(
    ("text", "memory", "offered"),
    [
        ("yes", {}, []),
        ("yes", {}, [HUMAN]),
        ("yes", {}, [CANCEL, PARCEL]),
        ("yes", {}, [ANSWER]),
        ("ok", {}, [NOT_RECEIVED]),
        ("yes", {}, [STOP]),
        ("yes", {"form": "return_form"}, [CANCEL]),
        ("yes but only half of it", {}, [CANCEL]),
        ("no", {}, [CANCEL]),
    ],
    ids=[
        "nothing",
        "a person",
        "two things",
        "an answer",
        "what was told",
        "leaving",
        "a question is open",
        "a reserve",
        "a no",
    ],
)
def test_a_yes_that_may_be_to_something_else_takes_nothing(
    text: str, memory: dict[str, Any], offered: list[Button]
) -> None:
    yes = read(text, ("service_affirm", 0.99))
    assert in_context(yes, memory, offered).intent == "service_affirm"
