from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.entities.finder import EntityFinder
from nlu.lexicon import Lexicon

NOW = dt.datetime(2026, 3, 12, 10, tzinfo=dt.timezone.utc)  # a Thursday
NAMES = [
    f"{first} {last}"
    for first in ["Oslo", "Porto", "Nara", "Orion", "Nova", "Vega"]
    for last in ["tent", "mug", "drone", "lamp"]
]
LEXICON = {
    "products": [
        {"code": "JKT-001", "names": ["Alpine rain jacket", "高山雨衣"]},
        {"code": "JKT-002", "names": ["City rain jacket"]},
        *({"code": name.upper().replace(" ", "-"), "names": [name]} for name in NAMES),
    ]
}
FINDER = EntityFinder(Lexicon.parse(json.dumps(LEXICON)))


def found(text: str, language: str = "en", kind: str | None = None) -> list[tuple[str, Any]]:
    return [
        (text[span.start : span.end], span.value)
        for span in FINDER.find(text, language=language, now=NOW)
        if kind is None or span.kind.value == kind
    ]


@pytest.mark.parametrize(
    "text",
    ["CD-104233", "cd 104 233", "CD104233", "CD1O4233", "#104233", "104233", "order no. 104233",
     "订单CD-104233在哪里", "my order: cd–104233!", "주문번호 104233",
     "ＣＤ－１０４２３３", "CD.104233", "CD-I04233"],
)  # fmt: skip
def test_an_order_number_is_found_however_it_is_typed(text: str) -> None:
    expected = "CD-104233"
    assert [value for _, value in found(text, kind="order_number")] == [expected]


@pytest.mark.parametrize(
    "text", ["CD-10423", "CD-1042331", "98000 Monaco", "paid 104233 yen", "ACD-104233", "in 2026"]
)
def test_what_is_no_order_number_is_left(text: str) -> None:
    assert found(text, kind="order_number") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("RR123456789CN please", "RR123456789CN"),
        ("jd0123456789", "JD0123456789"),
        ("my 1Z 999 AA1 01 2345 6784 thanks", "1Z999AA10123456784"),
    ],
)
def test_tracking_numbers(text: str, value: str) -> None:
    assert [item for _, item in found(text, kind="tracking_number")] == [value]


def test_addresses_and_phones() -> None:
    assert found("Write to Anna.Smith@Example.COM.") == [("Anna.Smith@Example.COM", "anna.smith@example.com")]
    assert found("+49 30 901820", kind="phone") == [("+49 30 901820", "+4930901820")]
    assert found("call 0151 23456789", kind="phone") == [("0151 23456789", "+4915123456789")]
    assert found("my phone is 4915123456789", kind="phone") == [("4915123456789", "+4915123456789")]
    assert found("CD-104233 and 2026-03-09", kind="phone") == []


@pytest.mark.parametrize(
    ("text", "language", "minor", "currency"),
    [
        ("1.299,00 €", "de", 129900, "EUR"),
        ("EUR 1,199.50", "en", 119950, "EUR"),
        ("$25", "en", 2500, "USD"),
        ("40 bucks", "en", 4000, "USD"),
        ("3千円", "ja", 3000, "JPY"),
        ("¥300", "zh", 30000, "CNY"),
        ("¥300", "ja", 300, "JPY"),
        ("٣٠ ريال", "ar", 3000, "SAR"),
        ("300 000 рублей", "ru", 30000000, "RUB"),
        ("US$ 1,200", "en", 120000, "USD"),
        ("12,50€", "fr", 1250, "EUR"),
        ("R$ 59,90", "pt", 5990, "BRL"),
        ("3만원", "ko", 30000, "KRW"),
        ("2만 5천원", "ko", 25000, "KRW"),
        ("3块5", "zh", 350, "CNY"),
        ("付了300，3块5", "zh", 350, "CNY"),
        ("１，２００円", "ja", 1200, "JPY"),
        ("1万2千円", "ja", 12000, "JPY"),
        ("12€50", "fr", 1250, "EUR"),
        ("49,- €", "de", 4900, "EUR"),
        ("пятьсот рублей", "ru", 50000, "RUB"),
        ("12.5 د.ك", "ar", 12500, "KWD"),
    ],
)
def test_money(text: str, language: str, minor: int, currency: str) -> None:
    expected = {"amount_minor": minor, "currency": currency}
    assert [value for _, value in found(f"{text}", language, "money")] == [expected]


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("ordered on 12/02/2026", "en", "2026-02-12"),
        ("2026-03-09", "zh", "2026-03-09"),
        ("3月9日", "zh", "2026-03-09"),
        ("vom 1.3.", "de", "2026-03-01"),
        ("March 1st", "en", "2026-03-01"),
        ("5th of May", "en", "2026-05-05"),
        ("since December 20", "en", "2025-12-20"),
        ("12 марта", "ru", "2026-03-12"),
        ("hace 3 días", "es", "2026-03-09"),
        ("3 days ago", "en", "2026-03-09"),
        ("yesterday", "en", "2026-03-11"),
        ("hier", "fr", "2026-03-11"),
        ("tomorrow", "en", "2026-03-13"),
        ("on Friday", "en", "2026-03-06"),
        ("by Friday", "en", "2026-03-13"),
        ("next Monday", "en", "2026-03-16"),
        ("can you deliver on Monday", "en", "2026-03-16"),
        ("I want to return what I bought on Monday", "en", "2026-03-09"),
        ("12-го числа", "ru", "2026-03-12"),
        ("下周三", "zh", "2026-03-18"),
        ("来週の月曜", "ja", "2026-03-16"),
        ("übermorgen", "de", "2026-03-14"),
        ("anteayer", "es", "2026-03-10"),
        ("어제", "ko", "2026-03-11"),
        ("29/02/2026", "en", None),
        ("31.02.2026", "de", None),
    ],
)
def test_days(text: str, language: str, day: str | None) -> None:
    assert [value for _, value in found(text, language, "date")] == ([day] if day else [])


