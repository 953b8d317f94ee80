"""Keep what a candidate in shadow would have done otherwise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_shadows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("against", sa.String(length=100), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("unsure", sa.Integer(), nullable=False),
        sa.Column("ended_at", bot.database.UTCDateTime(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_shadows")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "model_shadow_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shadow_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shadow_id"], ["model_shadows.id"], name=op.f("fk_model_shadow_changes_shadow_id_model_shadows")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_shadow_changes")),
        sa.UniqueConstraint("shadow_id", "turn_id", name=op.f("uq_model_shadow_changes_shadow_id_turn_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_model_shadow_changes_conversation_id"), "model_shadow_changes", ["conversation_id"]
    )


def downgrade() -> None:
    op.drop_table("model_shadow_changes")
    op.drop_table("model_shadows")
