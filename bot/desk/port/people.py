"""Who works at the desk: they sign in, go away and come back, and are known elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.desk.values.people import AccountKind, Person


class DeskPeople(Protocol):
    """The people of the desk, as they come and go. For what holds of every method see ``Desk``."""

    async def sign_in(self, login: str, password: str, network: str) -> str:
        """Open a session. Takes the same time whether the login exists or not.

        Args:
            login: as typed; case does not matter.
            password: as typed.
            network: the client's network address, for the rate limit.

        Returns:
            The session's token, to be kept in a cookie; only its hash is in the database.

        Raises:
            SignInError: the login or the password is wrong; or there were too many tries, then
                ``retry_after`` says how many seconds to wait.
        """
        ...

    async def person(self, token: str) -> Person | None:
        """Whose session this is; ``None`` if it is unknown, has ended, or the person is not active."""
        ...

    async def sign_out(self, token: str) -> None:
        """End a session. Idempotent."""
        ...

    async def change_password(self, person: Person, old: str, new: str) -> str:
        """Change one's own password and end all of one's sessions.

        Returns:
            The token of a new session, so that the person stays signed in here.

        Raises:
            SignInError: the old password is wrong, or was tried too often.
            DeskError: the new one is too short, too long or too easy.
        """
        ...

    async def set_away(self, person: Person, away: bool) -> Person:
        """Say that one is away or back. Idempotent.

        Open questions of who goes away go back to their queues, and their buyers get a new date.
        """
        ...

    async def person_by_account(self, kind: AccountKind, account: str) -> Person | None:
        """Whose account elsewhere this is; ``None`` if nobody's, or if the person is not active.

        Args:
            kind: where.
            account: as ``crossdesk people link`` was given it; for Slack ``T123/U456``.
        """
        ...

    async def accounts(self, kind: AccountKind) -> Mapping[int, str]:
        """The accounts of all active people who have one, by the person's id; of several the newest."""
        ...

    async def refuse_stranger(
        self, kind: AccountKind, account: str, what: str, *, case_id: int | None = None
    ) -> None:
        """Write down that somebody who is no member tried something. Raises nothing but ``TryLaterError``.

        Args:
            kind: where.
            account: who, as the outside names them.
            what: a few words, such as ``claim``.
            case_id: with which case; one that there isn't is passed over.
        """
        ...