def test_hier_is_no_day_in_german() -> None:
    assert found("ich bin hier", "de", "date") == []


def test_goods_and_their_traits() -> None:
    text = "i want 2 alpine rain jakets in blue size M"
    assert [(span.kind.value, span.value) for span in FINDER.find(text, language="en", now=NOW)] == [
        ("quantity", 2), ("product", "JKT-001"), ("colour", "blue"), ("size", "M"),
    ]  # fmt: skip
    assert found("the Orion drone, 3x nova mug", kind="product") == [
        ("Orion drone", "ORION-DRONE"), ("nova mug", "NOVA-MUG"),
    ]  # fmt: skip
    assert found("我要高山雨衣", "zh", "product") == [("高山雨衣", "JKT-001")]


def test_words_that_fit_two_products_name_none() -> None:
    assert found("my rain jacket", kind="product") == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("EU 42", "EU 42"), ("size 42", "42"), ("Größe 42", "42"), ("talla M", "M"),
     ("in XL", "XL"), ("2xl", "XXL"),
     ("UK 8.5", "UK 8.5"), ("사이즈 240", "240"), ("I'm a L", "L"), ("extra large size", "XL")],
)  # fmt: skip
def test_sizes(text: str, size: str) -> None:
    assert [value for _, value in found(text, kind="size")] == [size]


@pytest.mark.parametrize("text", ["I'M SAD", "m&m", "the s is missing", "a large problem", "5 days", "30 cm"])
def test_what_is_no_size_is_left(text: str) -> None:
    assert found(text, kind="size") == []


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [("to Germany", "en", "DE"), ("в Германию", "ru", "DE"), ("لألمانيا", "ar", "DE"),
     ("寄到德国", "zh", "DE"),
     ("the UK", "en", "GB"), ("Turkey", "en", "TR"), ("a España", "es", "ES"), ("send to US", "en", "US")],
)  # fmt: skip
def test_countries(text: str, language: str, code: str) -> None:
    assert [value for _, value in found(text, language, "country")] == [code]


@pytest.mark.parametrize("text", ["a turkey sandwich", "give us a call", "US 9", "a jersey", "the china cup"])
def test_what_is_no_country_is_left(text: str) -> None:
    assert found(text, kind="country") == []


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("200 pcs", 200), ("x2", 2), ("3 boxes", 3), ("I ordered two lamps", 2), ("3个", 3)],
)
def test_quantities(text: str, quantity: int) -> None:
    assert [value for _, value in found(text, kind="quantity")] == [quantity]


@pytest.mark.parametrize(
    ("text", "language", "quantity"),
    [("si compro 3", "es", 3), ("compro 5", "es", 5), ("me llevo 2", "es", 2),
     ("¿y si llevo cuatro?", "es", 4),
     ("compro 5", "pt", 5), ("se eu comprar 3", "pt", 3), ("vou levar 2", "pt", 2), ("pego dois", "pt", 2),
     ("si j'en prends 3", "fr", 3), ("et si j'achète deux ?", "fr", 2), ("prenons 4", "fr", 4),
     ("wenn ich 3 nehme", "de", 3), ("ich nehm 2", "de", 2), ("wir kaufen 4", "de", 4),
     ("если возьму 3", "ru", 3), ("беру 2", "ru", 2), ("а если куплю 4?", "ru", 4),
     ("لو اخذت 3", "ar", 3), ("باخذ 2", "ar", 2), ("بشتري 4", "ar", 4),
     ("gimme two", "en", 2), ("buying 3", "en", 3), ("took 4 mugs", "en", 4),
     ("3つ買ったら", "ja", 3), ("3개 사면", "ko", 3), ("我买三个的话", "zh", 3)],
)  # fmt: skip
def test_a_number_by_any_form_of_a_verb_of_buying_is_a_quantity(
    text: str, language: str, quantity: int
) -> None:
    assert [value for _, value in found(text, language, "quantity")] == [quantity]


@pytest.mark.parametrize(
    ("text", "language"),
    [("lleva 3 semanas", "es"), ("llevo 10 minutos esperando", "es"), ("quiero pagar en 3 cuotas", "es"),
     ("leva 3 dias?", "pt"), ("das nimmt 2 Wochen", "de"), ("берёт 2 дня", "ru"), ("took 3 weeks", "en")],
)  # fmt: skip
def test_what_a_verb_of_buying_says_of_time_is_no_quantity(text: str, language: str) -> None:
    assert found(text, language, "quantity") == []


