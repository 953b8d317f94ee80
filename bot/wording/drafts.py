"""The draft: what is to be said otherwise, reply by reply, until it is released or dropped."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.dialogue.spoken import Overlay, Variants
from bot.errors import WordsError
from bot.shelf import digest
from bot.wording.checking import LONGEST
from bot.wording.tables import word_drafts

#: What no reply holds: signs that do something instead of being read, but for the end of a line.
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Written:
    """One way of saying a reply, as somebody wrote it."""

    text: str
    #: Of the buttons, in order.
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A reply that is to be said otherwise."""

    key: str
    #: ISO 639-1.
    language: str
    variants: Variants
    #: A digest of what served when it was written.
    base: str
    #: Who wrote it, and when.
    actor: str
    at: dt.datetime


def composed(frame: Variants, written: Sequence[Written]) -> list[dict[str, Any]]:
    """What somebody wrote as a file of replies holds it; channels and what buttons do stay as they are.

    Args:
        frame: the reply as it is.
        written: its words, a way of saying it each, in the same order.

    Raises:
        WordsError: there are more or fewer texts than the reply has, or one that no reply can hold.
    """
    if [len(one.titles) for one in written] != [len(variant.get("buttons", ())) for variant in frame]:
        buttons = ", then ".join(str(len(variant.get("buttons", ()))) for variant in frame)
        raise WordsError(
            f"this reply is said in {len(frame)} way(s), with so many buttons: {buttons}; give each its words"
        )
    return [_composed(variant, one) for variant, one in zip(frame, written, strict=True)]


def written_of(variants: Variants) -> list[Written]:
    """The words of a reply, without what they stand in."""
    return [
        Written(variant["text"], tuple(button["title"] for button in variant.get("buttons", ())))
        for variant in variants
    ]


def all_of(connection: Connection) -> list[Draft]:
    """The whole draft, in order of the replies' names."""
    rows = connection.execute(sa.select(word_drafts).order_by(word_drafts.c.key, word_drafts.c.language))
    return [Draft(row.key, row.language, row.variants, row.base, row.actor, row.at) for row in rows]


def put(connection: Connection, draft: Draft) -> None:
    """Write a reply into the draft, over what it held of it; a unit of work that holds the lock."""
    drop(connection, draft.key, draft.language)
    connection.execute(
        word_drafts.insert().values(
            key=draft.key,
            language=draft.language,
            variants=[dict(one) for one in draft.variants],
            base=draft.base,
            actor=draft.actor,
            at=draft.at,
        )
    )


def drop(connection: Connection, key: str, language: str) -> bool:
    """Take a reply out of the draft; False if it was not in it."""
    own = word_drafts.c
    gone = connection.execute(word_drafts.delete().where(own.key == key, own.language == language))
    return bool(gone.rowcount)


def empty(connection: Connection) -> None:
    """Take everything out of the draft."""
    connection.execute(word_drafts.delete())


def overlay_of(drafts: Sequence[Draft]) -> Overlay:
    """What a draft says, by language and key."""
    found: dict[str, dict[str, Variants]] = {}
    for one in drafts:
        found.setdefault(one.language, {})[one.key] = one.variants
    return found


def token_of(drafts: Sequence[Draft]) -> str:
    """Another one whenever anything of a draft is another."""
    return digest([[one.key, one.language, one.variants, one.base] for one in drafts])


def _composed(variant: Mapping[str, Any], written: Written) -> dict[str, Any]:
    made = {**variant, "text": _plain(written.text)}
    if variant.get("buttons"):
        pairs = zip(variant["buttons"], written.titles, strict=True)
        made["buttons"] = [{**button, "title": _plain(title)} for button, title in pairs]
    return made


def _plain(text: str) -> str:
    """A text as replies hold it.

    Raises:
        WordsError: no reply can hold it.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(plain) > LONGEST:
        raise WordsError(f"a text has {len(plain):,} characters: no reply has more than {LONGEST:,}")
    control = _CONTROLS.search(plain)
    if control is not None:
        raise WordsError(
            f"a text holds U+{ord(control.group()):04X}, a sign that nobody can read: leave it out"
        )
    return plain
