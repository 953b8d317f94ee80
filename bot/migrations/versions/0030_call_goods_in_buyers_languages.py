"""Call goods in their buyers' languages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_names_product_id_products")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_names")),
        sa.UniqueConstraint("product_id", "language", name=op.f("uq_product_names_product_id_language")),
    )


def downgrade() -> None:
    op.drop_table("product_names")
