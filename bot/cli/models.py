"""``models``: the versions that are kept, which one serves, and changing that."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot import logs, schema
from bot.cli import rollout
from bot.cli.changes import COMMANDS, OPERATOR, By, Name, tell
from bot.cli.mail import Json, ago, as_line, moment, print_table
from bot.cli.opening import announce, open_database
from bot.clock import SystemClock
from bot.dialogue.lean import keep_tensorflow_out
from bot.errors import CrossdeskError, ModelError
from bot.settings import Settings
from bot.spelling import counted
from bot.training import acts, models, progress, versions
from bot.training.background import step_back
from bot.training.changes import Beside, beside
from bot.training.comparing import Comparisons
from bot.training.gates import Gate
from bot.training.models import ModelVersion
from bot.training.progress import State
from bot.training.releasing import Releases, Serving
from bot.training.versions import Version

app = typer.Typer(help="The versions of the model: list, compare, release, take back.", no_args_is_help=True)

Gently = Annotated[bool, typer.Option("--gently", help="Only use what processor time nobody else wants.")]

for _name, _command in (*COMMANDS.items(), *rollout.COMMANDS.items()):
    app.command(_name)(_command)
#: Of what is taken for something else, so much is told.
CONFUSIONS = 10


@app.command("list")
def show_all(as_json: Json = False) -> None:
    """List the versions that are kept, the newest first, with what serves and who made them."""
    settings = Settings.load()
    known, released = versions.listed(settings), _released(settings)
    workers = _workers(settings)
    if as_json:
        typer.echo(json.dumps([_as_json(one, released, workers) for one in known]))
        return
    if not known:
        announce("There is no model yet: `crossdesk train` makes one.")
        return
    now = SystemClock().now()
    table = Table("model", "state", "made", "by", "accuracy", "workers", box=None)
    for one in known:
        serving = [each for each in workers if each.version == one.name]
        refused = next((each.refused for each in serving if each.refused), "")
        table.add_row(
            one.name,
            _state(one, released),
            ago(one.made_at, now),
            as_line(one.made_by),
            _accuracy(one),
            as_line(
                f"refused: {refused}"
                if refused
                else counted(len(serving), "process", "processes")
                if serving
                else ""
            ),
        )
    print_table(table)


@app.command()
def show(
    name: Name,
    pictures: Annotated[
        Path | None, typer.Option(help="A folder to draw confusions, languages and reliability in.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell all of one version: what it was made from, its figures, and what stands against its release."""
    settings = Settings.load()
    version = versions.find(settings, name)
    drawn = [] if pictures is None else _draw(version, pictures)
    found = _standing(version)
    if as_json:
        told = _as_json(version, _released(settings), _workers(settings))
        typer.echo(json.dumps(told | {"gates": [asdict(gate) for gate in found]}))
        return
    announce(f"{version.name}: {_state(version, _released(settings)) or 'kept'}")
    announce(f"made {version.made_at:%Y-%m-%d %H:%M} UTC by {version.made_by}, in {version.seconds:.0f} s")
    for part, digest in asdict(version.made_from).items():
        announce(f"  {part}: {digest[:16] or 'nobody wrote it down'}")
    if version.foundation:
        how = "taken over from a training before" if version.taken_over else "learnt with it"
        announce(f"  what the shipped examples teach: {version.foundation[:16]}, {how}")
    if version.figures:
        announce(f"accuracy on the test set: {_accuracy(version)}")
        by_language = version.figures.get("by_language", {}).items()
        announce("  ".join(f"{language} {100 * share:.1f}" for language, share in by_language))
    for right, taken, count in version.figures.get("confusions", ())[:CONFUSIONS]:
        announce(f"  {right} is taken for {taken}: {count}")
    for gate in found:
        announce(f"{'STOP' if gate.refuses else 'ok  '}  {gate.name}: {gate.says}")
    live = _released(settings)
    if live is not None and live.name != version.name:
        _tell_beside(beside(versions.find(settings, live.name).figures, version.figures))
    for path in drawn:
        announce(f"{path}")


@app.command()
def compare(
    name: Name,
    conversations: Annotated[
        int | None,
        typer.Option(
            min=0, help="So many of the latest conversations are taken again with both; fewer are only shown."
        ),
    ] = None,
    by: By = OPERATOR,
    gently: Gently = False,
    as_json: Json = False,
) -> None:
    """Compare a version with the released one: the test set, the scripts, and the latest conversations.

    Acts on nothing. What is found is kept, and stands for or against a release: `changes` shows whose outcome
    would change, `approve` and `turn-down` rule on each.
    """
    logs.set_up()
    settings = Settings.load()
    version, live = versions.find(settings, name), _released(settings)
    if live is None:
        raise ModelError("nothing is released yet to compare with: run `crossdesk train`")
    if gently:
        step_back()
    keep_tensorflow_out()
    from bot.training.examining import Examiner

    database, clock = open_database(settings), SystemClock()
    with Comparisons(settings, database, clock).at_work(version.name, by):
        examined = Examiner(settings, database, clock, by, schema.upgrade).examine_kept(
            version, conversations=conversations
        )
    found = _releases().standing(versions.find(settings, version.name))
    parted = examined.differences
    known = Comparisons(settings, database, clock).of(version.name).test_set
    if as_json:
        told = [asdict(one) | {"what": one.what} for one in parted]
        record: dict[str, Any] = {"gates": [asdict(gate) for gate in found], "conversations": told}
        record["test_set"] = known and asdict(known)
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    for gate in found:
        announce(f"{'STOP' if gate.refuses else 'ok  '}  {gate.name}: {gate.says}")
    _tell_beside(known)
    announce(f"{len(parted)} of {counted(examined.conversations, 'conversation')} would have gone otherwise:")
    for parting in parted:
        tell(parting)


