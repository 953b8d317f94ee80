"""``check``: whether the scripts hold, in every language, before they are released."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot import logs, schema
from bot.cli.mail import Json, print_table
from bot.cli.opening import announce
from bot.database import Database
from bot.dialogue.lean import keep_tensorflow_out
from bot.settings import ROOT, Settings
from bot.spelling import counted

#: Exit code where something was found.
FOUND = 1


def check(
    table: Annotated[bool, typer.Option("--table", help="Only the table of flows by languages.")] = False,
    walk: Annotated[
        bool, typer.Option("--walk", help="Also walk every flow in a throw-away store: a minute.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find what is wrong with flows and replies; each finding has its file, line and reason."""
    logs.set_up()
    settings = Settings.load()
    # Before anything else of Rasa is imported.
    found, walked = _walk(settings) if walk and not table else ([], None)
    from bot.dialogue.check.static import Sources, check_static

    sources = Sources()
    if table:
        raise typer.Exit(_flows(sources, settings, as_json=as_json))
    found = [*check_static(sources, settings.rules), *found]
    if as_json:
        findings = [
            {"file": _short(one.file), "line": one.line, "key": one.key, "reason": one.reason}
            for one in found
        ]
        counts = None if walked is None else {"states": walked.states, "steps": walked.steps}
        typer.echo(json.dumps({"findings": findings, "walked": counts}, ensure_ascii=False))
        raise typer.Exit(FOUND if found else 0)
    for one in found:
        announce(f"{_short(one.file)}:{one.line}: {one.key}: {one.reason}")
    if walked is not None:
        announce(f"Walked {counted(walked.states, 'state')} in {counted(walked.steps, 'step')}.")
    announce(
        f"Read the scripts in {counted(len(settings.rules.languages), 'language')}: "
        f"{counted(len(found), 'finding')}."
    )
    raise typer.Exit(FOUND if found else 0)


def _walk(settings: Settings) -> tuple[list[Any], Any]:
    """Train the policies and walk a throw-away store."""
    keep_tensorflow_out()
    from bot.dialogue.check.policies import train_policies

    with tempfile.TemporaryDirectory(prefix="crossdesk-check-") as scratch:
        model = train_policies(settings, Path(scratch))
        from bot.dialogue.check.shares import processors, walk_shared

        store = Path(scratch) / "store.sqlite"
        database = Database(f"sqlite:///{store}")
        schema.upgrade(database)
        database.close()
        walked = walk_shared(model, settings, store, processors())
        return list(walked.findings), walked


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _flows(sources: Any, settings: Settings, *, as_json: bool) -> int:
    from bot.dialogue.check.table import flows_by_languages

    languages = settings.rules.languages
    rows = flows_by_languages(sources, languages, ROOT / "nlu" / "data")
    gaps = sum(len(lacking) for row in rows for lacking in row.gaps.values())
    if as_json:
        typer.echo(json.dumps([{"phase": row.phase, "flow": row.flow, "gaps": row.gaps} for row in rows]))
        return FOUND if gaps else 0
    shown = Table("phase", "flow", *languages, box=None)
    for row in rows:
        cells = [f"lacks {len(row.gaps[one])}" if row.gaps[one] else "yes" for one in languages]
        shown.add_row(row.phase, row.flow, *cells)
    print_table(shown)
    for row in rows:
        for language, lacking in row.gaps.items():
            if lacking:
                announce(f"{row.flow} in {language} lacks {', '.join(lacking)}")
    announce(
        f"{counted(len(rows), 'flow')} in {counted(len(languages), 'language')}, {counted(gaps, 'gap')}."
    )
    return FOUND if gaps else 0
