"""``review``: messages that were misunderstood, and what people say they mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.opening import announce, open_database
from bot.cli.review_told import act_told, as_json_line, done_told, group_told, item_told, named
from bot.clock import SystemClock
from bot.errors import ReviewError
from bot.settings import Settings
from bot.spelling import counted
from bot.training import weeks
from bot.training.exporting import write_table
from bot.training.marks import KINDS
from bot.training.reading import View
from bot.training.review import Review
from bot.training.values import Done, Item, ItemState, Meaning, Verdict

_NOT_FOUND = ", which the bot did not find"
#: What the messages of a view wait for.
_WAITS = {View.WAITING: "to decide", View.SECOND: "to confirm", View.DISPUTED: "disputed"}

app = typer.Typer(help="Messages that were misunderstood: look, label, undo.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="The group's number, as `list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Who = Annotated[str | None, typer.Option("--as", help="Whose decision it is: a login; else the operator's.")]
Most = Annotated[int, typer.Option(min=1, max=1000, help="The most that are shown.")]
Spoken = Annotated[str | None, typer.Option(help="In which language it is, where the model was wrong.")]
Only = Annotated[list[int] | None, typer.Option(help="A message's number (repeatable); else all of them.")]
Dropped = Annotated[
    list[int] | None, typer.Option("--drop", help="A mark's number: it is wrong (repeatable).")
]
Fence = Annotated[int | None, typer.Option(help="Refuse if the group is no longer as `show` showed it.")]


@contextmanager
def _review() -> Iterator[Review]:
    settings = Settings.load()
    open_database(settings).close()
    review = Review.open(settings, SystemClock())
    try:
        yield review
    finally:
        review.close()


@app.command()
def fill() -> None:
    """Look at the turns that nobody has looked at yet; `serve` does it between turns."""
    from bot.training.vectors import filler

    settings, clock = Settings.load(), SystemClock()
    database = open_database(settings)
    try:
        own = filler(database, settings, clock)
        count = 0
        while looked := own.fill():
            count += looked
        while weeks.count(database, settings, clock):
            pass
    finally:
        database.close()
    announce(f"Looked at {counted(count, 'turn')}.")


@app.command("list")
def show_all(
    view: Annotated[View, typer.Option(help="Which ones.")] = View.WAITING,
    language: Annotated[str | None, typer.Option(help="Of this language only.")] = None,
    limit: Most = 50,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """List groups of messages, those with the most to learn first."""
    with _review() as review:
        actor = None if who is None else review.actor(who)
        groups = review.groups(view, actor=actor, language=language, limit=limit)
        counts = review.counts()
    if as_json:
        typer.echo(as_json_line([group_told(one) for one in groups]))
        return
    table = Table("group", "", "messages", "worth", "likeliest", "one of them", box=None)
    for one in groups:
        likely = ", ".join(f"{name} {share:.0%}" for name, share in one.likely)
        size = getattr(one, view.value)
        table.add_row(str(one.id), one.language, str(size), f"{one.worth:.1f}", likely, one.sample[:80])
    _console().print(table)
    told = (
        f"{counted(messages, 'message')} {_WAITS[name]} in {counted(number, 'group')}"
        for name, (number, messages) in counts.items()
    )
    announce("; ".join(told) + ".")


@app.command()
def show(number: Number, limit: Most = 50, as_json: AsJson = False) -> None:
    """Show a group's messages, with what the model made of each and why somebody should look."""
    with _review() as review:
        group, items = review.group(number), review.items(number, limit=limit)
    if as_json:
        typer.echo(as_json_line({**group_told(group), "items": [item_told(one) for one in items]}))
        return
    table = Table("message", "at", "", "state", "why", "text", box=None)
    for one in items:
        state = str(one.verdict) if one.verdict else one.state.value
        said = "; ".join(f"{login}: {verdict}" for login, verdict in one.said.items())
        table.add_row(
            str(one.id),
            f"{one.at:%Y-%m-%d %H:%M}",
            one.language,
            said or state,
            " ".join(why.value for why in one.reasons),
            one.text,
        )
    _console().print(table)
    for one in items:
        for made in one.marks:
            announce(
                f"mark {made.id} in {one.id} by {made.actor}: {one.words(made.mark)} is {named(made.mark)}"
                f"{_NOT_FOUND if one.is_found(made.mark) is False else ''}"
            )
    for name, share in group.likely:
        announce(f"{name} {share:.0%}")
    announce(f"The group's state is {group.fence} (for --fence).")


