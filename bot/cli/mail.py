"""``mail``: what lies in inbox and outbox, what became of it, and what can be done about it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.desk.masking import mask_email, mask_text
from bot.errors import MailError
from bot.mailroom import overview
from bot.mailroom.overview import Box, MailRow, MailState
from bot.operations import dead_letters
from bot.privacy import DOTS
from bot.settings import Settings

app = typer.Typer(help="Messages that wait, are under way, failed or were given up.", no_args_is_help=True)

Row = Annotated[str, typer.Argument(help="inbox:NUMBER or outbox:NUMBER, as `list` shows it.")]
Words = Annotated[bool, typer.Option("--words", help="Show what was written; contacts stay masked.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]

#: Characters of a message in a list.
_SHOWN = 60


@app.command()
def status(as_json: Json = False) -> None:
    """Count what has not ended well, by box, channel and state."""
    now = SystemClock().now()
    with open_database(Settings.load()).begin() as connection:
        found = overview.standing(connection, now=now)
    if as_json:
        rows = [
            {
                "box": one.box.value,
                "channel": one.channel,
                "state": one.state.value,
                "count": one.count,
                "oldest": moment(one.oldest),
            }
            for one in found
        ]
        typer.echo(json.dumps(rows))
        return
    if not found:
        announce("Nothing waits, and nothing has failed.")
        return
    table = Table("box", "channel", "state", "count", "oldest", box=None)
    for one in found:
        table.add_row(
            one.box.value, as_line(one.channel), one.state.value, str(one.count), ago(one.oldest, now)
        )
    print_table(table)


@app.command("list")
def show_list(
    box: Annotated[Box | None, typer.Option(help="Only this box.")] = None,
    state: Annotated[MailState | None, typer.Option(help="Only in this state; done ones if asked.")] = None,
    conversation: Annotated[int | None, typer.Option(min=1, help="Only of this conversation.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only on this channel.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=overview.MOST, help="The most rows.")] = 50,
    words: Words = False,
    as_json: Json = False,
) -> None:
    """List what has not ended well, oldest first."""
    now = SystemClock().now()
    if conversation is not None and conversation > overview.LARGEST_ID:
        raise MailError(f"there is no conversation {conversation}")
    with open_database(Settings.load()).begin() as connection:
        rows = overview.listed(
            connection,
            now=now,
            box=box,
            state=state,
            conversation_id=conversation,
            channel=channel,
            limit=limit,
        )
    if as_json:
        typer.echo(json.dumps([_as_json(row, words) for row in rows]))
    elif not rows:
        announce("There is nothing of that kind.")
    else:
        print_table(_listed(rows, now, words))
        if len(rows) == limit:
            announce(f"There may be more: --limit {min(2 * limit, overview.MOST)} shows more of them.")


@app.command()
def show(row: Row, words: Words = False, as_json: Json = False) -> None:
    """Show what became of one row, and why."""
    box, number = _parsed(row)
    with open_database(Settings.load()).begin() as connection:
        found = overview.one(connection, box, number, now=SystemClock().now())
    if found is None:
        raise MailError(f"there is no row {box.value}:{number}")
    told = _as_json(found, words)
    if as_json:
        typer.echo(json.dumps(told))
        return
    for name, value in told.items():
        if value is not None:
            announce(f"{name:13} {as_line(str(value))}")


@app.command()
def retry(row: Row) -> None:
    """Have a row tried at once; what is under way is refused."""
    box, number = _parsed(row)
    settings = Settings.load()
    done = dead_letters.retry(open_database(settings), SystemClock(), box, number)
    announce(f"{box.value}:{number} is tried again (it was {done.row.state.value}).")
    if done.with_agent and box is Box.INBOX:
        announce("A person has this conversation: the message goes to them, not to the bot.")


@app.command()
def bury(
    row: Row,
    why: Annotated[str, typer.Option(help="A few words for the case's history.")] = "no reason given",
) -> None:
    """Give a row up, as after its last try: a case is opened, so that a person sees to it."""
    box, number = _parsed(row)
    settings = Settings.load()
    case = dead_letters.bury(
        settings, open_database(settings), SystemClock(), box, number, as_line(why)[:100]
    )
    announce(f"{box.value}:{number} is buried; case {case} tells of it.")


def _parsed(row: str) -> tuple[Box, int]:
    box, _, number = row.partition(":")
    if box not in [one.value for one in Box] or not (number.isascii() and number.isdigit()):
        raise MailError(
            f"{row[:40]!r} names no row: give inbox:NUMBER or outbox:NUMBER, as `mail list` shows it"
        )
    if len(number) > 12 or int(number) > overview.LARGEST_ID:
        raise MailError(f"there is no row {box}:{number[:40]}")
    return Box(box), int(number)


def _listed(rows: Sequence[MailRow], now: dt.datetime, words: bool) -> Table:
    heads = ["row", "state", "channel", "conversation", "kind", "came", "tries", "why"]
    table = Table(*heads, *(["words"] if words else []), box=None)
    for row in rows:
        cells = [
            f"{row.box.value}:{row.id}",
            row.state.value,
            as_line(row.channel),
            str(row.conversation_id),
            row.kind if row.weight != "confirmation" else f"{row.kind}, confirms",
            ago(row.at, now),
            str(row.attempts),
            as_line(mask_text(row.note or "")),
        ]
        if words:
            text = as_line(mask_text(row.text))
            cells.append(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
        table.add_row(*cells)
    return table


def _as_json(row: MailRow, words: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "row": f"{row.box.value}:{row.id}",
        "state": row.state.value,
        "why": None if row.note is None else mask_text(row.note),
        "conversation": row.conversation_id,
        "channel": row.channel,
        "sender": _masked_sender(row.sender),
        "kind": row.kind,
        "weight": row.weight,
        "came": moment(row.at),
        "tries": row.attempts,
        "next_try": moment(row.next_try),
        "ended": moment(row.ended_at),
        "delivered": moment(row.delivered_at),
    }
    if words:
        told |= {"name": row.sender_name, "words": mask_text(row.text)}
    return told


def _masked_sender(sender: str) -> str:
    """Enough to tell two apart: a channel's own id of somebody is personal, whatever it looks like."""
    return mask_email(sender) if "@" in sender else f"{sender[:3]}{DOTS}"


def moment(at: dt.datetime | None) -> str | None:
    """For machines."""
    return None if at is None else at.isoformat(timespec="seconds")


def ago(at: dt.datetime | None, now: dt.datetime) -> str:
    """For people; empty where there is no moment."""
    if at is None:
        return ""
    seconds = max(int((now - at).total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def as_line(text: str) -> str:
    """One line without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def print_table(table: Table) -> None:
    """Print it as wide as the terminal is."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        # In a pipe every row is one line, however long.
        console = Console(markup=False, highlight=False, width=400)
    console.print(table)
