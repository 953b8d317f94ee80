"""Tell what is known of goods in their buyers' languages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product_names", sa.Column("description", sa.Text(), nullable=True))
    op.add_column("product_names", sa.Column("facts", sa.JSON(none_as_null=True), nullable=True))
    for table in ("products", "product_names"):
        op.add_column(table, sa.Column("kinds", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    for table in ("product_names", "products"):
        op.drop_column(table, "kinds")
    op.drop_column("product_names", "facts")
    op.drop_column("product_names", "description")