@app.command()
def label(
    number: Number,
    intent: Annotated[str | None, typer.Argument(help="What it means; out_of_scope is an intent.")] = None,
    two: Annotated[
        str | None, typer.Option("--two", help="It asks for this, too: no example for either.")
    ] = None,
    nothing: Annotated[bool, typer.Option("--nothing", help="Nothing can be learnt from it.")] = False,
    new: Annotated[
        str | None, typer.Option("--new", help="The intent is new: what it is, in a line.")
    ] = None,
    language: Spoken = None,
    only: Only = None,
    dropped: Dropped = None,
    fence: Fence = None,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Say what a group's messages mean, or some of them."""
    kind = Meaning.NOTHING if nothing else Meaning.TWO if two else Meaning.INTENT
    if nothing and (intent or two):
        raise ReviewError("say either what it means, or --nothing")
    with _review() as review:
        done = review.label(
            review.actor(who),
            number,
            Verdict(kind, intent, two, language),
            fence=fence,
            only=only or (),
            new_intent=new,
            dropped=dropped or (),
        )
    _tell(done, as_json)


@app.command()
def confirm(
    number: Number,
    intent: Annotated[str, typer.Argument(help="What it means, in your own judgement.")],
    who: Annotated[str, typer.Option("--as", help="The second person's login.")],
    language: Spoken = None,
    dropped: Dropped = None,
    as_json: AsJson = False,
) -> None:
    """Be the second person: what two people say alike is learnt, all else is disputed."""
    with _review() as review:
        actor = review.actor(who)
        waiting = [one.id for one in review.items(number, limit=5000) if one.state is ItemState.SECOND]
        if not waiting:
            raise ReviewError(f"nothing in group {number} waits for a second person")
        verdict = Verdict(Meaning.INTENT, intent, None, language)
        done = review.label(actor, number, verdict, only=waiting, dropped=dropped or ())
    _tell(done, as_json)


@app.command()
def mark(
    message: Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="The message's number.")],
    kind: Annotated[str, typer.Argument(help=f"What the words name: {', '.join(KINDS)}.")],
    words: Annotated[str, typer.Argument(help="The words, as they stand in the message.")],
    value: Annotated[str | None, typer.Option("--value", help="Of a product: its code.")] = None,
    start: Annotated[int | None, typer.Option(min=0, help="From which letter on, if not the first.")] = None,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Mark what a message names; the next decision on the message includes it."""
    with _review() as review:
        made = review.mark(review.actor(who), message, kind, words, value=value, start=start)
    if as_json:
        typer.echo(as_json_line(asdict(made)))
        return
    announce(f"Mark {made.id}: {words} is {named(made.mark)}.")


@app.command()
def unmark(
    number: Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="The mark's number.")], who: Who = None
) -> None:
    """Take away a mark that no decision includes yet."""
    with _review() as review:
        # Only who may train.
        review.actor(who)
        gone = review.unmark(number)
    announce(f"Taken away: {named(gone)}.")


@app.command()
def undo(
    act: Annotated[int | None, typer.Argument(min=1, help="A decision's number; else the last one.")] = None,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Take back a decision of one's own."""
    with _review() as review:
        done = review.undo(review.actor(who), act)
    if as_json:
        typer.echo(as_json_line(done_told(done)))
        return
    told = counted(done.items, "message")
    are = "is" if done.items == 1 else "are"
    announce(f"Taken back: {told} of group {done.group_id} {are} no longer “{done.verdict}”.")


@app.command()
def log(limit: Most = 50, as_json: AsJson = False) -> None:
    """List what was decided by whom, the newest first."""
    with _review() as review:
        acts = review.acts(limit=limit)
    if as_json:
        typer.echo(as_json_line([act_told(one) for one in acts]))
        return
    table = Table("decision", "at", "who", "group", "messages", "said", "", box=None)
    for one in acts:
        undone = "taken back" if one.undone_at else ""
        at = f"{one.at:%Y-%m-%d %H:%M}"
        table.add_row(str(one.id), at, one.actor, str(one.group_id), str(one.items), str(one.verdict), undone)
    _console().print(table)


@app.command()
def agreement(as_json: AsJson = False) -> None:
    """Tell how far people agree where two have labelled the same (Cohen's kappa)."""
    with _review() as review:
        found = review.agreements()
    if as_json:
        typer.echo(as_json_line([asdict(one) for one in found]))
        return
    if not found:
        announce("No message was labelled by two people yet.")
    for one in found:
        who = "all together" if one.people is None else " and ".join(one.people)
        kappa = "not defined" if one.kappa is None else f"{one.kappa:.2f}"
        announce(f"{who}: kappa {kappa}, the same on {one.same:.0%} of {counted(one.messages, 'message')}")


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="The CSV file to make; else standard output.")] = None,
    state: Annotated[ItemState | None, typer.Option(help="Only those that stand here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each message.")] = False,
) -> None:
    """Write all messages, personal data masked, for a spreadsheet or a program; no cell is a formula."""
    if file is not None and file.exists():
        raise ReviewError(f"{file} is there already")
    with _review() as review, review.everything(state) as items:
        if file is None:
            _write(items, sys.stdout, as_json)
            return
        with file.open("w", encoding="utf-8", newline="") as opened:
            count = _write(items, opened, as_json)
    announce(f"{file}: {counted(count, 'message')}.")


def _write(items: Iterator[Item], file: Any, as_json: bool) -> int:
    if not as_json:
        return write_table(items, file)
    count = 0
    for count, item in enumerate(items, 1):  # noqa: B007
        file.write(as_json_line(item_told(item)) + "\n")
    return count


def _tell(done: Done, as_json: bool) -> None:
    if as_json:
        typer.echo(as_json_line(done_told(done)))
        return
    told = counted(done.items, "message")
    announce(f"Decision {done.act_id}: {told} of group {done.group_id}: {done.verdict}.")
    if done.second:
        waits = counted(done.second, "waits", "wait")
        announce(f"{waits} for a second person, who says so with `crossdesk review confirm`.")
    if done.disputed:
        announce(f"{counted(done.disputed, 'is', 'are')} disputed now and not trained.")


def _console() -> Console:
    # A buyer's words are words, whatever brackets they hold.
    return Console(width=160, markup=False, highlight=False)
