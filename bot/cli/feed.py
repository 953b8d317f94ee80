"""``feed``: what the store's own system has not acknowledged yet, and trying it again."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from bot.cli.mail import Json, ago, as_line, print_table
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.shop.feed import entries
from bot.shop.feed.entries import FeedState

app = typer.Typer(help="What was done to orders, on its way to the store's own system.", no_args_is_help=True)


@app.command()
def status(as_json: Json = False) -> None:
    """Count it by state, and list what waits or was refused, oldest first."""
    now = SystemClock().now()
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        counted, found = entries.counts(connection), entries.not_acknowledged(connection)
    if as_json:
        rows = [
            {
                "id": one.id,
                "action": one.kind,
                "order": one.order_number,
                "state": one.state.value,
                "attempts": one.attempts,
                "note": one.note,
                "created_at": one.created_at.isoformat(),
            }
            for one in found
        ]
        told = {state.value: counted.get(state, 0) for state in FeedState}
        typer.echo(json.dumps({"is_on": settings.rules.feed.is_on, "counts": told, "open": rows}))
        return
    if not settings.rules.feed.is_on:
        announce("Orders live in this database: `feed` in shop.yml names no other system.")
    announce(", ".join(f"{counted.get(state, 0)} {state.value}" for state in FeedState) + ".")
    if found:
        table = Table("id", "action", "order", "state", "tries", "since", "last answer", box=None)
        for one in found:
            table.add_row(
                str(one.id),
                one.kind,
                one.order_number or "–",
                one.state.value,
                str(one.attempts),
                ago(one.created_at, now),
                as_line(one.note or ""),
            )
        print_table(table)


@app.command()
def retry(
    number: Annotated[int | None, typer.Argument(help="Only this one, as `status` shows it.")] = None,
) -> None:
    """Have what waits or was refused tried again at once."""
    with open_database(Settings.load()).begin() as connection:
        count = entries.retry(connection, SystemClock().now(), number)
    if number is not None and not count:
        raise ConfigurationError(f"nothing waits under {number}: `crossdesk feed status` shows what does")
    announce(f"{count} to be tried again.")
