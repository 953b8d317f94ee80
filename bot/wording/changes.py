"""What is said otherwise with another version of words, or with a draft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.dialogue import spoken
from bot.dialogue.spoken import Overlay, Said, Variants, laid_over


@dataclass(frozen=True)
class Change:
    """A reply that is said otherwise; the variants as a file of replies holds them, None: as in the files."""

    key: str
    language: str
    before: Variants | None
    after: Variants | None


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
