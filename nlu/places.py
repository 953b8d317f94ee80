"""Where the files lie that understanding reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

#: The project's root: where config.yml, replies/ and stories/ lie.
ROOT = Path(__file__).resolve().parent.parent


def files_folder() -> Path:
    """Return the folder of models, attachments and caches (``CROSSDESK_FILES``); it may not exist yet."""
    return Path(os.environ.get("CROSSDESK_FILES") or ROOT / "var" / "files").absolute()


def store_folder() -> Path:
    """Return the folder of what belongs to one store (``CROSSDESK_STORE``); it may not exist."""
    return Path(os.environ.get("CROSSDESK_STORE") or ROOT / "store").absolute()


def lexicon_file() -> Path:
    """Return the file in which the shop tells what understanding needs to know (``CROSSDESK_LEXICON``)."""
    return Path(os.environ.get("CROSSDESK_LEXICON") or files_folder() / "lexicon.json").absolute()
