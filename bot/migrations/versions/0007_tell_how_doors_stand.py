"""Tell how the doors of each serving process stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doors",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("since", bot.database.UTCDateTime(), nullable=False),
        sa.Column("seen_at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "holder", name=op.f("pk_doors")),
    )


def downgrade() -> None:
    op.drop_table("doors")
