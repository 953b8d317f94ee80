"""Log lines for the operator: one clear line each, without buyers' words or addresses."""

from __future__ import annotations

import logging
import sys


def set_up(level: int = logging.INFO) -> None:
    """Send our own lines to standard error; libraries are heard from warnings on.

    httpx logs addresses that hold a Telegram token, and argon2, uvicorn and the like have nothing to tell.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("bot", "adapters", "nlu"):
        logging.getLogger(name).setLevel(level)
    # Rasa switches the warnings of old libraries on again; they are nothing that an operator can mend.
    logging.captureWarnings(True)
    for name in ("py.warnings", "tensorflow"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("httpx", "httpcore", "uvicorn.access", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
