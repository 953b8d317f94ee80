from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.masking import asks, excerpt_of, has_words, meant, without_addresses, without_greeting


def naming(text: str, name: str, language: str | None = "en") -> Message:
    """A message in which a product was found."""
    start = text.index(name)
    named = {"entity": "product", "start": start, "end": start + len(name), "value": "P-1"}
    order = {"entity": "quantity", "start": 0, "end": 1, "value": 1}
    return Message({TEXT: text, ENTITIES: [order, named], "language": language})


@pytest.mark.parametrize(
    ("language", "text", "left"),
    [
        ("en", "is the Lotus Teapot in stock?", "is the product in stock?"),
        ("de", "ist der Lotus Teapot noch da?", "ist der Produkt noch da?"),
        ("ja", "Lotus Teapotはありますか", "商品はありますか"),
        (None, "Lotus Teapot, write to a@b.example", "product, write to  "),
        ("it", "il Lotus Teapot c'è?", "il product c'è?"),
    ],
)
def test_a_plain_word_stands_for_a_product(language: str | None, text: str, left: str) -> None:
    assert meant(naming(text, "Lotus Teapot", language)) == left


@pytest.mark.parametrize(
    "text",
    [
        "Lotus Teapot",
        "the Lotus Teapot, please",
        "die Lotus Teapot",
        "Lotus Teapotです",
        "and the Lotus Teapot",
        "CD-104233: Lotus Teapot",
    ],
)
def test_the_bare_name_of_a_product_asks_for_nothing(text: str) -> None:
    assert not asks(naming(text, "Lotus Teapot"))


@pytest.mark.parametrize("text", ["Lotus Teapot broken", "return the Lotus Teapot", "no, the Lotus Teapot"])
def test_a_word_beside_a_name_asks(text: str) -> None:
    assert asks(naming(text, "Lotus Teapot"))


def _dated(text: str, day: str) -> Message:
    start = text.index(day)
    return Message({TEXT: text, ENTITIES: [{"entity": "date", "start": start, "end": start + len(day)}]})


@pytest.mark.parametrize(
    ("text", "day"),
    [("yesterday", "yesterday"), ("昨天", "昨天"), ("le 5 mai", "5 mai"), ("昨日です", "昨日")],
)
def test_a_bare_day_asks_for_nothing(text: str, day: str) -> None:
    assert not asks(_dated(text, day))


@pytest.mark.parametrize(
    ("text", "day"), [("hasta mañana", "mañana"), ("Morgen!", "Morgen"), ("not today", "today")]
)
def test_a_word_beside_a_day_asks_and_so_does_a_greeting(text: str, day: str) -> None:
    assert asks(_dated(text, day))


def test_an_article_without_a_name_is_a_word() -> None:
    assert asks(Message({TEXT: "the"}))


def test_a_part_of_a_message_keeps_what_it_names() -> None:
    text = "thanks, and is the Lotus Teapot in stock?"
    named = {"entity": "product", "start": 19, "end": 31, "value": "P-1"}
    parsed = {"text": text, "language": "en", ENTITIES: [named]}
    assert meant(excerpt_of(parsed, 8, len(text))) == "and is the product in stock?"
    assert meant(excerpt_of(parsed, 0, 22)) == "thanks, and is the Lot"


@pytest.mark.parametrize(
    "text",
    [
        "CD-134296",
        "cd134296",
        "CD 134296",
        "#104233",
        "ana@example.com",
        "CD-1, ana.b@example.co.uk, +49 30 123",
        "12:30",
        "🙏",
        "",
    ],
)
def test_codes_and_addresses_alone_say_nothing(text: str) -> None:
    assert not has_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "where is CD-134296",
        "M",
        "size M",
        "الطلب 12",
        "注文 104233",
        "3 pairs",
        "no",
        "2日で壊れた",
        "CD-151347の現在地は",
        "退货3天了",
        "주문1건",
    ],
)
def test_a_word_beside_them_is_a_word(text: str) -> None:
    assert has_words(text)


def test_addresses_are_taken_out_and_the_rest_is_left() -> None:
    text = "it's ana.b+shop@example.com, see https://example.com/a?b=c or www.example.com, where is CD-1"
    assert without_addresses(text).split() == ["it's", ",", "see", "or", "where", "is", "CD-1"]


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a." * 50_000, "@" * 100_000, "1-" * 50_000, "A " * 50_000, "a@a." * 25_000]
)
def test_long_texts_do_not_cost_their_square(text: str) -> None:
    # The square of their length would take the test's whole time.
    assert has_words(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hi, where is my parcel", "where is my parcel"),
        ("Hello there! I want a refund", "I want a refund"),
        ("Dear Sir or Madam, my order is late", "my order is late"),
        ("Good morning, hello, the zip broke", "the zip broke"),
        ("Hallo zusammen, ich möchte was zurückgeben", "ich möchte was zurückgeben"),
        ("Guten Tag wo bleibt mein Paket", "wo bleibt mein Paket"),
        ("Buenas tardes, el cupón no funciona", "el cupón no funciona"),
        ("Bonjour, je n'ai toujours rien reçu", "je n'ai toujours rien reçu"),
        ("Oi, cadê meu pedido", "cadê meu pedido"),
        ("Здравствуйте! где мой заказ", "где мой заказ"),
        ("السلام عليكم ورحمة الله وبركاته متى يوصل طلبي", "متى يوصل طلبي"),
        ("你好，我的包裹呢", "我的包裹呢"),
        ("こんにちは、返品したいです", "返品したいです"),
        ("안녕하세요 배송 언제 와요?", "배송 언제 와요?"),
    ],
)
def test_a_greeting_before_a_wish_is_not_read_with_it(text: str, left: str) -> None:
    assert without_greeting(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "hello", "Hi there!", "good morning", "Hiking boots in stock?", "Hey refund", "Hello from Texas",
        "Buenas noticias", "oi", "你好", "안녕하세요", "", " ", "!!",
    ],
)  # fmt: skip
def test_a_greeting_that_is_all_or_none_at_all_stays(text: str) -> None:
    assert without_greeting(text) == text


def test_an_example_of_a_greeting_is_learnt_whole() -> None:
    text = "Hello, is anybody there today?"
    assert meant(Message({TEXT: text, INTENT: "service_greeting"})) == text
    assert meant(Message({TEXT: text})) == "is anybody there today?"
