"""Let people mark what misunderstood messages name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("named", "marks"):
        op.add_column("review_items", sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "review_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("act_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["review_acts.id"], name=op.f("fk_review_marks_act_id")),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_review_marks_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_marks")),
        sqlite_autoincrement=True,
    )
    for column in ("act_id", "item_id"):
        op.create_index(op.f(f"ix_review_marks_{column}"), "review_marks", [column])


def downgrade() -> None:
    op.drop_table("review_marks")
    for name in ("marks", "named"):
        op.drop_column("review_items", name)
