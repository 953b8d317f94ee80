"""``people``: who works at the desk."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.desk.groups import Groups
from bot.desk.people import People
from bot.desk.shifts import parse_shift, told
from bot.desk.values.people import AccountKind, Rank
from bot.settings import Settings
from bot.spelling import counted

app = typer.Typer(help="The people of the desk and their ranks.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="What they sign in with.")]


def _asked_password(given: str | None) -> str:
    return given or typer.prompt("Password", hide_input=True, confirmation_prompt=True)


@app.command("list")
def show() -> None:
    """List everybody."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        everybody = people.list()
        known = {person.id: " ".join(people.accounts_of(person)) for person in everybody}
    table = Table("login", "name", "rank", "languages", "queues", "shift", "accounts", "state", box=None)
    for person in everybody:
        state = "left" if not person.active else "away" if person.away else "here"
        table.add_row(
            person.login,
            person.name,
            person.rank.value,
            " ".join(person.languages),
            " ".join(person.queues) or "all",
            told(person.shift),
            known[person.id],
            state,
        )
    # A name is a name, whatever brackets it holds.
    Console(width=160, markup=False, highlight=False).print(table)


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
def work(
    login: Login,
    name: Annotated[str | None, typer.Option(help="The name that buyers read.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="A language they write (repeatable).")] = None,
    queue: Annotated[
        list[str] | None, typer.Option(help="A queue they serve (repeatable); `all` for all of them.")
    ] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            help="Days with hours, such as 'mon-fri 09:00-17:00' (repeatable); `none` for no shift."
        ),
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="The shift's; the store's if left out.")] = None,
) -> None:
    """Change how somebody works: name, languages, queues, shift; what is left out stays."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        person = people.set_work(
            people.named(login), name=name, languages=language, queues=[] if queue == ["all"] else queue
        )
        if shift is not None:
            zone = timezone or settings.rules.store.timezone
            person = people.set_shift(person, parse_shift([] if shift == ["none"] else shift, zone))
    announce(
        f"{person.login} writes {' '.join(person.languages) or 'any language'}, serves "
        f"{' '.join(person.queues) or 'all queues'}, works: {told(person.shift)}."
    )


@app.command()
def away(login: Login, back: Annotated[bool, typer.Option("--back", help="They are back.")] = False) -> None:
    """Mark somebody as away, or back; who is away gives up their open questions."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        people.set_away(people.named(login), not back)
    announce(f"{login} is {'back' if back else 'away'}.")


@app.command()
def link(
    login: Login,
    slack: Annotated[str, typer.Option(help="Their Slack account: workspace and user, T123ABC/U456DEF.")],
) -> None:
    """Know somebody by an account elsewhere: what they do there they do as this person."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        people.link(people.named(login), AccountKind.SLACK, slack)
    announce(f"{login} is linked with {slack.strip().upper()}.")


@app.command()
def unlink(
    login: Login,
    slack: Annotated[str | None, typer.Option(help="This account only; all of them if left out.")] = None,
) -> None:
    """Forget the accounts by which somebody is known elsewhere."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        people = People(connection, settings.rules, SystemClock())
        gone = people.unlink(people.named(login), AccountKind.SLACK, slack)
    announce(f"{login}: {counted(gone, 'account')} unlinked.")


@app.command("group")
def link_group(
    slack: Annotated[str, typer.Argument(help="A user group of Slack: workspace and group, T123/S456.")],
    rank: Annotated[Rank | None, typer.Option(help="Its people have at least this rank.")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="A queue that they serve (repeatable).")] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="They have again what they had without the group.")
    ] = False,
) -> None:
    """Have a user group of Slack say which rank and queues its people have."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        groups = Groups(connection, settings.rules, SystemClock())
        if forget:
            gone = groups.unlink(AccountKind.SLACK, slack)
            announce(f"{slack.strip().upper()} is forgotten; {gone} in it.")
            return
        group = groups.link(AccountKind.SLACK, slack, rank=rank, queues=tuple(queue or ()))
    announce(
        f"Who is in {group.account} is {group.rank.value if group.rank else 'of their own rank'} and serves "
        f"{' '.join(group.queues) or 'their own queues'}. The running service looks every few minutes."
    )


@app.command()
def groups() -> None:
    """List the groups that say which rank and queues their people have."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        found = Groups(connection, settings.rules, SystemClock()).list()
        names = {one.id: one.login for one in People(connection, settings.rules, SystemClock()).list()}
    table = Table("group", "rank", "queues", "people", "looked at", box=None)
    for group in found:
        table.add_row(
            f"{group.kind.value} {group.account}",
            group.rank.value if group.rank else "their own",
            " ".join(group.queues) or "their own",
            " ".join(names[one] for one in group.members) or "nobody",
            "not yet" if group.looked_at is None else f"{group.looked_at:%Y-%m-%d %H:%M} UTC",
        )
    Console(width=160, markup=False, highlight=False).print(table)


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
