"""What commands open: the database, seeded at the first run, and the words they say on the way."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
import typer

from bot import schema
from bot.clock import SystemClock
from bot.database import Database, lock_now
from bot.desk.people import People
from bot.errors import ReviewError
from bot.settings import Settings
from bot.sharing import folder
from bot.shop.seed import seed
from bot.shop.tables import customers, orders, products
from bot.training.words import write_words

#: The seed of the store that is made at the first run.
FIRST_SEED = 1


def announce(line: str) -> None:
    """Say something to whoever runs the command."""
    typer.echo(line)


def open_database(settings: Settings, *, check: bool = True) -> Database:
    """The store's database.

    Raises:
        SchemaError: it is older or newer than this code, and ``check`` is on.
    """
    database = Database(settings.database_url)
    if check:
        schema.require_current(database)
    return database


def prepare_store(settings: Settings) -> None:
    """Make what the first run lacks: folders, schema, a demonstration store, the first supervisor.

    Raises:
        SchemaError: there is a database, but not of this version.
    """
    settings.files.mkdir(parents=True, exist_ok=True)
    (settings.store / "nlu").mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        if schema.is_empty(database):
            announce("Making the database …")
            schema.upgrade(database)
        schema.require_current(database)
        _mark_folder(settings, database)
        if seed_if_empty(database, FIRST_SEED, SystemClock().now().date()):
            announce("Filled in a demonstration store; `crossdesk shop import` loads your own.")
        with database.begin() as connection:
            first = People(connection, settings.rules, SystemClock()).add_first_supervisor()
        if first is not None:
            login, password = first
            announce(f"The desk's first supervisor: login '{login}', password '{password}' (shown only now).")
        with database.begin() as connection:
            write_words(connection, settings)
    finally:
        database.close()


def _mark_folder(settings: Settings, database: Database) -> None:
    """Tell the store's folder from any other; only a person can mend that."""
    # On one machine a folder that was emptied is still the one.
    emptied = database.is_sqlite and folder.read(settings.files) is None
    with database.begin() as connection:
        wrong = folder.mark(connection, settings.files, anew=emptied)
    if wrong is not None:
        announce(f"{wrong}.")


def write_lexicon_if_possible(settings: Settings) -> None:
    """Tell the model what the store sells, where there is a store to ask."""
    database = Database(settings.database_url)
    try:
        if schema.version(database) == schema.newest():
            with database.begin() as connection:
                write_words(connection, settings)
    finally:
        database.close()


def ready_examples(settings: Settings) -> None:
    """Bring the store's examples to what people said messages mean, and look what is wrong with them.

    Raises:
        ReviewError: no training should begin with them; the old model stays.
    """
    from bot.training import examples, intents
    from bot.training.checks import check

    database = Database(settings.database_url)
    try:
        if schema.version(database) != schema.newest():
            return
        examples.write(database, settings)
        if not any((settings.store / "nlu").rglob("*.yml")):
            return
        with database.begin() as connection:
            known = intents.known(connection, settings)
    finally:
        database.close()
    grave = [one.says for one in check(settings, known) if one.kind.forbids]
    if grave:
        more = f" (and {len(grave) - 1} more: `crossdesk data check`)" if len(grave) > 1 else ""
        raise ReviewError(f"no training begins with such examples: {grave[0]}{more}")


def seed_if_empty(database: Database, number: int, today: dt.date) -> bool:
    """Fill an empty store with the demonstration store of this seed; False if there is one already."""
    with database.begin() as connection:
        # Of two processes that start at once, the second finds it filled.
        lock_now(connection, "seed")
        for table in (customers, products, orders):
            if connection.execute(sa.select(table.c.id).limit(1)).first() is not None:
                return False
        seed(connection, number, today)
    return True
