"""Log lines for the operator: one clear line each, without buyers' words or addresses; JSON for machines."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

from bot.errors import ConfigurationError

#: What ``CROSSDESK_LOG`` may be.
TEXT, JSON = "text", "json"


def set_up(level: int = logging.INFO) -> None:
    """Send our own lines to standard error; libraries are heard from warnings on.

    httpx logs addresses that hold a Telegram token, and argon2, uvicorn and the like have nothing to tell.

    Raises:
        ConfigurationError: ``CROSSDESK_LOG`` names a form that there is none of.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(os.environ.get("CROSSDESK_LOG") or TEXT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("bot", "adapters", "nlu"):
        logging.getLogger(name).setLevel(level)
    # Rasa switches the warnings of old libraries on again; they are nothing that an operator can mend.
    logging.captureWarnings(True)
    for name in ("py.warnings", "tensorflow", "telegram"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("httpx", "httpcore", "uvicorn.access", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """One JSON object a line, whatever stands in the message.

    ``at`` (UTC), ``level``, ``logger``, ``message``, ``process``; with an error also its type and the places
    in the code that it came through. Not its words: they may be a buyer's.
    """

    def format(self, record: logging.LogRecord) -> str:
        """See the class."""
        at = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["places"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def _formatter(form: str) -> logging.Formatter:
    if form == JSON:
        return JsonLines()
    if form == TEXT:
        return logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
    raise ConfigurationError(f"CROSSDESK_LOG is '{form[:20]}': give {TEXT} or {JSON}")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # A line whose values do not fit its form is a mistake of ours, and no reason to lose the line.
        return str(record.msg)


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
