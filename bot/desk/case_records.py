"""Reading and writing cases and what happened to them, in the caller's unit of work."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.clock import Clock
from bot.desk.tables import case_drafts, case_events, cases, people
from bot.desk.values.cases import (
    Case,
    CaseCard,
    CaseState,
    ClockKind,
    Likely,
    Outcome,
    Priority,
    Reason,
    Standing,
)
from bot.desk.values.history import CaseEvent, EventKind
from bot.desk.values.people import Person
from bot.desk.values.replies import Draft, DraftState
from bot.errors import NotOwnerError, UnknownCaseError
from bot.mailroom import conversations
from bot.settings import ShopRules

#: Who did it, where nobody of the desk did.
BOT = "the bot"
BUYER = "the buyer"
CLOCK = "the clock"
WATCHDOG = "the watchdog"


class CaseRecords:
    """The desk's cases as rows. What may be done with them is the business of those who derive from it."""

    def __init__(self, connection: Connection, rules: ShopRules, clock: Clock) -> None:
        self.connection = connection
        self.rules = rules
        self.clock = clock

    def get(self, case_id: int) -> Case:
        """The case with this id.

        Raises:
            UnknownCaseError: there is none.
        """
        return self._one(sa.select(cases).where(cases.c.id == case_id), case_id)

    def open_case_of(self, conversation_id: int) -> Case | None:
        """The conversation's case that is not closed, if it has one."""
        row = self.connection.execute(
            sa.select(cases).where(
                cases.c.conversation_id == conversation_id, cases.c.state != CaseState.CLOSED.value
            )
        ).one_or_none()
        return None if row is None else case_of(row)

    def latest_of(self, conversation_id: int) -> Case | None:
        """The conversation's newest case, open or closed, if it ever had one."""
        row = self.connection.execute(
            sa.select(cases)
            .where(cases.c.conversation_id == conversation_id)
            .order_by(cases.c.id.desc())
            .limit(1)
        ).one_or_none()
        return None if row is None else case_of(row)

    def list(
        self,
        *,
        queue: str | None = None,
        state: CaseState | None = None,
        owner_id: int | None = None,
        closed: bool = False,
        limit: int = 100,
    ) -> Sequence[Case]:
        """Cases, most pressing first: those that wait for us, by priority, lateness, end of clock.

        Args:
            queue: only of this queue.
            state: only in this state.
            owner_id: only of this owner.
            closed: closed ones too, after the others, newest first; a state of CLOSED implies it.
            limit: the most to return.
        """
        query = sa.select(cases)
        if queue is not None:
            query = query.where(cases.c.queue == queue)
        if state is not None:
            query = query.where(cases.c.state == state.value)
        elif not closed:
            query = query.where(cases.c.state != CaseState.CLOSED.value)
        if owner_id is not None:
            query = query.where(cases.c.owner_id == owner_id)
        rows = self.connection.execute(
            query.order_by(
                sa.case((cases.c.state == CaseState.CLOSED.value, 1), else_=0),
                cases.c.closed_at.desc(),
                sa.case((cases.c.state == CaseState.WAITING_BUYER.value, 1), else_=0),
                cases.c.priority.desc(),
                cases.c.level.desc(),
                cases.c.due_at,
                cases.c.id,
            ).limit(limit)
        )
        return tuple(case_of(row) for row in rows)

    def events(self, case_id: int) -> Sequence[CaseEvent]:
        """What happened to the case, oldest first."""
        rows = self.connection.execute(
            sa.select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.id)
        )
        return tuple(
            CaseEvent(row.id, row.case_id, row.at, row.actor, EventKind(row.kind), row.text) for row in rows
        )

    def drafts(self, case_id: int, state: DraftState = DraftState.PENDING) -> Sequence[Draft]:
        """The case's drafts in this state, oldest first."""
        rows = self.connection.execute(
            sa.select(case_drafts, people.c.name)
            .join(people, people.c.id == case_drafts.c.author_id)
            .where(case_drafts.c.case_id == case_id, case_drafts.c.state == state.value)
            .order_by(case_drafts.c.id)
        )
        return tuple(
            Draft(row.id, row.case_id, row.author_id, row.name, row.text, row.at, DraftState(row.state))
            for row in rows
        )

    def _locked(self, case_id: int) -> Case:
        """The case, read while nobody else can write it or its conversation until the unit of work ends."""
        talk = sa.select(cases.c.conversation_id).where(cases.c.id == case_id)
        conversation_id = self.connection.execute(talk).scalar_one_or_none()
        if conversation_id is not None:
            # Before the case: a turn, too, has its conversation first and then perhaps the case.
            conversations.hold(self.connection, conversation_id)
        held = sa.select(cases).where(cases.c.id == case_id).with_for_update(key_share=True)
        return self._one(held, case_id)

    def _change(self, case: Case, **values: Any) -> Case:
        """Write to the case if it is still as it was read.

        Raises:
            NotOwnerError: it changed hands or state in between; nothing was written.
        """
        done = self.connection.execute(
            cases.update()
            .where(cases.c.id == case.id, cases.c.fence == case.fence, cases.c.state == case.state.value)
            .values(**{name: getattr(value, "value", value) for name, value in values.items()})
        )
        if done.rowcount != 1:
            raise NotOwnerError("The case has changed since you looked at it; load it again.")
        return self.get(case.id)

    def _record(
        self, case_id: int, kind: EventKind, actor: Person | str, text: str = "", key: str | None = None
    ) -> int | None:
        """Write down what happened.

        Returns:
            The event's id; ``None`` if this person has done this very thing to the case before (``key``).
        """
        person = actor if isinstance(actor, Person) else None
        once = None if key is None else _once(case_id, person, key)
        row = case_events.insert().values(
            case_id=case_id,
            at=self.clock.now(),
            actor_id=None if person is None else person.id,
            actor=actor.name if isinstance(actor, Person) else actor,
            kind=kind.value,
            text=text,
            key=once,
        )
        if once is None:
            return int(self.connection.execute(row).inserted_primary_key[0])
        try:
            with self.connection.begin_nested():
                return int(self.connection.execute(row).inserted_primary_key[0])
        except IntegrityError:
            known = sa.select(case_events.c.id).where(case_events.c.key == once)
            if self.connection.execute(known).first() is None:
                raise
            return None

    def _written(self, case_id: int, person: Person, key: str) -> Any:
        """The event that this person wrote under a key; ``None`` if there is none."""
        known = sa.select(case_events).where(case_events.c.key == _once(case_id, person, key))
        return self.connection.execute(known).one_or_none()

    def _let_drafts_lapse(self, case_id: int) -> None:
        self.connection.execute(
            case_drafts.update()
            .where(case_drafts.c.case_id == case_id, case_drafts.c.state == DraftState.PENDING.value)
            .values(state=DraftState.LAPSED.value, decided_at=self.clock.now())
        )

    def _one(self, query: Any, case_id: int) -> Case:
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise UnknownCaseError(f"There is no case {case_id}.")
        return case_of(row)


