"""Measures told in the unit that was asked for, and bodies told where a chart goes by other measures."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.dialogue.actions.units import in_asked_unit, tells_body
from bot.dialogue.words import Words


def words(language: str) -> Words:
    return Words(language, "UTC", dt.date(2026, 11, 23), zone_is_theirs=True)


@pytest.mark.parametrize(
    ("language", "fact", "told", "text", "measured"),
    [
        ("en", "weight", "430 g in size M", "how many pounds does it weigh?", "0.95 pounds"),
        ("en", "weight", "1.9 kg", "what's its weight in lbs?", "4.19 pounds"),
        ("en", "weight", "14 kg", "weight in lbs?", "30.9 pounds"),
        ("en", "weight", "540 g", "how many ounces is that?", "19 ounces"),
        ("en", "weight", "430 g", "how many kg does it weigh", "0.43 kilograms"),
        ("en", "weight", "1,200 g", "how many kilos", "1.2 kilograms"),
        ("en", "weight", "420 g (180 g)", "in lbs?", "0.93 pounds"),
        ("es", "weight", "1,9 kg", "¿cuántas libras pesa?", "4,19 libras"),
        ("fr", "weight", "1.9 kg", "combien de livres ?", "4,19\xa0livres"),
        ("ru", "weight", "540 g", "сколько это в фунтах?", "1,19 фунта"),
        ("ar", "weight", "540 g", "كم باوند وزنها؟", "1.19 رطل"),
        ("zh", "weight", "540 g", "多少磅？", "1.19磅"),
        ("ja", "weight", "540 g", "何ポンドですか", "1.19 ポンド"),
        ("ko", "weight", "14 kg", "몇 그램이에요?", "14,000그램"),
        ("en", "dimensions", "36 × 17 × 7 cm", "what is that in inches?", "14.2 × 6.7 × 2.8 inches"),
        ("de", "dimensions", "14 cm", "Wie viel Zoll?", "5,5 Zoll"),
        ("ar", "dimensions", "36 × 17 cm", "كم بوصة؟", "14.2 × 6.7 بوصة"),
    ],
)
def test_a_measure_is_told_in_the_unit_asked_for(
    language: str, fact: str, told: str, text: str, measured: str
) -> None:
    assert in_asked_unit(fact, told, text, words(language)) == measured


@pytest.mark.parametrize(
    ("fact", "told", "text"),
    [
        # No unit, or the catalogue's own.
        ("weight", "540 g", "how heavy is it?"),
        ("weight", "1.9 kg", "how many kilos?"),
        # More than one measure, a span, or none.
        ("weight", "500–600 g", "how many lbs?"),
        ("dimensions", "8 cm across, 9 cm high", "in inches?"),
        ("dimensions", "Seat 33 to 40 cm high", "in inches?"),
        ("weight", "light as a feather", "how many lbs?"),
        # Density is no weight; a fact of another kind has no such unit.
        ("weight", "160 g/m²", "how many lbs?"),
        ("material", "540 g of wool", "how many lbs?"),
        # Half a kilogram to most who say it, and not to all.
        ("weight", "540 g", "Wie viel Pfund wiegt es?"),
        ("weight", "9" * 5_000 + "x", "lbs " * 5_000),
    ],
)
def test_what_cannot_be_told_otherwise_is_left_as_it_stands(fact: str, told: str, text: str) -> None:
    assert in_asked_unit(fact, told, text, words("en")) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "180 cm 75 kg, which size?",
            "I'm 5'10 and 160 lbs",
            "I'm 178 and 70 kg",
            "180/75",
            "my height is 180",
        ),
        *("Ich bin 180 groß und wiege 75", "mido 180", "je mesure 1m80", "tenho 1,75 m", "рост 180, вес 75"),
        *("طولي 180 ووزني 75", "身高180体重75", "175cm 60kgです", "키 180 몸무게 75"),
    ],
)
def test_a_body_told_by_height_or_weight_is_seen(text: str) -> None:
    assert tells_body(text)


@pytest.mark.parametrize(
    "text", ["which size?", "I wear a US 9", "size 42", "M or L?", "order CD-104233", ""]
)
def test_a_size_or_a_number_is_no_body(text: str) -> None:
    assert not tells_body(text)
