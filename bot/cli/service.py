"""``serve``, ``train``, ``doctor``, ``housekeep`` and ``db``: running crossdesk."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop

from bot import logs, schema
from bot.cli.opening import announce, open_database, prepare_store
from bot.clock import Clock, SystemClock
from bot.database import Database
from bot.dialogue.lean import keep_tensorflow_out
from bot.errors import ConfigurationError, CrossdeskError, ModelError
from bot.serving.roles import EVERYTHING, Role
from bot.settings import Settings
from bot.training import models
from bot.training.background import step_back
from bot.training.watch import RolloutWatch, Watch, to_start_with

if TYPE_CHECKING:
    from bot.dialogue.engine import Engine

database_app = typer.Typer(help="The database's schema.", no_args_is_help=True)


def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The pages' port; 0 takes a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
    role: Annotated[
        list[Role] | None,
        typer.Option(help="What this process does; may be repeated. Without it: everything."),
    ] = None,
) -> None:
    """Serve the buyer's chat and the desk; sets up whatever is missing first."""
    from bot.service import serve as run
    from bot.serving.alone import alone_if_sqlite
    from bot.serving.server import bind

    logs.set_up()
    roles = frozenset(role) if role else EVERYTHING
    settings = Settings.load()
    settings = dataclasses.replace(
        settings,
        port=_port(settings, roles) if port is None else port,
        host=host or settings.host,
        rules=settings.rules
        if workers is None
        else settings.rules.copy(
            update={"serving": settings.rules.serving.copy(update={"workers": workers})}
        ),
    )
    with bind(settings.host, settings.port) as bound, alone_if_sqlite(settings.database_url, roles):
        prepare_store(settings)
        if Role.WORKER in roles:
            _train_if_stale(settings)
        uvloop.run(run(settings, bound, announce, roles))


def _port(settings: Settings, roles: frozenset[Role]) -> int:
    """The pages' port; where there are no pages but for those who watch, a free one unless one is named."""
    named = Role.WEB in roles or os.environ.get("CROSSDESK_PORT")
    return settings.port if named else 0


def _train_if_stale(settings: Settings) -> None:
    """Train in a process of its own, so that the front stays small."""
    if not models.has_outgrown(settings):
        if models.is_stale(settings):
            announce(
                "The store's own examples, rules or replies are not those of the released model, which goes "
                "on: `crossdesk train --candidate` makes a version of them, `crossdesk models` compares and "
                "releases it."
            )
        return
    from bot.settings import environment

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


def train(
    candidate: Annotated[
        bool, typer.Option("--candidate", help="Do not release it: `crossdesk models` compares and releases.")
    ] = False,
    gently: Annotated[
        bool, typer.Option("--gently", help="Only use what processor time nobody else wants.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Learn all examples together, taking nothing over from before.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who wants it, for the log.")] = "operator",
) -> None:
    """Train the model and release it; does nothing if it is fresh."""
    from bot.cli.opening import ready_examples, write_lexicon_if_possible
    from bot.training.train import Step
    from bot.training.train import train as run

    logs.set_up()
    settings = Settings.load()
    if gently:
        step_back()
    ready_examples(settings)
    if not models.is_stale(settings) and not whole:
        announce("The model is fresh.")
        return
    write_lexicon_if_possible(settings)
    if not candidate:
        run(settings, announce, by=by, whole=whole)
        return
    from bot.training.examining import Examiner
    from bot.training.progress import State, Teller

    try:
        _require_sound_examples(settings)
    except CrossdeskError as error:
        Teller(settings, by).end(State.FAILED, str(error))
        raise

    def examined(path: Path, step: Step) -> Mapping[str, object]:
        examiner = Examiner(settings, open_database(settings), SystemClock(), by, schema.upgrade, step)
        return examiner.examine(path).figures

    run(settings, announce, by=by, release=False, judge=examined, whole=whole)


def _require_sound_examples(settings: Settings) -> None:
    """Look at the store's examples before minutes are spent on them.

    Raises:
        ModelError: nothing that is learned from them would be of use.
    """
    from bot.training import intents
    from bot.training.checks import check

    with open_database(settings).begin() as connection:
        known = intents.known(connection, settings)
    grave = [one.says for one in check(settings, known) if one.kind.forbids]
    if grave:
        raise ModelError(f"nothing is trained with these examples: {'; '.join(grave[:3])}")


def worker(name: Annotated[str, typer.Option(help="The worker's name, unique.")]) -> None:
    """Take turns until standard input ends; started by ``serve``."""
    from bot.dialogue.worker import Idle, run_worker

    logs.set_up()
    settings = Settings.load()

    def meanwhile(database: Database, clock: Clock, engine: Callable[[], Engine | None]) -> Idle:
        # Only now: it needs parts of Rasa, of which the worker leaves some out before it imports them.
        from bot.training.vectors import between_turns

        return between_turns(database, settings, clock, engine)

    watch = Watch(settings)
    rollouts = RolloutWatch(settings, watch, SystemClock())
    run_worker(settings, name, to_start_with(settings), watch, rollouts, meanwhile)


def shadow() -> None:
    """Run the candidate that is in shadow until standard input ends; started by ``serve``."""
    step_back()
    keep_tensorflow_out()
    from bot.dialogue.engine import quiet
    from bot.training.shadowing import run

    logs.set_up()
    quiet()
    ended = threading.Event()

    def listen() -> None:
        while sys.stdin.readline():
            pass
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    run(Settings.load(), SystemClock(), ended.wait)


@database_app.command("upgrade")
def upgrade() -> None:
    """Bring the database to this version's schema."""
    settings = Settings.load()
    database = open_database(settings, check=False)
    before = schema.version(database)
    schema.upgrade(database)
    announce(f"The database is at revision {schema.version(database)} (was {before or 'empty'}).")


def housekeep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go now.")] = False,
) -> None:
    """Remove what is older than `retention` in shop.yml says; `serve` does it every hour."""
    from bot.operations.housekeeping import keep_house

    settings = Settings.load()
    swept = keep_house(settings, open_database(settings), SystemClock(), dry_run=dry_run)
    announce(f"{'Would remove' if dry_run else 'Removed'}: {swept}.")


def doctor(
    adopt_files: Annotated[
        bool,
        typer.Option(
            "--adopt-files", help="Have this CROSSDESK_FILES be the store's folder, not the one before."
        ),
    ] = False,
) -> None:
    """Check settings, database, files, model and pages, and say what to do."""
    from bot.cli.doctor import adopt, examine

    logs.set_up()
    if adopt_files:
        adopt(Settings.load())
    findings = examine()
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.fine else 'MEND'}  {finding.what}: {finding.says}")
    if not all(finding.fine for finding in findings):
        raise ConfigurationError("something needs mending, see above")
