"""Keep with a turn every row that it read, so that it can be taken again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("tape", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "tape")
