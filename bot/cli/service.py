"""``serve``, ``train``, ``doctor`` and ``db``: running crossdesk."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import Annotated

import typer
import uvloop

from bot import logs, schema
from bot.cli.opening import announce, open_database, prepare_store
from bot.errors import ConfigurationError, ModelError
from bot.settings import Settings
from bot.training import models

database_app = typer.Typer(help="The database's schema.", no_args_is_help=True)


def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The pages' port; 0 takes a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
) -> None:
    """Serve the buyer's chat and the desk; sets up whatever is missing first."""
    from bot.service import bind
    from bot.service import serve as run

    logs.set_up()
    settings = Settings.load()
    settings = dataclasses.replace(
        settings,
        port=settings.port if port is None else port,
        host=host or settings.host,
        rules=settings.rules
        if workers is None
        else settings.rules.copy(
            update={"serving": settings.rules.serving.copy(update={"workers": workers})}
        ),
    )
    with bind(settings.host, settings.port) as bound:
        prepare_store(settings)
        _train_if_stale(settings)
        uvloop.run(run(settings, bound, announce))


def _train_if_stale(settings: Settings) -> None:
    """Train in a process of its own, so that the front stays small."""
    if not models.is_stale(settings):
        return
    from bot.workers import environment

    announce("The data have changed." if _has_model(settings) else "There is no model yet.")
    trained = subprocess.run(
        [sys.executable, "-m", "bot", "train"],
        env={**os.environ, **environment(settings)},
        check=False,
    )
    if trained.returncode == 0:
        return
    if _has_model(settings):
        announce("Serving with the model that was released last.")
    else:
        announce("Serving without a model: every message goes to a person until `crossdesk train` succeeds.")


def _has_model(settings: Settings) -> bool:
    try:
        return models.current(settings) is not None
    except ModelError:
        return False


def train() -> None:
    """Train the model and release it; does nothing if it is fresh."""
    from bot.cli.opening import write_lexicon_if_possible
    from bot.training.train import train as run

    logs.set_up()
    settings = Settings.load()
    if not models.is_stale(settings):
        announce("The model is fresh.")
        return
    write_lexicon_if_possible(settings)
    run(settings, announce)


def worker(name: Annotated[str, typer.Option(help="The worker's name, unique.")]) -> None:
    """Take turns until standard input ends; started by ``serve``."""
    from bot.dialogue.worker import run_worker

    logs.set_up()
    settings = Settings.load()
    try:
        model = models.current_path(settings)
    except ModelError:
        model = None
    run_worker(settings, name, model)


@database_app.command("upgrade")
def upgrade() -> None:
    """Bring the database to this version's schema."""
    settings = Settings.load()
    database = open_database(settings, check=False)
    before = schema.version(database)
    schema.upgrade(database)
    announce(f"The database is at revision {schema.version(database)} (was {before or 'empty'}).")


def doctor() -> None:
    """Check settings, database, model and pages, and say what to do."""
    from bot.cli.doctor import examine

    logs.set_up()
    findings = examine()
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.fine else 'MEND'}  {finding.what}: {finding.says}")
    if not all(finding.fine for finding in findings):
        raise ConfigurationError("something needs mending, see above")
