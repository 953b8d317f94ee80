"""The dialogue's tables: one tracker per conversation, one record per turn."""

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
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("intent", sa.String(100)),
    sa.Column("confidence", sa.Float),
    sa.Column("flow", sa.String(100)),
    # Rasa's actions with the policy that chose each, in order.
    sa.Column("steps", sa.JSON, nullable=False),
    # What was read of the store, and when: a replay is fed with it.
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Index("ix_turns_conversation_id_id", "conversation_id", "id"),
)
