"""``rules replay``: real conversations taken again by the draft, and by a candidate too."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Annotated

import typer

from bot import logs
from bot.cli.changes import tell
from bot.cli.mail import Json
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.dialogue.lean import keep_tensorflow_out
from bot.rulebook.service import Rulebook
from bot.settings import Settings
from bot.spelling import counted
from bot.training import models, versions

#: Exit code where something is wrong with the draft.
FOUND = 1


def replay(
    conversations: Annotated[int, typer.Option(min=1, help="So many of the latest are taken again.")] = 50,
    model: Annotated[
        str | None,
        typer.Option(help="A version that is released with the draft; without it the released one."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Take real conversations again by the draft: whose answer would be another. Acts on nothing.

    With --model: whose answer would be another if the draft and that version were both released.
    """
    logs.set_up()
    settings = Settings.load()
    serving = models.current_path(settings)
    chosen = serving
    if model is not None:
        version = versions.find(settings, model)
        versions.require_whole(settings, version)
        chosen = models.models_folder(settings) / version.name
    with ExitStack() as opened:
        database = opened.enter_context(closing(open_database(settings)))
        rulebook = Rulebook(settings, database, SystemClock())
        rules, faults = rulebook.check(rulebook.book().whole)
        if rules is None:
            # No line of a list of conversations: nothing was taken again.
            for fault in faults:
                typer.echo(str(fault), err=True)
            return FOUND
        keep_tensorflow_out()
        from bot.dialogue.engine import Engine
        from bot.training.compare import differences

        before = opened.enter_context(closing(Engine.load(serving)))
        after = before if chosen == serving else opened.enter_context(closing(Engine.load(chosen)))
        found = list(differences(settings, database, before, after, conversations, rules=rules))
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"what": one.what} for one in found], ensure_ascii=False))
        return 0
    for one in found:
        tell(one)
    announce(
        f"{len(found)} of the latest {counted(conversations, 'conversation')} would have gone another way."
    )
    return 0
