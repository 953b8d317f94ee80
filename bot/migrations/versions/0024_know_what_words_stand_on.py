"""Keep with a turn the rules in force, and the clauses that its words stand on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("grounds", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "grounds")
