"""What was learnt, as ordinary files of the store: a line an example, so that a diff shows what is new.

The labels are the truth, the files are made of them: whoever labels writes them, and a training writes them
again first, wherever it runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.database import Database
from bot.settings import Settings
from bot.training import intents
from bot.training.annotating import annotated
from bot.training.marks import loaded
from bot.training.masking import one_line
from bot.training.tables import review_items
from bot.training.values import ItemState, Mark, Meaning

#: What of the store's folder is ours to write; whatever lies beside it is its people's.
NAME = "learned.yml"
_HEAD = (
    "# Made by crossdesk of what people said messages mean; what is changed here is lost. Take an example\n"
    "# back with `crossdesk review undo`. Your own examples go into another file beside this one.\n"
    'version: "3.1"\n'
)
#: What is done to an intent of the store's own until it has a script: a person of its queue answers.
_BY_A_PERSON = "action_pass_to_queue"

#: By language and intent.
Learnt = Mapping[str, Mapping[str, "list[str]"]]


def learnt(connection: Connection) -> Learnt:
    """The examples that settled labels make, each text once, in an order that stays."""
    found: defaultdict[str, defaultdict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    items = review_items.c
    # Of those alike one that is marked tells the most.
    is_plain: Any = sa.case((items.marks.is_(None), 1), else_=0)
    for row in connection.execute(
        sa.select(items.language, items.intent, items.text, items.marks)
        .where(items.state == ItemState.SETTLED.value, items.meaning == Meaning.INTENT.value)
        .order_by(items.language, is_plain, items.id)
    ):
        text = as_line(row.text, loaded(row.marks))
        if text:
            found[row.language][row.intent].setdefault(sameness(row.text), text)
    return {
        language: {intent: sorted(texts.values()) for intent, texts in sorted(by_intent.items())}
        for language, by_intent in sorted(found.items())
    }


def as_line(text: str, marks: Sequence[Mark] = ()) -> str:
    """A text as one line of an example: nothing in it is a payload, a line or a mark, but for `marks`."""
    line = one_line(text)
    bare = line.lstrip("/-•*# ")
    # A text of nothing but signs teaches nothing.
    if not any(sign.isalnum() for sign in bare):
        return ""
    cut = len(line) - len(bare)
    moved = [replace(one, start=one.start - cut, end=one.end - cut) for one in marks]
    return annotated(bare, [one for one in moved if one.start >= 0])


def sameness(text: str) -> str:
    """What two texts have in common that are the same example: letters and digits, whatever their case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(sign if sign.isalnum() else " " for sign in folded).split())


def write(database: Database, settings: Settings) -> list[Path]:
    """Bring the store's files to what the labels say; returns those that changed.

    Raises:
        OSError: the folder cannot be written; the labels stay, and the next writing makes up for it.
        TryLaterError: the database is away.
    """
    settings.store.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(settings.store):
        with database.begin() as connection:
            now, added = learnt(connection), intents.learned(connection)
        wanted = {
            settings.store / "nlu" / language / NAME: _examples(by_intent)
            for language, by_intent in now.items()
        }
        if added:
            wanted[settings.store / intents.LEARNED_RULES] = _rules(added)
        changed = [path for path, text in wanted.items() if _put(path, text)]
        stale = {*(settings.store / "nlu").glob(f"*/{NAME}"), settings.store / intents.LEARNED_RULES}
        for path in sorted(stale - set(wanted)):
            if path.exists():
                path.unlink()
                changed.append(path)
    return changed


def _examples(by_intent: Mapping[str, list[str]]) -> str:
    lines = [_HEAD, "nlu:"]
    for intent, texts in by_intent.items():
        lines += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in texts)]
    return "\n".join(lines) + "\n"


def _rules(added: tuple[str, ...]) -> str:
    lines = [_HEAD, "rules:"]
    for name in added:
        lines += [
            f"- rule: {name}, no script yet",
            "  steps:",
            f"  - intent: {name}",
            f"  - action: {_BY_A_PERSON}",
        ]
    return "\n".join(lines) + "\n"


def _put(path: Path, text: str) -> bool:
    """Write a file whole or not at all; False if it holds just this."""
    with contextlib.suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8") == text:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


@contextlib.contextmanager
def _one_at_a_time(store: Path) -> Iterator[None]:
    # Whoever writes last must have read last.
    with (store / ".learned.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
