"""The words that are spoken: the shipped ones, the store's own over them, and on top what was released."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.dialogue.filling import places
from bot.dialogue.replies import Replies, read_folders
from bot.errors import WordsError
from bot.settings import ROOT, Settings
from bot.shelf import SHIPPED, Follower, Shelf, Version, digest

log = logging.getLogger(__name__)

#: The ways in which one reply is said in one language, as a file of replies holds them.
Variants = Sequence[Mapping[str, Any]]
#: Variants by language and key.
Overlay = Mapping[str, Mapping[str, Variants]]


@dataclass(frozen=True)
class WordsVersion(Version):
    """Words that were released once."""

    #: All that differs from the files, not only from the version before.
    replies: Overlay = field(default_factory=dict)


def shelf(settings: Settings) -> Shelf[WordsVersion]:
    """The versions of words."""
    return Shelf(settings.files / "words", "words", WordsVersion, WordsError)


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
    kept = shelf(settings)
    version = kept.read(kept.released().name if name is None else name)
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


class Spoken(Follower[Replies]):
    """The words that serve, asked for before every turn."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(shelf(settings), lambda: _first(settings), lambda: load(settings))


def _first(settings: Settings) -> Replies:
    try:
        return load(settings)
    except WordsError as error:
        # Whatever is wrong with a release, buyers are answered.
        log.error("what was released is not spoken, but what lies in files: %s", error)
        return load(settings, SHIPPED)


def _frame(variant: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What of a variant is no words: its channel, and what its buttons do."""
    return variant.get("channel", ""), tuple(button["payload"] for button in variant.get("buttons", ()))


def _places(variant: Mapping[str, Any]) -> frozenset[str]:
    titles = (button["title"] for button in variant.get("buttons", ()))
    return places(variant["text"]).union(*map(places, titles))
