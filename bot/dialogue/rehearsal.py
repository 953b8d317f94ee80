"""A rehearsal: the real bot, database and rules, driven line by line with a clock that is set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy.engine import Connection

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.requests import Requests
from bot.desk.turning import turn_request_clocks
from bot.desk.values.cases import Case, CaseState, Outcome
from bot.desk.values.people import Person, Rank
from bot.dialogue.engine import Engine
from bot.dialogue.replies import Replies
from bot.dialogue.report import TurnReport
from bot.dialogue.turns import TurnTaker
from bot.errors import CrossdeskError, DeskError
from bot.mailroom import conversations, inbox, outbox, transcript
from bot.mailroom.conversations import Owner
from bot.mailroom.timers import TimerRoom
from bot.messages import Attachment, Author, Inbound
from bot.notices.kinds import NOTICE
from bot.notices.telling import Notices
from bot.settings import ShopRules
from bot.shop.changes import change_order, decide_approval

#: Who acts for the desk where a line does not name somebody.
AGENT = "rehearsal"
#: What a supervisor may say.
DECISIONS = ("approve", "counter", "decline")
EVENTS = ("agent_reply", "answer", "approve", "counter", "decline", "close", "shop_change", "tick")

#: A clock can be set to these: beyond them sums of days and hours may have no result.
YEARS = range(1970, 2200)


class LineError(CrossdeskError):
    """A line of the rehearsal cannot be acted upon."""


@dataclass
class Rehearsal:
    """Takes one line after another; each returns what the buyer saw since."""

    database: Database
    rules: ShopRules
    replies: Replies
    engine: Engine
    clock: SetClock
    #: Takes turns of this channel only, beside a service that serves the others.
    channel: str | None = None
    _seen: dict[int, int] = field(default_factory=dict)
    #: The last turn's report, for ``/why``.
    last: TurnReport | None = None

    def play(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Act on one line.

        Args:
            line: ``channel`` and ``sender`` with ``text`` or ``button`` (optional ``language_hint``,
                ``sender_name``, ``network``, ``attachments``), or an ``event``; optional ``at`` (ISO 8601).

        Returns:
            ``replies``, ``status``, ``case`` and ``flow``.

        Raises:
            LineError: a field is missing, of the wrong type, or the act isn't possible now.
        """
        if line.get("at") is not None:
            self.clock.at = moment(line["at"])
        channel = _text(line, "channel", default="web")
        sender = _text(line, "sender", default="buyer")
        event = _optional(line, "event")
        if event is None:
            self._say(line, channel, sender)
        else:
            self._happen(event, line, channel, sender)
        reports = self._take_turns()
        return self._seen_since(channel, sender, reports)

    def _say(self, line: Mapping[str, Any], channel: str, sender: str) -> None:
        button = _optional(line, "button")
        text = line.get("text", "")
        if not isinstance(text, str):
            raise LineError("`text` must be a string")
        if button is None and "text" not in line and not line.get("attachments"):
            raise LineError("a line needs `text`, `button`, `attachments` or `event`")
        hint = _optional(line, "language_hint")
        message = Inbound(
            channel=channel,
            account="store",
            message_id=str(line.get("id") or uuid4().hex),
            sender=sender,
            text=text,
            sent_at=self.clock.now(),
            button=button,
            sender_name=_optional(line, "sender_name"),
            language_hint=hint,
            network=_optional(line, "network"),
            attachments=_attachments(line.get("attachments") or ()),
        )
        language = hint if hint in self.rules.languages else self.rules.fallback_language
        with self.database.begin() as connection:
            inbox.accept(connection, message, language=language, now=self.clock.now())

    def _happen(self, event: str, line: Mapping[str, Any], channel: str, sender: str) -> None:
        if event == "tick":
            self._turn_clocks()
            return
        with self.database.begin() as connection:
            try:
                if event == "agent_reply":
                    case, person = self._claimed(connection, channel, sender, line)
                    self._cases(connection).reply(case.id, person, _text(line, "text"), case.fence)
                elif event == "close":
                    case, person = self._claimed(connection, channel, sender, line)
                    self._close(connection, case, person, line)
                elif event == "answer" or (event in DECISIONS and "order" not in line):
                    self._decide(connection, event, channel, sender, line)
                elif event in DECISIONS:
                    # In the store's own system, past the desk.
                    decide_approval(
                        connection,
                        self.rules,
                        self.clock,
                        _text(line, "order"),
                        event,
                        by=AGENT,
                        amount=line.get("amount"),
                    )
                elif event == "shop_change":
                    changes = line.get("set") or {}
                    if not isinstance(changes, dict):
                        raise LineError("`set` must be an object")
                    change_order(connection, self.rules, self.clock, _text(line, "order"), changes)
                else:
                    raise LineError(f"`event` is '{event}': one of {', '.join(EVENTS)} is allowed")
            except LineError:
                raise
            except (DeskError, CrossdeskError, LookupError, ValueError) as error:
                raise LineError(f"{event}: {error}") from error

    def _close(self, connection: Connection, case: Case, person: Person, line: Mapping[str, Any]) -> None:
        outcome = Outcome(line.get("outcome") or Outcome.SOLVED.value)
        cases = self._cases(connection)
        end = cases.hand_back if line.get("hand_back") else cases.close
        end(case.id, person, outcome, str(line.get("summary") or ""), case.fence)

    def _turn_clocks(self) -> None:
        with self.database.begin() as connection:
            due = self._cases(connection).due()
        for case_id in due:
            with self.database.begin() as connection:
                self._cases(connection).expire(case_id)
        turn_request_clocks(self.database, self.rules, self.clock)
        notices = Notices(self.database, self.rules)
        notices.look(self.clock.now())
        needs = {NOTICE: notices.needed}
        TimerRoom(self.database, self.clock, {NOTICE: notices.fire}, needs=needs).fire_due()

    def _decide(
        self, connection: Connection, event: str, channel: str, sender: str, line: Mapping[str, Any]
    ) -> None:
        """Decide on what the conversation waits for."""
        talk = conversations.find(connection, channel, "store", sender)
        known = Requests(connection, self.rules, self.clock)
        waiting = known.pending_of(talk.id) if talk is not None else ()
        if not waiting:
            raise LineError("this conversation waits for no decision")
        person, asked = self._person(connection, line), waiting[0].id
        if event == "answer":
            known.answer(asked, person, _text(line, "text"))
        elif event == "counter":
            known.counter(asked, person, str(line.get("amount") or ""))
        elif event == "approve":
            known.approve(asked, person)
        else:
            known.decline(asked, person, str(line.get("reason") or "-"))

    def _person(self, connection: Connection, line: Mapping[str, Any]) -> Person:
        people = People(connection, self.rules, self.clock)
        login = str(line.get("agent") or AGENT)
        person = next((one for one in people.list() if one.login == login), None)
        return person or people.add(login, login.capitalize(), Rank.SUPERVISOR, uuid4().hex)

    def _claimed(
        self, connection: Connection, channel: str, sender: str, line: Mapping[str, Any]
    ) -> tuple[Case, Person]:
        """The conversation's open case, claimed by the line's agent if nobody has it."""
        talk = conversations.find(connection, channel, "store", sender)
        case = None if talk is None else self._cases(connection).open_case_of(talk.id)
        if case is None:
            raise LineError("this conversation has no open case")
        person = self._person(connection, line)
        if case.owner_id is None:
            case = self._cases(connection).claim(case.id, person)
        return case, person

    def _take_turns(self) -> list[TurnReport]:
        taker = TurnTaker(
            self.database, self.rules, self.replies, self.clock, self.engine, "rehearsal", self.channel
        )
        reports: list[TurnReport] = []
        while True:
            report = taker.take_next()
            if report is None and not self._skip_to_retry():
                return reports
            if report is not None:
                reports.append(report)
                self.last = report

    def _skip_to_retry(self) -> bool:
        """Move the clock on to the next try of a turn that failed."""
        with self.database.begin() as connection:
            next_try = None if self.channel else inbox.next_try(connection)
        if next_try is None or next_try <= self.clock.now():
            return False
        self.clock.at = next_try
        return True

    def _seen_since(self, channel: str, sender: str, reports: list[TurnReport]) -> dict[str, Any]:
        with self.database.begin() as connection:
            talk = conversations.find(connection, channel, "store", sender)
            if talk is None:
                return {"replies": [], "status": "bot", "case": None, "flow": None}
            outbox.all_read(connection, talk.id, now=self.clock.now())
            fresh = transcript.lines(connection, talk.id, after=self._seen.get(talk.id, 0))
            case = self._cases(connection).latest_of(talk.id)
        if fresh:
            self._seen[talk.id] = fresh[-1].position
        own = [report for report in reports if report.conversation_id == talk.id and report.flow]
        return {
            "replies": [
                {
                    "text": line.text,
                    "buttons": [
                        {"title": button.title, "payload": button.payload} for button in line.buttons
                    ],
                }
                for line in fresh
                if line.author is not Author.BUYER
            ],
            "status": _status(talk.owner, case),
            "case": None
            if case is None or case.state is CaseState.CLOSED
            else {"id": case.id, "queue": case.queue, "reason": case.reason.value},
            "flow": own[-1].flow if own else None,
        }

    def _cases(self, connection: Connection) -> Cases:
        return Cases(connection, self.rules, self.clock)


