"""All examples that a model learns from, shipped and the store's own, in the order in which it does."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.settings import ROOT, Settings
from bot.training.annotating import unannotated

#: A path, and when and how long it was when it was looked at.
_Seen = tuple[str, int, int]


@dataclass(frozen=True)
class Example:
    """One line of a file of examples."""

    text: str
    #: The folder's name: ISO 639-1.
    language: str
    #: Whether it lies in the store's own folder.
    own: bool


@dataclass(frozen=True)
class Corpus:
    """The examples by intent."""

    examples: Mapping[str, tuple[Example, ...]]
    #: Files that are no examples, though they should be: a training would fail.
    unreadable: tuple[str, ...]

    def of(self, intent: str, language: str | None = None) -> tuple[Example, ...]:
        """An intent's examples, in one language if one is named."""
        found = self.examples.get(intent, ())
        return found if language is None else tuple(one for one in found if one.language == language)


def read(settings: Settings, root: Path = ROOT) -> Corpus:
    """Read the files that lie here now, again only those that have changed; at first half a second."""
    own = settings.store / "nlu"
    seen = []
    for folder in (root / "nlu" / "data", own):
        for path in folder.rglob("*.y*ml") if folder.is_dir() else ():
            # One that goes just now is written anew, or taken away.
            with contextlib.suppress(FileNotFoundError):
                known = path.stat()
                seen.append((str(path.absolute()), known.st_mtime_ns, known.st_size))
    # As Rasa sorts them.
    return _corpus(tuple(sorted(seen)), str(own.absolute()))


@lru_cache(maxsize=1)
def _corpus(seen: tuple[_Seen, ...], own: str) -> Corpus:
    examples: defaultdict[str, list[Example]] = defaultdict(list)
    unreadable = []
    for one in seen:
        path = Path(one[0])
        try:
            blocks = _blocks(one)
        except (OSError, ValueError, YAMLError, AttributeError, TypeError, KeyError, RecursionError):
            unreadable.append(path.name)
            continue
        is_own = path.is_relative_to(own)
        for intent, texts in blocks:
            examples[intent] += (Example(text, path.parent.name, is_own) for text in texts)
    return Corpus({intent: tuple(found) for intent, found in examples.items()}, tuple(unreadable))


@lru_cache(maxsize=500)
def _blocks(seen: _Seen) -> tuple[tuple[str, tuple[str, ...]], ...]:
    data: Any = YAML(typ="safe").load(Path(seen[0]).read_text(encoding="utf-8")) or {}
    return tuple(
        (
            str(block["intent"]),
            tuple(
                unannotated(line.strip()[2:].strip())[0]
                for line in block["examples"].splitlines()
                if line.strip()[:2] == "- "
            ),
        )
        for block in data.get("nlu", ())
        if "intent" in block
    )
