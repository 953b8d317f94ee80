"""Let groups elsewhere say what their people do, and know who is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("own_work", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("people", sa.Column("present", sa.Boolean(), nullable=True))
    op.add_column("people", sa.Column("present_at", bot.database.UTCDateTime(), nullable=True))
    op.create_table(
        "people_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("rank", sa.String(length=16), nullable=True),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("linked_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("looked_at", bot.database.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_groups")),
        sa.UniqueConstraint("kind", "account", name=op.f("uq_people_groups_kind_account")),
    )


def downgrade() -> None:
    op.drop_table("people_groups")
    for column in ("present_at", "present", "own_work"):
        op.drop_column("people", column)
