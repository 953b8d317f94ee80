"""``models shadow``, ``share``, ``withdraw`` and ``trial``: a candidate tried beside the released version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from bot.cli.changes import OPERATOR, By, Name, tell
from bot.cli.mail import Json, as_line, moment, print_table
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.settings import Settings
from bot.spelling import counted
from bot.training import rollout
from bot.training.releasing import Releases, Trial
from bot.training.shadow import Parting, Shadow, shifts

Percent = Annotated[
    int, typer.Argument(min=rollout.LEAST, max=rollout.MOST, help="Of a hundred conversations so many.")
]
Reason = Annotated[str, typer.Option(help="Why; it is recorded.")]


def shadow(name: Name, by: By = OPERATOR) -> None:
    """Run a version in shadow: it takes again what is taken from now on, and nobody hears it."""
    tried = _releases().shadow(name, by)
    announce(f"{tried.version} runs in shadow: `crossdesk models trial` tells what it would do otherwise.")


def share(
    name: Name,
    percent: Percent,
    by: By = OPERATOR,
    reason: Annotated[str, typer.Option(help="Why, although a gate stands against its release.")] = "",
) -> None:
    """Give a version a share of the conversations; each stays its for as long as it is tried."""
    tried = _releases().share(name, percent, by, reason=reason)
    announce(
        f"{tried.version} has {tried.share} % of the conversations from {tried.begins_at:%H:%M:%S} UTC on: "
        "`crossdesk models withdraw` ends it at once."
    )


def withdraw(by: By = OPERATOR, reason: Reason = "") -> None:
    """Try no version any more: from the next turn on the released one has all conversations."""
    _releases().withdraw(by, reason=reason)
    announce("Withdrawn: from the next turn on the released version has all conversations.")


def trial(
    limit: Annotated[int, typer.Option(min=0, help="So many of the latest differences are shown.")] = 10,
    as_json: Json = False,
) -> None:
    """Tell what is tried beside the released version, how it goes, and what the latest shadow run found."""
    releases = _releases()
    found, shadowed = releases.trial(), releases.shadowed()
    if as_json:
        typer.echo(json.dumps(_as_json(found, shadowed, limit), ensure_ascii=False))
        return
    if found is None:
        announce("No version is tried now.")
    else:
        tried = found.rollout
        how = "in shadow" if tried.is_shadow else f"with {tried.share} % of the conversations"
        announce(f"{tried.version} is tried {how} beside {tried.against}, by {as_line(tried.by)}.")
        if found.sides:
            table = Table("version", "conversations", "messages", "not understood", "handed over", box=None)
            for side in found.sides:
                counts = (side.conversations, side.messages, side.missed, side.handed)
                table.add_row(side.version, *map(str, counts))
            print_table(table)
    if shadowed is not None:
        _tell_shadow(*shadowed, limit)


def _tell_shadow(run: Shadow, partings: list[Parting], limit: int) -> None:
    state = "runs" if run.ended_at is None else f"ran until {run.ended_at:%Y-%m-%d %H:%M} UTC"
    announce(
        f"In shadow {run.version} {state}: "
        f"of {counted(run.seen, 'message')} {run.differing} would have gone otherwise, "
        f"{run.unsure} of them not known for sure."
    )
    if run.trouble:
        announce(f"It does not run: {as_line(run.trouble)}")
    for before, after, count in shifts(partings)[:limit]:
        announce(f"  {before} becomes {after}: {count}")
    for one in partings[:limit]:
        tell(one.difference)


def _as_json(
    found: Trial | None, shadowed: tuple[Shadow, list[Parting]] | None, limit: int
) -> dict[str, object]:
    told: dict[str, object] = {"tried": None, "sides": [], "shadow": None, "differences": []}
    if found is not None:
        tried = found.rollout
        told |= {"tried": asdict(tried) | {"begins_at": moment(tried.begins_at)}}
        told |= {"sides": [asdict(side) for side in found.sides]}
    if shadowed is not None:
        run, partings = shadowed
        told |= {"shadow": asdict(run) | {"at": moment(run.at), "ended_at": moment(run.ended_at)}}
        told |= {"differences": [asdict(one.difference) | {"at": moment(one.at)} for one in partings[:limit]]}
    return told


def _releases() -> Releases:
    settings = Settings.load()
    return Releases(settings, open_database(settings), SystemClock())


#: By name, of ``models``.
COMMANDS: Mapping[str, Callable[..., None]] = {
    "shadow": shadow,
    "share": share,
    "withdraw": withdraw,
    "trial": trial,
}
