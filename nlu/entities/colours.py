"""Colours of goods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nlu.entities.colour_words import (
    ENDINGS,
    GERMAN_SHADES,
    JAPANESE_LETTERS,
    STEMS,
    SYNONYMS,
    WORDS,
)
from nlu.entities.phrases import Phrases
from nlu.entities.spans import Kind, Span, Utterance

#: Colours whose English name is hardly anything else.
_PLAIN_NAMES = (
    "black white grey gray red blue green yellow orange pink purple violet lilac brown beige navy "
    "silver gold "
    "golden turquoise teal bordeaux burgundy maroon khaki olive anthracite indigo ochre terracotta"
)
_PLAIN = frozenset(_PLAIN_NAMES.split())
#: What shows that "mint" or "sand" is meant as a colour.
_BEFORE = re.compile(r"(?:\bin|colou?r|colou?r is|shade|\bor|\bthe|farbe|couleur|cor|цвет\w*)\s$")
_AFTER = re.compile(r"\s(?:one|ones|colou?r|version|variant|shade)\b")
#: What a word of colour is no colour in, as patterns before it and after it.
_NOT_AFTER = {
    "bleue": r"carte\s$",
    "weiss": r"\b(?:ich|wer|man|niemand|jemand|er|sie|keiner|wei)\s$",
    "weiß": r"\b(?:ich|wer|man|niemand|jemand|er|sie|keiner)\s$",
    "rose": r"\b(?:price|prices|has|have|costs?)\s$",
    "البيضاء": r"(?:الجمعه|الدار)\s$",
    "الاسود": r"السوق\s$",
    "白い": r"面$",
    "黒い": r"腹$",
}
_NOT_BEFORE = {
    "블루": r"투스",
    "화이트": r"데이|보드|닝",
    "블랙": r"\s?(?:프라이|박스|리스트|컨슈머)",
    "بني": r"\sادم",
    "черная": r"\sпятниц",
    "черную": r"\sпятниц",
    "black": r"\s?(?:friday|week|box|list)",
    "white": r"\s?(?:friday|list|label)",
    "weiß": r"\s(?:nicht|ich|dass|jemand|man|nichts|gar|noch|das|bescheid)\b",
    "weiss": r"\s(?:nicht|ich|dass|jemand|man|nichts|gar|noch|das|bescheid)\b",
    "gold": r"\s(?:member|card|status|plan)",
    "green": r"\s(?:card|light|dot)",
    "red": r"\s(?:flag|bull|tape|cross)",
    "schwarzen": r"\s(?:freitag|brett|liste)",
    "orange": r"\s(?:juice|money)",
}
_JAPANESE = re.compile(
    rf"(?<![\u4e00-\u9fff])(?P<colour>[{''.join(JAPANESE_LETTERS)}])(?=[のをがはにとも、。で系]|です|"
    rf"か|っぽ|$)"
)


@lru_cache(maxsize=64)
def _names(colours: tuple[str, ...], languages: tuple[str, ...]) -> Phrases[str]:
    names = {colour.lower(): colour for colour in colours}
    for synonyms in SYNONYMS:
        # The store's own spelling of the colour ("gray"), where it has it.
        own = next((names[name] for name in synonyms if name in names), None)
        for name in synonyms:
            names.setdefault(name, own or synonyms[0])
    for colour in ("black", "white", "red", "blue", "green", "yellow", "orange", "pink", "khaki", "olive"):
        names.setdefault(colour, colour)
    found = dict(names)
    for language in languages:
        for colour, words in WORDS.get(language, {}).items():
            for word in words.replace("_", "\0").split():
                for form in (word, f"ال{word}") if language == "ar" else (word,):
                    found.setdefault(form.replace("\0", " "), names.get(colour, colour))
        for colour, stems in STEMS.get(language, {}).items():
            shades = GERMAN_SHADES if language == "de" else ("",)
            for stem in stems.split():
                for ending in (*ENDINGS[language].split(), *([""] if language == "de" else [])):
                    for shade in shades:
                        found.setdefault(shade + stem + ending, names.get(colour, colour))
    return Phrases(found)


def find_colours(utterance: Utterance, colours: Sequence[str]) -> Iterator[Span]:
    """Find colours; the normal form is the store's name of it, else the English one."""
    own = tuple(colours)
    text = utterance.folded
    for start, end, colour in _names(own, utterance.languages).find(text):
        word = text[start:end]
        before, after = text[max(0, start - 14) : start], text[end : end + 12]
        if word in _NOT_AFTER and re.search(_NOT_AFTER[word], before):
            continue
        if word in _NOT_BEFORE and re.match(_NOT_BEFORE[word], after):
            continue
        if utterance.plain[start:end].lower() == "grisé":
            # A button that cannot be pressed.
            continue
        if word == "orange" and utterance.language == "fr" and utterance.plain[start] == "O" and start:
            # A telephone company.
            continue
        thing = word in own and word not in _PLAIN and " " not in word
        if thing and not (_BEFORE.search(before) or _AFTER.match(after)):
            # "mint" and "sand" are things, too.
            continue
        yield Span(Kind.COLOUR, start, end, colour)
    if "ja" in utterance.languages:
        for match in _JAPANESE.finditer(text):
            value = JAPANESE_LETTERS[match["colour"]]
            yield Span(Kind.COLOUR, *match.span(), value)
