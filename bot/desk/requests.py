"""Requests: what the bot asks of people while it keeps the conversation; a flow goes on with the answer."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from bot.database import insert_once
from bot.desk import clocks, hours, ranks
from bot.desk.clocks import SUPERVISOR, SUPERVISOR_LEVEL
from bot.desk.request_records import RequestRecords
from bot.desk.sent import proper_text
from bot.desk.tables import requests
from bot.desk.values.people import Person
from bot.desk.values.requests import WHOLE, Request, RequestKind, RequestState
from bot.errors import DeskError, ForbiddenError
from bot.mailroom import conversations, inbox
from bot.shop import exchange
from bot.shop.money import Money, minor_digits

log = logging.getLogger(__name__)

#: Inbox events: the flow goes on with the answer; the buyer needs a new date.
REQUEST_ANSWERED = "request_answered"
REQUEST_LATE = "request_late"

_INSERT = insert_once(requests)


class Requests(RequestRecords):
    """All that can be done with requests, in the caller's unit of work.

    A request that waits has a queue and a running clock. The first decision counts; it is written together
    with the inbox event on which the conversation takes its next turn: the flow goes on exactly once.
    """

    def ask_approval(
        self,
        conversation_id: int,
        purpose: str,
        amount: Money,
        *,
        key: str,
        most: Money,
        limit_kind: str,
        question: str,
        language: str,
        order_number: str | None = None,
        whole: bool = False,
        data: Mapping[str, Any] | None = None,
    ) -> Request:
        """Ask a supervisor for money above the bot's authority. Idempotent by ``key``.

        Args:
            conversation_id: whose flow waits.
            purpose: which flow goes on with the answer.
            amount: what is asked for.
            key: the wish's name, unique for ever.
            most: the most that anybody may grant, in the same currency.
            limit_kind: ``discount`` or ``refund``: which limit of the decider's rank counts.
            question: what it is about, in English.
            language: the buyer's.
            order_number: the order it is about, if there is one.
            whole: all of it is granted or nothing, such as goods that are worth the amount.
            data: what the flow needs to go on; JSON.
        """
        return self._ask(
            key,
            kind=RequestKind.APPROVAL,
            purpose=purpose,
            conversation_id=conversation_id,
            queue=SUPERVISOR,
            question=question,
            language=language,
            order_number=order_number,
            limit_kind=limit_kind,
            asked_minor=amount.minor,
            most_minor=most.minor,
            currency=amount.currency,
            data={**(data or {}), **({WHOLE: True} if whole else {})},
        )

    def ask_department(
        self,
        conversation_id: int,
        purpose: str,
        department: str,
        *,
        key: str,
        question: str,
        language: str,
        order_number: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Request:
        """Ask a department of ``requests.departments`` a question. Idempotent by ``key``."""
        return self._ask(
            key,
            kind=RequestKind.QUESTION,
            purpose=purpose,
            conversation_id=conversation_id,
            queue=self.rules.requests.departments.get(department, SUPERVISOR),
            question=question,
            language=language,
            order_number=order_number,
            data=data,
        )

    # --- What people decide -----------------------------------------------------------------------

    def approve(self, request_id: int, person: Person) -> Request:
        """Grant what is asked for. The first decision counts.

        Raises:
            ForbiddenError: the rank does not allow it, or not so much.
            DecidedError: it is over.
            DeskError: it is no approval, or more than anybody may grant.
        """
        request = self._locked(request_id)
        return self._grant(request, person, Money(_of(request.asked_minor), request.currency or ""))

    def counter(self, request_id: int, person: Person, amount: str) -> Request:
        """Grant another amount, in major units of the request's currency. The first decision counts.

        Raises:
            ForbiddenError: the rank does not allow it, or not so much.
            DecidedError: it is over.
            DeskError: it is no approval, no sum of money, or more than anybody may grant.
        """
        request = self._locked(request_id)
        self._require_kind(request, RequestKind.APPROVAL)
        if request.is_whole:
            raise DeskError("This is granted whole or not at all: approve it, or decline it with a reason.")
        return self._grant(request, person, _typed_sum(amount, request.currency or ""))

    def decline(self, request_id: int, person: Person, reason: str) -> Request:
        """Refuse it, with a reason that colleagues read and the buyer does not. The first decision counts.

        Raises:
            ForbiddenError: the rank does not allow it.
            DecidedError: it is over.
            DeskError: it is no approval, or there is no reason.
        """
        request = self._locked(request_id)
        self._require_kind(request, RequestKind.APPROVAL)
        ranks.require(self.rules, person, "approve")
        return self._over(request, RequestState.DECLINED, person, answer=proper_text(reason), granted_minor=0)

    def answer(self, request_id: int, person: Person, text: str) -> Request:
        """Answer a question; the buyer reads the words as they are. The first answer counts.

        Raises:
            ForbiddenError: the rank or the queue does not allow it.
            DecidedError: it is over.
            DeskError: it is no question, or the text is empty or too long.
        """
        request = self._locked(request_id)
        self._require_kind(request, RequestKind.QUESTION)
        if not self.may_answer(request, person):
            raise ForbiddenError(
                f"Your rank or your queues do not allow this: to answer for {request.queue}."
            )
        return self._over(request, RequestState.ANSWERED, person, answer=proper_text(text))

    def may_answer(self, request: Request, person: Person) -> bool:
        """Whether this person may answer the department's question."""
        return ranks.may_approve(self.rules, person) and ranks.serves(self.rules, person, request.queue)

    # --- What happens by itself -------------------------------------------------------------------

    def withdraw(self, request_id: int) -> Request:
        """End a request that the flow needs no longer; does nothing if it is over."""
        request = self._locked(request_id)
        if request.state is not RequestState.PENDING:
            return request
        return self._over(request, RequestState.WITHDRAWN, None, told=False)

    def expire(self, request_id: int) -> Request:
        """Ask again, with a new date for the buyer, or give up and let the flow go on without an answer.

        Does nothing if somebody decided in the meantime.
        """
        request, now = self._locked(request_id), self.clock.now()
        if request.state is not RequestState.PENDING or request.due_at is None or request.due_at > now:
            return request
        level = request.level + 1
        if level >= self.rules.requests.times:
            log.error(
                "request %d in queue %s: asked %d times, nobody answers", request.id, request.queue, level
            )
            return self._over(request, RequestState.TIMED_OUT, None, level=level)
        queue = SUPERVISOR if level >= SUPERVISOR_LEVEL else request.queue
        due = self._due(request.kind, queue)
        self._write(request, level=level, queue=queue, due_at=due)
        payload = {"request_id": request.id, "purpose": request.purpose, "until": due.isoformat()}
        inbox.accept_event(self.connection, request.conversation_id, REQUEST_LATE, payload, now=now)
        return self.get(request.id)

    def _ask(
        self,
        key: str,
        *,
        kind: RequestKind,
        conversation_id: int,
        queue: str,
        question: str,
        data: Mapping[str, Any] | None,
        **values: Any,
    ) -> Request:
        conversations.hold(self.connection, conversation_id)
        self.connection.execute(
            _INSERT[self.connection.dialect.name],
            {
                "key": key,
                "kind": kind.value,
                "conversation_id": conversation_id,
                "queue": queue,
                "state": RequestState.PENDING.value,
                "question": proper_text(question),
                "data": dict(data or {}),
                "asked_at": self.clock.now(),
                "due_at": self._due(kind, queue),
                "level": 0,
                "answer": "",
                **values,
            },
        )
        found = sa.select(requests.c.id).where(requests.c.key == key)
        return self.get(self.connection.execute(found).scalar_one())

    def _due(self, kind: RequestKind, queue: str) -> dt.datetime:
        now = self.clock.now()
        if kind is RequestKind.QUESTION:
            return clocks.open_question_due(self.rules, queue, now)
        minutes = dt.timedelta(minutes=self.rules.requests.approval_minutes)
        return hours.after(clocks.hours_of(self.rules, queue), now, minutes)

    def _grant(self, request: Request, person: Person, granted: Money) -> Request:
        self._require_kind(request, RequestKind.APPROVAL)
        ranks.require(self.rules, person, "approve")
        if granted.minor > _of(request.most_minor):
            most = Money(_of(request.most_minor), granted.currency)
            raise DeskError(f"Nobody may grant more than {most.major} {most.currency} here.")
        store = self.rules.store.currency
        limit = Money.of(ranks.limit(self.rules, person.rank, request.limit_kind or "discount"), store)
        if exchange.convert(self.connection, granted, store) > limit:
            raise ForbiddenError(
                f"Your rank ({person.rank.value}) grants at most {limit.major} {limit.currency}."
            )
        as_asked = granted.minor == request.asked_minor
        state = RequestState.APPROVED if as_asked else RequestState.COUNTERED
        return self._over(request, state, person, granted_minor=granted.minor)

    def _over(
        self,
        request: Request,
        state: RequestState,
        person: Person | None,
        *,
        told: bool = True,
        **values: Any,
    ) -> Request:
        """End it, if nobody has, and let the conversation take its turn on it."""
        now = self.clock.now()
        decided_by = None if person is None else person.id
        self._write(request, state=state.value, due_at=None, decided_at=now, decided_by=decided_by, **values)
        if told:
            payload = {"request_id": request.id, "purpose": request.purpose}
            inbox.accept_event(self.connection, request.conversation_id, REQUEST_ANSWERED, payload, now=now)
        return self.get(request.id)

    def _require_kind(self, request: Request, kind: RequestKind) -> None:
        if request.state is not RequestState.PENDING:
            raise self._decided(request)
        if request.kind is not kind:
            raise DeskError(f"This is no {kind.value}.")


def _of(minor: int | None) -> int:
    return minor or 0


def _typed_sum(amount: str, currency: str) -> Money:
    """The sum that somebody typed in major units.

    Raises:
        DeskError: it is none above zero, or more exact than the currency: to some "1.250" is a thousand.
    """
    try:
        typed = Decimal(amount.strip().replace(",", "."))
    except InvalidOperation:
        typed = Decimal(0)
    exponent = typed.as_tuple().exponent
    exact = isinstance(exponent, int) and -exponent <= minor_digits(currency)
    if not exact or not 0 < typed < 10**9:
        such_as = Money(1_250, currency).major
        raise DeskError(f"Give a sum of money above zero, in {currency} (such as {such_as}).")
    return Money.of(typed, currency)
