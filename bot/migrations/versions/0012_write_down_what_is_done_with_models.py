"""Write down who releases which model, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("before", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("gates", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_acts")),
    )


def downgrade() -> None:
    op.drop_table("model_acts")
