"""``shop``: the store's data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import announce, open_database, seed_if_empty
from bot.clock import SystemClock
from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.shop.situations import situations
from bot.spelling import counted
from bot.training.words import write_words

app = typer.Typer(help="The store's products, customers, orders and parcels.", no_args_is_help=True)


@app.command()
def seed(
    number: Annotated[int, typer.Option("--seed", help="The same number makes the same store.")] = 1,
    today: Annotated[str | None, typer.Option(help="The day that its dates lie around (YYYY-MM-DD).")] = None,
) -> None:
    """Fill an empty database with a believable demonstration store."""
    settings = Settings.load()
    try:
        day = dt.date.fromisoformat(today) if today else SystemClock().now().date()
    except ValueError as error:
        raise ConfigurationError(f"--today is '{today}': give a day such as 2026-11-22") from error
    database = open_database(settings)
    if not seed_if_empty(database, number, day):
        raise ConfigurationError("there is a store in this database already: seed an empty one")
    with database.begin() as connection:
        write_words(connection, settings)
    announce(f"Seeded store {number} as of {day}.")


@app.command("import")
def load(
    folder: Annotated[
        Path, typer.Argument(help="Holds customers, products, orders, shipments as CSV or JSON.")
    ],
    strict: Annotated[bool, typer.Option(help="One bad row loads none.")] = False,
) -> None:
    """Load the store's own data; running it again updates."""
    from bot.shop.importing import import_folder

    settings = Settings.load()
    database = open_database(settings)
    with database.begin() as connection:
        now = SystemClock().now()
        report = import_folder(connection, folder, strict=strict, rules=settings.rules, now=now)
        write_words(connection, settings)
    for problem in report.problems:
        typer.echo(str(problem), err=True)
    if report.problem_count > len(report.problems):
        typer.echo(f"… and {report.problem_count - len(report.problems)} more", err=True)
    if not report.loaded:
        raise ConfigurationError(f"nothing was loaded: {counted(report.problem_count, 'problem')}, see above")
    announce(f"New: {_counted(report.inserted)}. Updated: {_counted(report.updated)}.")
    if report.problem_count:
        raise ConfigurationError(
            f"{counted(report.problem_count, 'problem')}, see above; all else was loaded"
        )


def _counted(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {table}" for table, count in rows.items() if count) or "nothing"


@app.command()
def show(
    situation: Annotated[str | None, typer.Argument(help="One situation; all of them if left out.")] = None,
) -> None:
    """Show an order of the store for each situation, with the contact that opens it to the bot."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        found = situations(connection, settings.rules, SystemClock())
    if situation is not None and situation not in found:
        raise ConfigurationError(
            f"there is no situation '{situation}' (there are: {', '.join(sorted(found))})"
        )
    for name, order in sorted(found.items()):
        if situation in (None, name):
            announce(f"{name:28} {order.number}  {order.email}  {order.phone}")
