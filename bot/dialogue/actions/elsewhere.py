"""Whether a question about shipping names a place to send to, in the store's ten languages.

Asked only where no country and no large city is found in it: then which country that place lies in, if it
lies in any, is the buyer's to tell. What holds for the country that was spoken of before may not hold there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from re import Pattern

from bot.dialogue.actions.wordlists import read_lists
from bot.dialogue.beforehand import read_once
from bot.spelling import alike, plain
from nlu.common_words import COMMON_WORDS

#: Languages that part no words, or join them with what follows.
_JOINED = ("zh", "ja", "ko")


@dataclass(frozen=True)
class _Spoken:
    """How a language names a place."""

    to: tuple[Pattern[str], ...]
    no_place: frozenset[str]
    joined: bool

    def names(self, said: str) -> bool:
        """Whether a place is named in what was said."""
        return any(self._is_place(found["place"]) for way in self.to for found in way.finditer(said))

    def _is_place(self, named: str) -> bool:
        if self.joined:
            return not any(sign in named for sign in self.no_place)
        first = re.split(r"[\s,;?!]+", named.strip(), maxsplit=1)[0]
        return first not in self.no_place and first not in _common()


def names_a_place(text: str) -> bool:
    """Whether a message says that something be sent to a place, by its words alone: "to the moon?"."""
    said = plain(text)
    return any(spoken.names(said) for spoken in _languages())


@read_once
def _languages() -> tuple[_Spoken, ...]:
    return tuple(_read())


def _read() -> Iterator[_Spoken]:
    for language, words in read_lists(Path(__file__).with_suffix(".yml")).items():
        yield _Spoken(
            tuple(re.compile(alike(way)) for way in words["to"]),
            frozenset(map(alike, words["no_place"].split())),
            language in _JOINED,
        )


@read_once
def _common() -> frozenset[str]:
    return frozenset(plain(word) for spoken in COMMON_WORDS.values() for word in spoken)
