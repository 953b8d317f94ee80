"""The dialogue's tables: one tracker per conversation, one record per turn, one ladder per bargain."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

trackers = sa.Table(
    "trackers",
    metadata,
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), primary_key=True),
    # Rasa's events as JSON, the oldest folded into slot values.
    sa.Column("events", sa.Text, nullable=False),
    # What outlives the events: the last question and how often it was asked.
    sa.Column("memory", sa.JSON, nullable=False),
    sa.Column("updated_at", UTCDateTime, nullable=False),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("inbox_id", sa.ForeignKey("inbox.id"), nullable=False, unique=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("model", sa.String(100)),
    # The version of the words and a digest of all that may be said.
    sa.Column("words", sa.String(100)),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("intent", sa.String(100)),
    sa.Column("confidence", sa.Float),
    # Of typed messages: the likeliest intents with their confidence (`ranking`), and the form that had asked
    # (`form`).
    sa.Column("reading", sa.JSON(none_as_null=True)),
    sa.Column("flow", sa.String(100)),
    # Rasa's actions with the policy that chose each, in order.
    sa.Column("steps", sa.JSON, nullable=False),
    # What was read of the store, and when, as `/why` tells it.
    sa.Column("facts", sa.JSON, nullable=False),
    # Every row that was read, packed: a replay is fed with it. NULL where it was too much, or not kept yet.
    sa.Column("tape", sa.LargeBinary),
    # The version of the rules in force (`rules`), the names of what was said (`replies`), and the clauses
    # that it stands on with their values (`clauses`). NULL where it was not kept yet.
    sa.Column("grounds", sa.JSON(none_as_null=True)),
    sa.Index("ix_turns_conversation_id_id", "conversation_id", "id"),
)

# How far a buyer has bargained: for an order, or for what one buyer may buy (a basket).
ladders = sa.Table(
    "ladders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # `order:CD-100001`, or `basket:` with the message that began it.
    sa.Column("subject", sa.String(120), nullable=False, unique=True),
    # Where it began.
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), nullable=False, index=True),
    sa.Column("customer_id", sa.ForeignKey("customers.id"), index=True),
    sa.Column("order_number", sa.String(40)),
    # The product that a basket is about.
    sa.Column("product", sa.String(60)),
    # All that moves it.
    sa.Column("refusals", sa.Integer, nullable=False),
    # What was conceded in the end, in minor units, and the coupon that it became; nothing is conceded twice.
    sa.Column("granted_minor", sa.Integer),
    sa.Column("coupon", sa.String(60)),
    sa.Column("begun_at", UTCDateTime, nullable=False),
    # A basket's; an order's lasts as long as the order.
    sa.Column("ends_at", UTCDateTime),
)
