"""The command line: ``crossdesk --help`` tells it all."""

from __future__ import annotations

from collections.abc import Sequence

import typer

# Typer carries its own Click, whose errors it does not give away otherwise.
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from bot.cli import (
    backup,
    buyer,
    channels,
    check,
    data,
    evaluate,
    feed,
    mail,
    models,
    overview,
    people,
    replay,
    review,
    rules,
    service,
    shop,
    talk,
    words,
)
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
app.command()(channels.channels)
app.command(hidden=True)(service.worker)
app.command(hidden=True)(service.shadow)
app.command()(service.housekeep)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(talk.chat)
app.command()(talk.parse)
app.command()(talk.converse)
app.command()(replay.replay)
app.command()(replay.why)
app.command()(evaluate.evaluate)
app.command()(check.check)
app.command()(overview.overview)
app.add_typer(models.app, name="models")
app.add_typer(words.app, name="words")
app.add_typer(rules.app, name="rules")
app.add_typer(shop.app, name="shop")
app.add_typer(feed.app, name="feed")
app.add_typer(people.app, name="people")
app.add_typer(mail.app, name="mail")
app.add_typer(buyer.app, name="buyer")
app.add_typer(review.app, name="review")
app.add_typer(data.app, name="data")
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
        return _refuse(f"{error.format_message()} (see --help)")
    except CrossdeskError as error:
        return _refuse(str(error))
    except BrokenPipeError:
        return 1
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return code if isinstance(code, int) else 0


def _refuse(why: str) -> int:
    # What somebody typed may be part of it, with line ends and all.
    typer.echo(f"crossdesk: {' '.join(why.split())}", err=True)
    return USAGE
