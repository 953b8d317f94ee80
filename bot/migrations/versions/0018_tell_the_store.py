"""Tell the store's own system what was done to its orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("order_number", sa.String(length=40), nullable=True),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("turn_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", bot.database.UTCDateTime(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("created_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("ended_at", bot.database.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_feed_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("key", name=op.f("uq_feed_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feed_order_id"), "feed", ["order_id"])
    op.create_index(op.f("ix_feed_turn_id"), "feed", ["turn_id"])
    op.create_index(
        "ix_feed_open",
        "feed",
        ["not_before"],
        sqlite_where=sa.text("state != 'acknowledged'"),
        postgresql_where=sa.text("state != 'acknowledged'"),
    )
    op.create_table(
        "shop_reads",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shop_reads")),
    )


def downgrade() -> None:
    op.drop_table("shop_reads")
    op.drop_table("feed")
