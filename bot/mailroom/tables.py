"""The mailroom's tables."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(40), nullable=False),
    sa.Column("account", sa.String(200), nullable=False),
    sa.Column("sender", sa.String(200), nullable=False),
    sa.Column("sender_name", sa.String(200)),
    sa.Column("language", sa.String(10), nullable=False),
    # The buyer's customer record, once the channel identity is linked to one.
    sa.Column("customer_id", sa.Integer),
    sa.Column("owner", sa.String(10), nullable=False),
    # The next free place in the transcript, shared by both directions.
    sa.Column("next_position", sa.Integer, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("last_at", UTCDateTime, nullable=False),
    # Who takes the conversation's turn now, and until when; the number only grows (the fence).
    sa.Column("claim_number", sa.Integer, nullable=False),
    sa.Column("claim_worker", sa.String(100)),
    sa.Column("claim_until", UTCDateTime),
    sa.UniqueConstraint("channel", "account", "sender"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), nullable=False),
    # `message` from a buyer, or an internal event's kind, such as `handed_back`.
    sa.Column("kind", sa.String(40), nullable=False),
    # NULL for internal events, which have no place on the channel.
    sa.Column("channel", sa.String(40)),
    sa.Column("account", sa.String(200)),
    sa.Column("message_id", sa.String(200)),
    sa.Column("position", sa.Integer),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("button", sa.Text),
    sa.Column("language_hint", sa.String(20)),
    sa.Column("network", sa.String(100)),
    # Attachments of a message, or an event's own data.
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("sent_at", UTCDateTime, nullable=False),
    sa.Column("received_at", UTCDateTime, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", UTCDateTime, nullable=False),
    # How it ended: `answered`, `relayed`, a case, or the recorded reason for silence.
    sa.Column("note", sa.String(200)),
    sa.Column("done_at", UTCDateTime),
    sa.UniqueConstraint("channel", "account", "message_id"),
    sa.Index("ix_inbox_conversation_id_position", "conversation_id", "position"),
    sa.Index("ix_inbox_state_conversation_id_id", "state", "conversation_id", "id"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(100), nullable=False, unique=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("buttons", sa.JSON, nullable=False),
    sa.Column("author", sa.String(10), nullable=False),
    sa.Column("author_name", sa.String(200)),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("weight", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", UTCDateTime, nullable=False),
    sa.Column("error", sa.String(200)),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("sent_at", UTCDateTime),
    sa.Column("channel_message_id", sa.String(200)),
    sa.Index("ix_outbox_conversation_id_position", "conversation_id", "position"),
    sa.Index("ix_outbox_state_conversation_id_id", "state", "conversation_id", "id"),
)
