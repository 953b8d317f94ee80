"""Line up the conversations that have mail: however much waits, what may be sent now is found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WITH_MAIL = sa.text("mail_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("mail_at", bot.database.UTCDateTime(), nullable=True))
    op.execute(
        "UPDATE conversations SET mail_at = (SELECT min(not_before) FROM outbox"
        " WHERE outbox.conversation_id = conversations.id AND outbox.state = 'queued')"
    )
    for columns in (["mail_at", "id"], ["channel", "account", "mail_at", "id"]):
        op.create_index(
            f"ix_conversations_{'_'.join(columns)}",
            "conversations",
            columns,
            unique=False,
            sqlite_where=_WITH_MAIL,
            postgresql_where=_WITH_MAIL,
        )


def downgrade() -> None:
    op.drop_index("ix_conversations_channel_account_mail_at_id", table_name="conversations")
    op.drop_index("ix_conversations_mail_at_id", table_name="conversations")
    op.drop_column("conversations", "mail_at")
