"""Keep whose outcome a new model would change, and what people say of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("against", sa.String(length=100), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_comparisons")),
        sa.UniqueConstraint("version", "against", name=op.f("uq_model_comparisons_version_against")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "model_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("ruling", sa.String(length=16), nullable=True),
        sa.Column("ruled_by", sa.String(length=64), nullable=True),
        sa.Column("ruled_at", bot.database.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["model_comparisons.id"],
            name=op.f("fk_model_changes_comparison_id_model_comparisons"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_changes")),
        sa.UniqueConstraint(
            "comparison_id", "conversation_id", name=op.f("uq_model_changes_comparison_id_conversation_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_model_changes_conversation_id"), "model_changes", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("model_changes")
    op.drop_table("model_comparisons")
