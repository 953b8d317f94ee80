"""``rules``: the store's own rules are changed, looked at, checked, released and taken back."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.changes import OPERATOR, By
from bot.cli.mail import Json, as_line, print_table
from bot.cli.opening import announce, open_database
from bot.cli.released import tell_log, tell_release, tell_versions
from bot.cli.rules_replay import FOUND, replay
from bot.clock import SystemClock
from bot.errors import RulesError
from bot.rulebook import catalog
from bot.rulebook.book import Book
from bot.rulebook.checking import LONGEST
from bot.rulebook.consequences import DAYS, Change, Consequences
from bot.rulebook.drafts import difference
from bot.rulebook.service import Rulebook
from bot.settings import Settings
from bot.settings.reading import Fault
from bot.settings.released import own_file, shelf
from bot.spelling import counted

app = typer.Typer(
    help="The store's own rules (shop.yml): change, look, check, release, take back.", no_args_is_help=True
)

Place = Annotated[str, typer.Argument(help="The setting, such as authority.refund.")]
Note = Annotated[str, typer.Option(help="What for; it is recorded.")]
Over = Annotated[bool, typer.Option("--over", help="Go on with what somebody else is changing.")]
OverFile = Annotated[
    bool, typer.Option("--over", help="Even if the file was changed by hand; that is kept as a version.")
]

#: Characters of a value in a list.
_SHOWN = 60


@app.command("list")
def show_list(
    find: Annotated[str, typer.Option(help="Only those with these words in name, value or meaning.")] = "",
    own: Annotated[bool, typer.Option("--own", help="Only those that the store has set itself.")] = False,
    as_json: Json = False,
) -> None:
    """List the settings as they would be with the draft."""
    rulebook = _rulebook()
    found = catalog.find(catalog.catalog(rulebook.book().whole), find, own=own)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    table = Table("setting", "value", "", box=None)
    for one in found:
        marks = [
            "the store's own" if one.own else "",
            "after a restart" if one.after_restart else "",
        ]
        table.add_row(one.place, as_line(one.value)[:_SHOWN], ", ".join(mark for mark in marks if mark))
    print_table(table)


@app.command()
def show(place: Place, as_json: Json = False) -> None:
    """Tell a setting, or all below it: the value with the draft, the shipped one, and what it is for."""
    known = catalog.catalog(_rulebook().book().whole)
    found = [one for one in known if one.place == place or one.place.startswith(f"{place}.")]
    if not found:
        raise RulesError(f"there is no setting '{place[:80]}': `crossdesk rules list` tells which there are")
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        shipped = f"  (shipped: {as_line(one.shipped)})" if one.own and one.shipped is not None else ""
        announce(f"{one.place}: {as_line(one.value)}{shipped}")
    for line in dict.fromkeys(one.about for one in found if one.about):
        announce(f"  {line}")
    if found[0].after_restart:
        announce(f"  A change is taken after a restart: {found[0].after_restart}.")


@app.command("set")
def set_rule(
    place: Place,
    value: Annotated[str, typer.Argument(help='As YAML, such as "60.00", 14 or [a, b].')],
    over: Over = False,
    by: By = OPERATOR,
    as_json: Json = False,
) -> int:
    """Give a setting another value in the draft; what is wrong with it is told, and exit code 1 then."""
    rulebook = _rulebook()
    return _drafted(rulebook, rulebook.assign(place, value, by, over=over), as_json)


@app.command()
def unset(place: Place, over: Over = False, by: By = OPERATOR, as_json: Json = False) -> int:
    """Have the shipped value of a setting hold again, in the draft."""
    rulebook = _rulebook()
    return _drafted(rulebook, rulebook.unassign(place, by, over=over), as_json)


@app.command()
def write(
    file: Annotated[Path, typer.Argument(help="The store's whole shop.yml as it is to be; - reads it here.")],
    over: Over = False,
    by: By = OPERATOR,
    as_json: Json = False,
) -> int:
    """Write the store's whole file into the draft."""
    rulebook = _rulebook()
    return _drafted(rulebook, rulebook.edit(_read(file), by, over=over), as_json)


@app.command()
def drop(over: Over = False, by: By = OPERATOR) -> None:
    """Take the draft away."""
    _rulebook().drop(by, over=over)
    announce("There is no draft any more.")


@app.command()
def check(as_json: Json = False) -> int:
    """Tell everything that is wrong with the draft, by line; exit code 1 if anything is."""
    rulebook = _rulebook()
    _, faults = rulebook.check(rulebook.book().whole)
    if as_json:
        typer.echo(json.dumps({"faults": _faults(faults)}, ensure_ascii=False))
    else:
        _tell_faults(faults)
        announce(f"{counted(len(faults), 'finding')}.")
    return FOUND if faults else 0


