"""Words of anger and of threats, searched for in the whole of a text, however long it is.

``words/<language>.yml`` holds ``threats`` (of each kind ``strong`` and ``weak`` phrases), ``angry`` (the
same) and ``harmless`` phrases, among which a threat's words mean something else. What is found decides
nothing by itself: it is told to a model, which has learnt what it is worth.

A phrase is searched for without regard to case, accents and punctuation. Where ``script`` is ``spaced`` it
stands at the beginning of a word, and a dot at its end closes the last word: ``sue.`` is not in "suede".
Where it is ``joined`` (no spaces, or particles before words) it may stand anywhere, if not in Latin letters.
``a .. b`` is both, in this order and close together. What is found is counted by all languages at once:
buyers mix them.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ruamel.yaml import YAML

from nlu.excerpt import visible
from nlu.mood.kinds import Threat

IntMatrix = npt.NDArray[np.int32]

FOLDER = Path(__file__).parent / "words"
#: What is counted, in the order of the columns.
STRONG = tuple(f"{threat.value}.strong" for threat in Threat)
WEAK = tuple(f"{threat.value}.weak" for threat in Threat)
CLASSES = (*STRONG, *WEAK, "angry.strong", "angry.weak", "harmless")
#: Characters between the two parts of a phrase.
_GAP = 40
#: A longer sentence is looked at in pieces, which overlap so that no phrase falls between them.
_LONGEST = 240
_OVERLAP = 60

#: From so many characters on a sentence may tell more than one thing.
_STORY = 40
_COMMA = re.compile(r"[,;:،、，；–—]+\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟।])\s+|(?<=[。！？؟])|[\r\n\u2028\u2029\x85]+")
_MARKS = re.compile("[\u0300-\u036f\u0640\u064b-\u065f\u0670]+")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
#: Between a number and a letter, and between a Latin letter and one of another script: "visaで".
_EDGE = re.compile(
    r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)"
    r"|(?<=[a-z])(?=[^\W\d_\u0000-\u024f])|(?<=[^\W\d_\u0000-\u024f])(?=[a-z])"
)
_BETWEEN = re.compile(r"[^\w\n]+|_+")
_LINE_END = re.compile("\n")
_SAME_LETTER = str.maketrans({"ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي"})


def fold(text: str) -> str:
    """Return a text in the form that is searched: words in small letters, one space between them.

    Numbers, and what is in Latin letters, are words of their own, also where nothing stands between them and
    other letters. Line breaks stay.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    plain = unicodedata.normalize("NFC", plain).translate(_SAME_LETTER)
    return _BETWEEN.sub(" ", _EDGE.sub(" ", _STRETCHED.sub(r"\1", plain)))


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, each once, none very long."""
    found: dict[str, None] = {}
    for part in _SENTENCE_END.split(visible(text)):
        sentence = part.strip() if part else ""
        if len(sentence) <= _LONGEST:
            found[sentence] = None
        else:
            for start in range(0, len(sentence) - _OVERLAP, _LONGEST - _OVERLAP):
                found[sentence[start : start + _LONGEST]] = None
    found.pop("", None)
    return list(found)


def clauses_of(sentence: str) -> list[str]:
    """Return the parts between the commas of a long sentence: a threat may stand in the middle of a story."""
    if len(sentence) < _STORY:
        return []
    parts = [part.strip() for part in _COMMA.split(sentence)]
    return [part for part in parts if part and part != sentence]


@dataclass(frozen=True)
class _Phrase:
    column: int
    parts: tuple[str, ...]

    def places(self, text: str) -> Iterator[int]:
        """Where it begins in a folded text."""
        if any(part not in text for part in self.parts):
            return
        if len(self.parts) == 1:
            place = text.find(self.parts[0])
            while place >= 0:
                yield place
                # Where it stands in a line once is enough.
                end = text.find("\n", place)
                place = text.find(self.parts[0], end) if end >= 0 else -1
            return
        gap = f"[^\n]{{0,{_GAP}}}?"
        for match in re.finditer(gap.join(map(re.escape, self.parts)), text):
            yield match.start()


class WordLists:
    """The phrases of all languages."""

    def __init__(self, content: Mapping[str, Mapping[str, Any]]) -> None:
        """Take what the files hold, by language.

        Raises: ValueError where a phrase or a class cannot be used; it says which.
        """
        self.content = content
        # A phrase that two languages share is one.
        self._phrases = list(
            dict.fromkeys(
                _phrase(phrase, CLASSES.index(name), lists["script"] == "spaced", language)
                for language, lists in content.items()
                for name, phrases in _classes(lists, language)
                for phrase in phrases
            )
        )

        self._by_sign = _by_rarest_sign(self._phrases)

    @classmethod
    def shipped(cls) -> WordLists:
        """Read the project's own lists."""
        yaml = YAML(typ="safe")
        return cls(
            {path.stem: yaml.load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}
        )

    def count(self, sentences: Sequence[str]) -> IntMatrix:
        """Return how many different phrases of each class stand in each sentence: a row for each."""
        # Lines are searched together: most phrases are nowhere, and that is seen in one look.
        joined = "\n".join(sentence.replace("\n", " ") for sentence in sentences)
        text = fold(f" {joined} ".replace("\n", " \n "))
        starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        counts = np.zeros((len(sentences), len(CLASSES)), dtype=np.int32)
        present = {*text, *map("".join, pairwise(text))}
        for phrase in chain.from_iterable(self._by_sign[sign] for sign in present & self._by_sign.keys()):
            for line in {bisect_right(starts, place) - 1 for place in phrase.places(text)}:
                counts[line, phrase.column] += 1
        return counts


def _by_rarest_sign(phrases: Sequence[_Phrase]) -> dict[str, list[_Phrase]]:
    """Sort phrases by the pair of characters that is in the fewest: without it, none of them is in a text."""
    signs = [
        {pair for part in phrase.parts for pair in map("".join, pairwise(part))} or set(phrase.parts)
        for phrase in phrases
    ]
    frequency = Counter(chain.from_iterable(signs))
    found: dict[str, list[_Phrase]] = {}
    for phrase, own in zip(phrases, signs, strict=True):
        found.setdefault(min(own, key=lambda sign: (frequency[sign], sign)), []).append(phrase)
    return found


def _classes(lists: Mapping[str, Any], language: str) -> Iterator[tuple[str, Sequence[object]]]:
    for kind, grades in {**lists["threats"], "angry": lists["angry"]}.items():
        for grade, phrases in grades.items():
            if f"{kind}.{grade}" not in CLASSES:
                raise ValueError(f"words/{language}.yml: '{kind}.{grade}' is none of {', '.join(CLASSES)}")
            yield f"{kind}.{grade}", phrases
    yield "harmless", lists.get("harmless") or ()


def _phrase(phrase: object, column: int, spaced: bool, language: str) -> _Phrase:
    parts = []
    for part in str(phrase).split(" .. "):
        core = fold(visible(part)).strip()
        if not core:
            raise ValueError(f"words/{language}.yml: '{phrase}' has no letter or digit in one of its parts")
        # Digits alone are only found as a number of their own, and Latin letters from where a word begins, in
        # every script: "icu" is in "licuadora".
        closed = part.endswith(".") or core.isdecimal()
        parts.append(f"{' ' if spaced or core.isascii() else ''}{core}{' ' if closed else ''}")
    return _Phrase(column, tuple(parts))