def case_of(row: Any) -> Case:
    """A row of the table as a value."""
    return Case(
        id=row.id,
        conversation_id=row.conversation_id,
        queue=row.queue,
        reason=Reason(row.reason),
        intent=row.intent,
        topic=row.topic,
        priority=Priority(row.priority),
        language=row.language,
        state=CaseState(row.state),
        owner_id=row.owner_id,
        fence=row.fence,
        opened_at=row.opened_at,
        claimed_at=row.claimed_at,
        first_answer_at=row.first_answer_at,
        waiting_since=row.waiting_since,
        clock=None if row.clock is None else ClockKind(row.clock),
        due_at=row.due_at,
        level=row.level,
        closed_at=row.closed_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        summary=row.summary,
        card=card_of(row.card),
        offered_to=tuple(row.offered_to),
        direct=row.direct,
        shown_at=row.shown_at,
        true_intent=row.true_intent,
        satisfaction=row.satisfaction,
        comment=row.comment,
    )


def card_as_json(card: CaseCard) -> dict[str, Any]:
    """The card as the database keeps it."""
    return {**dataclasses.asdict(card), "standing": card.standing.value}


def card_of(stored: Mapping[str, Any]) -> CaseCard:
    """The card from what the database kept; fields of another version are left out."""
    known = {field.name for field in dataclasses.fields(CaseCard)}
    values: dict[str, Any] = {name: value for name, value in stored.items() if name in known}
    for name in ("bot_did", "suggested_replies"):
        values[name] = tuple(values.get(name, ()))
    values["standing"] = Standing(values.get("standing", Standing.NEW.value))
    values["likely"] = tuple(Likely(**one) for one in values.get("likely", ()))
    return CaseCard(**values)


def _once(case_id: int, person: Person | None, key: str) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    return f"{case_id}:{person.id if person else 0}:{digest}"
