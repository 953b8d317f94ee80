"""Let admins change what is said, and record with each turn which words were spoken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("words", sa.String(length=100), nullable=True))
    op.create_table(
        "word_drafts",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("variants", sa.JSON(), nullable=False),
        sa.Column("base", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "language", name=op.f("pk_word_drafts")),
    )
    op.create_table(
        "word_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("before", sa.String(length=100), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_word_acts")),
    )


def downgrade() -> None:
    op.drop_table("word_acts")
    op.drop_table("word_drafts")
    op.drop_column("turns", "words")
