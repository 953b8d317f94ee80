"""Runs migrations on the connection that ``bot.schema`` hands over."""

from __future__ import annotations

from alembic import context

from bot.schema import every_table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=every_table(),
    # SQLite cannot alter most things in place: tables are copied instead.
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
