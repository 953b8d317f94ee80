"""What is told to the store's own system, and when that system's data were read."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # That of the once-only action: the receiver knows a repetition by it.
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),
    # NULL where it is about no order. Of one order the next is told when the one before is acknowledged.
    sa.Column("order_id", sa.ForeignKey("orders.id"), index=True),
    sa.Column("order_number", sa.String(40)),
    # Who is told what comes of it, and in which turn it was asked for: what belongs together.
    sa.Column("conversation_id", sa.Integer),
    sa.Column("turn_id", sa.Integer, index=True),
    # What is told; kept until it is told and no longer than the retention says.
    sa.Column("body", sa.JSON, nullable=False),
    # What the bot says once all of the turn is acknowledged.
    sa.Column("held", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", UTCDateTime, nullable=False),
    # What the last try came to.
    sa.Column("note", sa.String(200)),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("ended_at", UTCDateTime),
    sqlite_autoincrement=True,
)

# What is not acknowledged alone: however much was, the next is found at once.
sa.Index(
    "ix_feed_open",
    feed.c.not_before,
    sqlite_where=feed.c.state != "acknowledged",
    postgresql_where=feed.c.state != "acknowledged",
)

shop_reads = sa.Table(
    "shop_reads",
    metadata,
    # Of what: `import`.
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
)
