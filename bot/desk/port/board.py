"""The desk as a wall that many people look at: what a frontend shows in a room rather than to one person."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.desk.port.desk import Desk
from bot.desk.values.history import CaseEvent, Changes
from bot.desk.values.people import AccountKind, Group
from bot.desk.values.requests import RequestView
from bot.desk.values.views import CaseView
from bot.messages import TranscriptLine


@dataclass(frozen=True)
class BoardLine:
    """A line of the conversation, and by which act of a frontend's it was said."""

    line: TranscriptLine
    #: ``digest_of`` the key that the frontend gave to ``Desk.reply``; None if there was none.
    key: str | None = None


@dataclass(frozen=True)
class BoardEvent:
    """A line of the case's history, and by which act of a frontend's it came about."""

    event: CaseEvent
    #: ``digest_of`` the key that the frontend gave with the act; None if there was none.
    key: str | None = None


@dataclass(frozen=True)
class BoardCase:
    """A case as everybody in the room may see it: personal data masked, nobody's acts in it."""

    #: ``acts`` are nobody's; ``transcript`` and ``events`` are empty, see below.
    view: CaseView
    #: The newest lines of the conversation and, up to some thousands, all since the case was opened; oldest
    #: first.
    lines: tuple[BoardLine, ...]
    #: The position of the first line since the case was opened; None if there is none.
    since: int | None
    #: Oldest first; that the buyer wrote is seen in the lines.
    events: tuple[BoardEvent, ...]


class Board(Protocol):
    """What a frontend may read without a person, and where it writes down what it must find again.

    Every method raises ``TryLaterError`` while the database is away.
    """

    async def changes(self, since: int | None, *, wait: float = 1.0) -> Changes:
        """As ``Desk.changes``; but its cursor is good for all times, and only one reader may ask."""
        ...

    async def open_cases(self) -> Sequence[int]:
        """The ids of all cases that are not closed, most pressing first."""
        ...

    async def queues(self, case_ids: Sequence[int]) -> Mapping[int, str]:
        """In which queue each of these cases is; those that are not there any more are left out."""
        ...

    async def case(self, case_id: int) -> BoardCase:
        """One case.

        Raises:
            UnknownCaseError: there is none.
        """
        ...

    async def shown(self, case_id: int, fence: int, where: str) -> dt.datetime | None:
        """Say that a case's card can be seen from now on by those who may claim it. Idempotent.

        A claim's clock begins then. A frontend that shows cases as soon as they are there need not say so.

        Args:
            case_id: the case.
            fence: ``BoardCase.view.fence``; if the case has changed hands since, nothing is done.
            where: what the history calls the frontend.

        Returns:
            When its clock ends; None if it has none.

        Raises:
            UnknownCaseError: there is none.
        """
        ...

    async def groups(self, kind: AccountKind) -> Sequence[Group]:
        """The groups of a place that say which rank and queues their people have."""
        ...

    async def set_members(self, kind: AccountKind, account: str, accounts: Collection[str]) -> Sequence[str]:
        """Note who is in such a group now, and have them work so.

        Args:
            kind: where the group is.
            account: ``Group.account``.
            accounts: of all who are in it, as ``Desk.accounts`` names them.

        Returns:
            Those of the accounts that belong to nobody of the desk.
        """
        ...

    async def set_presence(self, present: Mapping[int, bool]) -> None:
        """Note who is there and who is not, by the people's ids; leave out of whom it is not known.

        New cases are not offered to who is not. It holds for ten minutes: say it again.
        """
        ...

    async def requests(self, also: Sequence[int] = ()) -> Sequence[RequestView]:
        """The requests that wait, and those with these ids whatever became of them, by id."""
        ...

    async def kept(self, frontend: str, name: str) -> str | None:
        """What ``keep`` wrote down last; None if it never did."""
        ...

    async def keep(self, frontend: str, values: Mapping[str, str | None]) -> None:
        """Write down, all or nothing, where the frontend shows what; None forgets. No words of a buyer in it.

        A name has at most 120 characters. What has not been written anew for as long as closed cases are kept
        goes.
        """
        ...

    async def trouble(self, frontend: str, why: str | None) -> None:
        """Tell the operator why the frontend does not show or hear all that it should, and what to do.

        With ``None``: it does again. May be told again and again, on the event loop that started it.
        """
        ...


class DeskWithBoard(Desk, Protocol):
    """What frontends are given: the desk and its board."""

    board: Board


def digest_of(key: str) -> str:
    """What a board tells of the key that a frontend gave with an act."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
