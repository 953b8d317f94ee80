"""How well entities are found in messages as buyers write them, in ten languages.

The messages lie in ``data/<language>.yml``. What counts as an entity's piece of text: no article or
preposition before it and no particle after it; of a date also what places it ("next Tuesday", "3 days ago");
of a size and a quantity the figure or word alone, without "size" or "pieces"; of a colour the colour's own
word, unless the store sells the whole ("navy blue"). A find counts only with the right place and the right
normal form. The table of all scores: ``python -m tests.nlu.entities.test_accuracy_of_entities``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nlu.entities.finder import EntityFinder
from nlu.entities.spans import Kind
from nlu.lexicon import Lexicon

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko")
NOW = dt.datetime(2026, 3, 12, 10, tzinfo=dt.timezone.utc)  # a Thursday

Found = tuple[str, int, int, str]


@dataclass(frozen=True)
class Case:
    language: str
    message: str
    wanted: frozenset[Found]


def _cases(language: str) -> Iterator[Case]:
    kinds = {kind.value for kind in Kind}
    content = YAML(typ="safe").load((DATA / f"{language}.yml").read_text(encoding="utf-8"))
    for entry in content["messages"]:
        text = entry.pop("message")
        assert set(entry) <= kinds, text
        wanted: set[Found] = set()
        for kind, pieces in entry.items():
            for piece, value in pieces.items():
                start = _place(text, str(piece), {span[1] for span in wanted})
                wanted.add((kind, start, start + len(str(piece)), str(value)))
        yield Case(language, text, frozenset(wanted))


def _place(text: str, piece: str, taken: set[int]) -> int:
    """Where the piece stands by itself, else where it stands at all."""
    places = [place for place in range(len(text)) if text.startswith(piece, place) and place not in taken]
    assert places, f"{piece!r} is not in {text!r}"

    def torn(place: int) -> bool:
        before, after = text[place - 1 : place], text[place + len(piece) : place + len(piece) + 1]
        return any(letter.isascii() and letter.isalnum() for letter in (before, after) if letter)

    return min(places, key=lambda place: (torn(place), place))


def _form(value: object) -> str:
    return f"{value['amount_minor']} {value['currency']}" if isinstance(value, dict) else str(value)


@dataclass
class Score:
    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


@lru_cache(maxsize=1)
def scores() -> tuple[dict[tuple[str, str], Score], list[str]]:
    """The score of each language and kind, and each error told in a line."""
    finder = EntityFinder(Lexicon.parse((DATA / "lexicon.json").read_text(encoding="utf-8")))
    by: defaultdict[tuple[str, str], Score] = defaultdict(Score)
    errors: list[str] = []
    for case in (case for language in LANGUAGES for case in _cases(language)):
        spans = finder.find(case.message, language=case.language, now=NOW)
        found = {(span.kind.value, span.start, span.end, _form(span.value)) for span in spans}
        for right in found & case.wanted:
            by[case.language, right[0]].right += 1
        for name, several in (("wrong", found - case.wanted), ("missed", case.wanted - found)):
            for one in sorted(several):
                setattr(by[case.language, one[0]], name, getattr(by[case.language, one[0]], name) + 1)
                piece = case.message[one[1] : one[2]]
                errors.append(f"{case.language} {name} {one[0]} {piece!r} = {one[3]}   in: {case.message}")
    return dict(by), errors


def _sum(kind: str | None = None, language: str | None = None) -> Score:
    return sum(
        (
            score
            for (a_language, a_kind), score in scores()[0].items()
            if kind in (None, a_kind) and language in (None, a_language)
        ),
        Score(),
    )


def test_there_are_thirty_of_each_kind_spread_over_ten_languages() -> None:
    kinds = Counter(kind for language in LANGUAGES for case in _cases(language) for kind, *_ in case.wanted)
    spread = {
        (kind, language) for language in LANGUAGES for case in _cases(language) for kind, *_ in case.wanted
    }
    for kind in Kind:
        assert kinds[kind.value] >= 30, kind
        assert all((kind.value, language) in spread for language in LANGUAGES), kind


def test_entities_are_found_with_their_place_and_normal_form() -> None:
    assert _sum().f1 >= 0.98, report()


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_no_kind_is_neglected(kind: str) -> None:
    assert _sum(kind=kind).f1 >= 0.95, report()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_is_neglected(language: str) -> None:
    assert _sum(language=language).f1 >= 0.95, report()


def report() -> str:
    """The table of F1 by kind and language, and the errors."""
    rows = [f"{'':16}" + "".join(f"{language:>6}" for language in (*LANGUAGES, "all"))]
    for kind in (*(kind.value for kind in Kind), None):
        cells = [_sum(kind, language).f1 for language in (*LANGUAGES, None)]
        rows.append(f"{kind or 'all':16}" + "".join(f"{cell:6.2f}" for cell in cells))
    return "\n".join([*rows, *scores()[1]])


if __name__ == "__main__":
    print(report())
