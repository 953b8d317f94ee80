"""Which words of a name say what goods it is: a bicycle jacket is a jacket, and no bicycle; no SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bot.shop.finding import words_of

#: Languages in which that is said last; in others before what is joined to it by a word such as "of".
HEAD_LAST = frozenset({"da", "de", "en", "ja", "ko", "nb", "nl", "no", "sv", "zh"})
#: Words that join to a name what is not the goods themselves.
JOINING: Mapping[str, Collection[str]] = {
    "en": ("with", "for", "from", "of", "in", "to", "and"),
    "de": ("mit", "aus", "fur", "von", "zum", "zur", "in", "ohne", "und", "bis"),
    "fr": ("de", "du", "des", "d", "en", "a", "au", "aux", "avec", "sans", "pour", "et"),
    "es": ("de", "del", "en", "con", "sin", "para", "a", "y"),
    "pt": ("de", "do", "da", "dos", "das", "em", "com", "sem", "para", "a", "e"),
    "ru": ("из", "с", "со", "для", "без", "на", "от", "в", "и", "под"),
    "ar": ("من", "مع", "بدون", "في", "و", "بلا"),
}
#: How many there are is not what they are: a set of plates is plates.
SETS = frozenset(
    {
        *(
            "set",
            "pack",
            "pair",
            "kit",
            "paar",
            "lot",
            "jeu",
            "parure",
            "paire",
            "juego",
            "pack",
            "par",
            "jogo",
        ),
        *("kit", "conjunto", "набор", "комплект", "пара", "طقم", "مجموعة", "세트", "coffret"),
    }
)
#: The same at the end of a word that is written together.
_SET_ENDS = re.compile(r"(?:套装|件套|セット|组|組)$")
_HAN = re.compile(r"[\u2e80-\u9fff]")
#: Letters at the end of a run of Han or kana that say what goods it is.
_LAST = 4
_FIGURES = re.compile(r"\d|^[a-z]{1,2}$|^(?:spf|lsf|fps|usb|led|ml|cm)$")


def head_of(name: str, language: str) -> str:
    """The words of a name that say what goods it is; all of them where that cannot be told."""
    spoken = language.partition("-")[0]
    words = list(words_of(name))
    joining = JOINING.get(spoken, ())
    # A set is one of what comes next: "juego de platos".
    while words and words[0] in SETS:
        words = words[1:]
        while words and words[0] in joining:
            words = words[1:]
    end = next((place for place, word in enumerate(words) if place and word in joining), len(words))
    said = words[:end]
    if spoken not in HEAD_LAST:
        return " ".join(said[:1] if spoken == "ar" else said) or name
    while len(said) > 1 and (said[-1] in SETS or _FIGURES.search(said[-1])):
        said = said[:-1]
    if not said:
        return name
    last = _SET_ENDS.sub("", said[-1]) or said[-1]
    return last[-_LAST:] if _HAN.search(last) else last
