"""Link people to accounts elsewhere, know their shifts, and keep what a case was about and worth."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("shift", sa.JSON(none_as_null=True), nullable=True))
    for column in (
        sa.Column("offered_to", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("direct", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("true_intent", sa.String(length=120), nullable=True),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("cases", column)
    op.create_table(
        "people_accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("linked_at", bot.database.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_people_accounts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_accounts")),
        sa.UniqueConstraint("kind", "account", name=op.f("uq_people_accounts_kind_account")),
    )
    op.create_index("ix_people_accounts_person_id", "people_accounts", ["person_id"], unique=False)
    op.create_table(
        "intent_labels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=True),
        sa.Column("predicted", sa.String(length=120), nullable=False),
        sa.Column("intent", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", bot.database.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_intent_labels_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_intent_labels_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent_labels")),
        sa.UniqueConstraint("case_id", name=op.f("uq_intent_labels_case_id")),
    )


def downgrade() -> None:
    op.drop_table("intent_labels")
    op.drop_table("people_accounts")
    for column in ("comment", "satisfaction", "true_intent", "direct", "offered_to"):
        op.drop_column("cases", column)
    op.drop_column("people", "shift")
