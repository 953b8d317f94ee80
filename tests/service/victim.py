"""``crossdesk serve`` with everything real but the model, to be killed while buyers write on a channel."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.database import Database
from bot.settings import ROOT
from bot.shop.tables import customers
from tests.service.estate import SOMEBODY


class Victim:
    """One service of one worker, with the web's door and another one.

    Args:
        place: its own folder, empty.
        database: with every table and nothing in them.
        channel: the other door.
        options: the channel's own.
        secrets: environment variables.
    """

    def __init__(
        self,
        place: Path,
        database: Database,
        channel: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str],
    ) -> None:
        (place / "store").mkdir()
        rules = {
            "channels": ["web", channel],
            "channel_options": {channel: options},
            "serving": {"workers": 1},
        }
        (place / "store" / "shop.yml").write_text(json.dumps(rules))
        self._log = place / "log"
        self._environment = {
            **os.environ,
            "CROSSDESK_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "CROSSDESK_FILES": str(place / "files"),
            "CROSSDESK_STORE": str(place / "store"),
            **secrets,
        }
        with database.begin() as connection:
            # A shop with somebody in it needs no demonstration.
            connection.execute(customers.insert().values(**SOMEBODY))

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.scripted", "serve", "--port", "0"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """It, and its workers with it, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")
