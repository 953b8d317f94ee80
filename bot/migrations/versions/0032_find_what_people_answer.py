"""Find the conversations that people answer without looking through all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    theirs = sa.text("owner = 'agent'")
    op.create_index(
        "ix_conversations_owner", "conversations", ["owner"], sqlite_where=theirs, postgresql_where=theirs
    )


def downgrade() -> None:
    op.drop_index("ix_conversations_owner", "conversations")
