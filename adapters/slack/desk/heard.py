"""What people do at the desk in Slack, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Who:
    """A user of Slack."""

    team: str
    user: str

    @property
    def account(self) -> str:
        """As ``Desk.person_by_account`` knows it."""
        return f"{self.team}/{self.user}"


@dataclass(frozen=True)
class Place:
    """Where something was said or pressed."""

    channel: str
    ts: str
    #: The thread's first message; of a message that stands alone, itself.
    thread: str


@dataclass(frozen=True)
class Said:
    """Somebody wrote in a thread."""

    who: Who
    place: Place
    text: str
    files: bool = False
    #: Whether this is an older message's new text, or that it was deleted.
    edited: bool = False
    deleted: bool = False
    #: When it was changed, as Slack says; empty if it does not.
    changed_at: str = ""

    @property
    def key(self) -> str:
        """The same for a message however often Slack brings it."""
        return key_of(self.place)

    @property
    def mark(self) -> str:
        """The same for what was done with it; empty for a change of which nobody knows when."""
        if self.edited:
            return f"{self.key}:{self.changed_at}" if self.changed_at else ""
        return f"{self.key}:deleted" if self.deleted else self.key


@dataclass(frozen=True)
class Pressed:
    """Somebody pressed a button of ours, or chose from a list."""

    who: Who
    act: str
    #: What the act is about, such as a case's number.
    about: tuple[int, ...]
    trigger: str
    chosen: str
    #: None where it was pressed in a modal or on the home page.
    place: Place | None
    view: View | None


@dataclass(frozen=True)
class View:
    """A modal as it stands."""

    id: str
    hash: str
    #: What we wrote into it.
    told: Json
    #: What was typed or chosen, by the block's name without its number.
    values: Mapping[str, str]


@dataclass(frozen=True)
class Submitted:
    """Somebody sent a modal of ours."""

    who: Who
    act: str
    view: View


@dataclass(frozen=True)
class Picked:
    """Somebody chose "send to buyer" on a message."""

    who: Who
    place: Place
    author: str
    text: str


@dataclass(frozen=True)
class AskedWhy:
    """Somebody chose "why this answer" on a message."""

    who: Who
    place: Place
    trigger: str
    #: Cases and positions of the lines that the message shows, in its order.
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Commanded:
    """Somebody typed the slash command."""

    who: Who
    text: str


@dataclass(frozen=True)
class CameHome:
    """Somebody opened the app's home page."""

    who: Who


@dataclass(frozen=True)
class Nothing:
    """Nothing that the desk does anything with; ``ours`` where nobody else should either."""

    ours: bool = False


Heard = Said | Pressed | Submitted | Picked | AskedWhy | Commanded | CameHome | Nothing


def key_of(place: Place) -> str:
    """What the desk calls an act by a message: the same however often Slack brings it."""
    return f"slack:{place.channel}:{place.ts}"
