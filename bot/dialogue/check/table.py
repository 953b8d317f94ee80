"""The table of flows by languages: whether each can be understood and said in each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.check.scripts import Code, Scripts
from bot.dialogue.check.static import Sources
from bot.dialogue.replies import read_replies

_INTENT = re.compile(r"^\s*-?\s*intent:\s*(\w+)", re.MULTILINE)
#: Understood by what happens, not by words.
_INSIDE = frozenset(
    {"inform", "no_order_number", "stale_button", "handed_back", "case_late", "repeated_question"}
)


@dataclass(frozen=True)
class Row:
    """One flow in all languages."""

    phase: str
    flow: str
    #: By language, what it lacks: replies, and intents without examples.
    gaps: Mapping[str, Sequence[str]]


def flows_by_languages(sources: Sources, languages: Sequence[str], examples: Path) -> list[Row]:
    """A row for each file of stories.

    Args:
        sources: the scripts.
        languages: ISO 639-1.
        examples: the folder of training examples, with one folder a language.
    """
    scripts, code = Scripts.read(sources.root), Code.read(sources.code)
    said: dict[str, set[str]] = {}
    for language in languages:
        path = sources.replies / f"{language}.yml"
        said[language] = set(read_replies(path)) if path.exists() else set()
    taught = {language: _taught(examples / language) for language in languages}
    known = set().union(*said.values())
    rows = []
    for file in dict.fromkeys(rule.file for rule in scripts.rules):
        rules = [rule for rule in scripts.rules if rule.file == file]
        keys = _says({name for rule in rules for name in rule.actions}, scripts, code, known)
        intents = {intent for rule in rules for intent in rule.intents} - _INSIDE
        intents = {intent for intent in intents if any(intent in one for one in taught.values())}
        gaps = {
            language: sorted((keys - said[language]) | (intents - taught[language])) for language in languages
        }
        rows.append(Row(file.parent.name, file.stem, gaps))
    return rows


def _says(actions: set[str], scripts: Scripts, code: Code, known: set[str]) -> set[str]:
    """The replies that a flow's actions and forms can say."""
    names = set(actions)
    for form in actions & set(scripts.forms):
        names.add(f"validate_{form}")
        names |= {name for _, asks in scripts.asks(form) for name in asks}
    keys = names & known
    for title in names & set(code.titles):
        reached = code.reaches(code.titles[title])
        patterns = [re.compile(pattern) for pattern in reached.patterns]
        keys |= set(reached.replies)
        keys |= {key for key in known if any(pattern.fullmatch(key) for pattern in patterns)}
    return keys | {f"{key}_closed" for key in keys if f"{key}_closed" in known}


def _taught(folder: Path) -> set[str]:
    return {
        found
        for path in sorted(folder.glob("*.yml"))
        for found in _INTENT.findall(path.read_text(encoding="utf-8"))
    }
