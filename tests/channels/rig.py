"""What the conformance suite needs of a channel's outside: a rig; CONTRIBUTING tells how to add one."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from bot.channels import Channel, Reception
from bot.settings import Settings


class Can(enum.Enum):
    """What a channel has; a test that needs what it has not is not run for it."""

    #: Buttons that are pressed; elsewhere choices are numbers that are typed.
    BUTTONS = enum.auto()
    FILES_IN = enum.auto()
    FILES_OUT = enum.auto()
    EDITS = enum.auto()
    DELETIONS = enum.auto()
    #: The outside may bring the same message twice.
    REPEATS = enum.auto()
    #: The outside keeps what is written while nobody listens.
    KEEPS = enum.auto()
    #: What we have said can be changed and taken back.
    CORRECTS = enum.auto()


class Trouble(enum.Enum):
    """What the outside may do to us."""

    #: It takes nothing for now.
    AWAY = enum.auto()
    #: It refuses our credentials, for sending and for receiving.
    REVOKED = enum.auto()
    #: The buyer takes no more messages of ours.
    GONE = enum.auto()


class FileRefusedError(Exception):
    """The buyer was told at once that a file is not taken: nothing was sent."""


@dataclass(frozen=True)
class File:
    """A file as the other side has it."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Shown:
    """One message as the buyer sees it: words without their marks, and nothing that the channel adds."""

    text: str
    choices: tuple[str, ...] = ()
    files: tuple[File, ...] = ()


class Rig(Protocol):
    """A channel with its outside, and one buyer there. Made anew for each test, in its event loop."""

    #: The entry point's name.
    name: ClassVar[str]
    can: ClassVar[frozenset[Can]]
    #: What the suite switches on and off, by ``trouble``.
    troubles: ClassVar[frozenset[Trouble]]
    #: The channel's part of ``channel_options``.
    options: Mapping[str, Any]

    def __init__(self, place: Path) -> None:
        """A folder of the rig's own; nothing is started yet."""
        ...

    async def open(self, settings: Settings, reception: Reception) -> Channel:
        """Start the outside at the first call, and build the channel by its factory; the suite starts it.

        Called again in the same test, it gives a new channel to the same outside, as after a restart.
        """
        ...

    async def says(self, text: str, files: Sequence[File] = ()) -> str:
        """The buyer writes; returns what the outside calls the message.

        Raises:
            FileRefusedError: the outside does not let the buyer send such a file.
        """
        ...

    async def repeats(self, message: str) -> None:
        """The outside brings a message once more."""
        ...

    async def edits(self, message: str, text: str) -> None:
        """The buyer changes a message."""
        ...

    async def takes_back(self, message: str) -> None:
        """The buyer deletes a message."""
        ...

    async def chooses(self, title: str) -> None:
        """The buyer presses the newest button with this title, or types the number that stands before it."""
        ...

    async def sees(self) -> Sequence[Shown]:
        """What the buyer sees of ours, oldest first."""
        ...

    async def trouble(self, what: Trouble | None) -> None:
        """Begin a trouble, or end it."""
        ...

    async def garbage(self) -> None:
        """The outside brings whatever is broken, unknown or far too large."""
        ...

    async def close(self) -> None:
        """End the outside."""
        ...
