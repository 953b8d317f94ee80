"""What stands between a candidate and its release."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import ModelError
from bot.settings import Settings
from bot.training import models, versions
from bot.training.changes import changes
from bot.training.models import Fingerprints
from bot.training.versions import Version

#: By so much of its messages a language may be understood worse.
MARGIN = 0.01


@dataclass(frozen=True)
class Gate:
    """One condition of a release."""

    #: Such as ``code``.
    name: str
    #: Whether it stands against the release.
    refuses: bool
    #: What was found, for a person to read.
    says: str


def standing(settings: Settings, version: Version, now: Fingerprints | None = None) -> list[Gate]:
    """Every gate, and how the version stands to it; those of a comparison only where both were judged.

    Args:
        settings: where models and the program's files lie.
        version: which one.
        now: the digests of the files that lie here, where they are known: to make them, all are read.
    """
    live = _live(settings)
    gates = [_code(version, now or models.fingerprints(settings))]
    if live is None or live.name == version.name:
        return gates
    if not live.figures or live.figures.get("test_set") != version.figures.get("test_set"):
        says = "not compared with the released model: `crossdesk models compare` does it"
        return [*gates, Gate("compared", refuses=version.fingerprint != live.fingerprint, says=says)]
    return [*gates, *_languages(live, version), _threats(live, version)]


def _languages(live: Version, version: Version) -> list[Gate]:
    gates = []
    for one in changes(live.figures, version.figures):
        told = f"{one.of}: {100 * one.before:.1f} % → {100 * one.after:.1f} %"
        span = f"{100 * one.low:+.1f} to {100 * one.high:+.1f}, {'sure' if one.sure else 'may be chance'}"
        gates.append(Gate(f"accuracy {one.of}", one.difference < -MARGIN, f"{told} ({span})"))
    return gates


def _threats(live: Version, version: Version) -> Gate:
    missed = set(version.figures["missed"]) - set(live.figures["missed"])
    says = f"{len(missed)} threats of the test set are missed that the released model sees"
    return Gate("threats", refuses=bool(missed), says=says)


def _live(settings: Settings) -> Version | None:
    try:
        released = models.current(settings)
        return None if released is None else versions.find(settings, released.name)
    except ModelError:
        return None


def _code(version: Version, now: Fingerprints) -> Gate:
    if not version.made_from.code:
        return Gate("code", refuses=False, says="nobody wrote down with which code it was made")
    fits = version.made_from.code == now.code
    says = "made with the code that runs" if fits else "made with other code than the one that runs"
    return Gate("code", refuses=not fits, says=says)
