"""What is known of a product is told in the buyer's language, and honestly named where it is not."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from bot.dialogue.actions.told import description_of, fact_of
from bot.dialogue.words import Words
from bot.shop.database_shop import DatabaseShop
from bot.shop.seeding.data import read, texts
from bot.shop.tables import product_names

#: Of the demonstration's rain jacket and others, what buyers of a language are told.
TOLD = [
    ("en", "OU-101", "weight", "430 g in size M"),
    ("de", "OU-101", "weight", "430 g in Größe M"),
    ("de", "OU-101", "warranty", "24 Monate"),
    ("de", "OU-101", "origin", "China"),
    ("fr", "OU-101", "origin", "Chine"),
    (
        "ja",
        "OU-106",
        "care",
        "30 °Cの弱水流で洗濯機洗い。きれいなテニスボール2個と一緒に低温で乾燥してください",
    ),
    ("ko", "OU-106", "origin", "중국"),
    ("zh", "OU-106", "authenticity", "Meridian 自有品牌，专为我们制造"),
    ("zh-Hant", "OU-106", "authenticity", "Meridian 自有品牌，專為我們製造"),
]


@pytest.fixture
def telling(seeded, rules, clock):
    """What a turn in a language has at hand, and a product that was looked up in it."""

    def look(connection, language, code):
        shop = DatabaseShop(connection, rules, clock, language=language)
        words = Words(language, "UTC", dt.date(2026, 3, 16), zone_is_theirs=False)
        return SimpleNamespace(words=words, rules=rules), shop.product(code)

    return look


@pytest.mark.parametrize(("language", "code", "fact", "told"), TOLD)
def test_a_fact_is_told_in_the_buyers_language(seeded, telling, language, code, fact, told) -> None:
    with seeded.begin() as connection:
        turn, product = telling(connection, language, code)
        assert fact_of(turn, product, fact) == told


def test_every_care_text_of_the_demonstration_is_told_in_each_language(rules) -> None:
    assert {"en", *texts()} == set(rules.languages)
    sheets = [read(f"catalogue/{name}") for name in ("beauty", "electronics", "home", "outdoor", "toys")]
    groups = [group for sheet in sheets for group in sheet["groups"]]
    facts = [group.get("facts", {}) for group in groups]
    facts += [product.get("facts", {}) for group in groups for product in group["products"]]
    care = {
        told[fact] for told in facts for fact in ("care", "authenticity", "troubleshooting") if fact in told
    }
    assert len(care) > 70
    for language, told in texts().items():
        assert not care - set(told), language
        assert not [text for text in care if told[text] == text], language


def test_what_is_told_in_the_stores_language_alone_says_so(seeded, telling) -> None:
    with seeded.begin() as connection:
        connection.execute(product_names.update().values(facts=None, description=None))
        turn, product = telling(connection, "de", "OU-101")
        assert fact_of(turn, product, "care").startswith("Machine wash at 30 °C")
        assert fact_of(turn, product, "care").endswith("(Englisch)")
        assert description_of(turn, product) == f"{product.description} (Englisch)"
        turn, product = telling(connection, "en", "OU-101")
        assert description_of(turn, product) == product.description


def test_figures_need_no_language(seeded, telling) -> None:
    with seeded.begin() as connection:
        turn, product = telling(connection, "ja", "EL-101")
        held = {"dimensions": "24 × 8 × 22 cm", "voltage": "USB-C, 100–240 V"}
        product = type(product)(**{**product.__dict__, "facts": held, "told": {}})
        assert [fact_of(turn, product, fact) for fact in held] == list(held.values())


def test_only_the_language_that_is_spoken_is_read(seeded, telling) -> None:
    with seeded.begin() as connection:
        _, product = telling(connection, "de", "OU-101")
        assert set(product.told) == {"de"}
        assert len(product.names) > 5
