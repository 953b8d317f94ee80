"""What may be wrong with the examples, as values: the check itself stands in ``checks``."""

from __future__ import annotations

import enum
import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from bot.errors import ReviewError
from bot.settings import Settings, environment

#: So many findings of a kind are told one by one.
TOLD = 50


class Kind(str, enum.Enum):
    """What can be wrong."""

    UNREADABLE = "unreadable"
    #: No such intent.
    UNKNOWN = "unknown"
    #: The same text under two intents.
    TWO_INTENTS = "two_intents"
    #: A sentence that models are judged by: to learn it is to cheat.
    LEAK = "leak"
    DUPLICATE = "duplicate"
    #: Too few examples in a language.
    THIN = "thin"
    #: None at all in a language of the store.
    MISSING = "missing"
    #: What people marked, and the bot does not find.
    UNFOUND = "unfound"

    @property
    def forbids(self) -> bool:
        """Whether no training begins while it is so."""
        return self in (Kind.UNREADABLE, Kind.UNKNOWN, Kind.TWO_INTENTS, Kind.LEAK)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and with what."""

    kind: Kind
    #: In a sentence, with what to do.
    says: str
    intent: str | None = None
    language: str | None = None
    text: str | None = None


def as_json(found: Sequence[Finding]) -> str:
    """The findings for another process."""
    return json.dumps([{**asdict(one), "kind": one.kind.value} for one in found], ensure_ascii=False)


def look(settings: Settings, known: Collection[str]) -> list[Finding]:
    """Check the store's examples in a process of its own, ``checks``; takes seconds.

    The front process loads nothing of what understands, and need not hold all examples either.

    Args:
        settings: the store's folder and languages.
        known: all intents there are.

    Raises:
        ReviewError: they could not be checked.
    """
    ran = subprocess.run(
        [sys.executable, "-m", "bot.training.checks"],
        env={**os.environ, **environment(settings)},
        input=json.dumps(sorted(known)),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        return [Finding(**{**one, "kind": Kind(one["kind"])}) for one in json.loads(ran.stdout)]
    except (ValueError, TypeError, KeyError) as error:
        why = (ran.stderr.strip().splitlines() or ["no reason was told"])[-1]
        raise ReviewError(f"the examples could not be checked: {why}") from error
