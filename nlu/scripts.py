"""In which script a text is written: the first and surest sign of its language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import Enum
from functools import lru_cache


class Script(Enum):
    """A script, by Unicode's name of its letters."""

    LATIN = "LATIN"
    CYRILLIC = "CYRILLIC"
    ARABIC = "ARABIC"
    HAN = "CJK"
    KANA = "KANA"
    HANGUL = "HANGUL"
    GREEK = "GREEK"
    HEBREW = "HEBREW"
    THAI = "THAI"
    DEVANAGARI = "DEVANAGARI"
    BENGALI = "BENGALI"
    GUJARATI = "GUJARATI"
    GURMUKHI = "GURMUKHI"
    KANNADA = "KANNADA"
    MALAYALAM = "MALAYALAM"
    TAMIL = "TAMIL"
    TELUGU = "TELUGU"
    OTHER = "OTHER"


#: The languages of each script, by langdetect's names.
LANGUAGES_OF: dict[Script, tuple[str, ...]] = {
    Script.LATIN: (
        *("af", "ca", "cs", "cy", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt"),
        *("lv", "nl", "no", "pl", "pt", "ro", "sk", "sl", "so", "sq", "sv", "sw", "tl", "tr", "vi"),
    ),
    Script.CYRILLIC: ("ru", "bg", "mk", "uk"),
    Script.ARABIC: ("ar", "fa", "ur"),
    Script.HAN: ("zh-cn", "zh-tw", "ja"),
    Script.KANA: ("ja",),
    Script.HANGUL: ("ko",),
    Script.GREEK: ("el",),
    Script.HEBREW: ("he",),
    Script.THAI: ("th",),
    Script.DEVANAGARI: ("hi", "mr", "ne"),
    Script.BENGALI: ("bn",),
    Script.GUJARATI: ("gu",),
    Script.GURMUKHI: ("pa",),
    Script.KANNADA: ("kn",),
    Script.MALAYALAM: ("ml",),
    Script.TAMIL: ("ta",),
    Script.TELUGU: ("te",),
}

#: A letter of these says as much as two or three letters of an alphabet.
_WEIGHT = {Script.HAN: 3.0, Script.KANA: 2.0, Script.HANGUL: 2.5}
#: A foreign script need not have the majority: brand and product names are Latin in every language.
_ENOUGH = 0.3
#: Japanese mixes kana into Han; a lone の in Chinese is ornament.
_KANA_SHARE = 0.1


@lru_cache(maxsize=4096)
def script_of(letter: str) -> Script | None:
    """Return the script of a single letter, None for what is not a letter."""
    if not letter.isalpha():
        return None
    if letter.isascii():
        return Script.LATIN
    name = unicodedata.name(letter, "")
    word = name.split(" ", 1)[0]
    if word in ("HIRAGANA", "KATAKANA") or "KATAKANA" in name:
        # The mark of a long vowel counts too, the full-width forms of Latin letters do not come here.
        return Script.KANA
    if word == "FULLWIDTH" or word == "FEMININE" or word == "MASCULINE" or word == "MICRO":
        return Script.LATIN
    try:
        return Script(word)
    except ValueError:
        return Script.OTHER


def script(text: str) -> Script | None:
    """Return the script that tells most of the text's language, None where there is no letter."""
    counts = Counter(found for letter in text if (found := script_of(letter)) is not None)
    if not counts:
        return None
    japanese = counts[Script.KANA]
    if japanese and japanese >= _KANA_SHARE * (japanese + counts[Script.HAN]):
        counts[Script.KANA] += counts.pop(Script.HAN, 0)
    elif japanese:
        counts[Script.HAN] += counts.pop(Script.KANA)
    weights = {found: count * _WEIGHT.get(found, 1.0) for found, count in counts.items()}
    total = sum(weights.values())
    foreign = {found: weight for found, weight in weights.items() if found is not Script.LATIN}
    if foreign:
        strongest = max(foreign, key=lambda found: foreign[found])
        if foreign[strongest] >= _ENOUGH * total:
            return strongest
    return max(weights, key=lambda found: weights[found])


@lru_cache(maxsize=8192)
def _standards(letter: str) -> tuple[bool, bool, bool]:
    """Whether the mainland's, Taiwan's and Japan's first character sets have it: each holds its own forms."""
    return (_has("gb2312", letter), _has("big5", letter), _has("shift_jis", letter))


def _has(standard: str, letter: str) -> bool:
    try:
        letter.encode(standard)
    except UnicodeEncodeError:
        return False
    return True


def own_characters(text: str) -> tuple[int, int]:
    """Count the characters of Han that only Chinese writes, and those that only Japanese does."""
    sets = [_standards(letter) for letter in text if script_of(letter) is Script.HAN]
    chinese = sum((mainland or taiwan) and not japan for mainland, taiwan, japan in sets)
    return chinese, sum(japan and not mainland and not taiwan for mainland, taiwan, japan in sets)


#: Unicode's names of the marks that no other language in Latin letters puts on a letter, or so rarely.
_VIETNAMESE = re.compile("WITH (?:HORN|HOOK ABOVE|DOT BELOW|CIRCUMFLEX AND|BREVE AND)|LETTER D WITH STROKE")


def vietnamese_letters(text: str) -> int:
    """Count the letters that only Vietnamese writes."""
    letters = unicodedata.normalize("NFC", text)
    return sum(bool(_VIETNAMESE.search(unicodedata.name(letter, ""))) for letter in letters)


def chinese_script(text: str) -> str | None:
    """Return how Chinese is written, ``Hans`` or ``Hant`` (ISO 15924); None where both write it so."""
    sets = [_standards(letter) for letter in text if script_of(letter) is Script.HAN]
    simplified = sum(mainland and not taiwan for mainland, taiwan, _ in sets)
    traditional = sum(taiwan and not mainland for mainland, taiwan, _ in sets)
    if simplified == traditional:
        return None
    return "Hans" if simplified > traditional else "Hant"
