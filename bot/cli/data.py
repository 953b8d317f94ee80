"""``data``: the examples that a model learns from, and the intents of the store's own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.engine import Connection

from bot.cli.mail import Json, as_line, print_table
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.errors import ReviewError
from bot.settings import Settings
from bot.training import findings, intents
from bot.training.browsing import Intents
from bot.training.review import Review
from bot.training.values import OPERATOR

app = typer.Typer(help="Examples: checks, files, and intents of the store's own.", no_args_is_help=True)

Intent = Annotated[str, typer.Argument(help="An intent's name.")]
Language = Annotated[str | None, typer.Option(help="Examples in this language only.")]


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Look for what is wrong with the store's examples; exit code 2 where no training may begin."""
    from bot.training.checks import check as look
    from bot.training.unfound import unfound

    settings = Settings.load()
    with open_database(settings).begin() as connection:
        known = intents.known(connection, settings)
    found = [*look(settings, known), *unfound(settings)]
    if as_json:
        typer.echo(findings.as_json(found))
    else:
        told: Counter[str] = Counter()
        for one in found:
            told[one.kind.value] += 1
            if told[one.kind.value] <= findings.TOLD:
                announce(f"{'MEND' if one.kind.forbids else 'note'}  {one.kind.value}: {one.says}")
        announce(", ".join(f"{count} {kind}" for kind, count in told.items()) or "Nothing is wrong.")
    if any(one.kind.forbids for one in found):
        raise ReviewError("no training begins with such examples: see above")


@app.command()
def write() -> None:
    """Bring the store's files to what people said messages mean; labelling and training do it, too."""
    settings = Settings.load()
    review = Review(open_database(settings), settings, SystemClock())
    changed = review.write()
    review.close()
    announce(f"Written: {', '.join(changed)}." if changed else "The files are what they should be.")


@app.command("list")
def show_all(language: Language = None, as_json: Json = False) -> None:
    """List all intents: their queue, their examples, and how much of the test set is found."""
    lines = _intents().lines(_spoken(language))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in lines]))
        return
    table = Table("intent", "queue", "shipped", "own", "found", box=None)
    for one in lines:
        found = "" if one.found is None else f"{100 * one.found:.1f} % of {one.judged}"
        table.add_row(one.name, one.queue, str(one.shipped), str(one.own), found)
    print_table(table)


@app.command()
def show(intent: Intent, language: Language = None, as_json: Json = False) -> None:
    """Show an intent: what it is, what it is confused with, and its examples, the store's own first."""
    shown = _intents()
    portrait, examples = shown.portrait(intent), shown.examples(intent, _spoken(language))
    if as_json:
        told = {**asdict(portrait), "examples": [asdict(one) for one in examples]}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    announce(f"{portrait.line.name} (queue {portrait.line.queue}): {as_line(portrait.about)}")
    if portrait.is_not:
        announce(f"not: {portrait.is_not}")
    for taken, count in portrait.taken_for:
        announce(f"  taken for {taken}: {count}")
    for right, count in portrait.mistaken:
        announce(f"  {right} is taken for it: {count}")
    for one in examples:
        announce(f"{one.language}{' own' if one.own else ''}: {as_line(one.text)}")


def _intents() -> Intents:
    settings = Settings.load()
    return Intents(settings, open_database(settings))


def _spoken(language: str | None) -> str | None:
    if language is not None and language not in Settings.load().rules.languages:
        raise ReviewError(f"{language!r} is no language of the store")
    return language


@app.command("intents")
def show_intents() -> None:
    """List the intents that the store has added."""
    settings = Settings.load()
    with open_database(settings).begin() as connection:
        for name in intents.learned(connection):
            announce(f"{name} (queue {settings.rules.queue_for(name)})")


@app.command("add-intent")
def add_intent(name: Intent, about: Annotated[str, typer.Argument(help="What it is, and is not.")]) -> None:
    """Add an intent: a person of its topic's queue answers until it has a script."""
    _change(lambda connection, own: intents.add(connection, own, SystemClock(), OPERATOR, name, about))
    announce(f"Added {name}.")


@app.command("rename-intent")
def rename_intent(name: Intent, new: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Rename an intent of the store's own that no story uses, with its examples."""
    _change(lambda connection, own: intents.rename(connection, own, name, new))
    announce(f"{name} is {new} now.")


@app.command("remove-intent")
def remove_intent(name: Intent) -> None:
    """Remove an intent of the store's own that no story uses and no message is said to mean."""
    _change(lambda connection, own: intents.remove(connection, own, name))
    announce(f"Removed {name}.")


def _change(change: Callable[[Connection, Settings], object]) -> None:
    settings = Settings.load()
    review = Review(open_database(settings), settings, SystemClock())
    try:
        review.change_intents(change)
    finally:
        review.close()
