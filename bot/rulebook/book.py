"""The store's rules as they are now: its file, the draft over it, and what was released."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from bot.errors import RulesError, StaleRulesError
from bot.rulebook import drafts
from bot.rulebook.drafts import Draft
from bot.settings import Settings
from bot.settings.reading import read_text
from bot.settings.released import own_file, shelf
from bot.shelf import SHIPPED, Released, digest


@dataclass(frozen=True)
class Book:
    """The store's own rules as they are now, and the draft over them."""

    #: The store's own ``shop.yml``.
    text: str
    draft: Draft | None
    #: Which version was released last, and which one before it.
    released: Released
    #: Whether the file is another than was released: somebody changed it by hand.
    by_hand: bool

    @property
    def whole(self) -> str:
        """The file as it is to be."""
        return self.text if self.draft is None else self.draft.text

    @property
    def is_stale(self) -> bool:
        """Whether the file was changed since the draft was written over it."""
        return self.draft is not None and self.draft.base != digest(self.text)

    @property
    def token(self) -> str:
        """Another one whenever the draft, the file or what was released is another."""
        drafted = None if self.draft is None else [self.draft.text, self.draft.base]
        return digest([self.text, drafted, self.released.name])


def read_book(settings: Settings, connection: Connection) -> Book:
    """The rules as they are now.

    Raises:
        ConfigurationError: the store's file cannot be read.
    """
    kept, text = shelf(settings), read_text(own_file(settings))
    now = kept.now()
    try:
        released: str | None = kept.read(now.name).text
    except RulesError:
        # Its file is damaged: nobody can tell that this is what was released.
        released = None
    return Book(text, drafts.read(connection), now, released != text)


def back_to(book: Book) -> str | None:
    """The version that a roll back brings; None where there is none."""
    if book.by_hand and book.released.name == SHIPPED and book.released.previous is None:
        # Nothing was ever released: what was written by hand is all there is.
        return None
    return book.released.name if book.by_hand else book.released.previous


def require_seen(book: Book, seen: str | None, by: str, *, over: bool) -> None:
    """Let pass a change by whoever saw what is there now.

    Raises:
        StaleRulesError: somebody changed it, or is changing it.
    """
    if seen is not None and seen != book.token:
        who = f"by {book.draft.actor}" if book.draft is not None else "by a release or by hand"
        raise StaleRulesError(f"the rules were changed meanwhile, {who}: look again")
    if seen is None and not over and book.draft is not None and book.draft.actor != by:
        raise StaleRulesError(
            f"{book.draft.actor} is changing the rules: `crossdesk rules diff` tells how, and --over goes on "
            "with that draft"
        )


def require_known(book: Book, seen: str | None, path: object) -> None:
    """Let pass what puts another file in place of one that was looked at.

    Raises:
        StaleRulesError: other rules serve meanwhile, or somebody changed the file by hand.
    """
    if seen is not None and seen != book.token:
        raise StaleRulesError("somebody was faster, or the file was changed: look again")
    if seen is None and book.by_hand:
        raise StaleRulesError(
            f"{path} was changed by hand and not released: --over keeps that as a version and goes on"
        )
