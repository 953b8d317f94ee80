"""The command line: ``crossdesk --help`` tells it all."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from bot.cli import people, service, shop, talk
from bot.errors import CrossdeskError

app = typer.Typer(
    name="crossdesk",
    help="A self-hosted customer-service bot for stores that sell across borders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(service.serve)
app.command()(service.train)
app.command()(service.doctor)
app.command(hidden=True)(service.worker)
app.command()(talk.chat)
app.command()(talk.parse)
app.command()(talk.converse)
app.add_typer(shop.app, name="shop")
app.add_typer(people.app, name="people")
app.add_typer(service.database_app, name="db")

#: Exit code of every error that a person can mend.
USAGE = 2
#: Exit code after Ctrl-C, as shells have it.
INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    try:
        app(list(arguments))
    except SystemExit as end:
        # Typer has shown what is wrong with the arguments.
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except CrossdeskError as error:
        typer.echo(f"crossdesk: {error}", err=True)
        return USAGE
    except BrokenPipeError:
        return 1
    return 0
