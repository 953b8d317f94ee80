"""Send one-time codes to buyers without an order number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asker", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("sent_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("expires_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("ended_at", bot.database.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_identity_codes_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_codes")),
    )
    for column in ("asker", "address", "sent_at"):
        op.create_index(f"ix_identity_codes_{column}", "identity_codes", [column], unique=False)


def downgrade() -> None:
    op.drop_table("identity_codes")
