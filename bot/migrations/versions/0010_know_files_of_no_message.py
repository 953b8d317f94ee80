"""Know the files that belong to no message: they go after a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unclaimed_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("kept_at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unclaimed_files")),
        sa.UniqueConstraint("path", name=op.f("uq_unclaimed_files_path")),
    )


def downgrade() -> None:
    op.drop_table("unclaimed_files")
