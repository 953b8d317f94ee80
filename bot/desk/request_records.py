"""Reading and writing requests, in the caller's unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.desk.tables import people, requests
from bot.desk.values.requests import Request, RequestKind, RequestState
from bot.errors import DecidedError, UnknownRequestError
from bot.mailroom import conversations
from bot.settings import ShopRules

_PENDING = requests.c.state == RequestState.PENDING.value
_READ = sa.select(requests, people.c.name.label("decider")).outerjoin(
    people, people.c.id == requests.c.decided_by
)


class RequestRecords:
    """The desk's requests as rows. What may be done with them is the business of who derives from it."""

    def __init__(self, connection: Connection, rules: ShopRules, clock: Clock) -> None:
        self.connection = connection
        self.rules = rules
        self.clock = clock

    def get(self, request_id: int) -> Request:
        """The request with this id.

        Raises:
            UnknownRequestError: there is none.
        """
        row = self.connection.execute(_READ.where(requests.c.id == request_id)).one_or_none()
        if row is None:
            raise UnknownRequestError(f"There is no request {request_id}.")
        return _request_of(row)

    def of_key(self, key: str) -> Request | None:
        """What was asked under this key, waiting or over; None if nothing was."""
        row = self.connection.execute(_READ.where(requests.c.key == key)).one_or_none()
        return None if row is None else _request_of(row)

    def pending_of(self, conversation_id: int, purpose: str | None = None) -> Sequence[Request]:
        """What the conversation waits for, oldest first."""
        waiting = _READ.where(_PENDING, requests.c.conversation_id == conversation_id)
        if purpose is not None:
            waiting = waiting.where(requests.c.purpose == purpose)
        return tuple(map(_request_of, self.connection.execute(waiting.order_by(requests.c.id))))

    def pending_about(self, order_number: str) -> Sequence[Request]:
        """What waits for people about an order, in any conversation, oldest first."""
        waiting = _READ.where(_PENDING, requests.c.order_number == order_number)
        return tuple(map(_request_of, self.connection.execute(waiting.order_by(requests.c.id))))

    def list(self, *, closed: bool = False, limit: int = 100) -> Sequence[Request]:
        """Those that wait, first the one whose clock ends first; or those that are over, newest first."""
        if closed:
            found = _READ.where(~_PENDING).order_by(requests.c.decided_at.desc(), requests.c.id.desc())
        else:
            found = _READ.where(_PENDING).order_by(requests.c.due_at, requests.c.id)
        return tuple(map(_request_of, self.connection.execute(found.limit(limit))))

    def count(self) -> int:
        """How many wait."""
        waiting = sa.select(sa.func.count()).select_from(requests).where(_PENDING)
        return int(self.connection.execute(waiting).scalar_one())

    def due(self, limit: int = 100) -> Sequence[int]:
        """The requests whose clock has run out, longest ago first."""
        late = sa.select(requests.c.id).where(_PENDING, requests.c.due_at <= self.clock.now())
        return tuple(self.connection.execute(late.order_by(requests.c.due_at).limit(limit)).scalars())

    def _write(self, request: Request, **values: Any) -> None:
        """Write to it if nobody has decided, and its clock has not been turned, since it was read."""
        seen = requests.c.level == request.level
        done = self.connection.execute(
            requests.update().where(requests.c.id == request.id, _PENDING, seen).values(**values)
        )
        if done.rowcount != 1:
            raise self._decided(self.get(request.id))

    def _locked(self, request_id: int) -> Request:
        """The request, read while nobody else can write it or its conversation."""
        talk = sa.select(requests.c.conversation_id).where(requests.c.id == request_id)
        conversation_id = self.connection.execute(talk).scalar_one_or_none()
        if conversation_id is not None:
            # Before the request, as a turn has it.
            conversations.hold(self.connection, conversation_id)
        return self.get(request_id)

    @staticmethod
    def _decided(request: Request) -> DecidedError:
        who = f" by {request.decided_by}" if request.decided_by else ""
        return DecidedError(f"This was settled already{who}: {request.state.value.replace('_', ' ')}.")


def _request_of(row: Any) -> Request:
    return Request(
        id=row.id,
        kind=RequestKind(row.kind),
        purpose=row.purpose,
        conversation_id=row.conversation_id,
        queue=row.queue,
        state=RequestState(row.state),
        question=row.question,
        language=row.language,
        order_number=row.order_number,
        limit_kind=row.limit_kind,
        asked_minor=row.asked_minor,
        most_minor=row.most_minor,
        granted_minor=row.granted_minor,
        currency=row.currency,
        data=row.data,
        asked_at=row.asked_at,
        due_at=row.due_at,
        level=row.level,
        decided_at=row.decided_at,
        decided_by=row.decider,
        answer=row.answer,
    )
