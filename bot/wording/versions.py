"""The versions of words that are kept: made, found, told apart, and made the one that serves."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bot.dialogue import spoken
from bot.dialogue.spoken import SHIPPED, Overlay, Released, Said, Variants, WordsVersion, laid_over
from bot.errors import WordsError
from bot.settings import Settings
from bot.training.models import write_json

#: Of released and older versions, how many are kept.
KEPT = 5


@dataclass(frozen=True)
class Change:
    """A reply that is said otherwise; the variants as a file of replies holds them, None: as in the files."""

    key: str
    language: str
    before: Variants | None
    after: Variants | None


def listed(settings: Settings) -> list[WordsVersion]:
    """Every version that is kept and whole, the newest first; the shipped words last."""
    names = {path.stem for path in spoken.words_folder(settings).glob("*.json") if path.name[0] != "."}
    found = []
    for name in names - {spoken.current_path(settings).stem}:
        try:
            found.append(spoken.read_version(settings, name))
        except WordsError:
            # Told where somebody asks for it.
            continue
    found.sort(key=lambda one: (one.made_at, one.name), reverse=True)
    return [*found, WordsVersion(SHIPPED)]


def find(settings: Settings, name: str) -> WordsVersion:
    """The version of this name, or of the one name that begins like this.

    Raises:
        WordsError: there is none, there are several, or its file is not whole.
    """
    path = spoken.version_path(settings, name)
    if name and path.parent == spoken.words_folder(settings) and path.exists() and name != "current":
        return spoken.read_version(settings, name)
    found = [one for one in listed(settings) if name and one.name.startswith(name)]
    if len(found) != 1:
        what = f"several versions of words begin with '{name}'" if found else f"there are no words '{name}'"
        raise WordsError(f"{what}: `crossdesk words versions` tells their names")
    return found[0]


def make(settings: Settings, replies: Overlay, by: str, note: str, at: dt.datetime) -> WordsVersion:
    """Keep words as a new version; nothing is released by it.

    Raises:
        OSError: the folder cannot be written.
    """
    name = f"words-{at:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    version = WordsVersion(name, at.isoformat(), by, note, replies)
    spoken.words_folder(settings).mkdir(parents=True, exist_ok=True)
    record = asdict(version)
    write_json(spoken.version_path(settings, name), record | {"digest": spoken.digest(record)})
    return version


def serve(settings: Settings, name: str) -> Released:
    """Make a version the one that serves, at once or not at all; processes that run notice it by themselves.

    Raises:
        WordsError: there is no such version, or its file is not whole; the one before stays.
        OSError: the folder cannot be written.
    """
    version = spoken.read_version(settings, name)
    before = now(settings)
    previous = before.previous if before.name == version.name else before.name
    spoken.words_folder(settings).mkdir(parents=True, exist_ok=True)
    write_json(spoken.current_path(settings), asdict(Released(version.name, previous)))
    return Released(version.name, previous)


def now(settings: Settings) -> Released:
    """What serves; the shipped words where the note of it is damaged, as processes have it."""
    try:
        return spoken.released(settings)
    except WordsError:
        return Released()


def drop_old(settings: Settings) -> None:
    """Remove all but the latest few; never the one that serves, nor the one that served before."""
    serving = now(settings)
    for version in listed(settings)[KEPT:]:
        if version.name not in (serving.name, serving.previous, SHIPPED):
            spoken.version_path(settings, version.name).unlink(missing_ok=True)


def changes(before: Said, after: Said) -> Iterator[Change]:
    """What is said otherwise with another version, in order of the replies' names."""
    return _changes(before.whole, after.whole, before.over, after.over)


def drafted(before: Said, drafts: Overlay) -> Iterator[Change]:
    """What is said otherwise with a draft, in order of the replies' names."""
    return _changes(before.whole, laid_over(before.whole, drafts), drafts)


def _changes(before: Overlay, after: Overlay, *where: Overlay) -> Iterator[Change]:
    """Only what lies over files can differ: looking at all of them takes ten times as long."""
    both = {(key, language) for one in where for language, key, _ in spoken.entries(one)}
    for key, language in sorted(both):
        old, new = (one.get(language, {}).get(key) for one in (before, after))
        if old != new:
            yield Change(key, language, old, new)
