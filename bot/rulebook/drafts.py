"""The draft: the store's own ``shop.yml`` as it is to be, until it is released or dropped."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.rulebook.tables import rule_drafts

#: There is one draft.
_ID = 1


@dataclass(frozen=True)
class Draft:
    """A ``shop.yml`` that is to be."""

    text: str
    #: A digest of the file that it was written over.
    base: str
    #: Who wrote it last, and when.
    actor: str
    at: dt.datetime


def read(connection: Connection) -> Draft | None:
    """The draft, if there is one."""
    row = connection.execute(sa.select(rule_drafts)).first()
    return None if row is None else Draft(row.text, row.base, row.actor, row.at)


def put(connection: Connection, draft: Draft) -> None:
    """Write the draft over the one before; a unit of work that holds the lock."""
    drop(connection)
    told = {"text": draft.text, "base": draft.base, "actor": draft.actor, "at": draft.at}
    connection.execute(rule_drafts.insert().values(id=_ID, **told))


def drop(connection: Connection) -> bool:
    """Take the draft away; False if there was none."""
    return bool(connection.execute(rule_drafts.delete()).rowcount)


def plain(text: str) -> str:
    """A file's text with ends of lines as they are kept."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return f"{plain}\n" if plain.strip() else ""


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, with two around them: a mark (``-``, ``+``, ``@`` or nothing) and the line."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    told = [("@" if line[0] == "@" else line[0].strip(), line[1:]) for line in lines if line]
    # Two lines of names come first.
    return told[2:]
