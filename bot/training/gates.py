"""What stands between a candidate and its release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from bot.errors import ModelError
from bot.settings import Settings
from bot.spelling import counted
from bot.training import models, outcomes, versions
from bot.training.changes import changes
from bot.training.models import Fingerprints
from bot.training.versions import Version

#: Broken scripts that are named one by one.
_NAMED = 3
_HOW = "compare it first"


@dataclass(frozen=True)
class Gate:
    """One condition of a release."""

    #: Such as ``code``.
    name: str
    #: Whether it stands against the release.
    refuses: bool
    #: What was found, for a person to read.
    says: str


def standing(
    settings: Settings, connection: Connection, version: Version, now: Fingerprints | None = None
) -> list[Gate]:
    """Every gate, and how the version stands to it; those of a comparison only where one serves already.

    Args:
        settings: where models and the program's files lie.
        connection: the caller's unit of work.
        version: which one.
        now: the digests of the files that lie here, where they are known: to make them, all are read.
    """
    live = _live(settings)
    gates = [_code(version, now or models.fingerprints(settings))]
    if live is None or live.name == version.name:
        return gates
    return [
        *gates,
        *_test_set(settings, live, version),
        *_scripts(live, version),
        *_outcomes(settings, connection, live, version),
    ]


def _test_set(settings: Settings, live: Version, version: Version) -> Iterator[Gate]:
    if not live.figures or live.figures.get("test_set") != version.figures.get("test_set"):
        says = f"not compared with the released model: {_HOW}"
        yield Gate("compared", refuses=_is_other(live, version), says=says)
        return
    worst = settings.rules.releases.worse_percent / 100
    for one in changes(live.figures, version.figures):
        told = f"{one.of}: {100 * one.before:.1f} % → {100 * one.after:.1f} %"
        span = f"{100 * one.low:+.1f} to {100 * one.high:+.1f}, {'sure' if one.sure else 'may be chance'}"
        yield Gate(f"accuracy {one.of}", one.difference < -worst, f"{told} ({span})")
    missed = set(version.figures["missed"]) - set(live.figures["missed"])
    says = f"{counted(len(missed), 'threat')} of the test set missed that the released model sees"
    yield Gate("threats", refuses=bool(missed), says=says)


def _scripts(live: Version, version: Version) -> Iterator[Gate]:
    before, after = (_played(one) for one in (live, version))
    if after is None or before is None or before["digest"] != after["digest"]:
        says = f"it has not played the scripted conversations of today: {_HOW}"
        yield Gate("scripts", refuses=_is_other(live, version), says=says)
        return
    already = {one["script"] for one in before["broken"]}
    broken = [one for one in after["broken"] if one["script"] not in already]
    right = after["played"] - len(after["broken"])
    says = f"{right} of {after['played']} scripted conversations go as they must"
    if broken:
        named = "; ".join(f"{one['script']}, line {one['line']}: {one['why']}" for one in broken[:_NAMED])
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        says = f"{counted(len(broken), 'scripted conversation breaks', 'scripted conversations break')} "
        says += f"that the released model holds: {named}{more}"
    yield Gate("scripts", refuses=bool(broken), says=says)


def _outcomes(settings: Settings, connection: Connection, live: Version, version: Version) -> Iterator[Gate]:
    rules = settings.rules.releases
    if not rules.conversations:
        return
    tally = outcomes.tally(connection, version.name, live.name)
    if tally is None:
        there = outcomes.is_anything_stored(connection)
        says = "there is no conversation yet to take again"
        if there:
            says = f"nobody has taken the latest conversations again with it: {_HOW}"
        yield Gate("outcomes", refuses=there and _is_other(live, version), says=says)
        return
    says = f"{tally.changes} of {counted(tally.conversations, 'conversation')} would have gone otherwise"
    if tally.waiting:
        says += f", of which {counted(tally.waiting, 'is', 'are')} neither approved nor turned down"
    yield Gate("outcomes", refuses=tally.waiting > 0, says=says)
    most = rules.turned_down_percent / 100 * tally.conversations
    turned_down, among = counted(tally.turned_down, "change"), counted(tally.conversations, "conversation")
    says = f"{turned_down} of {among} turned down"
    yield Gate("turned down", tally.turned_down > most, f"{says}; {int(most)} may be")


def _played(version: Version) -> Mapping[str, Any] | None:
    found = version.figures.get("scripts")
    return found if isinstance(found, Mapping) else None


def _is_other(live: Version, version: Version) -> bool:
    return version.fingerprint != live.fingerprint


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
