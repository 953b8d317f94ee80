"""What a question about shipping asks for by its words: one service by name, or cost and time at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from re import Pattern
from typing import TypeVar

from bot.dialogue.actions.wordlists import any_of, read_lists
from bot.dialogue.beforehand import read_once
from bot.settings import ServiceRules
from bot.spelling import plain

Name = TypeVar("Name", bound=str)


def services_named(text: str, offered: Mapping[Name, ServiceRules]) -> Mapping[Name, ServiceRules]:
    """Those of the services ``offered`` that a text names; all of them where it names none of them."""
    said, words = plain(text), _words()["services"]
    named = {name: of for name, of in offered.items() if name in words and words[name].search(said)}
    return named or offered


def asks_cost_and_time(text: str) -> bool:
    """Whether a text asks both what shipping costs and how long it takes."""
    said = plain(text)
    return all(words.search(said) for words in _words()["asked"].values())


@read_once
def _words() -> Mapping[str, Mapping[str, Pattern[str]]]:
    read = read_lists(Path(__file__).with_suffix(".yml"))
    return {kind: {name: any_of(words) for name, words in named.items()} for kind, named in read.items()}
