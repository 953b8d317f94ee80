"""Know where a frontend shows what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_places",
        sa.Column("frontend", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("frontend", "name", name=op.f("pk_desk_places")),
    )
    op.create_index(op.f("ix_desk_places_changed_at"), "desk_places", ["changed_at"], unique=False)


def downgrade() -> None:
    op.drop_table("desk_places")
