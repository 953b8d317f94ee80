"""Countries by their names in the buyer's language and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from nlu.entities.spans import Kind, Span, Utterance

#: What people say, beside what Babel lists.
_ALSO = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "the states": "US", "america": "US", "uk": "GB", "u.k.": "GB",
    "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "holland": "NL",
    "uae": "AE", "korea": "KR", "south korea": "KR", "czech republic": "CZ", "turkey": "TR", "hong kong":
    "HK", "macau": "MO", "taiwan": "TW", "russia": "RU", "eeuu": "US", "ee.uu.": "US", "estados unidos": "US",
    "inglaterra": "GB", "grande-bretagne": "GB", "angleterre": "GB", "сша": "US", "англия": "GB", "англию":
    "GB", "أمريكا": "US", "امريكا": "US", "بريطانيا": "GB", "الإمارات": "AE", "السعودية": "SA", "美国": "US",
    "英国": "GB", "韩国": "KR",
    "アメリカ": "US", "イギリス": "GB", "미국": "US", "영국": "GB", "한국": "KR", "香港": "HK",
    "台湾": "TW", "台灣": "TW",
}  # fmt: skip
#: Names that are also words: they count only with a capital where the language has them.
_CAPITAL = frozenset(
    {"turkey", "china", "jersey", "chad", "jordan", "georgia", "guinea", "cuba", "mali", "niger", "oman",
    "man",
     "wales", "benin", "panama", "togo", "samoa", "island", "peru", "chile", "malta", "polen", "japan"}
)  # fmt: skip
_BIG_LETTERS = re.compile(r"(?<![\w.])(?:USA|US|UK|UAE|KSA|EEUU)(?![\w'\-])")
_CODES = {"USA": "US", "US": "US", "UK": "GB", "UAE": "AE", "KSA": "SA", "EEUU": "US"}
#: "US 9" and "UK 8" are sizes, "US$" is money.
_NOT_AFTER = re.compile(r"\s?(?:\d|\$|size|dollar)", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=16)
def _names(language: str) -> tuple[dict[str, str], re.Pattern[str], frozenset[str]]:
    from babel import Locale, UnknownLocaleError

    names: dict[str, str] = {}
    for name in dict.fromkeys((language, "en")):
        try:
            territories = Locale.parse(name).territories
        except (UnknownLocaleError, ValueError):
            continue
        for code, territory in territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"):
                names.setdefault(territory.casefold(), code)
                short = re.sub(r"\s*[(（].*", "", territory).casefold()
                names.setdefault(short.removeprefix("the "), code)
    names |= _ALSO
    least = {True: 3, False: 2}
    names = {name: code for name, code in names.items() if len(name) >= least[name.isascii()]}
    choices = []
    for name in sorted(names, key=len, reverse=True):
        if name[0] >= "\u2e80":
            choices.append(re.escape(name))
        elif "\u0400" <= name[-1] <= "\u04ff" and len(name) > 4:
            # Cases change the end: Германия, в Германию, из Германии.
            stem = re.sub(r"[аяьйыи]$", "", re.sub(r"ия$", "и", name))
            choices.append(rf"(?<!\w){re.escape(stem)}[а-яё]{{0,3}}(?!\w)")
            names.setdefault(stem, names[name])
        elif "\u0600" <= name[0] <= "\u06ff":
            choices.append(rf"(?<!\w)(?:[بلو]|إلى )?{re.escape(name)}(?!\w)")
        else:
            choices.append(rf"(?<!\w){re.escape(name)}(?!\w)")
    return names, re.compile("|".join(choices), re.IGNORECASE), frozenset(name[:3] for name in names)


def find_countries(utterance: Utterance) -> Iterator[Span]:
    """Find countries; the normal form is the ISO 3166 code of two letters."""
    text = utterance.plain
    names, pattern, beginnings = _names(utterance.language)
    for match in _BIG_LETTERS.finditer(text):
        if not _NOT_AFTER.match(text, match.end()):
            yield Span(Kind.COUNTRY, *match.span(), _CODES[match.group()])
    for place in _places(text, beginnings):
        named = pattern.match(text, place)
        if named is None:
            continue
        word = named.group().casefold()
        if word in _CAPITAL and not named.group()[0].isupper():
            continue
        code = _code(word, names)
        if code is not None:
            yield Span(Kind.COUNTRY, *named.span(), code)


def _places(text: str, beginnings: frozenset[str]) -> Iterator[int]:
    """Find where a name may begin: all names at every place would take a millisecond."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.lower() if len(text.lower()) == len(text) else text
    for word in _WORD.finditer(folded):
        start, end = word.span()
        # Between blanks where there are some; an Arabic preposition may stand before, and Han has no blanks.
        inner = range(start, end) if folded[start] >= "\u2e80" else range(start, min(end, start + 1))
        for place in inner:
            ahead = folded[place : place + 3]
            if ahead in beginnings or ahead[:2] in beginnings or "\u0600" <= ahead[0] <= "\u06ff":
                yield place


def _code(word: str, names: dict[str, str]) -> str | None:
    if word in names:
        return names[word]
    for cut in range(1, 5):
        # What the pattern allowed around the name: a Russian ending, an Arabic preposition.
        for part in (word[:-cut], word[cut:]):
            if part in names:
                return names[part]
    return None
