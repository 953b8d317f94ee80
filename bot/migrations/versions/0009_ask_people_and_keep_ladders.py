"""Ask people while the bot keeps the conversation, and keep how far a buyer has bargained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ladders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("order_number", sa.String(length=40), nullable=True),
        sa.Column("product", sa.String(length=60), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("granted_minor", sa.Integer(), nullable=True),
        sa.Column("coupon", sa.String(length=60), nullable=True),
        sa.Column("begun_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("ends_at", bot.database.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_ladders_conversation_id")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_ladders_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladders")),
        sa.UniqueConstraint("subject", name=op.f("uq_ladders_subject")),
    )
    op.create_index("ix_ladders_conversation_id", "ladders", ["conversation_id"], unique=False)
    op.create_index("ix_ladders_customer_id", "ladders", ["customer_id"], unique=False)

    op.create_table(
        "requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=True),
        sa.Column("limit_kind", sa.String(length=16), nullable=True),
        sa.Column("asked_minor", sa.Integer(), nullable=True),
        sa.Column("most_minor", sa.Integer(), nullable=True),
        sa.Column("granted_minor", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("asked_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("due_at", bot.database.UTCDateTime(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("decided_at", bot.database.UTCDateTime(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'pending') = (due_at IS NOT NULL)", name=op.f("ck_requests_answered_for")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_requests_conversation_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_requests_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("key", name=op.f("uq_requests_key")),
    )
    op.create_index("ix_requests_conversation_id", "requests", ["conversation_id"], unique=False)
    op.create_index("ix_requests_due_at", "requests", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_table("requests")
    op.drop_table("ladders")
