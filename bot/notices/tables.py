"""What the store wrote first, and who wants no more of it."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), nullable=False, index=True),
    # Whom the weekly cap counts for, where it is known.
    sa.Column("customer_id", sa.ForeignKey("customers.id")),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Index("ix_notices_customer_id_at", "customer_id", "at"),
)

opt_outs = sa.Table(
    "opt_outs",
    metadata,
    # It holds for every conversation of the same buyer.
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
)
