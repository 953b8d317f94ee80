"""The tables by which processes share the work."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

leases = sa.Table(
    "leases",
    metadata,
    # What is held, such as `delivery` or `door telegram:123`.
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("holder", sa.String(100), nullable=False),
    # By the database's clock.
    sa.Column("until", UTCDateTime, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
)

marks = sa.Table(
    "marks",
    metadata,
    # What is marked: `files`.
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("token", sa.String(100), nullable=False),
)

doors = sa.Table(
    "doors",
    metadata,
    # Such as `channel web`.
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("holder", sa.String(100), primary_key=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("why", sa.String(300), nullable=False),
    sa.Column("since", UTCDateTime, nullable=False),
    # By the database's clock.
    sa.Column("seen_at", UTCDateTime, nullable=False),
)
