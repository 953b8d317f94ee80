"""What a message means where it stands, before a flow takes it up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.dialogue.context import in_context
from bot.dialogue.meaning import language_of
from bot.dialogue.turn import Understanding
from bot.messages import Button
from nlu.requests import Request

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
        "is that your best price?", "letztes Wort?", "último precio?", "c'est votre dernier prix ?",
        "último preço?",
        "это последняя цена?", "最低多少钱", "これが最終価格ですか", "최저가인가요?", "هل هذا آخر سعر؟",
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


PERSON = Button("Talk to a person", "/service_human")
LIKELY = (
    Button("Where my parcel is", "/logistics_where_is_parcel"),
    Button("A refund", "/refund_state"),
    PERSON,
)
PARCEL_OR_POLICY = (Button("Our policy", "/refund_policy"), *LIKELY)
EMAIL = {"entity": "email", "value": "a@b.example", "start": 0, "end": 11}


@pytest.mark.parametrize(
    "offered", [LIKELY, PARCEL_OR_POLICY], ids=["first", "the first that is of an order"]
)
@pytest.mark.parametrize(
    "proof",
    [
        read("CD-104233", ("nlu_fallback", 0.1), entities=(ORDER,)),
        read("a@b.example", ("nlu_fallback", 0.1), entities=(EMAIL,)),
    ],
    ids=["its number", "its buyer"],
)
def test_an_order_alone_chooses_the_likeliest_of_what_was_offered(proof: Understanding, offered: Any) -> None:
    meant = in_context(proof, {"last_question": None}, offered)
    assert (meant.intent, meant.entities) == ("logistics_where_is_parcel", proof.entities)


def test_an_order_chooses_nothing_where_nothing_was_offered_or_more_was_said() -> None:
    alone = read("CD-104233", ("nlu_fallback", 0.1), entities=(ORDER,))
    more = read("CD-104233 from the shop in Leeds", ("nlu_fallback", 0.1), entities=(ORDER,))
    assert in_context(alone, {}, (PERSON,)).intent == "order_state"
    assert in_context(more, {}, LIKELY) is more
    assert in_context(alone, {"form": "identity_form"}, LIKELY) is alone


TWICE = {"last_question": "payment_charged_twice"}


@pytest.mark.parametrize(
    "said",
    [
        read("two payments on my card!", ("payment_charged_twice", 0.9)),
        read("oui le même montant", ("service_affirm", 0.99)),
    ],
)
def test_who_insists_on_what_our_records_deny_gets_a_person(said: Understanding) -> None:
    assert in_context(said, TWICE, (PERSON,)).intent == "service_human"
    assert in_context(said, {"last_question": "refund_state"}, (PERSON,)) is said
    assert in_context(said, TWICE | {"form": "identity_form"}, (PERSON,)) is said


def test_a_bare_yes_to_what_our_records_tell_insists_on_nothing() -> None:
    said = read("ok", ("service_affirm", 0.99))
    assert in_context(said, TWICE, (PERSON,)).intent == "service_thanks"
    # Where a form asks it answers, and where nothing was spoken of it means nothing yet.
    for elsewhere in ({"form": "return_form", "last_question": "refund_return"}, {}):
        assert in_context(said, elsewhere, (PERSON,)) is said


def test_an_account_is_the_banks_where_money_was_spoken_of() -> None:
    said = read("not on my account yet", ("service_account", 0.95))
    assert in_context(said, {"last_question": "refund_state"}).intent == "refund_state"
    assert in_context(said, {"last_question": "product_price"}) is said
    login = read("I can't sign in to my account since you changed the page", ("service_account", 0.99))
    assert in_context(login, {"last_question": "refund_state"}) is login


def test_a_follow_up_is_about_no_product_that_its_words_resemble() -> None:
    product = {"entity": "product", "value": "SKU-1", "start": 0, "end": 6}
    said = read("дорого", ("product_price", 0.6), entities=(product,))
    meant = in_context(said, {"last_question": "product_promotion"})
    assert (meant.intent, meant.entities) == ("product_bargain", ())


@pytest.mark.parametrize("last", ["order_change_address", "logistics_redirect"])
def test_an_address_changes_no_language(last: str) -> None:
    said = Understanding("14 Rue de la Paix, 75002 Paris", "fr", True, "nlu_fallback", 0.1, (), ())
    words = Understanding("je préfère parler français", "fr", True, "service_language", 0.9, (), ())
    asked = {"form": "change_form", "last_question": last}
    assert language_of(said, asked, "en") == "en"
    assert language_of(words, asked, "en") == "fr"
    assert language_of(said, {"form": "change_form", "last_question": "order_note"}, "en") == "fr"


@pytest.mark.parametrize(
    ("last", "meant"),
    [
        ("logistics_where_is_parcel", "logistics_where_is_parcel"),
        ("refund_state", "refund_state"),
        ("product_price", "order_state"),
        (None, "order_state"),
    ],
)
def test_a_bare_number_asks_what_was_asked_of_an_order_before(last: str | None, meant: str) -> None:
    bare = read("CD-104233.", ("nlu_fallback", 0.3), entities=(ORDER,))

    assert in_context(bare, {"last_question": last}).intent == meant
    assert in_context(bare, {"last_question": last, "form": "identity_form"}) is bare


@pytest.mark.parametrize(
    ("text", "last", "meant"),
    [
        ("wow, expensive", "product_price", "product_bargain"),
        ("wow, expensive", "logistics_customs", "nlu_fallback"),
        (
            "too expensive? I have read of somebody who found it dear and then came back",
            "product_price",
            "nlu_fallback",
        ),
    ],
)
def test_what_calls_a_price_too_high_refuses_it(text: str, last: str, meant: str) -> None:
    assert in_context(read(text, ("nlu_fallback", 0.3)), {"last_question": last}).intent == meant


PIECES = {"entity": "quantity", "value": 3, "start": 0, "end": 1}
JACKET = {"entity": "product", "value": "OU-101", "start": 8, "end": 30}


@pytest.mark.parametrize(
    ("text", "ranking"),
    [
        ("is it cheaper if I buy 3?", (("nlu_fallback", 0.45), ("product_bargain", 0.3))),
        ("Wird sie günstiger, wenn ich 3 Stück kaufe?", (("product_price", 0.8),)),
        ("3 штуки будет дешевле?", (("product_price", 0.6),)),
        ("买3件能便宜吗", (("product_promotion", 0.6),)),
    ],
)
def test_a_cheaper_price_for_several_pieces_is_bargained_for(text: str, ranking: Any) -> None:
    asked = read(text, *ranking, entities=(PIECES,))
    if ranking[0][0] == "nlu_fallback":
        # As the engine tells what it isn't sure of.
        asked = replace(asked, ranking=ranking[1:])
    assert in_context(asked, {}).intent == "product_bargain"


@pytest.mark.parametrize(
    "other",
    [
        read("how much are 3 of them?", ("product_price", 0.9), entities=(PIECES,)),
        read("is it cheaper elsewhere?", ("product_price", 0.9)),
        read("is it cheaper if I buy 1?", ("product_price", 0.9), entities=({**PIECES, "value": 1},)),
        read("I returned 3, the others were cheaper", ("refund_state", 0.9), entities=(PIECES,)),
    ],
    ids=["it asks for a price", "it names no number", "it names one piece", "it is about a refund"],
)
def test_a_number_or_a_cheaper_price_alone_bargains_for_nothing(other: Understanding) -> None:
    assert in_context(other, {}) is other


def test_cost_and_time_of_shipping_are_one_question() -> None:
    text = "quanto custa o frete e quanto tempo leva?"
    two = tuple(Request(f"logistics_shipping_{what}", 0.9, 0, 9) for what in ("cost", "time"))
    both = read(text, ("logistics_shipping_cost", 0.9), requests=two)
    assert in_context(both, {}).requests == ()
    # What is asked beside it is not forgotten.
    third = (*two, Request("payment_methods", 0.9, 10, 19))
    assert in_context(replace(both, requests=third), {}).requests == third
    time = replace(both, text="quanto tempo leva, e para Portugal?")
    assert in_context(time, {}).requests == two


def test_a_product_that_is_all_that_is_named_is_asked_the_same() -> None:
    other = read("and the Halden Packable Jacket?", ("product_details", 0.6), entities=(JACKET,))
    assert in_context(other, {"last_question": "product_stock"}).intent == "product_stock"
    assert in_context(other, {"last_question": "refund_state"}) is other
    more = read("and the Halden Packable Jacket washed?", ("product_details", 0.6), entities=(JACKET,))
    assert in_context(more, {"last_question": "product_stock"}) is more


def test_measures_after_a_size_choose_it() -> None:
    told = read("chest 96 cm, waist 82", ("product_details", 0.6))
    assert in_context(told, {"last_question": "product_size"}).intent == "product_size"
    assert in_context(told, {"last_question": "refund_return"}) is told
    assert in_context(told, {"last_question": "product_size", "form": "return_form"}) is told


def test_a_no_that_calls_a_price_high_refuses_it() -> None:
    no = read("não, é muito caro", ("service_deny", 0.9))
    assert in_context(no, {"last_question": "product_promotion"}).intent == "product_bargain"
    assert in_context(no, {"last_question": "refund_state"}) is no


def test_below_an_offer_another_product_is_bargained_for() -> None:
    asked = {"form": "bargain_form", "last_question": "product_bargain"}
    for intent in ("nlu_fallback", "product_details"):
        other = read("and the Halden Packable Jacket?", (intent, 0.6), entities=(JACKET,))
        assert in_context(other, asked).intent == "product_bargain"
    paid = read("and the Halden Packable Jacket?", ("refund_state", 0.6), entities=(JACKET,))
    assert in_context(paid, asked) is paid


_CURRENCY = "payment_currency"


@pytest.mark.parametrize(
    ("text", "memory", "meant"),
    [
        ("and in 46?", {"last_question": "product_stock"}, "product_stock"),
        ("et en 42,5 ?", {"last_question": "product_restock"}, "product_stock"),
        ("in pounds?", {"last_question": "product_details", "last_fact": "weight"}, "product_details"),
        (
            "и в унциях?",
            {"last_question": "product_size", "last_fact": "weight mass-pound"},
            "product_details",
        ),
        # Of what nobody has spoken of, or what more is said of.
        ("and in 46?", {"last_question": "product_price"}, _CURRENCY),
        ("I paid 46 of them", {"last_question": "product_stock"}, _CURRENCY),
        ("in pounds?", {"last_question": "product_price"}, _CURRENCY),
        ("in pounds?", {"last_question": _CURRENCY, "last_fact": "weight"}, _CURRENCY),
        ("in pounds?", {"last_question": "product_details", "last_fact": "weight", "form": "x"}, _CURRENCY),
    ],
)
def test_a_number_or_a_unit_alone_is_asked_of_the_goods(text: str, memory: Any, meant: str) -> None:
    assert in_context(read(text, (_CURRENCY, 0.9)), memory).intent == meant
