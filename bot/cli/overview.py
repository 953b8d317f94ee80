"""``overview``: whether the bot gets better, how much it understands, and what waits for a person."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.mail import Json, as_line, moment, print_table
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.errors import ConfigurationError
from bot.rulebook.service import Rulebook
from bot.settings import Settings
from bot.spelling import counted
from bot.training.overview import Overview, comparable, share_of
from bot.training.progress import State
from bot.training.review import Review
from bot.wording.service import Wording

#: Lines of what was done.
LINES = 12


def overview(
    language: Annotated[str | None, typer.Option(help="Of this language only.")] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="A folder to draw accuracy, coverage and drift in.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell how well each version understands, what was understood week by week, and what waits."""
    settings, clock = Settings.load(), SystemClock()
    if language is not None and language not in settings.rules.languages:
        raise ConfigurationError(
            f"{language!r} is no language of the store: {', '.join(settings.rules.languages)}"
        )
    database = open_database(settings)
    try:
        shown = Overview(settings, database, clock)
        released = Wording(settings, database, clock), Rulebook(settings, database, clock)
        told = _told(shown, Review(database, settings, clock), *released, language)
        drawn = _draw(shown, language, pictures) if pictures is not None else []
    finally:
        database.close()
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    _print(told)
    for path in drawn:
        announce(f"{path}")


def _told(
    shown: Overview, review: Review, wording: Wording, rulebook: Rulebook, language: str | None
) -> dict[str, Any]:
    standing, points = shown.standing(), shown.points()
    weeks, asked = shown.drift(language)
    training = standing.training
    same = {one.name for one in comparable(points, language)}
    also = wording.lines(LINES) + rulebook.lines(LINES)
    return {
        "released": standing.released.name if standing.released else None,
        "waits": {
            **{view.value: messages for view, (_, messages) in review.counts().items()},
            "candidate": standing.candidate,
            "drafted": wording.drafted(),
            "ruled": rulebook.drafted(),
            "training": training.step or "beginning"
            if training and training.state is State.RUNNING
            else None,
        },
        "versions": [
            {
                "name": one.name,
                "made_at": moment(one.made_at),
                "accuracy": share_of(one, language),
                "messages": one.messages,
                "comparable": one.name in same,
            }
            for one in points
        ],
        "weeks": [
            asdict(one) | {"begins": one.begins.isoformat(), "coverage": round(one.coverage, 4)}
            for one in weeks
        ],
        "asked": {name: list(counts) for name, counts in asked},
        "log": [asdict(one) | {"at": moment(one.at)} for one in shown.log(LINES, also)],
    }


def _draw(shown: Overview, language: str | None, folder: Path) -> list[Path]:
    # matplotlib takes a second to import.
    from bot.cli.drawing import write_pictures
    from bot.reports import gallery

    return write_pictures(
        folder,
        {
            "accuracy": gallery.accuracy(shown.accuracy_line(language)),
            "coverage": gallery.coverage(shown.coverage_bars(language)),
            "drift": gallery.drift(*shown.drift_lines(language)),
        },
    )


def _print(told: dict[str, Any]) -> None:
    waits = told["waits"]
    announce(
        f"{counted(waits['waiting'], 'message')} to decide, "
        f"{waits['second']} to confirm, {waits['disputed']} disputed"
    )
    if waits["training"]:
        announce(f"a training is running: {waits['training']}")
    if waits["drafted"]:
        announce(
            f"{counted(waits['drafted'], 'reply is', 'replies are')} changed in the draft and not released"
        )
    if waits["ruled"]:
        announce("a draft of the rules is not released")
    if waits["candidate"]:
        announce(f"{waits['candidate']} waits to be compared and released")
    versions = Table("version", "right", "test messages", "", box=None)
    for one in told["versions"]:
        share = "" if one["accuracy"] is None else f"{100 * one['accuracy']:.1f} %"
        state = "released" if one["name"] == told["released"] else ""
        other = "" if one["comparable"] else "another test set"
        versions.add_row(one["name"], share, str(one["messages"]), state or other)
    weeks = Table("week of", "messages", "answered", "handed over", "not understood", box=None)
    for one in told["weeks"]:
        share = f"{100 * one['coverage']:.1f} %"
        weeks.add_row(one["begins"], str(one["messages"]), share, str(one["handed"]), str(one["missed"]))
    for table in (versions, weeks):
        if table.row_count:
            print_table(table)
    for name, counts in told["asked"].items():
        announce(f"{name}: {' '.join(map(str, counts))}")
    for line in told["log"]:
        said = as_line(f"{line['actor']}: {line['says']}  {line['reason']}")
        announce(f"{line['at']} {said}".rstrip())
