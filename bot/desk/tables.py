"""The desk's tables: people, their sessions, cases, what happened to them, and what is asked of people."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata
from bot.mailroom.tables import conversations

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # Case-folded: a person is not two for having typed a capital.
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("rank", sa.String(16), nullable=False),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("queues", sa.JSON, nullable=False),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("away", sa.Boolean, nullable=False),
    # `{"timezone": "Asia/Shanghai", "hours": {"mon": ["09:00", "17:00"]}}`; NULL: no hours of one's own.
    sa.Column("shift", sa.JSON(none_as_null=True)),
    # `{"rank": "agent", "queues": []}`: what the operator gave, while groups say otherwise; NULL: none does.
    sa.Column("own_work", sa.JSON(none_as_null=True)),
    # Whether a frontend saw them there, and when it last looked.
    sa.Column("present", sa.Boolean),
    sa.Column("present_at", UTCDateTime),
    sa.Column("created_at", UTCDateTime, nullable=False),
)

people_accounts = sa.Table(
    "people_accounts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    # As the outside names the account, such as `T123/U456`.
    sa.Column("account", sa.String(120), nullable=False),
    sa.Column("linked_at", UTCDateTime, nullable=False),
    # An account is one person's.
    sa.UniqueConstraint("kind", "account"),
)

# Groups elsewhere, such as a user group of Slack, and what their people do.
people_groups = sa.Table(
    "people_groups",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    # As the outside names the group, such as `T123/S456`.
    sa.Column("account", sa.String(120), nullable=False),
    # NULL: their own.
    sa.Column("rank", sa.String(16)),
    # None of them: their own.
    sa.Column("queues", sa.JSON, nullable=False),
    # Ids of people.
    sa.Column("members", sa.JSON, nullable=False),
    sa.Column("linked_at", UTCDateTime, nullable=False),
    # When it was last looked who is in it.
    sa.Column("looked_at", UTCDateTime),
    sa.UniqueConstraint("kind", "account"),
)

people_events = sa.Table(
    "people_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False, index=True),
    # Who did it: a login, or "operator" for the command line.
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

desk_sessions = sa.Table(
    "desk_sessions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # SHA-256 of the token: who reads the database cannot sign in with it.
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False, index=True),
)

sign_in_tries = sa.Table(
    "sign_in_tries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # As typed, case-folded and cut: it may belong to nobody.
    sa.Column("login", sa.String(64), nullable=False, index=True),
    sa.Column("network", sa.String(64), nullable=False, index=True),
    sa.Column("at", UTCDateTime, nullable=False, index=True),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey(conversations.c.id), nullable=False, index=True),
    sa.Column("queue", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("intent", sa.String(120), nullable=False),
    sa.Column("topic", sa.String(32), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner_id", sa.Integer, sa.ForeignKey("people.id"), index=True),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("opened_at", UTCDateTime, nullable=False),
    sa.Column("claimed_at", UTCDateTime),
    sa.Column("first_answer_at", UTCDateTime),
    sa.Column("waiting_since", UTCDateTime),
    sa.Column("clock", sa.String(16)),
    sa.Column("due_at", UTCDateTime, index=True),
    # Since when its card can be seen by those who may claim it; NULL: it is in its queue and not shown yet.
    sa.Column("shown_at", UTCDateTime),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("closed_at", UTCDateTime),
    sa.Column("outcome", sa.String(32)),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("card", sa.JSON, nullable=False),
    # Ids of people, the likeliest first.
    sa.Column("offered_to", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("direct", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("true_intent", sa.String(120)),
    sa.Column("satisfaction", sa.Integer),
    sa.Column("comment", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_cases_state_queue", "state", "queue"),
    # The invariant, held by the database itself: an open case has an owner or a running clock.
    sa.CheckConstraint("state = 'closed' OR owner_id IS NOT NULL OR due_at IS NOT NULL", name="answered_for"),
    sa.CheckConstraint("(clock IS NULL) = (due_at IS NULL)", name="clock_has_end"),
)

# A conversation never has two open cases.
sa.Index(
    "uq_cases_open_conversation",
    cases.c.conversation_id,
    unique=True,
    sqlite_where=cases.c.state != "closed",
    postgresql_where=cases.c.state != "closed",
)

case_events = sa.Table(
    "case_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("actor_id", sa.Integer, sa.ForeignKey("people.id")),
    # For what nobody of the desk did: the bot, the buyer, the clock.
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # What the frontend calls this act; the same key again does nothing again.
    sa.Column("key", sa.String(120), unique=True),
    sqlite_autoincrement=True,
)

case_drafts = sa.Table(
    "case_drafts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("author_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("decided_by", sa.Integer, sa.ForeignKey("people.id")),
    sa.Column("decided_at", UTCDateTime),
)

# What a message really meant, as who closed its case said: what the model learns from.
intent_labels = sa.Table(
    "intent_labels",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, unique=True),
    # No foreign key: the message may go by age before the label does.
    sa.Column("inbox_id", sa.Integer),
    sa.Column("predicted", sa.String(120), nullable=False),
    sa.Column("intent", sa.String(120), nullable=False),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # What is asked for, unique for ever: the same wish is asked once.
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    # The flow that goes on with the answer.
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("conversation_id", sa.ForeignKey(conversations.c.id), nullable=False, index=True),
    sa.Column("queue", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    # In which language an answer must be written.
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("order_number", sa.String(40)),
    # Which limit of a rank counts (discount or refund), what is asked for, the most that anybody may grant,
    # and what was granted.
    sa.Column("limit_kind", sa.String(16)),
    sa.Column("asked_minor", sa.Integer),
    sa.Column("most_minor", sa.Integer),
    sa.Column("granted_minor", sa.Integer),
    sa.Column("currency", sa.String(3)),
    # What the waiting flow needs to go on.
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("asked_at", UTCDateTime, nullable=False),
    sa.Column("due_at", UTCDateTime, index=True),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("decided_at", UTCDateTime),
    sa.Column("decided_by", sa.Integer, sa.ForeignKey("people.id")),
    # The department's words to the buyer, or the reason of a no, which only colleagues read.
    sa.Column("answer", sa.Text, nullable=False),
    # A question that waits has a running clock.
    sa.CheckConstraint("(state = 'pending') = (due_at IS NOT NULL)", name="answered_for"),
)

# Where a frontend shows what, such as a case's message in a channel of Slack: so that it finds it again.
desk_places = sa.Table(
    "desk_places",
    metadata,
    sa.Column("frontend", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("changed_at", UTCDateTime, nullable=False, index=True),
)
