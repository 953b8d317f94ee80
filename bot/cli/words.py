"""``words``: what the bot says is changed, looked at, checked, released and taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.changes import OPERATOR, By
from bot.cli.mail import Json, as_line, moment, print_table
from bot.cli.opening import announce, open_database
from bot.cli.released import tell_log, tell_release, tell_versions
from bot.clock import SystemClock
from bot.dialogue import spoken
from bot.dialogue.spoken import WordsVersion
from bot.errors import WordsError
from bot.settings import Settings
from bot.spelling import counted
from bot.wording import changes, finding, preview
from bot.wording.book import Field
from bot.wording.checking import Found
from bot.wording.drafts import Written, overlay_of, written_of
from bot.wording.service import Wording

app = typer.Typer(help="What the bot says: change, look, check, release, take back.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The reply, such as utter_greet_day.")]
Language = Annotated[str, typer.Argument(help="One of the store's languages, such as de.")]
Note = Annotated[str, typer.Option(help="What for; it is recorded.")]
Over = Annotated[bool, typer.Option("--over", help="Write over what somebody else is changing.")]

#: Exit code where the checker found something.
FOUND = 1
#: Characters of a text in a list.
_SHOWN = 80


@app.command("list")
def show_list(
    find: Annotated[str, typer.Option(help="Only those with these words in them or in their name.")] = "",
    language: Annotated[str, typer.Option(help="Look for the words in this language, too.")] = "",
    only: Annotated[finding.Only, typer.Option(help="Only some of them.")] = finding.Only.ALL,
    as_json: Json = False,
) -> None:
    """List replies, with what of them was changed and is being changed."""
    wording = _wording()
    found = finding.find(
        wording.book(),
        find,
        language=language,
        only=only,
        fallback=wording.settings.rules.fallback_language,
    )
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    table = Table("reply", "changed", "draft", "words", box=None)
    for one in found:
        table.add_row(one.key, " ".join(one.changed), " ".join(one.drafted), as_line(one.text)[:_SHOWN])
    print_table(table)


@app.command()
def show(key: Key, language: Language = "en", as_json: Json = False) -> None:
    """Tell how a reply is said in a language: the draft, what serves, and what lies in the files."""
    field = _wording().field(key, language)
    if as_json:
        typer.echo(json.dumps(asdict(field) | {"draft": _draft(field)}, ensure_ascii=False))
        return
    if field.draft is not None:
        announce(f"draft by {field.draft.actor} of {field.draft.at:%Y-%m-%d %H:%M} UTC")
        _tell(field.variants)
        announce("serves now")
    _tell(field.serving or ())
    if field.serving is not None and field.serving != field.in_files:
        announce("in the files")
        _tell(field.in_files)


@app.command("set")
def set_words(
    key: Key,
    language: Language,
    text: Annotated[str, typer.Argument(help="What is said; \\n ends a line.")],
    way: Annotated[int, typer.Option(min=1, help="Which way of saying it, where there are several.")] = 1,
    title: Annotated[list[str] | None, typer.Option(help="The buttons' words, in order.")] = None,
    over: Over = False,
    by: By = OPERATOR,
    as_json: Json = False,
) -> int:
    """Write a reply into the draft; what the checker has against it is told, and exit code 1 then."""
    wording = _wording()
    before = written_of(wording.field(key, language).variants)
    if way > len(before):
        raise WordsError(f"'{key}' is said in {len(before)} way(s): there is no way {way}")
    own = Written(text.replace("\\n", "\n"), tuple(title) if title else before[way - 1].titles)
    after = [own if number == way else one for number, one in enumerate(before, 1)]
    field = wording.edit(key, language, after, by, over=over)
    found = wording.check(wording.book(), [key]) if field.draft is not None else []
    if as_json:
        draft = asdict(field) | {"draft": _draft(field)}
        typer.echo(json.dumps({"field": draft, "findings": _findings(found)}, ensure_ascii=False))
    else:
        announce("In the draft." if field.draft else "That serves already: nothing of it is in the draft.")
        _tell_findings(found)
    return FOUND if found else 0


@app.command()
def drop(key: Key, language: Language, over: Over = False, by: By = OPERATOR) -> None:
    """Take a reply out of the draft."""
    _wording().drop(key, language, by, over=over)
    announce("It is not in the draft any more.")


@app.command()
def check(as_json: Json = False) -> int:
    """Hold the draft to what replies are held to, in every language; exit code 1 if something is found."""
    wording = _wording()
    book = wording.book()
    found = wording.check(book)
    if as_json:
        typer.echo(json.dumps({"findings": _findings(found), "left_out": book.serving.left_out}))
        return FOUND if found else 0
    _tell_findings(found)
    for one in book.serving.left_out:
        announce(f"left out of what serves: {one}")
    announce(
        f"{counted(len(book.drafts), 'change')} of {counted(len(book.keys), 'reply', 'replies')}: "
        f"{counted(len(found), 'finding')}."
    )
    return FOUND if found else 0


@app.command("preview")
def show_preview(
    key: Key,
    language: Annotated[list[str] | None, typer.Option(help="Only in these; repeat it for each.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only on these; repeat it for each.")] = None,
    as_json: Json = False,
) -> None:
    """Show how a reply reads with sample facts, in each language and on each channel, the draft included."""
    wording = _wording()
    rules, book = wording.settings.rules, wording.book()
    languages, channels = language or rules.languages, channel or tuple(preview.CHANNELS)
    for one in languages:
        wording.field(key, one, book)
    unknown = sorted(set(channels) - set(preview.CHANNELS))
    if unknown:
        raise WordsError(f"there is no channel '{unknown[0]}': there are {', '.join(preview.CHANNELS)}")
    found = [
        shown
        for one in languages
        for each in channels
        for shown in preview.shown(book.whole, key, one, each, rules)
    ]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for shown in found:
        count = "" if shown.count is None else f", with {shown.count}"
        announce(f"--- {shown.language}, {shown.channel}{count}")
        announce(shown.problem or shown.text)
        for number, button in enumerate(shown.buttons, 1):
            announce(f"  {number}. {button}" if shown.numbered else f"  [{button}]")


@app.command()
def diff(
    version: Annotated[
        str, typer.Argument(help="A version; without it the draft is told beside what serves.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Tell what would be said otherwise with the draft, or with another version."""
    wording = _wording()
    book = wording.book()
    found = list(
        changes.changes(book.serving, wording.said_with(version))
        if version
        else changes.drafted(book.serving, overlay_of(book.drafts))
    )
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        announce(f"{one.key} ({one.language})")
        _tell(one.before or (), "- ")
        _tell(one.after or (), "+ ")
    announce(f"{counted(len(found), 'reply', 'replies')} would be said otherwise.")


