"""The Desk port: what a frontend (web page, Slack) may ask of the desk, and what it offers in return."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

from starlette.routing import BaseRoute

from bot.desk.values import (
    AccountKind,
    CardField,
    CaseCard,
    CaseEvent,
    CaseState,
    ClockKind,
    Delivery,
    Draft,
    Macro,
    Outcome,
    Person,
    Priority,
    Reason,
    Request,
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
    #: Lay the case aside until a moment.
    SNOOZE = "snooze"
    #: End that before its time.
    WAKE = "wake"
    #: Switch whether what is written goes to the buyer without a further word.
    DIRECT = "direct"


@dataclass(frozen=True)
class Offered:
    """Somebody whom a case was offered to."""

    person_id: int
    name: str


@dataclass(frozen=True)
class OtherTalk:
    """Another conversation of the same customer."""

    conversation_id: int
    channel: str
    #: When something was said last; aware, UTC.
    last_at: dt.datetime
    #: Its newest case, if it ever had one.
    case_id: int | None
    state: CaseState | None
    queue: str | None
    owner: str | None
    #: What the buyer wanted there, in one masked line; empty without a case.
    wants: str = ""


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
    #: Whom it was offered to, the likeliest first: a hint while nobody has it, empty otherwise.
    offered_to: tuple[Offered, ...] = ()
    #: Whether a frontend may send what the owner writes without a further word: show it on every message.
    direct: bool = False
    #: The buyer's rating of the help, 1 to 5; ``None`` as long as they gave none.
    satisfaction: int | None = None
    order_number: str | None = None
    #: It waits to be claimed, and where cards are posted its own is not there yet: its clock may end earlier.
    unseen: bool = False


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
    #: The agents' replies and what became of each, oldest first; of those in the transcript only.
    deliveries: tuple[Delivery, ...] = ()
    #: What the case may really have been about, likeliest first, at most three: to be offered on closing.
    likely_intents: tuple[str, ...] = ()
    #: What was chosen on closing.
    true_intent: str | None = None
    #: What the buyer wrote to their rating; masked.
    comment: str = ""
    #: Other conversations of the same customer, newest first; only of one whose identity was checked.
    others: tuple[OtherTalk, ...] = ()


@dataclass(frozen=True)
class Because:
    """Why the bot said something: what was understood, which script ran, and what it stood on."""

    at: dt.datetime
    #: The model's version; None where none was loaded.
    model: str | None
    intent: str | None
    confidence: float | None
    flow: str | None
    #: The rule of ``stories/`` that was followed.
    rule: str
    #: The actions, in order.
    steps: tuple[str, ...]
    #: The version of ``shop.yml`` that was in force; None for turns of before it was kept.
    rules: str | None
    #: The clauses that the words stand on, with their values then: ``returns.window_days = 7``.
    clauses: tuple[str, ...]
    #: What was read of the store, a line each; personal data masked.
    facts: tuple[str, ...]


class Decision(str, enum.Enum):
    """What a person can do with a request; a view says which of them this person may do now."""

    APPROVE = "approve"
    COUNTER = "counter"
    DECLINE = "decline"
    ANSWER = "answer"


@dataclass(frozen=True)
class RequestView:
    """A request as it is shown to one person: an approval of money, or a question to a department."""

    #: What is asked, who decided what; ``question`` and ``answer`` are masked.
    request: Request
    channel: str
    #: What to call the buyer, if the channel or the identity check told us.
    buyer: str | None
    #: The most that this person may grant, in minor units of the request's currency; None for a question.
    limit_minor: int | None
    #: What this person may do now.
    may: frozenset[Decision]


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
class Today:
    """The desk's figures since midnight in the store's zone."""

    opened: int
    closed: int
    #: Cases that got their first answer.
    answered: int
    #: The median time from opening to the first answer, in seconds; ``None`` if none was answered.
    first_answer_seconds: float | None
    #: How often a clock ran out.
    late: int
    #: The mean of the buyers' ratings, 1 to 5, and how many there are.
    satisfaction: float | None
    ratings: int


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
    Every method raises ``TryLaterError`` while the database is away; nothing was done then, or it was done
    and could not be shown: look at the case again, or do it again with the same key.
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

    async def find(self, person: Person, text: str, *, limit: int = 20) -> Sequence[CaseSummary]:
        """Cases by the order's number or a part of the buyer's name, open ones first, then the newest.

        Args:
            person: who asks.
            text: an order's number as the buyer or the store writes it, or a name; case does not matter.
            limit: the most to return, 1 to 500.

        Raises:
            DeskError: the text has less than two characters.
        """
        ...

    async def today(self, person: Person) -> Today:
        """Today's figures."""
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
            DeskError: the person has as many unanswered cases as ``cases.most_open`` allows.
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

    async def delivery(self, person: Person, case_id: int, key: str) -> Delivery | None:
        """Where a reply stands that this person wrote with this ``key``; ``None`` if there is none.

        News of it come through ``changes`` only if it fails: ask again until it has ended.
        """
        ...

    async def retry_reply(self, person: Person, case_id: int, position: int) -> CaseView:
        """Have a reply that was not delivered tried again; for the owner and for who may take over.

        Args:
            person: who asks.
            case_id: the case.
            position: ``Delivery.position``.

        Raises:
            NotOwnerError: the person has no business with it.
            DeskError: there is no such reply, or it is on its way or delivered already.
        """
        ...

    async def change_reply(
        self, person: Person, case_id: int, fence: int, position: int, text: str
    ) -> CaseView:
        """Change one's own reply: before it goes, or on the channel that has shown it.

        What the channel has shown is changed by it, in order with what else goes to the buyer. Whether it did
        stands in the transcript: a line that ``edits`` the reply's, and its state.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the person's replies need a yes.
            DeskError: there is no such reply of theirs, the text is empty or too long, or it is on its way at
                this moment: the message says so, and nothing was changed.
        """
        ...

    async def withdraw_reply(self, person: Person, case_id: int, fence: int, position: int) -> CaseView:
        """Take back one's own reply: before it goes, or from the channel that has shown it.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            DeskError: there is no such reply of theirs, it was taken back already, or is on its way at this
                moment: the message says so.
        """
        ...

    async def macros(self, person: Person, case_id: int) -> Sequence[Macro]:
        """The store's ready texts for this case: labelled in the person's language, filled for the buyer."""
        ...

    async def snooze(self, person: Person, case_id: int, fence: int, until: dt.datetime) -> CaseView:
        """Lay an answered case aside until a moment; the buyer's next message ends that.

        At that moment the owner must act within the time of a first answer, or the case goes on as any other.

        Args:
            person: its owner.
            case_id: the case.
            fence: of the page that was looked at.
            until: aware; at most ``cases.snooze_days`` ahead.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            DeskError: the buyer waits for an answer, or the moment is past or too far.
        """
        ...

    async def wake(self, person: Person, case_id: int, fence: int) -> CaseView:
        """End a snooze before its time: it is the buyer's turn again. Idempotent.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
        """
        ...

    async def set_direct(self, person: Person, case_id: int, fence: int, direct: bool) -> CaseView:
        """Switch whether a frontend may send what the owner writes without a further word. Idempotent.

        Off for every new case, and again whenever the owner changes.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the person's replies need somebody's yes.
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
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """Close the case; the bot answers the buyer's next message and knows what happened.

        Says nothing to the buyer but the one question for a rating, where ``shop.yml`` has it asked.

        Args:
            person: its owner.
            case_id: the case.
            fence: of the page that was looked at.
            outcome: how it ended.
            summary: for the next colleague and the bot.
            true_intent: what it was really about, such as one of ``CaseView.likely_intents``; those who train
                the model read it.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
            DeskError: the intent is none.
        """
        ...

    async def hand_back(
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """Close the case and let the bot go on with the buyer at once; else as ``close``.

        Raises:
            NotOwnerError: the person is not, or no longer, the owner.
            ForbiddenError: the rank does not allow it.
            DeskError: the intent is none.
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

    async def why(self, person: Person, case_id: int, position: int) -> Because:
        """Why the bot said what stands at this position of the transcript. For the owner and supervisors.

        Raises:
            NotOwnerError: the person has no business with the case.
            DeskError: the bot did not say it, or the turn is no longer kept.
        """
        ...

    async def other_talk(
        self, person: Person, case_id: int, conversation_id: int
    ) -> Sequence[TranscriptLine]:
        """The newest lines of one of the case's ``others``, oldest first. For the owner and supervisors.

        Raises:
            NotOwnerError: the person has no business with the case.
            DeskError: it is none of this buyer's conversations, or no longer.
        """
        ...

    async def requests(
        self, person: Person, *, closed: bool = False, limit: int = 100
    ) -> Sequence[RequestView]:
        """What the bot asks of people while it keeps the conversation, most pressing first.

        Args:
            person: who asks.
            closed: those that are over instead, newest first.
            limit: the most to return, 1 to 500.
        """
        ...

    async def request_count(self, person: Person) -> int:
        """How many requests wait."""
        ...

    async def approve_request(self, person: Person, request_id: int) -> RequestView:
        """Grant the money that is asked for; the buyer's flow goes on by itself. The first decision counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank does not allow it, or not so much.
            DeskError: it is no approval, or more than anybody may grant.
        """
        ...

    async def counter_request(self, person: Person, request_id: int, amount: str) -> RequestView:
        """Grant another amount, in major units of the request's currency. The first decision counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank does not allow it, or not so much.
            DeskError: it is no approval, no sum of money, or more than anybody may grant.
        """
        ...

    async def decline_request(self, person: Person, request_id: int, reason: str) -> RequestView:
        """Refuse it, with a reason that only colleagues read. The first decision counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank does not allow it.
            DeskError: it is no approval, or there is no reason.
        """
        ...

    async def answer_request(self, person: Person, request_id: int, text: str) -> RequestView:
        """Answer a department's question; the buyer reads the words as they are. The first answer counts.

        Raises:
            UnknownRequestError: there is none.
            DecidedError: it is over.
            ForbiddenError: the rank or the queue does not allow it.
            DeskError: it is no question, or the text is empty or too long.
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
    #: See ``bot.channels.Channel``: a frontend and a channel may share one connection.
    exclusive: str | None

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes that the server of every process with the role ``web`` mounts; empty if it needs none.

        They work although ``start`` may run in another process only.
        """
        ...

    async def start(self) -> None:
        """Begin to work, also after a ``stop``. Cleans up after itself if it fails.

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
