"""Let a message change, or take back, one that the channel has shown already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("corrects", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    # A correction must not be said, or shown, as if it were a message of its own.
    op.execute("DELETE FROM outbox WHERE corrects IS NOT NULL")
    op.drop_column("outbox", "corrects")
