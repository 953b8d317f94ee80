"""Goods have names in their buyers' languages: found by them however they are typed, and told in them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.dialogue.composing import TELL_NOTHING
from bot.shop.choosing import Wish
from bot.shop.database_shop import DatabaseShop
from bot.shop.finding import inflected, words_of
from bot.shop.seeding.data import names
from bot.shop.tables import order_lines, product_names, products, variants

FOUND = [
    ("en", "do you have the rain jacket in M?", "Tindra Rain Jacket"),
    ("de", "Haben Sie die Regenjacke in M?", "Tindra Rain Jacket"),
    ("de", "gibt es die Tindra Regenjacken noch", "Tindra Rain Jacket"),
    ("de", "Ich suche eine Hose", "Scree Zip-Off Trousers"),
    ("zh", "雨衣有货吗", "Tindra Rain Jacket"),
    ("zh", "tindra雨衣多少钱", "Tindra Rain Jacket"),
    ("zh-Hant", "有沒有藍牙耳機", "Sonara Wireless Earbuds"),
    ("ja", "レインジャケットはありますか", "Tindra Rain Jacket"),
    ("ja", "登山靴の在庫はありますか", "Cairn Hiking Boots"),
    ("ko", "레인재킷 재고 있나요?", "Tindra Rain Jacket"),
    ("ko", "텐트는 얼마예요", "Heath Two-Person Tent"),
    ("ru", "сколько стоят треккинговых ботинок", "Cairn Hiking Boots"),
    ("ru", "есть куртку от дождя размера М?", "Tindra Rain Jacket"),
    ("fr", "avez-vous la theiere en porcelaine", "Lotus Porcelain Teapot"),
    ("es", "quiero unas botas de montana", "Cairn Hiking Boots"),
    ("pt", "tem a jaqueta impermeavel?", "Tindra Rain Jacket"),
    ("ar", "هل لديكم سترة المطر؟", "Tindra Rain Jacket"),
    ("ar", "كم سعر الخيمة؟", "Heath Two-Person Tent"),
]
#: Of the ten languages, what asks for no goods at all.
NONE = [
    ("en", "where is my order"),
    ("de", "wo ist mein Paket?"),
    ("zh", "我的订单在哪里"),
    ("ja", "注文はどこですか"),
    ("ko", "주문 취소하고 싶어요"),
    ("ru", "где мой заказ"),
    ("fr", "où est ma commande"),
    ("es", "quiero devolver"),
    ("pt", "onde está o meu pedido"),
    ("ar", "اين طلبي"),
]


@pytest.fixture
def speaking(seeded, rules, clock):
    """The shop as a buyer of a language finds it."""
    with seeded.begin() as connection:
        yield lambda language: DatabaseShop(
            connection, rules, clock, tell_nothing=TELL_NOTHING, language=language
        )


@pytest.mark.parametrize(("language", "words", "name"), FOUND)
def test_goods_are_found_by_their_names_in_the_buyers_language(speaking, language, words, name) -> None:
    shop = speaking(language)
    found = [*shop.products_named(words), *shop.products_hinted(words)]
    assert name in [one.name for one in found]


@pytest.mark.parametrize(("language", "words"), NONE)
def test_words_without_goods_find_none(speaking, language, words) -> None:
    shop = speaking(language)
    assert [*shop.products_named(words), *shop.products_hinted(words)] == []


@pytest.mark.parametrize(("language", "words"), [("fr", "Regenjacke"), ("en", "雨衣"), ("zh", "дождевик")])
def test_a_name_in_another_language_than_the_buyers_is_found_too(speaking, language, words) -> None:
    shop = speaking(language)
    found = [*shop.products_named(words), *shop.products_hinted(words)]
    assert "Tindra Rain Jacket" in [one.name for one in found]


@pytest.mark.parametrize(("language", "words"), [("de", "Zelt"), ("zh", "帐篷"), ("ru", "палатку")])
def test_advice_reads_the_names_too(speaking, language, words) -> None:
    (found, *_) = speaking(language).fitting(Wish(words), 3).products
    assert found.name == "Heath Two-Person Tent"


@pytest.mark.parametrize("words", ["ä" * 10_000, "雨" * 10_000, "衣雨" * 5_000, "재" * 10_000, "🙂", "‮雨衣"])
def test_no_words_are_too_much(speaking, words) -> None:
    shop = speaking("zh")
    assert len(shop.products_named(words)) <= 3
    assert len(shop.products_hinted(words)) <= 3


def test_a_product_is_told_in_the_buyers_language_else_as_the_store_calls_it(speaking) -> None:
    (tent,) = speaking("de").products_named("Zwei-Personen-Zelt", limit=1)
    assert tent.name == "Heath Two-Person Tent"
    assert tent.name_in("de") == "Heath Zwei-Personen-Zelt"
    assert tent.name_in("zh-Hant") == "Heath 双人帐篷"
    assert tent.name_in("it") == tent.name


def test_an_order_tells_its_goods_in_every_language_with_colour_and_size(
    seeded, rules, clock, samples
) -> None:
    with seeded.begin() as connection:
        order = DatabaseShop(connection, rules, clock).order(samples["delivered"].number)
        assert order is not None
        for line in order.lines:
            own = sa.select(products.c.name).join(variants).where(variants.c.sku == line.sku)
            name = connection.execute(own).scalar_one()
            assert line.title.startswith(name)
            assert set(line.titles) == set(names())
            assert line.title_in("de") == names()["de"][name][0] + line.title[len(name) :]
            assert line.title_in("en") == line.title


@pytest.mark.parametrize("title", ["Something else (Fern, M)", "{} Pro (Fern, M)", ""])
def test_what_was_bought_under_another_name_keeps_it(seeded, rules, clock, samples, title) -> None:
    with seeded.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        (line, *_) = shop.order(samples["delivered"].number).lines
        product = shop.product(line.sku)
        written = title.format(product.name)
        connection.execute(order_lines.update().where(order_lines.c.id == line.id).values(title=written))
        (line, *_) = shop.order(samples["delivered"].number).lines
        assert line.titles == {}
        assert line.title_in("de") == written


def test_without_names_in_other_languages_everything_is_as_the_store_calls_it(seeded, rules, clock) -> None:
    with seeded.begin() as connection:
        connection.execute(product_names.delete())
        shop = DatabaseShop(connection, rules, clock, language="de")
        (tent,) = shop.products_named("Heath Two-Person Tent", limit=1)
        assert tent.name_in("de") == tent.name
        assert shop.products_hinted("Zelt") == []


def test_every_product_of_the_demonstration_has_a_name_in_each_language(rules) -> None:
    assert {"en", *names()} == set(rules.languages)
    for language, called in names().items():
        assert len(called) == 200, language
        first = [name for name, *_ in called.values()]
        assert len(set(first)) == 200, language


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tindra 雨衣外套!", ("tindra", "雨衣外套")),
        ("tindra雨衣", ("tindra", "雨衣")),
        ("Théière à thé", ("theiere", "a", "the")),
        ("السترة والخيمة", ("ستره", "خيمه")),
        ("레인재킷은", ("레인재킷은",)),
        ("", ()),
        ("🙂 … —", ()),
    ],
)
def test_words_are_compared_alike_however_they_are_typed(text, words) -> None:
    assert tuple(words_of(text)) == words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("куртку", "куртка", True),
        ("regenjacken", "regenjacke", True),
        ("candle", "candy", False),
        ("cap", "caps", False),
        ("hose", "house", False),
    ],
)
def test_words_that_differ_in_their_endings_alone_are_one(one, other, same) -> None:
    assert inflected(one, other) is same
