"""Which goods fit a wish: found by the buyer's words in the catalogue, the best rated first."""

from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa

from bot.dialogue.composing import TELL_NOTHING
from bot.shop.choosing import Wish, preferred
from bot.shop.database_shop import DatabaseShop
from bot.shop.tables import products, variants
from bot.shop.values import Money


@pytest.fixture
def shop(seeded, rules, clock):
    with seeded.begin() as connection:
        # As a turn makes it.
        yield DatabaseShop(connection, rules, clock, tell_nothing=TELL_NOTHING)


def _names(found) -> list[str]:
    return [one.name for one in found.products]


def test_words_of_names_and_descriptions_find_goods_the_best_rated_first(shop) -> None:
    found = shop.fitting(Wish("a backpack for hiking"), 3)
    assert len(found.products) == 3
    assert any("Osier" in name for name in _names(found))
    rated = [one.rating or 0 for one in found.products]
    assert rated == sorted(rated, reverse=True)


@pytest.mark.parametrize("words", ["kettel", "kettles", "KETTLE"])
def test_typing_errors_and_numbers_are_forgiven(shop, words) -> None:
    assert all("Kettle" in name for name in _names(shop.fitting(Wish(words), 2)))


@pytest.mark.parametrize(
    "words",
    ["can you recommend something?", "flurb", "", "🙂", "что вы посоветуете", "a" * 10_000],
)
def test_words_that_tell_nothing_find_nothing(shop, words) -> None:
    assert _names(shop.fitting(Wish(words), 3)) == []


def test_nothing_costs_more_than_wished_in_whatever_currency(shop) -> None:
    for most in (Money(8_000, "EUR"), Money(8_000, "USD")):
        found = shop.fitting(Wish("jacket", most=most), 5)
        assert found.products
        assert not found.is_over
        assert all(one.price.minor <= shop.convert(most, one.price.currency).minor for one in found.products)


def test_where_all_costs_more_the_cheapest_are_named(shop) -> None:
    found = shop.fitting(Wish("jacket", most=Money(100, "EUR")), 3)
    prices = [one.price.minor for one in found.products]
    assert found.is_over
    assert prices == sorted(prices)


def test_a_currency_without_a_rate_is_not_held_against_anything(shop) -> None:
    assert shop.fitting(Wish("jacket", most=Money(1, "XTS")), 3).products


def test_a_category_alone_is_enough_and_so_is_a_price_where_anything_will_do(shop) -> None:
    assert {one.category for one in shop.fitting(Wish(category="outdoor"), 3).products} == {"outdoor"}
    most = Money(2_000, "EUR")
    assert shop.fitting(Wish(most=most), 3).products == ()
    assert all(one.price.minor <= 2_000 for one in shop.fitting(Wish(most=most, anything=True), 3).products)


def test_what_is_sold_out_is_not_recommended(seeded, rules, clock) -> None:
    with seeded.begin() as connection:
        _is_left_out_when_sold_out(connection, DatabaseShop(connection, rules, clock))


def _is_left_out_when_sold_out(connection, shop) -> None:
    (best, *_) = shop.fitting(Wish("backpack"), 3).products
    own = sa.select(products.c.id).where(products.c.code == best.code)
    connection.execute(
        variants.update().where(variants.c.product_id == own.scalar_subquery()).values(stock=0)
    )
    assert best.code not in [one.code for one in shop.fitting(Wish("backpack"), 3).products]


def _rated(shop, *ratings: float | None, prices: tuple[int, ...] = (2_000, 1_000, 3_000), out: int = -1):
    """Products of the store with these ratings and prices; the one at ``out`` is sold out."""
    found = shop.fitting(Wish(category="outdoor"), len(ratings)).products
    return [
        dataclasses.replace(
            one,
            rating=rating,
            review_count=0 if rating is None else 9,
            price=Money(price, "EUR"),
            variants=tuple(dataclasses.replace(variant, stock=place != out) for variant in one.variants),
        )
        for place, (one, rating, price) in enumerate(zip(found, ratings, prices, strict=False))
    ]


@pytest.mark.parametrize(
    ("ratings", "more", "place"),
    [
        ((4.2, 4.8), {}, 1),
        ((4.8, 4.2), {}, 0),
        # Rated alike: the one that costs less, if one does.
        ((4.5, 4.5), {}, 1),
        ((4.5, 4.5), {"prices": (1_000, 1_000)}, None),
        ((4.5, 4.2, 4.5), {}, 0),
        # That buyers rate another one best must not be said because that is sold out.
        ((4.8, 4.2), {"out": 0}, None),
        ((4.8, None), {}, None),
        ((None, None), {}, None),
    ],
)
def test_one_is_recommended_where_what_is_said_of_it_is_true(shop, ratings, more, place) -> None:
    rated = _rated(shop, *ratings, **more)
    assert preferred(rated) == (None if place is None else rated[place])


def test_categories_are_told_the_largest_first(shop) -> None:
    assert set(shop.categories()) == {"outdoor", "electronics", "home_kitchen", "beauty_care", "toys_gifts"}
    assert shop.categories()[0] == "outdoor"


def test_of_a_kind_that_is_named_nothing_else_fits(shop) -> None:
    words = "can you recommend a jacket for hiking in the rain?"
    kind = [one.code for one in shop.products_of_kind(words, 40)]
    fitting = shop.fitting(Wish(words, of_kind=kind), 3)
    assert fitting.products
    assert {one.code for one in fitting.products} <= set(kind)
    # Without it what is for hiking, or for the rain, and rated better would come first.
    assert {"boots", "socks", "trousers"}.isdisjoint(" ".join(_names(fitting)).lower().split())
    # Words that tell the kind alone leave all of it.
    assert shop.fitting(Wish("", of_kind=kind), 3).products
