"""Rules as pages and commands see them: edited, checked, released and taken back, each act a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database, lock_now
from bot.errors import RulesError, StaleRulesError
from bot.rulebook import drafts
from bot.rulebook.acts import LOG, Act, Entry, line_of
from bot.rulebook.book import Book, back_to, read_book, require_known, require_seen
from bot.rulebook.checking import checked, required, reserved
from bot.rulebook.consequences import Consequences, changes, consequences
from bot.rulebook.drafts import Draft
from bot.rulebook.editing import assigned, without
from bot.settings import Settings, ShopRules
from bot.settings.reading import Fault
from bot.settings.released import RulesVersion, own_file, shelf
from bot.shelf import LONGEST_NOTE, Released, digest, new_name, write_text
from bot.training.overview import Line

#: Nobody else changes rules while somebody does.
_LOCK = "rules"
#: Who made a version that nobody released: it lay in the store's file.
BY_HAND = "by hand"
#: Settings that a line of the log names.
_NAMED = 20


class Rulebook:
    """What admins may do with the store's rules.

    Args:
        settings: the store's folders and rules.
        database: holds the draft and the log.
        clock: the time.
        from_afar: whether whoever asks need not be who runs crossdesk, as on the console.
    """

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, *, from_afar: bool = False
    ) -> None:
        self.settings = settings
        self.shelf = shelf(settings)
        self._database = database
        self._clock = clock
        self._from_afar = from_afar

    def book(self) -> Book:
        """The rules as they are now.

        Raises:
            ConfigurationError: the store's file cannot be read.
        """
        with self._database.begin() as connection:
            return read_book(self.settings, connection)

    def edit(self, text: str, by: str, *, seen: str | None = None, over: bool = False) -> Book:
        """Write the store's whole file into the draft; what lies there already takes the draft away.

        Args:
            text: the file as it is to be.
            by: who does it, a login.
            seen: the ``Book.token`` that was looked at; None: nothing was.
            over: whether what somebody else wrote may be written over, where nothing was looked at.

        Raises:
            StaleRulesError: somebody changed it meanwhile; nothing was changed.
        """
        return self._edit(lambda _: text, by, seen, over)

    def assign(self, place: str, value: str, by: str, *, seen: str | None = None, over: bool = False) -> Book:
        """Give one setting another value in the draft; the rest of it stays.

        Args:
            place: the setting, such as ``authority.refund``.
            value: as YAML.
            by: who does it, a login.
            seen: as in ``edit``.
            over: as in ``edit``.

        Raises:
            StaleRulesError: somebody changed the draft meanwhile; nothing was changed.
            RulesError: there can be no such setting.
            ConfigurationError: the value or the draft is no YAML.
        """
        return self._edit(lambda text: assigned(text, place, value), by, seen, over, place)

    def unassign(self, place: str, by: str, *, seen: str | None = None, over: bool = False) -> Book:
        """Have the shipped value hold again in the draft.

        Raises:
            StaleRulesError: somebody changed the draft meanwhile; nothing was changed.
            RulesError: the draft says nothing of it.
        """
        return self._edit(lambda text: without(text, place), by, seen, over, place)

    def drop(self, by: str, *, seen: str | None = None, over: bool = False) -> None:
        """Take the draft away.

        Raises:
            StaleRulesError: somebody changed it meanwhile; nothing was changed.
            RulesError: there is none.
        """
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            book = read_book(self.settings, connection)
            require_seen(book, seen, by, over=over)
            if book.draft is None:
                raise RulesError("there is no draft")
            drafts.drop(connection)
            self._note(connection, by, Act.DROP)

    def check(self, text: str) -> tuple[ShopRules | None, tuple[Fault, ...]]:
        """The rules that a text makes, if it makes any, and everything that is wrong with it."""
        rules, faults = checked(self.settings, text)
        if rules is None or not self._from_afar:
            return rules, faults
        return rules, (*faults, *reserved(self.settings, rules))

    def consequences(self, rules: ShopRules) -> Consequences:
        """What would change against the rules that are in force."""
        with self._database.begin() as connection:
            return consequences(connection, self.settings.rules, rules, self._clock.now())

    def release(self, by: str, *, note: str = "", seen: str | None = None) -> Released:
        """Release the draft: it becomes the store's file, and processes that run go by it from the next turn.

        A file that was written by hand is kept as a version before it.

        Args:
            by: who does it, a login.
            note: what it is for.
            seen: the ``Book.token`` that was looked at; None: nothing was.

        Raises:
            StaleRulesError: the draft or the file was changed meanwhile; nothing was changed.
            FaultsError: something is wrong with it.
            RulesError: there is no draft.
        """
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            book = read_book(self.settings, connection)
            if seen is not None and seen != book.token:
                raise StaleRulesError(
                    "somebody changed the draft or the file meanwhile: look again, then release it"
                )
            if book.draft is None:
                raise RulesError("there is no draft: no rule is to be another")
            if book.is_stale:
                raise StaleRulesError(
                    f"{own_file(self.settings)} was changed since {book.draft.actor} wrote the draft: look "
                    "at the difference, and save the draft again or drop it"
                )
            rules = required(*self.check(book.draft.text), "nothing is released")
            kept = self._kept_by_hand(book)
            at = self._clock.now()
            made_of = (new_name("rules", at), at.isoformat(), by, note.strip()[:LONGEST_NOTE])
            version = self.shelf.keep(RulesVersion(*made_of, book.draft.text))
            drafts.drop(connection)
            released = self._serve(connection, book, kept, version, rules, by, Act.RELEASE, note)
        self.shelf.drop_old()
        return released

    def release_again(self, name: str, by: str, *, note: str = "", seen: str | None = None) -> Released:
        """Release a version that is kept; the draft stays, and is to be looked at again.

        Raises:
            StaleRulesError: the file was changed by hand, and nobody looked.
            FaultsError: something is wrong with it, as the program is today.
            RulesError: there is no such version, it is not whole, or it serves already.
        """
        version = self.shelf.find(name)
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            book = read_book(self.settings, connection)
            require_known(book, seen, own_file(self.settings))
            if book.released.name == version.name and not book.by_hand:
                raise RulesError(f"{version.name} serves already")
            rules = required(*self.check(version.text), f"{version.name} is not released")
            kept = self._kept_by_hand(book)
            return self._serve(connection, book, kept, version, rules, by, Act.RELEASE, note)

    def roll_back(self, by: str, *, note: str = "", seen: str | None = None) -> Released:
        """Release the version that served before the one that serves now; the draft stays.

        Where the file was changed by hand since, the version that was released last comes back, and what was
        written by hand is kept.

        Args:
            by: who does it, a login.
            note: what for.
            seen: the ``Book.token`` that was looked at; None: nothing was.

        Raises:
            StaleRulesError: other rules serve meanwhile, or the file was changed by hand and nobody looked.
            FaultsError: something is wrong with it, as the program is today.
            RulesError: none served before, or its file is not whole.
        """
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            book = read_book(self.settings, connection)
            require_known(book, seen, own_file(self.settings))
            before = back_to(book)
            if before is None:
                raise RulesError("no rules were released before these: there is nothing to go back to")
            version = self.shelf.read(before)
            rules = required(*self.check(version.text), f"{version.name} is not released")
            kept = self._kept_by_hand(book)
            return self._serve(connection, book, kept, version, rules, by, Act.ROLL_BACK, note)

    def log(self, limit: int) -> list[Entry]:
        """What was done, the latest first."""
        with self._database.begin() as connection:
            return LOG.latest(connection, limit)

    def lines(self, limit: int) -> list[Line]:
        """The same for the overview, as lines beside what was done with models."""
        return [line_of(entry) for entry in self.log(limit)]

    def drafted(self) -> bool:
        """Whether there is a draft that nobody has released."""
        with self._database.begin() as connection:
            return drafts.read(connection) is not None

    def _edit(
        self, write: Callable[[str], str], by: str, seen: str | None, over: bool, place: str | None = None
    ) -> Book:
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            book = read_book(self.settings, connection)
            require_seen(book, seen, by, over=over)
            text = drafts.plain(write(book.whole))
            at = self._clock.now()
            if text == book.text:
                if drafts.drop(connection):
                    self._note(connection, by, Act.DROP)
            elif book.draft is None or text != book.draft.text or book.is_stale:
                named = self._named(book.whole, text) if place is None else (place,)
                drafts.put(connection, Draft(text, digest(book.text), by, at))
                self._note(connection, by, Act.EDIT, changed=named)
            return read_book(self.settings, connection)

    def _named(self, before: str, after: str) -> Sequence[str]:
        """The settings that differ; none where one of the two makes no rules."""
        old, _ = checked(self.settings, before)
        new, _ = checked(self.settings, after)
        return () if old is None or new is None else [one.place for one in changes(old, new)][:_NAMED]

    def _serve(
        self,
        connection: Connection,
        book: Book,
        kept: str | None,
        version: RulesVersion,
        rules: ShopRules,
        by: str,
        act: Act,
        note: str,
    ) -> Released:
        """Make a version the store's file and the one that serves; ``kept``: what lay there by hand."""
        old, _ = checked(self.settings, book.text)
        changed = [] if old is None else [one.place for one in changes(old, rules)][:_NAMED]
        before = book.released.name if kept is None else kept
        self._note(connection, by, act, version.name, before, note.strip()[:LONGEST_NOTE], changed)
        path = own_file(self.settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, version.text)
        # Last: if this fails, nothing is written down, and what runs goes on as before.
        return self.shelf.serve(version.name, kept)

    def _kept_by_hand(self, book: Book) -> str | None:
        """What somebody wrote into the file by hand, kept as a version; None where nobody did."""
        if not book.by_hand:
            return None
        at = self._clock.now()
        said = "as it lay in shop.yml"
        name = new_name("rules", at)
        return self.shelf.keep(RulesVersion(name, at.isoformat(), BY_HAND, said, book.text)).name

    def _note(
        self,
        connection: Connection,
        by: str,
        act: Act,
        version: str = "",
        before: str | None = None,
        note: str = "",
        changed: Sequence[str] = (),
    ) -> None:
        LOG.note(connection, Entry(self._clock.now(), by, act, version, before, note, tuple(changed)))
