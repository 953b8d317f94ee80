"""The words that are spoken: the shipped ones, the store's own over them, and on top what was released."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.dialogue.filling import places
from bot.dialogue.replies import Replies, read_folders
from bot.errors import WordsError
from bot.settings import ROOT, Settings

log = logging.getLogger(__name__)

#: The version that is none: nothing is laid over what lies in files.
SHIPPED = "shipped"
_CURRENT = "current.json"

#: The ways in which one reply is said in one language, as a file of replies holds them.
Variants = Sequence[Mapping[str, Any]]
#: Variants by language and key.
Overlay = Mapping[str, Mapping[str, Variants]]


@dataclass(frozen=True)
class Released:
    """What serves, and what served before."""

    name: str = SHIPPED
    previous: str | None = None


@dataclass(frozen=True)
class WordsVersion:
    """Words that were released once: what they change, and by whom and when they were made."""

    name: str
    #: ISO 8601.
    made_at: str = ""
    #: A login, or ``operator`` for the command line.
    made_by: str = ""
    #: What it is for, in the words of whoever made it.
    note: str = ""
    #: All that differs from the files, not only from the version before.
    replies: Overlay = field(default_factory=dict)


def words_folder(settings: Settings) -> Path:
    """Where versions lie: in the folder that hosts share, one release reaches them all."""
    return settings.files / "words"


def version_path(settings: Settings, name: str) -> Path:
    """Where a version lies."""
    return words_folder(settings) / f"{name}.json"


def current_path(settings: Settings) -> Path:
    """Where it stands which version serves."""
    return words_folder(settings) / _CURRENT


def released(settings: Settings) -> Released:
    """Which version serves; the shipped words where nothing was ever released.

    Raises:
        WordsError: the note of it is damaged.
    """
    path = current_path(settings)
    try:
        found = Released(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return Released()
    except (OSError, ValueError, TypeError) as error:
        raise WordsError(f"{path} is damaged: release a version with `crossdesk words release`") from error
    return found


def digest(value: object) -> str:
    """The same for the same words: 16 hexadecimal digits."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_version(settings: Settings, name: str) -> WordsVersion:
    """A version that is kept.

    Raises:
        WordsError: it is gone, cut short or changed.
    """
    if name == SHIPPED:
        return WordsVersion(SHIPPED)
    path = version_path(settings, name)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        sealed, found = record.pop("digest"), WordsVersion(**record)
    except FileNotFoundError as error:
        raise WordsError(f"there are no words '{name}': `crossdesk words versions` tells which") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise WordsError(f"the words {name} cannot be read: their file is damaged") from error
    if sealed != digest(record) or found.name != name:
        raise WordsError(f"the words {name} are not as they were made: their file is cut or changed")
    return found


def base(settings: Settings) -> dict[str, dict[str, Variants]]:
    """What lies in files, by language and key: the shipped replies with the store's own laid over them.

    Raises:
        ConfigurationError: a file is not in Rasa's ``responses:`` format.
    """
    return read_folders((ROOT / "replies", settings.store / "replies"), settings.rules.languages)


def laid_over(under: Overlay, over: Overlay) -> dict[str, dict[str, Variants]]:
    """Replies with others laid over them, key by key."""
    return {language: {**said, **over.get(language, {})} for language, said in under.items()}


def misfit(variants: Variants, under: Variants | None) -> str | None:
    """Why words cannot stand for those of a file, which the bot's code knows; None if they can.

    Args:
        variants: the words.
        under: those of the file; None where there are none.
    """
    if under is None:
        return "there is no such reply"
    if [_frame(one) for one in variants] != [_frame(one) for one in under]:
        return "has other channels or buttons than the reply has"
    known = frozenset[str]().union(*map(_places, under))
    unknown = sorted(frozenset[str]().union(*map(_places, variants)) - known)
    if unknown:
        allowed = ", ".join(f"{{{one}}}" for one in sorted(known)) or "none"
        return f"nothing fills {{{unknown[0]}}}: this reply has {allowed}"
    return None


@dataclass(frozen=True)
class Said:
    """All words of a version, by language and key."""

    #: The version's name.
    name: str
    #: What lies in files.
    under: Overlay
    #: What the version says otherwise, as far as it fits them.
    over: Overlay
    #: The two together.
    whole: Overlay
    #: What no longer fits, as ``key language: why``.
    left_out: tuple[str, ...] = ()


def said(settings: Settings, name: str | None = None) -> Said:
    """The words of a version; of the one that serves, if none is named.

    What of it no longer fits the files, after an upgrade, is left out: the file's own words are said then.

    Raises:
        WordsError: the version is gone or damaged.
        ConfigurationError: a file is not in Rasa's ``responses:`` format.
    """
    version = read_version(settings, released(settings).name if name is None else name)
    under = base(settings)
    fitting: dict[str, dict[str, Variants]] = {}
    left_out = []
    for language, key, variants in entries(version.replies):
        why = misfit(variants, in_files(under, language, key, settings.rules.fallback_language))
        if why is None:
            fitting.setdefault(language, {})[key] = variants
        else:
            left_out.append(f"{key} {language}: {why}")
    return Said(version.name, under, fitting, laid_over(under, fitting), tuple(left_out))


def load(settings: Settings, name: str | None = None) -> Replies:
    """The same to be spoken; what does not fit is told in the log.

    Raises:
        WordsError: the version is gone or damaged.
        ConfigurationError: a file is not in Rasa's ``responses:`` format.
    """
    found = said(settings, name)
    for one in found.left_out:
        log.error("words of %s are left out: %s", found.name, one)
    version = f"{found.name}:{digest(found.whole)}"
    return Replies(found.whole, settings.rules.fallback_language, version)


def entries(overlay: Overlay) -> Iterator[tuple[str, str, Variants]]:
    """Language, key and variants of each reply in an overlay, in order."""
    for language in sorted(overlay):
        for key in sorted(overlay[language]):
            yield language, key, overlay[language][key]


def in_files(under: Overlay, language: str, key: str, fallback: str) -> Variants | None:
    """What a file says, in the fallback language where the language has no words of its own."""
    return under.get(language, {}).get(key) or under.get(fallback, {}).get(key)


class Spoken:
    """The words that serve, asked for before every turn: one look at a file's dates while nothing changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = current_path(settings)
        self._seen = self._look()
        try:
            self._now = load(settings)
        except WordsError as error:
            # Whatever is wrong with a release, buyers are answered.
            log.error("what was released is not spoken, but what lies in files: %s", error)
            self._now = load(settings, SHIPPED)

    def now(self) -> Replies:
        """What serves; where what was released cannot be read, what served before. Never raises."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            try:
                self._now = load(self._settings)
            except Exception as error:
                log.error("what was released is not spoken, the words before go on: %s", error)
        return self._now

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._file)  # noqa: PTH116 (asked before every turn)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def _frame(variant: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What of a variant is no words: its channel, and what its buttons do."""
    return variant.get("channel", ""), tuple(button["payload"] for button in variant.get("buttons", ()))


def _places(variant: Mapping[str, Any]) -> frozenset[str]:
    titles = (button["title"] for button in variant.get("buttons", ()))
    return places(variant["text"]).union(*map(places, titles))
