"""The schema's version: brought up by a command, checked before anything serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.database import Database, lock_now, metadata
from bot.errors import SchemaError

#: Alembic's own table, which stays when everything is taken back, and SQLite's.
_BOOKKEEPING = {"alembic_version", "sqlite_sequence"}


def every_table() -> sa.MetaData:
    """The metadata with every area's tables registered."""
    import bot.desk.tables
    import bot.dialogue.tables
    import bot.mailroom.tables
    import bot.notices.tables
    import bot.rulebook.tables
    import bot.sharing.tables
    import bot.shop.feed.tables
    import bot.shop.tables
    import bot.training.tables
    import bot.wording.tables  # noqa: F401 (each registers its tables)

    return metadata


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database to a revision, by default the newest, in one transaction.

    Raises:
        SchemaError: it is newer than this code, or another program's; nothing was changed.
    """

    def act(config: Config) -> None:
        # Under the lock: another process may be making the tables at this moment.
        _require_ours(database, version(database))
        command.upgrade(config, revision)

    _run(database, act)


def downgrade(database: Database, revision: str) -> None:
    """Bring the database back to a revision; ``base`` removes everything."""
    _run(database, lambda config: command.downgrade(config, revision))


def draft(database: Database, revision: str, message: str) -> None:
    """Write the migration that brings this database to what the tables say now; read it before it is used."""
    _run(database, lambda config: command.revision(config, message, autogenerate=True, rev_id=revision))


def version(database: Database) -> str | None:
    """The database's revision; None for an empty one."""
    with database.begin() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_empty(database: Database) -> bool:
    """Whether nothing lies in the database yet."""
    with database.begin() as connection:
        return not set(sa.inspect(connection).get_table_names()) - _BOOKKEEPING


def require_current(database: Database) -> None:
    """Refuse a database that is older or newer than this code.

    Raises:
        SchemaError: says which command helps.
    """
    have, need = version(database), newest()
    if have == need:
        return
    _require_ours(database, have)
    if have is None:
        raise SchemaError("the database is empty: run `crossdesk db upgrade`")
    raise SchemaError(f"the database is at revision {have}, this needs {need}: run `crossdesk db upgrade`")


def _require_ours(database: Database, have: str | None) -> None:
    if have is None:
        if not is_empty(database):
            raise SchemaError(
                f"the database {database.url!r} holds tables of another program: set CROSSDESK_DATABASE_URL "
                "to a database of its own"
            )
        return
    if have not in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}:
        raise SchemaError(
            f"the database is at revision {have}, which this version does not know: install the newer "
            "crossdesk that made it, or restore a backup"
        )


def _config() -> Config:
    config = Config()
    # Alembic interpolates: a percent sign in the path is doubled.
    location = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", location)
    return config


def _run(database: Database, act: Callable[[Config], object]) -> None:
    config = _config()
    with database.begin() as connection:
        # Of two processes that bring it up at once, the second finds it done.
        lock_now(connection, "schema")
        if not database.is_sqlite:
            # A migration may rewrite a large table.
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        config.attributes["connection"] = connection
        act(config)
