"""Measures in buyers' words, and the size that fits them."""

from __future__ import annotations

import pytest

from bot.dialogue.actions.sizing import measures_in, size_for, tells_measures, worn_elsewhere
from bot.shop.values import SizeRow

JACKET = (
    SizeRow("S", {"chest": (87, 93), "waist": (71, 77)}, {}),
    SizeRow("M", {"chest": (94, 100), "waist": (78, 84)}, {}),
    SizeRow("L", {"chest": (101, 108), "waist": (85, 93)}, {}),
)
BOOTS = (SizeRow("39", {"foot_length": (24.6, 25.1)}, {}), SizeRow("40", {"foot_length": (25.2, 25.7)}, {}))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I'm 178 cm with a 100 cm chest", {"chest": 100}),
        ("chest 95, waist 80", {"chest": 95, "waist": 80}),
        ("my chest is 38 inches", {"chest": 96.5}),
        ("I have a 38 in chest", {"chest": 96.5}),
        ("a chest of 95 in black, please", {"chest": 95}),
        ('chest 38"', {"chest": 96.5}),
        ("Brustumfang 95,5 cm, welche Größe?", {"chest": 95.5}),
        ("quelle taille si j'ai 95 cm de poitrine ?", {"chest": 95}),
        ("tengo 95 de pecho y 80 de cintura", {"chest": 95, "waist": 80}),
        ("peito 95 cm", {"chest": 95}),
        ("обхват груди 95 см, талия 80", {"chest": 95, "waist": 80}),
        ("محيط الصدر 95 سم", {"chest": 95}),
        ("胸围95，腰围80，穿什么码", {"chest": 95, "waist": 80}),
        ("バスト95cmです", {"chest": 95}),
        ("가슴둘레 95cm", {"chest": 95}),
        ("which size should I take?", {}),
        ("I'm 178 and 70 kg", {}),
        ("order CD-104233", {}),
        ("", {}),
        ("chest " * 5_000 + "9" * 5_000, {}),
    ],
)
def test_measures_are_read_from_words(text: str, told: dict[str, float]) -> None:
    assert measures_in(text, JACKET) == told


@pytest.mark.parametrize(
    "text",
    [
        *("chest 96, waist 82", "Brust 96 cm", "pecho 96", "96 cm de poitrine", "обхват груди 96"),
        *("الصدر 96", "胸围96", "胸囲96cmです", "가슴둘레 96"),
    ],
)
def test_measures_are_seen_whatever_they_are_for(text: str) -> None:
    assert tells_measures(text)


@pytest.mark.parametrize("text", ["96", "I need it by Friday the 27th", "wide chest", "", "hips " * 5_000])
def test_without_a_part_or_a_number_there_are_no_measures(text: str) -> None:
    assert not tells_measures(text)


@pytest.mark.parametrize(
    "text", ["25cmならどのサイズがいいですか", "my foot is 25 cm", "25", "Fußlänge 25 cm"]
)
def test_where_a_chart_has_one_measure_a_number_alone_is_enough(text: str) -> None:
    assert measures_in(text, BOOTS) == {"foot_length": 25}


@pytest.mark.parametrize("text", ["I wear a US 9", "25 or 26 cm", "two pairs, 3 please", "size 42"])
def test_a_number_that_is_no_such_measure_is_none(text: str) -> None:
    assert measures_in(text, BOOTS) == {}


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ({"chest": 97}, "M"),
        # Between two, and where two measures differ: what is not too tight.
        ({"chest": 93.5}, "M"),
        ({"chest": 95, "waist": 90}, "L"),
        ({"chest": 80}, "S"),
        ({"chest": 120}, None),
        ({"chest": 40}, None),
        ({"hips": 90}, None),
    ],
)
def test_the_size_is_the_smallest_that_is_not_too_tight(told: dict[str, float], size: str | None) -> None:
    assert size_for(told, JACKET) == size


def test_a_chart_by_height_takes_how_tall_somebody_is() -> None:
    kids = (SizeRow("110", {"height": (105, 110)}, {}), SizeRow("116", {"height": (111, 116)}, {}))
    assert measures_in("she is 112 cm tall", kids) == {"height": 112}
    assert measures_in("身高112", kids) == {"height": 112}
    assert size_for({"height": 112}, kids) == "116"


WORN = (
    SizeRow("40", {}, {"US": "7.5", "UK": "6.5", "JP": "25.5"}),
    SizeRow("42", {}, {"US": "9", "UK": "8", "JP": "27"}),
    SizeRow("S", {}, {"EU": "36-38", "US": "S", "JP": "M"}),
    SizeRow("M", {}, {"EU": "40-42", "US": "M", "JP": "L"}),
)


@pytest.mark.parametrize(
    ("text", "worn"),
    [
        ("I normally wear a UK 8", ("UK 8", "42")),
        ("I wear a US 7,5", ("US 7.5", "40")),
        ("ich trage EU 38", ("EU 38", "S")),
        ("eu41", ("EU 41", "M")),
        ("日本のJP M", ("JP M", "S")),
        ("US size 9 please", ("US 9", "42")),
    ],
)
def test_a_size_of_another_country_is_found_in_the_chart(text: str, worn: tuple[str, str]) -> None:
    assert worn_elsewhere(text, WORN) == worn


@pytest.mark.parametrize("text", ["UK 12", "EU 39", "from the EU", "size 8", "", "US 900", "us " * 9_000])
def test_a_size_that_no_chart_has_is_none(text: str) -> None:
    assert worn_elsewhere(text, WORN) is None
