"""Keep what was misunderstood until people say what it means, and what the model held likely."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

#: A group stands in the list of each kind of message that it holds.
_LISTS = ("waiting", "second", "disputed")


def upgrade() -> None:
    op.create_table(
        "learned_intents",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_learned_intents")),
    )
    op.create_table(
        "review_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("centre", sa.LargeBinary(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("encoder", sa.String(length=100), nullable=False),
        sa.Column("likely", sa.JSON(), nullable=False),
        sa.Column("intent", sa.String(length=100), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("second", sa.Integer(), nullable=False),
        sa.Column("disputed", sa.Integer(), nullable=False),
        sa.Column("worth", sa.Float(), nullable=False),
        sa.Column("newest_at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_groups")),
        sqlite_autoincrement=True,
    )
    for name in _LISTS:
        op.create_index(
            f"ix_review_groups_{name}",
            "review_groups",
            [sa.text("worth DESC"), "id"],
            unique=False,
            sqlite_where=sa.text(f"{name} > 0"),
            postgresql_where=sa.text(f"{name} > 0"),
        )
    op.create_table(
        "review_places",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_review_places")),
    )
    op.create_table(
        "review_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("meaning", sa.String(length=16), nullable=False),
        sa.Column("intent", sa.String(length=100), nullable=True),
        sa.Column("second_intent", sa.String(length=100), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("undone_at", bot.database.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_review_acts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_acts")),
    )
    op.create_index("ix_review_acts_actor_id", "review_acts", ["actor", "id"], unique=False)
    op.create_table(
        "review_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("ranking", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("doubt", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("meaning", sa.String(length=16), nullable=True),
        sa.Column("intent", sa.String(length=100), nullable=True),
        sa.Column("second_intent", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["review_groups.id"], name=op.f("fk_review_items_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
        sa.UniqueConstraint("inbox_id", name=op.f("uq_review_items_inbox_id")),
        sqlite_autoincrement=True,
    )
    for columns in (["conversation_id"], ["group_id", "state", "id"], ["state", "language", "id"]):
        op.create_index(f"ix_review_items_{'_'.join(columns)}", "review_items", columns, unique=False)
    op.create_table(
        "review_labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("act_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["review_acts.id"], name=op.f("fk_review_labels_act_id")),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_review_labels_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_labels")),
        sa.UniqueConstraint("item_id", "actor", name=op.f("uq_review_labels_item_id_actor")),
    )
    op.create_index("ix_review_labels_act_id", "review_labels", ["act_id"], unique=False)
    op.add_column("turns", sa.Column("reading", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "reading")
    op.drop_table("review_labels")
    op.drop_table("review_items")
    op.drop_table("review_acts")
    op.drop_table("review_places")
    op.drop_table("review_groups")
    op.drop_table("learned_intents")
