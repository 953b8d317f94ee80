"""Who works at the desk: people, ranks, shifts, and where else they are known."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Rank(str, enum.Enum):
    """A person's rank, lowest first; a higher rank may do all that the lower ones may."""

    TRAINEE = "trainee"
    AGENT = "agent"
    AFTERSALES = "aftersales"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    @property
    def height(self) -> int:
        """Its place in the order of ranks; grows upwards."""
        return list(Rank).index(self)


@dataclass(frozen=True)
class Shift:
    """The hours in which somebody works, by weekday."""

    #: IANA.
    timezone: str
    #: ``mon`` .. ``sun`` with the beginning and the end, each ``HH:MM``; an end that isn't later is the next
    #: day's. A day that is left out is free.
    hours: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Person:
    """Somebody who works at the desk."""

    id: int
    login: str
    #: The name that buyers read beside a reply.
    name: str
    rank: Rank
    #: ISO 639-1.
    languages: tuple[str, ...] = ()
    #: The queues this person serves; empty means all of them.
    queues: tuple[str, ...] = ()
    active: bool = True
    away: bool = False
    #: ``None``: at work whenever they are not away.
    shift: Shift | None = None


class AccountKind(str, enum.Enum):
    """Where else a person of the desk is known."""

    #: Named ``T123/U456``: the workspace and the user in it.
    SLACK = "slack"


@dataclass(frozen=True)
class Group:
    """A group elsewhere that says which rank and queues its people have."""

    kind: AccountKind
    #: For Slack ``T123/S456``: the workspace and the user group in it.
    account: str
    #: ``None``: each has their own.
    rank: Rank | None
    #: Empty: each has their own.
    queues: tuple[str, ...]
    #: Ids of people.
    members: tuple[int, ...] = ()
    #: When it was last looked who is in it; ``None`` if it never was.
    looked_at: dt.datetime | None = None
