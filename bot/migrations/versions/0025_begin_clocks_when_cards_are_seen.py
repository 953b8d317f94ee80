"""Know since when a case's card can be seen: a claim's clock begins then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("shown_at", bot.database.UTCDateTime(), nullable=True))
    # Their clocks run already.
    op.execute("UPDATE cases SET shown_at = opened_at")


def downgrade() -> None:
    op.drop_column("cases", "shown_at")
