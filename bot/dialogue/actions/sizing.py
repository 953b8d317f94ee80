"""Which size fits: the buyer's measures, read from their words and held against a product's chart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice, permutations

from bot.shop.values import SizeRow

#: A measure stands so near to the word that says of what, in characters.
NEAR = 20
#: Numbers of a message that are looked at.
MOST_NUMBERS = 5
#: What a size chart may be of, as buyers call it in the store's ten languages; where words are set apart the
#: beginning of one is enough.
_PARTS: Mapping[str, re.Pattern[str]] = {
    part: re.compile(rf"\b(?:{latin})|{others}", re.IGNORECASE)
    for part, latin, others in (
        (
            "height",
            "height|tall|korpergr|körpergr|groß|gross|estatura|altura|mido|je mesure|meço|рост",
            "الطول|طول[يه]|身高|身長|키",
        ),
        ("chest", "chest|bust|brust|pecho|busto|poitrine|peito|груд", "صدر|胸|バスト|가슴"),
        ("waist", "waist|taille|cintura|tour de taille|тали", "خصر|腰|ウエスト|허리"),
        ("hips", "hips?|hüft|huft|cadera|hanche|quadril|anca|б[её]д[её]?р", "ورك|أرداف|臀|ヒップ|엉덩이|힙"),
        (
            "inside_leg",
            "inside leg|inseam|schritt|innenbein|entrepierna|entrejambe|entreperna|внутренн",
            "الساق|内长|內長|裆|股下|인심|안쪽",
        ),
        ("foot_length", "foot|feet|fu(?:ß|ss)|pies?\\b|pieds?\\b|pé\\b|pés\\b|стоп|ног", "قدم|脚|腳|足|발"),
        ("hand", "hands?\\b|mano|main\\b|mão|ладон|кист", "كف|手|손"),
    )
}
_NUMBER = re.compile(
    r"(?<![A-Za-z\d.,-])(?P<value>\d{1,3}(?:[.,]\d{1,2})?)(?:\s*(?P<inch>in\b|inch(?:es)?\b|\"|″|”|zoll\b|pulgadas?\b|pouces?\b"
    r"|polegadas?\b|дюйм\w*|بوصة|インチ|英寸|吋|인치))?(?!\d)",
    re.IGNORECASE,
)
_INCH = 2.54
#: A size with the country, or the union, whose system it is of.
_SYSTEM = re.compile(
    r"(?<![A-Za-z])(?P<system>US|UK|EU|JP)(?: size)?[\s:-]{0,2}"
    r"(?P<size>\d{1,2}(?:[.,]5)?(?![\d.,]*\d)|X{0,3}[SL](?![A-Za-z])|M(?![A-Za-z])|\dX?L(?![A-Za-z]))",
    re.IGNORECASE,
)
#: By so much bodies go beyond a chart, and how much too wide a smallest size may be.
_BEYOND, _LOOSE = 0.3, 0.1


def measures_in(text: str, chart: Sequence[SizeRow]) -> dict[str, float]:
    """What the words tell of the measures that a chart has, in centimetres.

    A number alone counts where the chart has one measure only, and it may be one.
    """
    known = list(dict.fromkeys(name for row in chart for name in row.body))
    numbers = list(_NUMBER.finditer(text))[:MOST_NUMBERS]
    named = {name: list(_PARTS[name].finditer(text))[:MOST_NUMBERS] for name in known if name in _PARTS}
    parts = {name: found for name, found in named.items() if found}
    told = {
        name: _centimetres(numbers[place], chart, name)
        for name, place in zip(parts, _places(list(parts.values()), numbers), strict=True)
        if place is not None
    }
    if not told and len(known) == 1:
        values = [_centimetres(number, chart, known[0]) for number in numbers]
        possible = [one for one in values if _may_be(one, chart, known[0])]
        if len(possible) == 1:
            told[known[0]] = possible[0]
    return told


def worn_elsewhere(text: str, chart: Sequence[SizeRow]) -> tuple[str, str] | None:
    """The size of another country's system that a text names, and the chart's own for it: ("UK 8", "42").

    None where none is named, or where several of the chart's sizes are called so.
    """
    for named in islice(_SYSTEM.finditer(text), MOST_NUMBERS):
        system, worn = named["system"].upper(), named["size"].upper().replace(",", ".")
        sizes = [row.size for row in chart if _is_called(row.equivalents.get(system, ""), worn)]
        if len(sizes) == 1:
            return f"{system} {worn}", sizes[0]
    return None


def _is_called(called: str, worn: str) -> bool:
    """Whether a size is one of those that a chart names: "8", or the span "36-38"."""
    low, _, high = called.partition("-")
    if not high or not worn.replace(".", "", 1).isdecimal():
        return called.upper() == worn
    return float(low) <= float(worn) <= float(high)


def tells_measures(text: str) -> bool:
    """Whether the words name a part of the body with a number near to it, whatever goods they are for."""
    numbers = list(_NUMBER.finditer(text))[:MOST_NUMBERS]
    parts = [found for part in _PARTS.values() for found in islice(part.finditer(text), MOST_NUMBERS)]
    return any(_gap(part, number) <= NEAR for part in parts for number in numbers)


def size_for(told: Mapping[str, float], chart: Sequence[SizeRow]) -> str | None:
    """The smallest size that is not too tight; None where every one is, or all are far too wide."""
    rows = [row for row in chart if all(name in row.body for name in told)]
    if not rows or all(
        any(value < row.body[name][0] * (1 - _LOOSE) for name, value in told.items()) for row in rows
    ):
        return None
    wide = [row for row in rows if all(value <= row.body[name][1] for name, value in told.items())]
    return min(wide, key=lambda row: [row.body[name][1] for name in told]).size if wide else None


def _places(
    parts: Sequence[Sequence[re.Match[str]]], numbers: Sequence[re.Match[str]]
) -> Sequence[int | None]:
    """For each part the place of its number, so that all are as near as they can be; None without one."""
    gaps = [[min(_gap(one, number) for one in part) for number in numbers] for part in parts]
    free: list[int | None] = [*range(len(numbers)), *([None] * len(parts))]

    def cost(places: Sequence[int | None]) -> int:
        far = NEAR + 1
        return sum(far if place is None else gaps[part][place] for part, place in enumerate(places))

    best = min(permutations(free, len(parts)), key=cost)
    return [None if place is None or gaps[part][place] > NEAR else place for part, place in enumerate(best)]


def _centimetres(found: re.Match[str], chart: Sequence[SizeRow], name: str) -> float:
    value = float(found["value"].replace(",", "."))
    inches = round(value * _INCH, 1)
    if not found["inch"]:
        return value
    # "A chest of 95 in black" is no 95 inches.
    return value if found["inch"].lower() == "in" and not _may_be(inches, chart, name) else inches


def _may_be(value: float, chart: Sequence[SizeRow], name: str) -> bool:
    """Whether somebody may measure so much, by what the chart is made for."""
    spans = [row.body[name] for row in chart if name in row.body]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    return (1 - _BEYOND) * low <= value <= (1 + _BEYOND) * high


def _gap(part: re.Match[str], number: re.Match[str]) -> int:
    return max(number.start() - part.end(), part.start() - number.end(), 0)
