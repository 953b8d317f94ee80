"""A candidate tried beside what serves: in shadow, heard by nobody, or with a share of the conversations."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.errors import ModelError
from bot.settings import Settings
from bot.shelf import write_json
from bot.training import models
from bot.training.models import models_folder

#: Workers have so long to load a candidate before the first conversation is its.
LEAD = dt.timedelta(seconds=30)
#: Of a hundred conversations a share may have so many: more is a release.
LEAST, MOST = 1, 50


@dataclass(frozen=True)
class Rollout:
    """What is tried; over as soon as anything else is released than what served when it began."""

    #: The candidate, and the released version beside which it is tried: names of files.
    version: str
    against: str
    #: Of a hundred conversations so many are the candidate's; 0: it runs in shadow.
    share: int
    #: From when on a share's conversations are the candidate's; aware UTC.
    begins_at: dt.datetime
    #: Who wanted it, a login.
    by: str

    @property
    def is_shadow(self) -> bool:
        """Whether nobody hears the candidate."""
        return self.share == 0

    def includes(self, conversation_id: int, now: dt.datetime) -> bool:
        """Whether a conversation is the candidate's.

        It stays so for as long as the candidate is tried, and where the share grows.
        """
        if now < self.begins_at:
            return False
        # Others of the next candidate: nobody is the one on whom everything is tried.
        drawn = hashlib.blake2b(f"{self.version} {conversation_id}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn, "big") % 100 < self.share


def path_of(settings: Settings) -> Path:
    """The file that says what is tried."""
    return models_folder(settings) / "rollout.json"


def current(settings: Settings) -> Rollout | None:
    """What is tried now; None: nothing is, or nobody can tell."""
    found = read(path_of(settings))
    try:
        released = models.current(settings)
    except ModelError:
        return None
    return found if found and released is not None and found.against == released.name else None


def read(path: Path) -> Rollout | None:
    """What a file says is tried, whatever has become of it; None where it says nothing."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Rollout(**{**record, "begins_at": dt.datetime.fromisoformat(record["begins_at"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def begin(settings: Settings, rollout: Rollout) -> None:
    """Have it tried, in the place of whatever was; workers see it before their next turn."""
    write_json(path_of(settings), asdict(rollout) | {"begins_at": rollout.begins_at.isoformat()})


def end(settings: Settings) -> None:
    """Try nothing any more; the next turn is the released version's. Idempotent."""
    path_of(settings).unlink(missing_ok=True)