@app.command()
def release(
    version: Annotated[
        str, typer.Argument(help="A version that is kept; without it the draft becomes one.")
    ] = "",
    note: Note = "",
    by: By = OPERATOR,
    as_json: Json = False,
) -> None:
    """Release the draft, or a version that is kept: processes that run speak it from their next turn on."""
    wording = _wording()
    made = wording.release_again(version, by, note=note) if version else wording.release(by, note=note)
    tell_release(made, "speak it", as_json)


@app.command()
def rollback(note: Note = "", by: By = OPERATOR, as_json: Json = False) -> None:
    """Release the version that served before the one that serves now; the draft stays."""
    tell_release(_wording().roll_back(by, note=note), "speak it", as_json)


@app.command("versions")
def show_versions(as_json: Json = False) -> None:
    """List the versions of words that are kept, the newest first; the last one is what lies in the files."""

    def count(one: WordsVersion) -> tuple[str, ...]:
        return "replies", str(sum(len(said) for said in one.replies.values()))

    tell_versions(spoken.shelf(Settings.load()), "replies", count, as_json)


@app.command()
def log(
    limit: Annotated[int, typer.Option(min=1, help="So many of the latest lines.")] = 20,
    as_json: Json = False,
) -> None:
    """Tell what was done with words, by whom and what for."""
    tell_log(_wording().log(limit), "words", as_json)


def _wording() -> Wording:
    settings = Settings.load()
    return Wording(settings, open_database(settings), SystemClock())


def _draft(field: Field) -> dict[str, Any] | None:
    if field.draft is None:
        return None
    return {"by": field.draft.actor, "at": moment(field.draft.at)}


def _tell(variants: Sequence[Any], mark: str = "  ") -> None:
    for way, one in zip(preview.ways(variants), written_of(variants), strict=True):
        announce(f"{mark}{f'{way}: ' if way else ''}{as_line(one.text)}")
        for number, title in enumerate(one.titles, 1):
            announce(f"{mark}  {number}. {as_line(title)}")


def _findings(found: Sequence[Found]) -> list[dict[str, str]]:
    return [asdict(one) for one in found]


def _tell_findings(found: Sequence[Found]) -> None:
    for one in found:
        announce(str(one))
