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
    # Its place in the line of conversations that wait for a turn; NULL while nothing waits.
    sa.Column("turn_order", sa.Integer),
    # Before this moment its turn is not taken; NULL means at once.
    sa.Column("turn_at", UTCDateTime),
    # Not later than the moment at which its oldest undelivered message may go; NULL while none waits.
    sa.Column("mail_at", UTCDateTime),
    sa.UniqueConstraint("channel", "account", "sender"),
)

# The line alone: however many conversations are stored, those that wait are found at once.
sa.Index(
    "ix_conversations_turn_order",
    conversations.c.turn_order,
    sqlite_where=conversations.c.turn_order.isnot(None),
    postgresql_where=conversations.c.turn_order.isnot(None),
)

# Those that people answer alone: each minute it is asked whether one of them has no case.
sa.Index(
    "ix_conversations_owner",
    conversations.c.owner,
    sqlite_where=conversations.c.owner == "agent",
    postgresql_where=conversations.c.owner == "agent",
)

# Those that have mail alone, in all and of each account: a backlog that may not go yet is passed over.
for _columns in (("mail_at", "id"), ("channel", "account", "mail_at", "id")):
    sa.Index(
        f"ix_conversations_{'_'.join(_columns)}",
        *(conversations.c[name] for name in _columns),
        sqlite_where=conversations.c.mail_at.isnot(None),
        postgresql_where=conversations.c.mail_at.isnot(None),
    )

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.id"), nullable=False),
    # `message` or `deletion` from a buyer, or an internal event's kind, such as `handed_back`.
    sa.Column("kind", sa.String(40), nullable=False),
    # NULL for internal events, which have no place on the channel.
    sa.Column("channel", sa.String(40)),
    sa.Column("account", sa.String(200)),
    sa.Column("message_id", sa.String(200)),
    # The channel's id of the message that this one edits or deletes.
    sa.Column("edits", sa.String(200)),
    sa.Column("position", sa.Integer),
    sa.Column("text", sa.Text, nullable=False),
    # What it was edited to before it was answered: this is what the turn reads.
    sa.Column("edited_text", sa.Text),
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

sa.Index(
    "ix_inbox_channel_account_edits",
    *(inbox.c[name] for name in ("channel", "account", "edits")),
    sqlite_where=inbox.c.edits.isnot(None),
    postgresql_where=inbox.c.edits.isnot(None),
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
    sa.Column("attachments", sa.JSON, nullable=False, server_default="[]"),
    # Of one that changes or takes back an earlier one: which, as its channel showed it (`Correction`).
    sa.Column("corrects", sa.JSON(none_as_null=True)),
    sa.Column("author", sa.String(10), nullable=False),
    sa.Column("author_name", sa.String(200)),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("weight", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # After how many of them nobody knew whether the channel had sent it.
    sa.Column("doubts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_before", UTCDateTime, nullable=False),
    # Who handed it to the channel last, and until when that deliverer counts as alive: with `attempts` the
    # fence.
    sa.Column("deliverer", sa.String(100)),
    sa.Column("sending_until", UTCDateTime),
    sa.Column("error", sa.String(200)),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("sent_at", UTCDateTime),
    # When it reached the other side, where the channel tells.
    sa.Column("delivered_at", UTCDateTime),
    sa.Column("channel_message_id", sa.String(200)),
    sa.Index("ix_outbox_conversation_id_position", "conversation_id", "position"),
    sa.Index("ix_outbox_state_conversation_id_id", "state", "conversation_id", "id"),
)

places = sa.Table(
    "places",
    metadata,
    # Where a channel stands in what the outside offers, such as the number of the update that it read last.
    sa.Column("channel", sa.String(40), primary_key=True),
    sa.Column("account", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("changed_at", UTCDateTime, nullable=False),
)

# Files that were kept and belong to no message yet: a message takes its own out, the house-keeping the rest.
unclaimed_files = sa.Table(
    "unclaimed_files",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # Below `CROSSDESK_FILES`.
    sa.Column("path", sa.String(200), nullable=False, unique=True),
    sa.Column("kept_at", UTCDateTime, nullable=False),
)

timers = sa.Table(
    "timers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # What it is for, said so that the same timer is never set twice.
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),
    # What it is about, such as `order:CD-100001`: all timers about it are cancelled together.
    sa.Column("subject", sa.String(200), nullable=False),
    # Whose conversation takes a turn on it; NULL where a handler does without.
    sa.Column("conversation_id", sa.ForeignKey("conversations.id")),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("due_at", UTCDateTime, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    # Firings that failed, and not before when the next one is tried.
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", UTCDateTime, nullable=False),
    # Why it was cancelled or failed.
    sa.Column("note", sa.String(200)),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("ended_at", UTCDateTime),
    sa.Index("ix_timers_subject", "subject"),
    sa.Index("ix_timers_conversation_id", "conversation_id"),
)

# Those that wait alone: however many have fired, the next one is found at once.
sa.Index(
    "ix_timers_not_before",
    timers.c.not_before,
    sqlite_where=timers.c.state == "pending",
    postgresql_where=timers.c.state == "pending",
)
