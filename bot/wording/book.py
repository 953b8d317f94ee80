"""All words as they are now: what serves, the draft over it, and one reply as an admin changes it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from bot.dialogue import spoken
from bot.dialogue.spoken import Overlay, Said, Variants
from bot.errors import StaleWordsError, WordsError
from bot.settings import Settings
from bot.shelf import SHIPPED, digest
from bot.wording import drafts
from bot.wording.drafts import Draft


@dataclass(frozen=True)
class Field:
    """One reply in one language, as an admin changes it."""

    key: str
    #: ISO 639-1.
    language: str
    #: As it is to be said: the draft's words, or else those that serve.
    variants: Variants
    #: What serves; None where the language has no words of its own, and the fallback's are said.
    serving: Variants | None
    #: What lies in files.
    in_files: Variants
    draft: Draft | None
    #: Another one whenever somebody changed it.
    token: str

    @property
    def is_stale(self) -> bool:
        """Whether other words serve than those that the draft was written over."""
        return self.draft is not None and self.draft.base != digest(self.serving)


@dataclass(frozen=True)
class Book:
    """All words: those that serve, and the draft over them."""

    serving: Said
    drafts: tuple[Draft, ...]
    #: With the draft laid over what serves.
    whole: Overlay
    #: Another one whenever the draft is another.
    token: str

    @property
    def keys(self) -> frozenset[str]:
        """The replies that the draft changes."""
        return frozenset(one.key for one in self.drafts)


def read_book(settings: Settings, connection: Connection) -> Book:
    """All words as they are now."""
    found = tuple(drafts.all_of(connection))
    serving = _serving(settings)
    whole = spoken.laid_over(serving.whole, drafts.overlay_of(found))
    return Book(serving, found, whole, drafts.token_of(found))


def _serving(settings: Settings) -> Said:
    """What serves; what lies in files where the release is damaged, as processes have it."""
    try:
        return spoken.said(settings)
    except WordsError:
        return spoken.said(settings, SHIPPED)


def field_of(settings: Settings, book: Book, key: str, language: str) -> Field:
    """One reply in one language.

    Raises:
        WordsError: there is no such reply, or the store does not speak the language.
    """
    rules = settings.rules
    if language not in rules.languages:
        raise WordsError(
            f"the store does not speak '{language[:20]}': it speaks {', '.join(rules.languages)}"
        )
    in_files = spoken.in_files(book.serving.under, language, key, rules.fallback_language)
    if in_files is None:
        raise WordsError(f"there is no reply '{key[:100]}': `crossdesk words list` tells which there are")
    serving = book.serving.whole.get(language, {}).get(key)
    draft = next((one for one in book.drafts if (one.key, one.language) == (key, language)), None)
    variants = serving or in_files if draft is None else draft.variants
    token = digest([None if draft is None else draft.variants, serving])
    return Field(key, language, variants, serving, in_files, draft, token)


def require_seen(field: Field, seen: str | None, by: str, *, over: bool) -> None:
    """Let pass a change by whoever saw what is there now.

    Raises:
        StaleWordsError: somebody changed it, or is changing it.
    """
    if seen is not None and seen != field.token:
        who = field.draft.actor if field.draft is not None else "a release"
        raise StaleWordsError(
            f"'{field.key}' in '{field.language}' was changed meanwhile, by {who}: look again"
        )
    if seen is None and not over and field.draft is not None and field.draft.actor != by:
        raise StaleWordsError(
            f"{field.draft.actor} is changing '{field.key}' in '{field.language}': `crossdesk words show` "
            "tells how, and --over writes over it"
        )


def require_seen_whole(book: Book, seen: str | None) -> None:
    """Let pass a draft that was looked at, and that undoes no release unseen.

    Raises:
        StaleWordsError: it was changed, or what it was written over.
        WordsError: there is none.
    """
    if seen is not None and seen != book.token:
        raise StaleWordsError("somebody changed the draft meanwhile: look at it again, then release it")
    if not book.drafts:
        raise WordsError("there is no draft: nothing is to be said otherwise")
    for one in book.drafts:
        if one.base != digest(book.serving.whole.get(one.language, {}).get(one.key)):
            raise StaleWordsError(
                f"'{one.key}' in '{one.language}' was released otherwise since {one.actor} wrote it: open "
                "it, and keep or drop what it says"
            )


def differing(under: Overlay, whole: Overlay) -> Overlay:
    """What is said otherwise than in files."""
    found: dict[str, dict[str, Variants]] = {}
    for language, key, variants in spoken.entries(whole):
        if under.get(language, {}).get(key) != variants:
            found.setdefault(language, {})[key] = variants
    return found
