"""``chat``, ``parse`` and ``converse``: talking to the bot without a channel."""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import logs, schema
from bot.cli.opening import announce, prepare_store, seed_if_empty
from bot.clock import SetClock, SystemClock
from bot.database import Database
from bot.dialogue.lean import keep_tensorflow_out
from bot.errors import ConfigurationError
from bot.settings import Settings
from bot.training import models

#: Characters of a line that ``parse`` reads at most; what is longer is cut for the encoder anyway.
LONGEST_LINE = 1_000_000
#: The channel of ``chat``, on which no adapter delivers.
TERMINAL = "terminal"


def parse(
    why: Annotated[
        bool, typer.Option("--why", help="With the nearest examples of the likeliest intents.")
    ] = False,
) -> None:
    """Read a message a line, write what the model makes of it, a JSON object a line."""
    logs.set_up()
    settings = Settings.load()
    model = models.current_path(settings)
    keep_tensorflow_out()
    from bot.dialogue.engine import Engine
    from bot.dialogue.parsing import parse as read
    from bot.training.trying import tried

    engine = Engine.load(model)
    for line in _lines():
        _write(tried(engine, settings, line) if why else read(engine, line))


def converse(
    database: Annotated[
        str | None, typer.Option(help="Database URL or SQLite path; a throw-away one if left out.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Fill an empty database with the store of this seed.")
    ] = None,
    today: Annotated[
        str | None, typer.Option(help="The day of the seeded store; the first line's if left out.")
    ] = None,
) -> None:
    """Read buyers' messages and events, a JSON object a line; run the real bot; write a line for each."""
    logs.set_up()
    settings = Settings.load()
    model = models.current_path(settings)
    # Rasa takes seconds to import: what is wrong before is told at once.
    keep_tensorflow_out()
    from bot.dialogue.engine import Engine
    from bot.dialogue.recovery import load_replies
    from bot.dialogue.rehearsal import LineError, Rehearsal, moment

    engine = Engine.load(model)
    with tempfile.TemporaryDirectory(prefix="crossdesk-") as scratch:
        opened = Database(_url(database, Path(scratch)))
        if schema.is_empty(opened):
            schema.upgrade(opened)
        schema.require_current(opened)
        rehearsal: Rehearsal | None = None
        for number, text in enumerate(_lines(), start=1):
            try:
                line = json.loads(text)
                if not isinstance(line, dict):
                    raise LineError("a line must be a JSON object")
                if rehearsal is None:
                    start = moment(line["at"]) if line.get("at") else SystemClock().now()
                    if seed is not None:
                        seed_if_empty(opened, seed, dt.date.fromisoformat(today) if today else start.date())
                    rehearsal = Rehearsal(
                        opened, settings.rules, load_replies(settings), engine, SetClock(start)
                    )
                _write(rehearsal.play(line))
            except (LineError, ValueError, RecursionError) as error:
                announce_error(f"line {number}: {error}")
                _write({"error": str(error)})
        opened.close()


def chat(
    language: Annotated[str | None, typer.Option(help="What the channel says of your language.")] = None,
) -> None:
    """Talk to the bot in the terminal. ``/why`` explains its last answer, ``/quit`` ends."""
    logs.set_up()
    settings = Settings.load()
    prepare_store(settings)
    model = models.current_path(settings)
    announce("Loading the model …")
    keep_tensorflow_out()
    from bot.dialogue.engine import Engine
    from bot.dialogue.recovery import load_replies
    from bot.dialogue.rehearsal import Rehearsal
    from bot.dialogue.why import why

    engine = Engine.load(model)
    database = Database(settings.database_url)
    clock = SetClock(SystemClock().now())
    talk = Rehearsal(database, settings.rules, load_replies(settings), engine, clock, channel=TERMINAL)
    sender = f"terminal-{clock.now():%Y%m%d%H%M%S}"
    offered: list[dict[str, str]] = []
    announce("Write to the bot; a number presses a button, /why explains, /quit ends.")
    while True:
        try:
            typed = input("> ").strip()
        except EOFError:
            break
        if typed == "/quit":
            break
        if typed == "/why":
            announce(why(talk.last))
            continue
        clock.at = SystemClock().now()
        line: dict[str, Any] = {"channel": TERMINAL, "sender": sender, "language_hint": language}
        pressed = typed.isdigit() and 0 < int(typed) <= len(offered)
        line |= {"button": offered[int(typed) - 1]["payload"]} if pressed else {"text": typed}
        seen = talk.play(line)
        offered = []
        for reply in seen["replies"]:
            announce(reply["text"])
            for button in reply["buttons"]:
                offered.append(button)
                announce(f"  [{len(offered)}] {button['title']}")
        if seen["case"]:
            announce("  (case {id} in the queue {queue}: {reason})".format(**seen["case"]))
    database.close()


def announce_error(line: str) -> None:
    """Say what is wrong with the input, beside the output."""
    typer.echo(line, err=True)


def _lines() -> Iterator[str]:
    """Standard input line by line; bytes that are no UTF-8 are replaced, not fatal."""
    for raw in sys.stdin.buffer:
        yield raw[:LONGEST_LINE].decode("utf-8", errors="replace").rstrip("\r\n")


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _url(given: str | None, scratch: Path) -> str:
    if given is None:
        return f"sqlite:///{scratch / 'converse.sqlite'}"
    if "://" in given:
        return given
    path = Path(given).absolute()
    if path.is_dir():
        raise ConfigurationError(f"--database {given} is a folder: give a file or a database URL")
    return f"sqlite:///{path}"
