"""Runs migrations on the connection that ``bot.schema`` hands over."""

from __future__ import annotations

from alembic import context

from bot.schema import every_table


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out SQLite's own tables: a drafted migration would drop them."""
    return kind != "table" or not (name or "").startswith("sqlite_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=every_table(),
    include_name=_is_ours,
    # SQLite cannot alter most things in place: tables are copied instead.
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
