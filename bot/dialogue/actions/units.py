"""Weights and lengths of the catalogue in the unit that a buyer asks for: "how many pounds is that?"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from re import Pattern
from typing import Any

from bot.dialogue.actions.wordlists import any_of, read_lists
from bot.dialogue.beforehand import read_once
from bot.dialogue.words import Words
from bot.spelling import plain

#: Grams in each unit of weight, and centimetres in an inch: exact, by the agreement of 1959.
_GRAMS = {"mass-pound": 453.59237, "mass-ounce": 28.349523125, "mass-kilogram": 1_000.0, "mass-gram": 1.0}
_CENTIMETRES = {"length-inch": 2.54}
#: By fact: the units that the catalogue writes, in grams or centimetres, and those that are asked for.
_OF_FACT: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]] = {
    "weight": ({"g": 1.0, "kg": 1_000.0}, _GRAMS),
    "dimensions": ({"cm": 1.0, "mm": 0.1, "m": 100.0}, _CENTIMETRES),
}
_VALUE = r"\d+(?:[.,]\d+)?"
_MEASURED = re.compile(
    rf"(?P<values>{_VALUE}(?:\s?[x×]\s?{_VALUE})*)\s?(?P<unit>kg|g|cm|mm|m)(?![\w²³/])", re.IGNORECASE
)
#: From here on one digit behind the point is enough of a weight.
_LARGE = 10
#: What stands before the second end of a span: "33 to 40 cm".
_SPAN = re.compile(r"\d\s*(?:-|–|to|bis|a|à|até|до)\s*$", re.IGNORECASE)


def in_asked_unit(fact: str, told: str, text: str, words: Words) -> str | None:
    """A fact's measure in the unit that a question names.

    Args:
        fact: the catalogue's name of it.
        told: the fact as the catalogue has it: "430 g in size M", "36 × 17 × 7 cm".
        text: the question.
        words: tell it in the buyer's language.

    Returns:
        None where no unit is named, where it is told in that one, or where no one measure is told.
    """
    if fact not in _OF_FACT:
        return None
    written, asked = _OF_FACT[fact]
    said = plain(text)
    unit = next((name for name in asked if _asked()[name].search(said)), None)
    # What is added in brackets is another measure: "420 g (180 g)".
    found = list(_MEASURED.finditer(told.partition("(")[0]))
    if unit is None or len(found) != 1 or _SPAN.search(told[: found[0].start()]):
        return None
    own = found[0]["unit"].lower()
    if own not in written or written[own] == asked[unit]:
        return None
    times = written[own] / asked[unit]
    values = [_number(value) * times for value in re.split(r"\s?[x×]\s?", found[0]["values"])]
    digits = 1 if fact == "dimensions" or values[0] >= _LARGE else 2
    return words.measures([round(value, digits) for value in values], unit)


def unit_named(text: str) -> str | None:
    """The unit that a text names, by CLDR's name of it."""
    said = plain(text)
    return next((unit for unit, words in _asked().items() if words.search(said)), None)


def fact_of_unit(text: str) -> str | None:
    """Which of the catalogue's facts is told in the unit that a text names: "and in ounces?"."""
    unit = unit_named(text)
    return next((fact for fact, (_, asked) in _OF_FACT.items() if unit in asked), None)


def tells_body(text: str) -> bool:
    """Whether a text tells how tall or how heavy somebody is."""
    return _body().search(plain(text)) is not None


def _number(written: str) -> float:
    """The value of "1.9" and "1,9"; three digits behind the sign are thousands."""
    whole, sign, rest = written.replace(",", ".").partition(".")
    return float(whole + rest) if len(rest) == 3 and whole != "0" else float(f"{whole}{sign}{rest}")


@read_once
def _asked() -> Mapping[str, Pattern[str]]:
    return {unit: any_of(words) for unit, words in _lists()["asked"].items()}


@read_once
def _body() -> Pattern[str]:
    return any_of(_lists()["body"])


@read_once
def _lists() -> Mapping[str, Any]:
    return read_lists(Path(__file__).with_suffix(".yml"))