@app.command()
def release(
    name: Name,
    by: By = OPERATOR,
    reason: Annotated[str, typer.Option(help="Why, although a gate stands against it; it is recorded.")] = "",
    as_json: Json = False,
) -> None:
    """Release a version: workers that run change to it between two turns, within seconds."""
    _told(_releases().release(name, by, reason=reason), as_json)


@app.command()
def rollback(
    by: By = OPERATOR,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    as_json: Json = False,
) -> None:
    """Release the version that served before the one that serves now."""
    _told(_releases().roll_back(by, reason=reason), as_json)


@app.command()
def log(
    limit: Annotated[int, typer.Option(min=1, help="So many of the latest lines.")] = 20,
    as_json: Json = False,
) -> None:
    """Tell what was done with models, by whom and why."""
    with open_database(Settings.load()).begin() as connection:
        entries = acts.latest(connection, limit)
    if as_json:
        typer.echo(
            json.dumps([asdict(one) | {"at": moment(one.at), "act": one.act.value} for one in entries])
        )
        return
    table = Table("when (UTC)", "who", "what", "model", "before", "why", box=None)
    for one in entries:
        why = " ".join([one.reason, *(f"[{gate['says']}]" for gate in one.gates)])
        when = f"{one.at:%Y-%m-%d %H:%M}"
        table.add_row(when, as_line(one.actor), one.act.value, one.version, one.before or "", as_line(why))
    print_table(table)


@app.command()
def training(
    stop: Annotated[bool, typer.Option("--stop", help="Stop the training that runs.")] = False,
    as_json: Json = False,
) -> None:
    """Tell how the latest training goes or went; ``--stop`` ends it, and leaves nothing behind."""
    settings = Settings.load()
    if stop:
        progress.ask_to_stop(settings)
        announce("The training stops.")
        return
    found = progress.latest(settings)
    if as_json:
        told = None
        if found is not None:
            times = {"begun_at": moment(found.begun_at), "ended_at": moment(found.ended_at)}
            told = asdict(found) | times | {"state": found.state.value}
        typer.echo(json.dumps(told))
        return
    if found is None:
        announce("Nothing was trained here yet.")
        return
    announce(f"{found.state.value}: begun {found.begun_at:%Y-%m-%d %H:%M} UTC by {found.by} on {found.host}")
    if found.state is State.RUNNING:
        share = "" if found.share is None else f", {100 * found.share:.0f} % done"
        left = "" if found.left is None else f", about {found.left:.0f} s left"
        announce(f"{found.doing}{share}{left}")
    announce(found.version or as_line(found.why))


def _tell_beside(found: Beside | None) -> None:
    """What gates do not tell of two versions on the test set: intents, and how far their sureness is off."""
    if found is None:
        return
    for one in found.intents:
        span = f"{100 * one.low:+.1f} to {100 * one.high:+.1f}, {'sure' if one.sure else 'may be chance'}"
        announce(f"      {one.of}: {100 * one.before:.1f} % → {100 * one.after:.1f} % ({span})")
    before, after = (f"{100 * one:.1f} %" for one in found.calibration)
    announce(f"      its own sureness is off by {before} → {after}")


def _draw(version: Version, folder: Path) -> list[Path]:
    # matplotlib takes a second to import.
    from bot.cli.drawing import write_pictures
    from bot.reports import gallery

    known = [one for one in gallery.Picture if one.is_known(version.figures)]
    if not known:
        raise ModelError(
            f"nobody has judged {version.name} on the test set yet: `crossdesk models compare` does it"
        )
    return write_pictures(folder, {one.value: gallery.of_version(one, version.figures) for one in known})


def _standing(version: Version) -> list[Gate]:
    try:
        return _releases().standing(version)
    except CrossdeskError as error:
        # What is known of the version itself can be told all the same.
        return [Gate("database", refuses=True, says=str(error))]


def _releases() -> Releases:
    settings = Settings.load()
    return Releases(settings, open_database(settings), SystemClock())


def _told(version: ModelVersion, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": version.name, "previous": version.previous}))
    else:
        announce(f"Released {version.name}; workers that run change to it within seconds.")


def _released(settings: Settings) -> ModelVersion | None:
    try:
        return models.current(settings)
    except ModelError:
        return None


def _workers(settings: Settings) -> list[Serving]:
    try:
        return Releases(settings, open_database(settings), SystemClock()).workers()
    except CrossdeskError:
        # Files tell more than nothing.
        return []


def _state(version: Version, released: ModelVersion | None) -> str:
    if released is None:
        return ""
    if version.name == released.name:
        return "released"
    return "before" if version.name == released.previous else ""


def _accuracy(version: Version) -> str:
    accuracy = version.figures.get("accuracy")
    return "" if accuracy is None else f"{100 * accuracy:.1f} %"


def _as_json(version: Version, released: ModelVersion | None, workers: list[Serving]) -> dict[str, Any]:
    return asdict(version) | {
        "made_at": moment(version.made_at),
        "state": _state(version, released) or "kept",
        "workers": [
            {"process": one.process, "refused": one.refused or None}
            for one in workers
            if one.version == version.name
        ],
    }
