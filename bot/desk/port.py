"""The Desk port: what a frontend (web page, Slack) may ask of the desk, and what it offers in return."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

from starlette.routing import BaseRoute

from bot.desk.values import (
    CardField,
    CaseCard,
    CaseEvent,
    CaseState,
    ClockKind,
    Draft,
    Outcome,
    Person,
    Priority,
    Reason,
)
from bot.errors import ConfigurationError
from bot.messages import TranscriptLine
from bot.settings import Settings

#: Frontends register a factory ``(settings, desk) -> DeskFrontend`` under this group.
ENTRY_POINTS = "crossdesk.desks"


class Act(str, enum.Enum):
    """What a person can do with a case; a view says which of them this person may do now."""

    CLAIM = "claim"
    REPLY = "reply"
    NOTE = "note"
    CLOSE = "close"
    HAND_BACK = "hand_back"
    RELEASE = "release"
    PASS_ON = "pass_on"  # noqa: S105 (no password)
    TAKE_OVER = "take_over"
    REVEAL = "reveal"
    #: Say yes or no to a trainee's draft.
    APPROVE = "approve"


@dataclass(frozen=True)
class CaseSummary:
    """A case as one line of a list; holds no address, phone, e-mail or card number."""

    id: int
    queue: str
    state: CaseState
    reason: Reason
    intent: str
    topic: str
    priority: Priority
    #: The buyer's language, ISO 639-1.
    language: str
    channel: str
    #: What to call the buyer, if the channel or the identity check told us.
    buyer: str | None
    #: What the buyer wants, in one masked line.
    wants: str
    owner_id: int | None
    owner: str | None
    opened_at: dt.datetime
    clock: ClockKind | None
    #: When the clock runs out; aware, UTC.
    due_at: dt.datetime | None
    #: How often the clock has run out since somebody last answered; above 0 the buyer has waited too long.
    level: int
    #: Whether a trainee's draft waits for an agent's yes.
    awaiting_approval: bool
    closed_at: dt.datetime | None
    outcome: Outcome | None


@dataclass(frozen=True)
class CaseView:
    """A case as its page shows it to one person."""

    summary: CaseSummary
    #: Send it back with every act that asks for it: who looked at an older page is refused.
    fence: int
    #: Personal data masked; ``Desk.reveal`` shows one field and writes that down.
    card: CaseCard
    #: The fields of the card in which something is masked.
    masked: frozenset[CardField]
    #: Ready to be sent, in order of likelihood; opens with name and question where the answer comes late.
    suggested_replies: tuple[str, ...]
    #: The time of day where the buyer is, if known; aware, in the buyer's zone.
    local_time: dt.datetime | None
    #: The newest lines of the conversation, oldest of them first; card numbers masked.
    transcript: tuple[TranscriptLine, ...]
    #: Oldest first; private notes and acts, never shown to the buyer.
    events: tuple[CaseEvent, ...]
    #: Only those still waiting for a yes.
    drafts: tuple[Draft, ...]
    #: What this person may do now.
    acts: frozenset[Act]
    #: Whether this person's reply would wait for an agent's yes.
    reply_needs_approval: bool
    outcomes: tuple[Outcome, ...]
    #: Queues that the case can be passed on to.
    queues: tuple[str, ...]
    summary_text: str


@dataclass(frozen=True)
class QueueCount:
    """How many cases stand in a queue."""

    queue: str
    #: Nobody has them.
    open: int
    #: Somebody has them.
    owned: int
    #: Of both: those whose clock has run out at least once, or runs out by now.
    late: int
    #: Whether somebody of this queue should be at work now.
    in_hours: bool


@dataclass(frozen=True)
class Changes:
    """What happened at the desk since a cursor."""

    #: Hand it to the next call.
    cursor: int
    #: Cases to which something happened, each once.
    case_ids: tuple[int, ...]


class Desk(Protocol):
    """What people can do at the desk. Every method may be called from any task of the front's event loop.

    A ``person`` is what ``person(token)`` (or, in Slack, the linked account) returned for this very
    request; rank and activity are read again inside each act, so an old value grants nothing.
    A ``fence`` is ``CaseView.fence`` of the page that the person looked at.
    A ``key`` is any text that the frontend makes once for a form; the same key again does nothing again.

    Every method but ``sign_in``, ``person`` and ``sign_out`` raises ``ForbiddenError`` if the person is no
    longer active, and those that name a case raise ``UnknownCaseError`` if there is none.
    Every method raises ``TryLaterError`` while the database is away; nothing was done then.
    All other refusals are ``DeskError`` with a message that can be shown as it is.
    """

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
        """Say that one is away or back. Idempotent; open questions go back to the queue when going away."""
        ...

    async def queues(self, person: Person) -> Sequence[QueueCount]:
        """All queues with their counts, in the order of ``shop.yml``."""
        ...

    async def cases(
        self,
        person: Person,
        *,
        queue: str | None = None,
        state: CaseState | None = None,
        mine: bool = False,
        closed: bool = False,
        limit: int = 100,
    ) -> Sequence[CaseSummary]:
        """Cases, most pressing first: by priority, lateness, end of clock and age.

        Args:
            person: who asks.
            queue: only of this queue.
            state: only in this state.
            mine: only those that the person owns.
            closed: closed ones too (newest first); ``state=CLOSED`` implies it.
            limit: the most to return, 1 to 500.
        """
        ...

    async def case(self, person: Person, case_id: int) -> CaseView:
        """One case with its masked card, conversation and history."""
        ...

    async def claim(self, person: Person, case_id: int) -> CaseView:
        """Become the owner of an open case. Of any number of claims at once exactly one succeeds.

        Idempotent for the owner.

        Raises:
            CaseTakenError: somebody else has it (``owner`` is the name) or it is closed.
            ForbiddenError: the rank or the queue does not allow it.
        """
        ...

    async def take_over(self, person: Person, case_id: int) -> CaseView:
        """Become the owner of a case that somebody else may have; what they send from now on is refused.

        Idempotent for the owner.

        Raises:
            ForbiddenError: the rank does not allow it.
            CaseTakenError: it is closed, or changed hands in this very moment.
        """
        ...

    async def reply(
        self, person: Person, case_id: int, fence: int, text: str, *, key: str | None = None
    ) -> CaseView:
        """Send a text to the buyer; a trainee's becomes a draft instead, that waits for an agent's yes.

        When this returns, the text lies in the outbox (or among the drafts) and survives a crash.
        Card numbers in it are masked. Idempotent by ``key``.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner; the buyer saw nothing.
            DeskError: the text is empty or too long.
        """
        ...

    async def approve_reply(
        self, person: Person, case_id: int, draft_id: int, *, text: str | None = None
    ) -> CaseView:
        """Send a trainee's draft to the buyer, in the trainee's name. The first decision counts.

        Args:
            person: anybody whose own replies need no yes.
            case_id: the draft's case.
            draft_id: the draft.
            text: the corrected text, if it was corrected.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: it was decided already, or the case has changed hands since.
        """
        ...

    async def decline_reply(self, person: Person, case_id: int, draft_id: int, reason: str) -> CaseView:
        """Refuse a trainee's draft, with a reason that the trainee reads. The first decision counts.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: it was decided already, or the case has changed hands since.
        """
        ...

    async def note(self, person: Person, case_id: int, text: str, *, key: str | None = None) -> CaseView:
        """Write a private remark into the case's history; the buyer never sees it. Idempotent by ``key``.

        Raises:
            ForbiddenError: the rank does not allow it.
            DeskError: the text is empty or too long.
        """
        ...

    async def close(
        self, person: Person, case_id: int, fence: int, outcome: Outcome, summary: str = ""
    ) -> CaseView:
        """Close the case; the bot answers the buyer's next message and knows what happened.

        Says nothing to the buyer.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
        """
        ...

    async def hand_back(
        self, person: Person, case_id: int, fence: int, outcome: Outcome, summary: str = ""
    ) -> CaseView:
        """Close the case and let the bot go on with the buyer at once.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
        """
        ...

    async def release(self, person: Person, case_id: int, fence: int) -> CaseView:
        """Put one's own case back into its queue; its clock starts anew.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
        """
        ...

    async def pass_on(self, person: Person, case_id: int, fence: int, queue: str) -> CaseView:
        """Put a case into another queue; for its owner, or for who may take over.

        Raises:
            NotOwnerError: the person may not, or looked at an older page.
            DeskError: there is no such queue, or it is there already.
        """
        ...

    async def reveal(self, person: Person, case_id: int, field: CardField) -> str:
        """A field of the card in clear; written down with the person's name. For the owner and supervisors.

        Returns:
            The value; empty if the card has none.

        Raises:
            NotOwnerError: the person has no business with it.
        """
        ...

    async def changes(self, person: Person, since: int | None, *, wait: float = 25.0) -> Changes:
        """What happened at the desk after a cursor; waits for it.

        Args:
            person: who asks.
            since: the cursor of the last call; ``None`` asks for the current one and returns at once.
            wait: the most seconds to wait when nothing has happened yet; then ``case_ids`` is empty.
        """
        ...


class DeskFrontend(Protocol):
    """A place where people work on cases. Implemented by adapters, found by entry point."""

    #: The entry point's name.
    name: str

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes that the one front server mounts for this frontend; empty if it needs none."""
        ...

    async def start(self) -> None:
        """Begin to work. Cleans up after itself if it fails.

        Raises:
            ConfigurationError: a setting is missing or wrong.
            TryLaterError: the outside is away; the front tries again with growing waits.
            OperatorError: the outside refuses our credentials.
        """
        ...

    def changed(self, case_id: int) -> None:
        """Something happened to this case: show it. Called on the event loop; must not block or raise.

        A hint only: it may be missed or come twice, so what counts is read from the desk again.
        """
        ...

    async def stop(self) -> None:
        """Let go of everything. Idempotent."""
        ...


DeskFactory = Callable[[Settings, Desk], DeskFrontend]


def open_desks(settings: Settings, desk: Desk) -> dict[str, DeskFrontend]:
    """Find every installed frontend that the store has switched on and build it.

    Raises:
        ConfigurationError: ``shop.yml`` names a desk that no installed package offers.
    """
    found = {entry.name: entry for entry in metadata.entry_points(group=ENTRY_POINTS)}
    missing = [name for name in settings.rules.desks if name not in found]
    if missing:
        raise ConfigurationError(
            f"shop.yml switches on the desk '{missing[0]}', which no installed package offers "
            f"(there are: {', '.join(sorted(found)) or 'none'})"
        )
    opened: dict[str, DeskFrontend] = {}
    for name in settings.rules.desks:
        factory: DeskFactory = found[name].load()
        opened[name] = factory(settings, desk)
    return opened
