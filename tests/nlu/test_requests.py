"""Which parts of a message are requests of their own."""

from __future__ import annotations

from nlu.clauses import parts
from nlu.requests import Reading, Request, requests


def _read(intent: str, confidence: float = 0.9, **others: float) -> Reading:
    return Reading(((intent, confidence), *others.items()))


def _intents(text: str, *readings: Reading, whole: Reading | None = None) -> list[str]:
    found = parts(text)
    assert len(found) == len(readings), [text[part.start : part.end] for part in found]
    return [one.intent for one in requests(text, whole or readings[0], found, readings)]


def test_two_wishes_are_found_with_their_places() -> None:
    text = " cancel it and when do I get my money back? "
    found = requests(
        text, _read("order_cancel"), parts(text), [_read("order_cancel"), _read("refund_state", 0.8)]
    )
    assert [one.intent for one in found] == ["order_cancel", "refund_state"]
    assert [text[one.start : one.end].strip() for one in found] == [
        "cancel it",
        "when do I get my money back?",
    ]


def test_a_message_without_parts_is_one_request_from_end_to_end() -> None:
    assert requests("  where is it? ", _read("logistics_where_is_parcel", 0.7)) == (
        Request("logistics_where_is_parcel", 0.7, 2, 14),
    )


def test_what_is_not_understood_asks_for_nothing() -> None:
    assert requests("hm", Reading((("order_cancel", 0.1),), understood=False)) == ()
    assert requests("", Reading(())) == ()


def test_parts_are_found_although_the_whole_is_not_understood() -> None:
    whole = Reading((("order_cancel", 0.3), ("payment_invoice", 0.29)), understood=False)
    said = ("order_cancel", "payment_invoice")
    text = "Please cancel it. Also, I need an invoice"
    assert _intents(text, *map(_read, said), whole=whole) == list(said)


def test_the_same_wish_said_twice_is_one() -> None:
    assert _intents(
        "Please cancel it. I want to cancel it!", _read("order_cancel"), _read("order_cancel")
    ) == ["order_cancel"]


def test_small_talk_and_a_threat_are_no_requests_beside_a_wish() -> None:
    text = "Refund me now please. Or do you want to hear from my lawyer?"
    assert _intents(text, _read("refund_request"), _read("service_threat")) == ["refund_request"]
    text = "You are so nice to everyone! Where is my parcel?"
    whole = _read("logistics_where_is_parcel")
    assert _intents(text, _read("service_praise"), whole, whole=whole) == ["logistics_where_is_parcel"]


def test_what_went_wrong_and_its_remedy_are_one_wish() -> None:
    text = "The cup came broken, I want my money back"
    assert _intents(text, _read("refund_damaged"), _read("refund_request")) == ["refund_damaged"]


def test_a_part_that_is_hardly_understood_belongs_to_its_neighbour() -> None:
    text = "Do you have it in red and what about the matching gloves?"
    assert _intents(text, _read("product_stock"), _read("product_price", 0.2)) == ["product_stock"]


def test_a_reason_before_a_wish_is_part_of_its_stretch() -> None:
    text = "I moved last month. Please change the address. Also, do you take cards?"
    found = requests(
        text,
        _read("order_change_address"),
        parts(text),
        [_read("out_of_scope"), _read("order_change_address"), _read("payment_methods")],
    )
    assert [(one.intent, text[one.start : one.end]) for one in found] == [
        ("order_change_address", "I moved last month. Please change the address."),
        ("payment_methods", "do you take cards?"),
    ]