def moment(text: object) -> dt.datetime:
    """An ISO 8601 moment; without a zone it is UTC.

    Raises:
        LineError: it is none.
    """
    try:
        found = dt.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError as error:
        raise LineError(f"`at` is '{text}': give a moment such as 2026-11-22T10:00:00Z") from error
    if found.year not in YEARS:
        raise LineError(f"`at` is '{text}': give a moment from {YEARS[0]} to {YEARS[-1]}")
    return found if found.tzinfo else found.replace(tzinfo=dt.timezone.utc)


def _status(owner: Owner, case: Case | None) -> str:
    if owner is Owner.BOT:
        return "closed" if case is not None else "bot"
    return "queued" if case is None or case.owner_id is None else "agent"


def _text(line: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = line.get(key, default)
    if not isinstance(value, str) or not value:
        raise LineError(f"`{key}` is missing or no string")
    return value


def _optional(line: Mapping[str, Any], key: str) -> str | None:
    value = line.get(key)
    if value is not None and not isinstance(value, str):
        raise LineError(f"`{key}` must be a string")
    return value


def _attachments(items: Any) -> tuple[Attachment, ...]:
    try:
        return tuple(
            Attachment(
                str(item["name"]), str(item["media_type"]), int(item["size"]), str(item.get("path", ""))
            )
            for item in items
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LineError("`attachments` is a list of {name, media_type, size}") from error
