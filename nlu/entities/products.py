"""Products by their names, with typing errors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nlu.entities.letters import fold
from nlu.entities.spans import Kind, Span, Utterance
from nlu.lexicon import Lexicon

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
#: How like a word of a name a typed word must be (0 to 100); short words must be typed right.
_LIKE = 80.0
_SHORT = 4
#: How much of a name must be there, each word weighed by how rare it is among the names.
_COVERED = 0.65
#: Words that may stand between those of a name.
_LOOSE = 1
_REACH = 60
_BLANK = re.compile(r"\s")
#: From here on letters are those of scripts without blanks between words.
_WIDE = "\u2e80"


@dataclass(frozen=True)
class _Name:
    code: str
    words: tuple[int, ...]
    weight: float
    #: Words that may stand between its own.
    loose: int


class ProductNames:
    """An index over all names of all products."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Build the index: some milliseconds for a thousand names."""
        # Of ten languages the words of one name or another are near each other in many a list of goods.
        split = [
            (product.code, tuple(_WORD.findall(fold(name))), loose)
            for product in lexicon.products
            for names, loose in ((product.names, _LOOSE), (product.translated, 0))
            for name in names
        ]
        self._vocabulary = sorted({word for _, words, _ in split for word in words})
        number = {word: place for place, word in enumerate(self._vocabulary)}
        owners: defaultdict[int, set[str]] = defaultdict(set)
        for code, words, _ in split:
            for word in words:
                owners[number[word]].add(code)
        products = max(1, len(lexicon.products))
        self._weights = [
            float(np.log(1 + products / len(owners[place]))) for place in range(len(self._vocabulary))
        ]
        self._number = number
        self._names = [self._name(code, words, loose) for code, words, loose in split if words]
        self._by_word: defaultdict[int, list[int]] = defaultdict(list)
        for place, name in enumerate(self._names):
            for word in set(name.words):
                self._by_word[word].append(place)
        # Scripts without blanks: a name is searched as it stands.
        called: defaultdict[str, set[str]] = defaultdict(set)
        for product in lexicon.products:
            for called_so in (*product.names, *product.translated):
                form = _BLANK.sub("", fold(called_so))
                if len(form) > 1 and any(letter >= _WIDE for letter in form):
                    called[form].add(product.code)
        self._joined = {form: codes.pop() for form, codes in called.items() if len(codes) == 1}

    def _name(self, code: str, words: tuple[str, ...], loose: int) -> _Name:
        numbers = tuple(self._number[word] for word in words)
        return _Name(code, numbers, sum(self._weights[number] for number in numbers), loose)

    def find(self, utterance: Utterance) -> Iterator[Span]:
        """Find products; the normal form is the product's code.

        Words that fit two products equally well are left out.
        """
        yield from self._run_together(utterance.folded)
        tokens = list(_WORD.finditer(utterance.folded))[:_REACH]
        if not tokens or not self._names:
            return
        meant = self._meant([token.group() for token in tokens])
        candidates: dict[int, set[int]] = defaultdict(set)
        for position, words in enumerate(meant):
            for word in words:
                for place in self._by_word[word]:
                    candidates[place].add(position)
        found: dict[tuple[int, int], list[tuple[float, str]]] = defaultdict(list)
        for place, positions in candidates.items():
            hit = self._cover(self._names[place], sorted(positions), meant)
            if hit is not None:
                first, last, covered = hit
                found[(first, last)].append((covered, self._names[place].code))
        yield from self._unambiguous(found, tokens)

    def _run_together(self, folded: str) -> Iterator[Span]:
        """Find names of scripts that are written with blanks or without, as the writer likes."""
        if not self._joined or not any(letter >= _WIDE for letter in folded):
            return
        places = [place for place, letter in enumerate(folded) if not letter.isspace()]
        together = "".join(folded[place] for place in places)
        for name, code in self._joined.items():
            at = together.find(name)
            if at >= 0:
                yield Span(Kind.PRODUCT, places[at], places[at + len(name) - 1] + 1, code)

    def _unambiguous(
        self, found: dict[tuple[int, int], list[tuple[float, str]]], tokens: list[re.Match[str]]
    ) -> Iterator[Span]:
        for (first, last), hits in found.items():
            inside = [
                hit
                for (other_first, other_last), others in found.items()
                if other_first <= last and first <= other_last
                for hit in others
            ]
            best = max(covered for covered, _ in inside)
            codes = {code for covered, code in inside if covered >= best - 0.01}
            if len(codes) == 1 and any(covered >= best - 0.01 for covered, _ in hits):
                yield Span(Kind.PRODUCT, tokens[first].start(), tokens[last].end(), codes.pop())

    def _meant(self, words: list[str]) -> list[set[int]]:
        """Return for each typed word the words of names that it may stand for."""
        from rapidfuzz import fuzz, process

        meant: list[set[int]] = [set() for _ in words]
        doubtful: list[int] = []
        for position, word in enumerate(words):
            for form in (word, word.removesuffix("s"), f"{word}s"):
                if form in self._number:
                    meant[position].add(self._number[form])
            if not meant[position] and len(word) >= _SHORT and word[0] < _WIDE and not word.isdigit():
                doubtful.append(position)
        if doubtful:
            typed = [words[position] for position in doubtful]
            scores = process.cdist(typed, self._vocabulary, scorer=fuzz.ratio, score_cutoff=_LIKE)
            for row, column in zip(*np.nonzero(scores), strict=True):
                if len(self._vocabulary[column]) >= _SHORT:
                    meant[doubtful[row]].add(int(column))
        return meant

    def _cover(
        self, name: _Name, positions: list[int], meant: list[set[int]]
    ) -> tuple[int, int, float] | None:
        """Return the first and last position of the name in the text and how much of it is there."""
        best: tuple[int, int, float] | None = None
        for start, first in enumerate(positions):
            wanted = list(name.words)
            missed: list[int] = []
            last, covered = first, 0.0
            for position in positions[start:]:
                if position - last > name.loose + 1:
                    break
                # In the name's order: "the drone, and the Nova mug" names no Nova drone.
                word = next((word for word in wanted if word in meant[position]), None)
                if word is not None:
                    missed += wanted[: wanted.index(word)]
                    wanted = wanted[wanted.index(word) + 1 :]
                    covered += self._weights[word]
                    last = position
            share = covered / name.weight if name.weight else 0.0
            # One word of a longer name is no name, however rare.
            absent = len(wanted) + len(missed)
            enough = share >= _COVERED and (len(name.words) - absent > 1 or not absent)
            if enough and (best is None or share > best[2]):
                best = (first, last, share)
        return best
