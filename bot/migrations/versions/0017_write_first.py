"""Know what the store wrote first, and who wants no more of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_notices_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_notices_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_index(op.f("ix_notices_conversation_id"), "notices", ["conversation_id"])
    op.create_index("ix_notices_customer_id_at", "notices", ["customer_id", "at"])
    op.create_table(
        "opt_outs",
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_opt_outs_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_opt_outs")),
    )
    op.create_index("ix_shipments_delivered_at", "shipments", ["delivered_at"])


def downgrade() -> None:
    op.drop_index("ix_shipments_delivered_at", table_name="shipments")
    op.drop_table("opt_outs")
    op.drop_table("notices")
