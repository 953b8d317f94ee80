"""``models changes`` and what is said of each: whose outcome a version would change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.mail import Json, as_line, moment
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.settings import Settings
from bot.training.comparing import Comparisons
from bot.training.outcomes import Ruling
from bot.training.values import Difference

Name = Annotated[str, typer.Argument(help="The model, or the beginning of its name.")]
By = Annotated[str, typer.Option(help="Who does it, for the log.")]
Changes = Annotated[list[int], typer.Argument(min=1, max=2**31 - 1, help="The changes' numbers.")]

#: Who works on the command line, for the log.
OPERATOR = "operator"


def changes(
    name: Name,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those that nobody has ruled on yet.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List whose outcome a version would change, side by side, and what was said of each."""
    compared = _comparisons().of(name)
    shown = [one for one in compared.changed if not (waiting and one.ruling)]
    if as_json:
        told = [
            asdict(one)
            | {"what": one.difference.what, "ruling": one.ruling and one.ruling.value}
            | {"ruled_at": moment(one.ruled_at)}
            for one in shown
        ]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if compared.tally is None:
        announce("It was not compared with the released model: `crossdesk models compare` does it.")
    for one in shown:
        ruled = "waits" if one.ruling is None else f"{one.ruling.value} by {as_line(one.ruled_by or '')}"
        announce(f"change {one.id}: {ruled}")
        tell(one.difference)


def approve(change: Changes, by: By = OPERATOR) -> None:
    """Approve changed outcomes, by the numbers that `changes` shows."""
    _rule(change, Ruling.APPROVED, by)


def turn_down(change: Changes, by: By = OPERATOR) -> None:
    """Turn changed outcomes down: what served before was better."""
    _rule(change, Ruling.TURNED_DOWN, by)


def undo(name: Name, by: By = OPERATOR) -> None:
    """Take back your last `approve` or `turn-down` of a version's changes."""
    announce(f"Change {_comparisons().undo(name, by)} waits again.")


def _rule(changes: list[int], ruling: Ruling, by: str) -> None:
    comparisons = _comparisons()
    for change in changes:
        comparisons.rule(change, ruling, by)
    announce(f"{len(changes)} {ruling.value}.")


def tell(parting: Difference) -> None:
    """Write a changed outcome as a few lines."""
    announce(f"conversation {parting.conversation_id}, turn {parting.turn_id}: {as_line(parting.text)}")
    for word, outcome in (("released ", parting.before), ("candidate", parting.after)):
        said = as_line(" ".join(outcome.said))[:120] or "(not known)"
        unsure = "" if outcome.known else " (read as of today: not known for sure)"
        announce(f"  {word}: {outcome.intent}, flow {outcome.flow}: {said}{unsure}")


def _comparisons() -> Comparisons:
    settings = Settings.load()
    return Comparisons(settings, open_database(settings), SystemClock())


#: By name, of ``models``.
COMMANDS: Mapping[str, Callable[..., None]] = {
    "changes": changes,
    "approve": approve,
    "turn-down": turn_down,
    "undo": undo,
}
