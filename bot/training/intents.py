"""The intents that a message can be said to mean: the shipped ones, and those that the store has added."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from ruamel.yaml import YAML
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.errors import ReviewError
from bot.settings import ROOT, Settings
from bot.spelling import counted
from bot.training.masking import one_line
from bot.training.tables import learned_intents, review_acts, review_items
from bot.training.values import Actor, ItemState

OUT_OF_SCOPE = "out_of_scope"
#: The store's own rules for what it has added; written by us, unlike all others beside it.
LEARNED_RULES = Path("stories") / "learned.yml"
_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_LONGEST_ABOUT = 500


def topics(settings: Settings) -> tuple[str, ...]:
    """What an intent's name may begin with: each topic has a queue."""
    return tuple(topic for topic in settings.rules.topic_queues if topic != "other")


def shipped(settings: Settings, root: Path = ROOT) -> tuple[str, ...]:
    """Those that the project comes with and that words can mean, in the domain's order."""
    path = root / "domain.yml"
    return tuple(
        name
        for name in _domain(path, path.stat().st_mtime_ns)
        if name == OUT_OF_SCOPE or name.partition("_")[0] in topics(settings)
    )


@lru_cache(maxsize=2)
def _domain(path: Path, _changed: int) -> tuple[str, ...]:
    return tuple(YAML(typ="safe").load(path.read_text(encoding="utf-8"))["intents"])


def learned(connection: Connection) -> tuple[str, ...]:
    """Those that the store has added, by name."""
    return tuple(
        connection.execute(sa.select(learned_intents.c.name).order_by(learned_intents.c.name)).scalars()
    )


def known(connection: Connection, settings: Settings) -> tuple[str, ...]:
    """All that a message can be said to mean."""
    return (*shipped(settings), *learned(connection))


def add(connection: Connection, settings: Settings, clock: Clock, actor: Actor, name: str, about: str) -> str:
    """Add an intent: its queue is its topic's, and until it has a script a person answers.

    Args:
        connection: the caller's unit of work.
        settings: where the domain is.
        clock: the time.
        actor: who adds it.
        name: what it is called, beginning with its topic: ``product_engraving``.
        about: what it is, and what it is not, in a line.

    Raises:
        ReviewError: the name is none, or taken, or nobody says what it is.
    """
    name = _usable(connection, settings, name)
    said = one_line(about)[:_LONGEST_ABOUT]
    if not said:
        raise ReviewError("say in a line what the new intent is, and what it is not")
    connection.execute(
        learned_intents.insert().values(name=name, about=said, actor=actor.login, at=clock.now())
    )
    return name


def rename(connection: Connection, settings: Settings, old: str, new: str) -> None:
    """Give an intent that the store has added another name, with all that was said of it.

    Raises:
        ReviewError: it is a shipped one, a story uses it, or the new name cannot be had.
    """
    _require_free(connection, settings, old, "renamed")
    new = _usable(connection, settings, new)
    connection.execute(learned_intents.update().where(learned_intents.c.name == old).values(name=new))
    for table in (review_items, review_acts):
        for column in ("intent", "second_intent"):
            connection.execute(table.update().where(table.c[column] == old).values({column: new}))


def remove(connection: Connection, settings: Settings, name: str) -> None:
    """Take away an intent that the store has added, and that no message is said to mean.

    Raises:
        ReviewError: it is a shipped one, a story uses it, or messages are said to mean it.
    """
    _require_free(connection, settings, name, "removed")
    said = sa.or_(review_items.c.intent == name, review_items.c.second_intent == name)
    count = connection.execute(
        sa.select(sa.func.count()).where(said, review_items.c.state == ItemState.SETTLED.value)
    ).scalar_one()
    standing = connection.execute(
        sa.select(sa.func.count()).where(
            sa.or_(review_acts.c.intent == name, review_acts.c.second_intent == name),
            review_acts.c.undone_at.is_(None),
        )
    ).scalar_one()
    if count or standing:
        raise ReviewError(
            f"{name} cannot be removed: {counted(count, 'message is', 'messages are')} said to mean it, in "
            f"{counted(standing, 'decision')}. "
            "Undo these first, or rename it"
        )
    connection.execute(learned_intents.delete().where(learned_intents.c.name == name))


def stories_that_use(settings: Settings, name: str, root: Path = ROOT) -> list[str]:
    """The files of stories and rules that name an intent, but for what we write ourselves."""
    step = re.compile(rf"^[\s-]*intent:\s*[\"']?{re.escape(name)}[\"']?\s*(#.*)?$", re.MULTILINE)
    found = []
    for folder in (root / "stories", settings.store / "stories"):
        for path in sorted(folder.rglob("*.y*ml")) if folder.is_dir() else ():
            if path == settings.store / LEARNED_RULES:
                continue
            if step.search(path.read_text(encoding="utf-8", errors="replace")):
                found.append(str(path.relative_to(folder.parent)))
    return found


def _require_free(connection: Connection, settings: Settings, name: str, what: str) -> None:
    if name in shipped(settings):
        raise ReviewError(f"{name} comes with crossdesk: it cannot be {what}")
    if name not in learned(connection):
        raise ReviewError(f"there is no intent {name[:60]!r}")
    used = stories_that_use(settings, name)
    if used:
        raise ReviewError(f"{name} cannot be {what}: {', '.join(used)} uses it. Change the story first")


def _usable(connection: Connection, settings: Settings, name: str) -> str:
    name = name.strip()
    column = learned_intents.c.name
    begins = topics(settings)
    if not _NAME.fullmatch(name) or len(name) > column.type.length or name.partition("_")[0] not in begins:
        raise ReviewError(
            f"{name[:60]!r} is no name for an intent: small letters, digits and underscores, beginning with "
            f"its topic ({', '.join(begins)}), such as {begins[0]}_engraving"
        )
    if name in known(connection, settings):
        raise ReviewError(f"there is an intent {name} already")
    return name
