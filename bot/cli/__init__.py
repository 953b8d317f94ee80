"""The command line: ``crossdesk --help`` tells it all."""

from __future__ import annotations

from collections.abc import Sequence

import typer

# Typer carries its own Click, whose errors it does not give away otherwise.
from typer._click.exceptions import ClickException, NoArgsIsHelpError

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
        code = app(list(arguments), standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except ClickException as error:
        typer.echo(f"crossdesk: {' '.join(error.format_message().split())} (see --help)", err=True)
        return USAGE
    except CrossdeskError as error:
        typer.echo(f"crossdesk: {error}", err=True)
        return USAGE
    except BrokenPipeError:
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(f"crossdesk: {place}{error.strerror or error}", err=True)
        return USAGE
    return code if isinstance(code, int) else 0
