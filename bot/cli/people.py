"""``people``: who works at the desk."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.desk.people import People
from bot.desk.values import Rank
from bot.settings import Settings

app = typer.Typer(help="The people of the desk and their ranks.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="What they sign in with.")]


def _asked_password(given: str | None) -> str:
    return given or typer.prompt("Password", hide_input=True, confirmation_prompt=True)


@app.command("list")
def show() -> None:
    """List everybody."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        everybody = People(connection, settings.rules, SystemClock()).list()
    table = Table("login", "name", "rank", "languages", "queues", "state", box=None)
    for person in everybody:
        state = "left" if not person.active else "away" if person.away else "here"
        table.add_row(
            person.login,
            person.name,
            person.rank.value,
            " ".join(person.languages),
            " ".join(person.queues) or "all",
            state,
        )
    # A name is a name, whatever brackets it holds.
    Console(width=120, markup=False, highlight=False).print(table)


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="The name that buyers read.")],
    rank: Annotated[Rank, typer.Option(help="Their rank.")] = Rank.AGENT,
    language: Annotated[list[str] | None, typer.Option(help="A language they write (repeatable).")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="A queue they serve (repeatable).")] = None,
    password: Annotated[str | None, typer.Option(help="Asked for if left out.")] = None,
) -> None:
    """Add somebody."""
    settings = Settings.load()
    secret = _asked_password(password)
    with open_database(settings).begin() as connection:
        People(connection, settings.rules, SystemClock()).add(
            login, name, rank, secret, languages=tuple(language or ()), queues=tuple(queue or ())
        )
    announce(f"Added {login} as {rank.value}.")


@app.command()
def rank(login: Login, new: Annotated[Rank, typer.Argument(help="The new rank.")]) -> None:
    """Change somebody's rank."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        people.set_rank(people.named(login), new)
    announce(f"{login} is {new.value} now.")


@app.command()
def password(
    login: Login, new: Annotated[str | None, typer.Option("--password", help="Asked for if left out.")] = None
) -> None:
    """Give somebody a new password; signs them out everywhere."""
    settings = Settings.load()
    secret = _asked_password(new)
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        people.set_password(people.named(login), secret)
    announce(f"{login} has a new password.")


@app.command()
def remove(login: Login) -> None:
    """Let somebody go: they are signed out, their cases go back to the queue, their history stays."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        people.deactivate(people.named(login))
    announce(f"{login} can no longer sign in.")