@app.command()
def preview(as_json: Json = False) -> int:
    """Tell what the draft comes to: each value that changes, from when, and what buyers heard of it."""
    rulebook = _rulebook()
    rules, faults = rulebook.check(rulebook.book().whole)
    found = Consequences() if rules is None else rulebook.consequences(rules)
    if as_json:
        told = {"changes": [asdict(one) for one in found.changes], "looked_at": found.looked_at}
        typer.echo(json.dumps(told | {"faults": _faults(faults)}, ensure_ascii=False))
        return FOUND if faults else 0
    for one in found.changes:
        _tell_change(one)
        if one.turns:
            announce(
                f"    {one.turns} of {counted(found.looked_at, 'turn')} of the last {DAYS} days told of it"
            )
    _tell_faults(faults)
    announce(f"{counted(len(found.changes), 'setting')} would have another value.")
    return FOUND if faults else 0


app.command("replay")(replay)


@app.command()
def diff(
    version: Annotated[
        str, typer.Argument(help="A version; without it the draft is told beside the store's file.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Tell which lines of the store's file differ in the draft, or in a version."""
    rulebook = _rulebook()
    book = rulebook.book()
    lines = difference(book.text, rulebook.shelf.find(version).text if version else book.whole)
    if as_json:
        typer.echo(json.dumps([{"mark": mark, "line": line} for mark, line in lines], ensure_ascii=False))
        return
    if book.by_hand:
        announce(f"{own_file(rulebook.settings)} is not what was released last: it was changed by hand.")
    for mark, line in lines:
        announce(f"{mark or ' '} {line}")
    differing = sum(mark in ("+", "-") for mark, _ in lines)
    announce(f"{counted(differing, 'line differs', 'lines differ')}.")


@app.command()
def release(
    version: Annotated[
        str, typer.Argument(help="A version that is kept; without it the draft becomes one.")
    ] = "",
    over: OverFile = False,
    note: Note = "",
    by: By = OPERATOR,
    as_json: Json = False,
) -> None:
    """Release the draft, or a version that is kept: processes that run go by it from their next turn on."""
    rulebook = _rulebook()
    if version:
        made = rulebook.release_again(version, by, note=note, seen=_seen(rulebook, over))
    else:
        made = rulebook.release(by, note=note)
    tell_release(made, "go by it", as_json)


@app.command()
def rollback(over: OverFile = False, note: Note = "", by: By = OPERATOR, as_json: Json = False) -> None:
    """Release the version that served before the one that serves now; the draft stays."""
    rulebook = _rulebook()
    tell_release(rulebook.roll_back(by, note=note, seen=_seen(rulebook, over)), "go by it", as_json)


@app.command("versions")
def show_versions(as_json: Json = False) -> None:
    """List the versions of the store's rules that are kept, the newest first."""
    tell_versions(shelf(Settings.load()), "text", lambda _: (), as_json)


@app.command()
def log(
    limit: Annotated[int, typer.Option(min=1, help="So many of the latest lines.")] = 20,
    as_json: Json = False,
) -> None:
    """Tell what was done with rules, by whom and what for."""
    tell_log(_rulebook().log(limit), "rules", as_json)


def _rulebook() -> Rulebook:
    settings = Settings.load()
    return Rulebook(settings, open_database(settings), SystemClock())


def _read(file: Path) -> str:
    """A file's text, or what comes in.

    Raises:
        RulesError: it cannot be read, or is longer than any rules.
    """
    try:
        if str(file) == "-":
            return sys.stdin.read(LONGEST + 1)
        with file.open(encoding="utf-8") as opened:
            return opened.read(LONGEST + 1)
    except OSError as error:
        raise RulesError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RulesError(f"{file} is no text in UTF-8") from error


def _seen(rulebook: Rulebook, over: bool) -> str | None:
    return rulebook.book().token if over else None


def _drafted(rulebook: Rulebook, book: Book, as_json: bool) -> int:
    _, faults = rulebook.check(book.whole)
    if as_json:
        told = {"draft": book.draft is not None, "faults": _faults(faults)}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        announce("In the draft." if book.draft else "That serves already: there is no draft.")
        _tell_faults(faults)
    return FOUND if faults else 0


def _tell_change(one: Change) -> None:
    after = f"  (after a restart: {one.after_restart})" if one.after_restart else ""
    announce(f"{one.place}: {_value(one.before)} → {_value(one.after)}{after}")
    if one.replies:
        more = f" and {len(one.replies) - 5} more" if len(one.replies) > 5 else ""
        announce(f"    told in {', '.join(one.replies[:5])}{more}")


def _value(value: Any) -> str:
    return as_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:_SHOWN]


def _faults(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [asdict(one) | {"file": str(one.file)} for one in faults]


def _tell_faults(faults: Sequence[Fault]) -> None:
    for one in faults:
        announce(str(one))
