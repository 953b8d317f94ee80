"""Line up the conversations that wait, and link edits with what they change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Columns are added and dropped in place: SQLite cannot copy a table that others refer to while their keys are
# held.


def upgrade() -> None:
    op.add_column("conversations", sa.Column("turn_order", sa.Integer(), nullable=True))
    op.add_column("conversations", sa.Column("turn_at", bot.database.UTCDateTime(), nullable=True))
    op.create_index(
        "ix_conversations_turn_order",
        "conversations",
        ["turn_order"],
        unique=False,
        sqlite_where=sa.text("turn_order IS NOT NULL"),
        postgresql_where=sa.text("turn_order IS NOT NULL"),
    )
    op.add_column("inbox", sa.Column("edits", sa.String(length=200), nullable=True))
    op.add_column("inbox", sa.Column("edited_text", sa.Text(), nullable=True))
    op.create_index(
        "ix_inbox_channel_account_edits",
        "inbox",
        ["channel", "account", "edits"],
        unique=False,
        sqlite_where=sa.text("edits IS NOT NULL"),
        postgresql_where=sa.text("edits IS NOT NULL"),
    )
    # What waits at this moment stands in the order in which it came.
    op.execute(
        "UPDATE conversations SET turn_order = "
        "(SELECT min(id) FROM inbox WHERE inbox.conversation_id = conversations.id AND inbox.state = 'new')"
    )
    op.execute(
        "UPDATE conversations SET turn_at = (SELECT not_before FROM inbox WHERE inbox.id = turn_order)"
        " WHERE turn_order IS NOT NULL"
    )


def downgrade() -> None:
    # The older version reads one text only.
    op.execute("UPDATE inbox SET text = edited_text WHERE edited_text IS NOT NULL AND state = 'new'")
    op.drop_index("ix_inbox_channel_account_edits", table_name="inbox")
    op.drop_column("inbox", "edited_text")
    op.drop_column("inbox", "edits")
    op.drop_index("ix_conversations_turn_order", table_name="conversations")
    op.drop_column("conversations", "turn_at")
    op.drop_column("conversations", "turn_order")
