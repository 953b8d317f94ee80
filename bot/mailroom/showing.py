"""Lines of the outbox, read again for pages that are open in another process than the one that delivered."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from bot.mailroom.outbox import WITH_ADDRESS, OutboxState, message_of
from bot.mailroom.tables import conversations, outbox
from bot.messages import Outbound


def by_keys(connection: Connection, keys: Sequence[str]) -> list[Outbound]:
    """The messages with these keys, oldest first."""
    rows = connection.execute(WITH_ADDRESS.where(outbox.c.key.in_(keys)).order_by(outbox.c.id)).all()
    return [message_of(row) for row in rows]


def latest(connection: Connection, channels: Sequence[str], most: int) -> list[Outbound]:
    """What was written last on these channels and has been sent, oldest first."""
    newest = (
        WITH_ADDRESS.where(outbox.c.state == OutboxState.SENT.value, conversations.c.channel.in_(channels))
        .order_by(outbox.c.id.desc())
        .limit(most)
    )
    return [message_of(row) for row in reversed(connection.execute(newest).all())]
