"""A name's words say what goods it is, and which: only the first sort is sold by that name."""

from __future__ import annotations

import pytest

from bot.dialogue.composing import TELL_NOTHING
from bot.shop.database_shop import DatabaseShop
from bot.shop.heads import head_of
from bot.shop.seeding.data import kinds


@pytest.mark.parametrize(
    ("name", "language", "head"),
    [
        ("Lindis Fahrrad-Regenjacke", "de", "regenjacke"),
        ("Oda Schneidebrett aus Bambus", "de", "schneidebrett"),
        ("Terra Speiseteller-Set", "de", "speiseteller"),
        ("Nimbus Travel Kettle 0.5 L", "en", "kettle"),
        ("Forja Casserole with Lid", "en", "casserole"),
        ("Veste de vélo imperméable Lindis", "fr", "veste"),
        ("Juego de platos llanos Terra", "es", "platos llanos terra"),
        ("Разделочная доска из акации Oda", "ru", "разделочная доска"),
        ("طقم أطباق Terra", "ar", "اطباق"),
        ("Lindis 骑行雨衣", "zh", "骑行雨衣"),
        ("Lumen 台灯", "zh", "台灯"),
        ("Terra 餐盘套装", "zh", "餐盘"),
        ("Terra 그릇 세트", "ko", "그릇"),
        ("Set", "en", "Set"),
        ("", "de", ""),
    ],
)
def test_what_goods_a_name_is_of(name: str, language: str, head: str) -> None:
    assert head_of(name, language) == head


@pytest.fixture
def sold(seeded, rules, clock):
    """The names of what is sold as these goods, to a buyer of a language."""

    def look(language: str, words: str) -> set[str]:
        with seeded.begin() as connection:
            shop = DatabaseShop(connection, rules, clock, tell_nothing=TELL_NOTHING, language=language)
            return {one.name for one in shop.products_of_kind(words, limit=40)}

    return look


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Fahrräder"),
        ("en", "desks"),
        ("fr", "vélos"),
        ("zh", "自行车"),
        ("ja", "机"),
        ("ar", "دراجات نارية"),
    ],
)
def test_what_only_tells_goods_apart_is_not_sold(sold, language: str, words: str) -> None:
    assert not sold(language, words) & {"Lindis Cycling Shell", "Lumen Desk Lamp"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        *(("en", "jackets"), ("en", "raincoats"), ("de", "Jacken"), ("de", "Mäntel"), ("fr", "manteaux")),
        *(("es", "abrigos"), ("pt", "casacos"), ("ru", "пальто"), ("zh", "外套"), ("ja", "コート")),
        *(("ko", "외투"), ("ar", "معاطف")),
    ],
)
def test_goods_are_sold_by_whatever_buyers_call_them(sold, language: str, words: str) -> None:
    assert "Lindis Cycling Shell" in sold(language, words) or "Tindra Rain Jacket" in sold(language, words)


def test_the_demonstration_has_words_for_kinds_of_goods_in_each_language(rules) -> None:
    assert set(kinds()) == set(rules.languages)
    for language, called in kinds().items():
        assert len(called) >= 20, language
        assert all(called.values()), language
