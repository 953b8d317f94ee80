"""Have workers tell what the model makes of a message that somebody tries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("taken_at", bot.database.UTCDateTime(), nullable=True),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_trials")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("model_trials")
