"""Fence the deliverers, note what reached the other side, and keep timers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Columns are added and dropped in place: SQLite cannot copy a table that others refer to while their keys are
# held.


def upgrade() -> None:
    op.add_column("outbox", sa.Column("doubts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("deliverer", sa.String(length=100), nullable=True))
    op.add_column("outbox", sa.Column("sending_until", bot.database.UTCDateTime(), nullable=True))
    op.add_column("outbox", sa.Column("delivered_at", bot.database.UTCDateTime(), nullable=True))
    # What may have been sent before is repeated as rarely as after.
    op.execute("UPDATE outbox SET doubts = 2 WHERE state = 'unknown'")
    op.execute(
        "UPDATE outbox SET doubts = 1 WHERE state IN ('queued', 'sending') AND error LIKE 'outcome unknown%'"
    )
    op.create_table(
        "timers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("due_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", bot.database.UTCDateTime(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("created_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("ended_at", bot.database.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_timers_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("key", name=op.f("uq_timers_key")),
    )
    op.create_index("ix_timers_subject", "timers", ["subject"], unique=False)
    op.create_index("ix_timers_conversation_id", "timers", ["conversation_id"], unique=False)
    op.create_index(
        "ix_timers_not_before",
        "timers",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_index("ix_timers_not_before", table_name="timers")
    op.drop_index("ix_timers_conversation_id", table_name="timers")
    op.drop_index("ix_timers_subject", table_name="timers")
    op.drop_table("timers")
    op.drop_column("outbox", "delivered_at")
    op.drop_column("outbox", "sending_until")
    op.drop_column("outbox", "deliverer")
    op.drop_column("outbox", "doubts")
