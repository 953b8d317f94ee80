"""What commands tell alike of everything that is released in versions: words and rules."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import typer
from rich.table import Table

from bot.actlog import Line
from bot.cli.mail import ago, as_line, moment, print_table
from bot.cli.opening import announce
from bot.clock import SystemClock
from bot.shelf import AnyVersion, Released, Shelf

#: Changed things that a line of the log names.
_NAMED = 3


class Noted(Protocol):
    """A line of a log that tells what it was for, and what was changed."""

    note: str
    changed: Sequence[str]


def tell_release(made: Released, how: str, as_json: bool) -> None:
    """Tell what serves now, and how it is taken."""
    if as_json:
        typer.echo(json.dumps(asdict(made)))
    else:
        announce(f"Released {made.name}; processes that run {how} from their next turn on.")


def tell_versions(
    shelf: Shelf[AnyVersion], held: str, more: Callable[[AnyVersion], tuple[str, ...]], as_json: bool
) -> None:
    """List the versions that are kept, the newest first.

    Args:
        shelf: where they are.
        held: the field with what they hold, which JSON leaves out.
        more: a further column of a version, or none: its title, and what stands in it.
        as_json: for programs.
    """
    known = shelf.listed()
    if as_json:
        told = [{**asdict(one), "state": shelf.state(one.name)} for one in known]
        typer.echo(json.dumps([{**one, held: type(one[held])()} for one in told], ensure_ascii=False))
        return
    extra = more(known[-1])[:1]
    table = Table(shelf.what, "state", "made", "by", *extra, "what for", box=None)
    for one in known:
        made = ago(dt.datetime.fromisoformat(one.made_at), SystemClock().now()) if one.made_at else ""
        told_more = more(one)[1:]
        table.add_row(
            one.name, shelf.state(one.name), made, as_line(one.made_by), *told_more, as_line(one.note)
        )
    print_table(table)


def tell_log(entries: Iterable[Any], what: str, as_json: bool) -> None:
    """Tell what was done, by whom and what for.

    Args:
        entries: lines that are ``Line`` and ``Noted``.
        what: the title of what it was done with.
        as_json: for programs.
    """
    if as_json:
        told = [asdict(one) | {"at": moment(one.at), "act": one.act.value} for one in entries]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("when (UTC)", "who", "what", what, "what for", box=None)
    for one in entries:
        table.add_row(*_row(one, one))
    print_table(table)


def _row(line: Line, noted: Noted) -> tuple[str, ...]:
    changed = ", ".join(noted.changed[:_NAMED]) + (" …" if len(noted.changed) > _NAMED else "")
    done = as_line(f"{line.version} {changed}".strip())
    return f"{line.at:%Y-%m-%d %H:%M}", as_line(line.actor), str(line.act.value), done, as_line(noted.note)
