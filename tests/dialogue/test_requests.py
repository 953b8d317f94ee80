"""Several requests in one message, as the real model finds them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.dialogue.engine import Engine

pytestmark = pytest.mark.model

FOLDER = Path(__file__).resolve().parent.parent / "nlu" / "data_requests"


@dataclass(frozen=True)
class Asked:
    """A message, what it asks for in order, and where each request but the first begins."""

    text: str
    wants: tuple[str, ...]
    cuts: tuple[int, ...]
    language: str


def _asked(kind: str) -> list[Asked]:
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        for item in YAML(typ="safe").load(path.read_text(encoding="utf-8"))[kind]:
            pieces = item["text"].split("|")
            cuts = tuple(len("".join(pieces[:number])) for number in range(1, len(pieces)))
            found.append(Asked("".join(pieces), tuple(item["wants"]), cuts, path.stem))
    return found


def test_the_set_is_large_enough_and_half_of_it_only_looks_like_two() -> None:
    several, one = _asked("several"), _asked("one")
    assert len(several) + len(one) >= 340
    assert {asked.language for asked in several} == {
        "en",
        "zh",
        "es",
        "fr",
        "de",
        "pt",
        "ru",
        "ar",
        "ja",
        "ko",
    }
    assert all(len(asked.wants) == len(asked.cuts) + 1 >= 2 for asked in several)
    assert all(len(asked.wants) == 1 and not asked.cuts for asked in one)


@pytest.mark.timeout(180)
def test_several_requests_are_found_and_one_is_not_split(engine: Engine) -> None:
    hits = found = wanted = placed = 0
    for asked in _asked("several"):
        read = engine.understand(asked.text).requests
        right = Counter(one.intent for one in read) & Counter(asked.wants)
        hits, found, wanted = hits + right.total(), found + len(read), wanted + len(asked.wants)
        placed += len(read) == len(asked.wants) and all(
            before.end <= cut + 2 and abs(after.start - cut) < 30
            for (before, after), cut in zip(pairwise(read), asked.cuts, strict=True)
        )
    ones = _asked("one")
    split = sum(len(engine.understand(asked.text).requests) > 1 for asked in ones)
    assert hits / (found + split) >= 0.85
    assert hits / wanted >= 0.85
    assert split / len(ones) <= 0.05
    assert placed / len(_asked("several")) >= 0.85


def test_a_button_asks_for_nothing_in_words(engine: Engine) -> None:
    assert engine.understand('/inform{"order_number": "CD-100001"}').requests == ()
