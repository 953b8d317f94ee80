"""A model with policies alone: the flows as they are, without anything that understands words."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

from bot.errors import ModelError
from bot.settings import ROOT, Settings


def train_policies(settings: Settings, folder: Path) -> Path:
    """Train the policies on the shipped rules and the store's; returns the model's file.

    Call it before anything of Rasa is imported: Rasa reads its settings then.

    Raises:
        ModelError: domain and rules do not fit together.
    """
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")
    os.environ["CROSSDESK_STORE"] = str(settings.store)
    from rasa.model_training import train_core

    from bot.dialogue.engine import quiet

    quiet()
    output, before = sys.stdout, Path.cwd()
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            made = train_core("domain.yml", "config.yml", "stories", str(folder), fixed_model_name="policies")
    except Exception as error:
        raise ModelError(f"the rules cannot be trained: {' '.join(str(error).split())}") from error
    finally:
        sys.stdout = output
        os.chdir(before)
    if made is None:
        raise ModelError("the rules cannot be trained: `rasa data validate` tells which do not fit together")
    return Path(made)
