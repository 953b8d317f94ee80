"""``evaluate``: how well the released model understands labelled messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import logs
from bot.cli.opening import announce
from bot.clock import SystemClock
from bot.dialogue.lean import keep_tensorflow_out
from bot.errors import ConfigurationError
from bot.settings import ROOT, Settings
from bot.spelling import counted
from bot.training import models

if TYPE_CHECKING:
    from bot.dialogue.engine import Engine

#: Messages that are read at once: enough to keep the encoder busy, few enough for its memory.
BATCH = 256


def evaluate(
    data: Annotated[
        Path, typer.Argument(help="A folder of labelled messages: <lang>/<topic>.yml in Rasa's NLU format.")
    ] = ROOT / "tests" / "nlu" / "data",
    page: Annotated[Path | None, typer.Option(help="Where to write the report, as HTML.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where to write the figures, as JSON.")] = None,
) -> None:
    """Judge the released model on labelled messages; writes a page with pictures, and the figures as JSON."""
    logs.set_up()
    settings = Settings.load()
    from nlu.evaluation import LabelledSetError, evaluate_parsed, read_labelled

    try:
        labelled = read_labelled(data)
    except LabelledSetError as error:
        raise ConfigurationError(str(error)) from error
    model = models.current_path(settings)
    folder = settings.files / "reports"
    html, record = (
        _writable(path) for path in (page or folder / "evaluation.html", json or folder / "evaluation.json")
    )
    # What can go wrong has been told: now the slow part.
    keep_tensorflow_out()
    from bot.dialogue.engine import Engine
    from bot.reports.evaluation import report, write

    announce(f"Reading {counted(len(labelled), 'message')} …")
    with closing(Engine.load(model)) as engine:
        parsed = _read(engine, [item.text for item in labelled])
        result = evaluate_parsed(zip(parsed, labelled, strict=True))
    write(result, report(result, model=model.name, data=str(data), at=SystemClock().now()), html, record)
    announce(
        f"accuracy {100 * result.accuracy:.1f} %, macro F1 {100 * result.macro_f1:.1f} %, "
        f"right topic {100 * result.topic_accuracy:.1f} %, "
        f"calibration error {100 * result.calibration_error:.1f} %"
    )
    announce("  ".join(f"{name} {100 * share:.1f}" for name, share in result.by_language.items()))
    announce(f"{html} shows it all; the figures are in {record}.")


def _read(engine: Engine, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(texts), BATCH):
        yield from engine.parse_all(texts[start : start + BATCH])


def _writable(path: Path) -> Path:
    """The path, after it was seen that a file can be written there: before minutes of work, not after."""
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder: name a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8"):
        return path