def test_days_of_waiting_are_no_quantity() -> None:
    assert found("I need 3 days, it took 2 weeks, 100% cotton", kind="quantity") == []


def test_a_day_is_counted_in_the_stores_calendar() -> None:
    late = dt.datetime(2026, 3, 12, 20, tzinfo=dt.timezone.utc)
    for zone, day in (("UTC", "2026-03-12"), ("Asia/Shanghai", "2026-03-13"), ("America/Lima", "2026-03-12")):
        finder = EntityFinder(Lexicon.parse(json.dumps({"timezone": zone})))
        assert [span.value for span in finder.find("today", language="en", now=late)] == [day]


@pytest.mark.parametrize(
    ("text", "language", "piece", "value"),
    [
        ("CD\u200b-104\u200d233", "en", "CD\u200b-104\u200d233", "CD-104233"),
        ("\u202bطلبي CD-104233\u202c", "ar", "CD-104233", "CD-104233"),
        ("tele\u0301fono man\u0303ana", "es", "man\u0303ana", "2026-03-13"),
        ("للمملكـــة غداً", "ar", "غداً", "2026-03-13"),
        ("c\x00d-104233", "en", "c\x00d-104233", "CD-104233"),
        ("ブルー", "ja", "ブルー", "blue"),
    ],
)  # fmt: skip
def test_what_is_not_seen_changes_nothing(text: str, language: str, piece: str, value: str) -> None:
    assert found(text, language) == [(piece, value)]


@pytest.mark.parametrize(
    ("region", "language", "text", "value"),
    [
        (None, "pt", "(11) 98765-4321", "+5511987654321"),
        ("PT", "pt", "912 345 678", "+351912345678"),
        (None, "en", "call me on 07911 123456", "+447911123456"),
        ("CH", "de", "079 123 45 67", "+41791234567"),
    ],
)
def test_a_phone_is_read_where_its_writer_may_live(
    region: str | None, language: str, text: str, value: str
) -> None:
    spans = FINDER.find(text, language=language, now=NOW, region=region)
    assert [span.value for span in spans] == [value]


@pytest.mark.parametrize(
    ("settings_of_store", "text", "language", "currency"),
    [
        ({"currency": "AUD"}, "$5", "en", "AUD"),
        ({"default_region": "AR"}, "500 pesos", "es", "ARS"),
        ({"default_region": "QA"}, "٥٠ ريال", "ar", "QAR"),
        ({}, "£5", "en", "GBP"),
    ],
)  # fmt: skip
def test_a_shared_name_of_money_is_the_stores_or_the_regions(
    settings_of_store: dict[str, str], text: str, language: str, currency: str
) -> None:
    finder = EntityFinder(Lexicon.parse(json.dumps(settings_of_store)))
    assert [span.value["currency"] for span in finder.find(text, language=language, now=NOW)] == [currency]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich weiß nicht, wo es ist", "de"), ("Guten Morgen", "de"), ("por la mañana", "es"),
        ("carte bleue", "fr"), ("Black Friday", "en"), ("الجمعة البيضاء", "ar"), ("чёрная пятница", "ru"),
        ("언제 가나요? 결제 수단", "ko"), ("블루투스", "ko"),
        ("日本語で", "ja"), ("面白い", "ja"), ("万一", "ja"),
        ("X2 vs X2 Pro", "en"), ("10x sem juros", "pt"), ("x² - 5x + 6 = 0", "fr"), ("peso 50 kg", "es"),
        ("Só isso, são Möchte Lässt", "pt"), ("с размером", "ru"), ("размер с", "ru"),
        ("size ok, 131½", "en"),
        ("24 hours", "en"),
        ("打了三次电话，有两个问题", "zh"), ("サイズが大きかった", "ja"), ("one thing", "en"),
        ("то же самое", "ru"), ("того", "ru"),
    ],
)  # fmt: skip
def test_what_only_looks_like_an_entity_is_left(text: str, language: str) -> None:
    assert found(text, language) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["en", "de", "zh", "ar", "ru", "xx"]))
def test_whatever_is_written_spans_lie_in_the_text_and_do_not_overlap(text: str, language: str) -> None:
    end = 0
    for span in FINDER.find(text, language=language, now=NOW):
        assert end <= span.start < span.end <= len(text)
        json.dumps(span.value)
        end = span.end


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "a ", "@.", "O1", "# no ", "CD-", " ", "a.b-1 ", "a@b.", "1/2/", "$1", "三", "1万",
     "3号", "ال", "لل",
     "size 42 ", "M ", "vor 3 ", "1 000 ", "may 1 ", "talla ",
     "\u202e1", "\u200b", "a\u0301", "👩‍👧 ", "\x00"],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_a_hostile_text_is_searched_to_its_end(piece: str) -> None:
    # A pattern that went back and forth would take minutes.
    text = piece * (100_000 // len(piece))
    found = FINDER.find(text, language="en", now=NOW)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
