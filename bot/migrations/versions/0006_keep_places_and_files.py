"""Keep where channels stand in what the outside offers, and the files of what is sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "places",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "name", name=op.f("pk_places")),
    )
    op.add_column("outbox", sa.Column("attachments", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("outbox", "attachments")
    op.drop_table("places")
