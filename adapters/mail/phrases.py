"""How old words, signatures and small print are marked: ``phrases.yml`` as regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Phrases:
    """The patterns, each for a whole line unless it says otherwise."""

    #: The beginning of a line above an old letter, by what it says: from, date, to, subject.
    headers: Mapping[str, re.Pattern[str]]
    old_letter: re.Pattern[str]
    forwarded: re.Pattern[str]
    #: Anywhere in a line.
    wrote: re.Pattern[str]
    sent_from: re.Pattern[str]
    #: Anywhere in a paragraph, both.
    secret: re.Pattern[str]
    letter: re.Pattern[str]
    advertised: re.Pattern[str]
    #: The beginning of a subject.
    before_subject: re.Pattern[str]


@lru_cache(maxsize=1)
def phrases() -> Phrases:
    """Read and compiled at first use."""
    loaded = YAML(typ="safe").load(Path(__file__).with_name("phrases.yml"))

    def one_of(key: str) -> str:
        return f"(?:{_either(loaded[key])})"

    def compiled(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern, re.IGNORECASE)

    return Phrases(
        headers={
            kind: compiled(rf"[\s*_|]*(?:{_either(words)})[\s*_|]*[:：|]")
            for kind, words in loaded["headers"].items()
        },
        old_letter=compiled(rf"\W{{2,60}}{one_of('old_letter')}\W{{0,60}}"),
        forwarded=compiled(rf"\W{{0,10}}{one_of('forwarded')}\s*[:：]?\W{{0,10}}"),
        wrote=compiled(one_of("wrote")),
        sent_from=compiled(rf"[\s<>*_—–-]*{one_of('sent_from')}[\s<>*_]*"),
        secret=compiled(one_of("secret")),
        letter=compiled(one_of("letter")),
        advertised=compiled(rf"\W*{one_of('advertised')}"),
        before_subject=compiled(rf"\s*(?:{one_of('reply')}|{one_of('forward')})(?:\[\d{{1,3}}\])?\s*[:：]"),
    )


def _either(words: Sequence[str]) -> str:
    return "|".join(words)
