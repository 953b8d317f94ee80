"""The line of conversations that wait for a turn: who was served goes to its end, however much they wrote.

A conversation has one place in the line, not each of its messages: a flood from one buyer delays everybody
else by one turn. Places are numbers that only grow while anybody waits, so a clock that jumps reorders
nothing.

Whoever changes a place holds the conversation (``conversations.hold``): otherwise a message that is accepted
while the last turn ends could be left standing without a place.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.mailroom.tables import conversations, inbox

#: An inbox row's state while no turn has finished it.
NEW = "new"

_standing = conversations.alias()
_behind_all = (
    sa.select(sa.func.coalesce(sa.func.max(_standing.c.turn_order), 0) + 1)
    .where(_standing.c.turn_order.isnot(None))
    .scalar_subquery()
)
_waiting = inbox.alias()
_another_waits = sa.exists().where(
    sa.and_(
        _waiting.c.conversation_id == sa.bindparam("conversation", type_=sa.Integer),
        _waiting.c.state == NEW,
        _waiting.c.id != sa.bindparam("row", type_=sa.Integer),
    )
)
#: The place of a conversation that has something new: the one that it has, or the last.
JOINED = sa.func.coalesce(conversations.c.turn_order, _behind_all)
#: The place of a conversation whose row ``row`` is done: the last, if something else of it waits.
SERVED: Any = sa.case((_another_waits, _behind_all), else_=None)

#: The claim of a conversation that nobody holds.
FREED = {"claim_until": None, "claim_worker": None}
_ANYBODY = sa.select(conversations.c.id).where(conversations.c.turn_order.isnot(None)).limit(1)
_UPDATE = conversations.update().where(conversations.c.id == sa.bindparam("conversation", type_=sa.Integer))
_JOIN = _UPDATE.values(turn_order=JOINED)
#: Has whoever holds the conversation work in vain: its turn is taken anew.
RECALL = _UPDATE.values(**FREED, claim_number=conversations.c.claim_number + 1)
#: The same, where the row of that turn no longer waits.
LEAVE = RECALL.values(turn_at=None, turn_order=SERVED)


def is_empty(connection: Connection) -> bool:
    """Whether nobody waits for a turn, not even one that may not be taken yet or that somebody takes now."""
    return connection.execute(_ANYBODY).one_or_none() is None


def join(connection: Connection, conversation_id: int) -> None:
    """Have the conversation's oldest unfinished row taken when it is its turn. Idempotent."""
    connection.execute(_JOIN, {"conversation": conversation_id})
