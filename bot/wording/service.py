"""Words as pages and commands see them: edited, checked, released and taken back, each act a unit of work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database, lock_now
from bot.dialogue import spoken
from bot.dialogue.spoken import Said, WordsVersion
from bot.errors import FindingsError, StaleWordsError, WordsError
from bot.settings import Settings
from bot.shelf import LONGEST_NOTE, Released, digest, new_name
from bot.training.overview import Line
from bot.wording import acts, checking, drafts
from bot.wording.acts import Act, Entry
from bot.wording.book import Book, Field, differing, field_of, read_book, require_seen, require_seen_whole
from bot.wording.checking import Found
from bot.wording.drafts import Draft, Written

#: Nobody else changes words while somebody does.
_LOCK = "words"
#: Replies that a line of the overview names.
_NAMED = 3


class Wording:
    """What admins may do with words.

    Args:
        settings: the store's folders and rules.
        database: holds the draft and the log.
        clock: the time.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.settings = settings
        self.shelf = spoken.shelf(settings)
        self._database = database
        self._clock = clock

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Wording:
        """One with a database of its own; ``close`` it.

        Raises:
            ConfigurationError: the database's URL is none.
        """
        return cls(settings, Database(settings.database_url), clock)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def warm_up(self) -> None:
        """Read the files of replies, which are then at hand.

        Raises:
            ConfigurationError: a file is not in Rasa's ``responses:`` format.
        """
        spoken.base(self.settings)

    def book(self) -> Book:
        """All words as they are now."""
        with self._database.begin() as connection:
            return read_book(self.settings, connection)

    def field(self, key: str, language: str, book: Book | None = None) -> Field:
        """One reply in one language.

        Raises:
            WordsError: there is no such reply, or the store does not speak the language.
        """
        return field_of(self.settings, self.book() if book is None else book, key, language)

    def edit(
        self,
        key: str,
        language: str,
        written: Sequence[Written],
        by: str,
        *,
        seen: str | None = None,
        over: bool = False,
    ) -> Field:
        """Write a reply into the draft; words that serve already take it out of it again.

        Args:
            key: the reply.
            language: ISO 639-1.
            written: its words, for each way of saying it.
            by: who does it, a login.
            seen: the ``Field.token`` that was looked at; None: nothing was.
            over: whether what somebody else wrote may be written over, where nothing was looked at.

        Raises:
            StaleWordsError: somebody changed it meanwhile; nothing was changed.
            WordsError: there is no such reply, or a text is none.
        """
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            field = field_of(self.settings, read_book(self.settings, connection), key, language)
            require_seen(field, seen, by, over=over)
            variants = drafts.composed(field.in_files, written)
            if field.serving is not None and variants == [dict(one) for one in field.serving]:
                self._drop(connection, field, by)
            elif field.draft is None or variants != field.draft.variants or field.is_stale:
                at = self._clock.now()
                drafts.put(connection, Draft(key, language, variants, digest(field.serving), by, at))
                acts.note(connection, Entry(at, by, Act.EDIT, changed=(f"{key} {language}",)))
            return field_of(self.settings, read_book(self.settings, connection), key, language)

    def tried(self, book: Book, key: str, language: str, written: Sequence[Written]) -> Book:
        """All words as if somebody had written this into the draft; nothing is kept of it.

        Raises:
            WordsError: there is no such reply, or a text is none.
        """
        field = field_of(self.settings, book, key, language)
        own = {language: {key: drafts.composed(field.in_files, written)}}
        return replace(book, whole=spoken.laid_over(book.whole, own))

    def drop(self, key: str, language: str, by: str, *, seen: str | None = None, over: bool = False) -> None:
        """Take a reply out of the draft.

        Raises:
            StaleWordsError: somebody changed it meanwhile; nothing was changed.
            WordsError: there is no such reply, or it is not in the draft.
        """
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            field = field_of(self.settings, read_book(self.settings, connection), key, language)
            require_seen(field, seen, by, over=over)
            if field.draft is None:
                raise WordsError(f"'{key}' in '{language}' is not in the draft")
            self._drop(connection, field, by)

    def check(
        self, book: Book, keys: Collection[str] | None = None, *, beside_code: bool = True
    ) -> list[Found]:
        """What the script checker has against replies with the draft; without ``keys``: those it changes."""
        chosen = book.keys if keys is None else keys
        rules, under = self.settings.rules, book.serving.under
        return checking.check(book.whole, under, chosen, rules, beside_code=beside_code) if chosen else []

    def release(self, by: str, *, note: str = "", seen: str | None = None) -> Released:
        """Release the draft: processes that run speak it from the next turn on.

        Args:
            by: who does it, a login.
            note: what it is for.
            seen: the ``Book.token`` that was looked at; None: nothing was.

        Raises:
            StaleWordsError: the draft or what serves was changed meanwhile; nothing was changed.
            FindingsError: the script checker has something against it.
            WordsError: there is no draft.
        """
        book = self.book()
        require_seen_whole(book, seen)
        found = self.check(book)
        if found:
            raise FindingsError(
                f"nothing is released: {'; '.join(map(str, found[:3]))}"
                + (f" (and {len(found) - 3} more: `crossdesk words check`)" if len(found) > 3 else ""),
                findings=tuple(map(str, found)),
            )
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            now = read_book(self.settings, connection)
            # The check took its time, in which nothing was locked.
            if (now.token, now.serving) != (book.token, book.serving):
                raise StaleWordsError("somebody changed words while these were checked: look again")
            over = differing(now.serving.under, now.whole)
            at = self._clock.now()
            made_of = (new_name("words", at), at.isoformat(), by, note.strip()[:LONGEST_NOTE], over)
            version = self.shelf.keep(WordsVersion(*made_of))
            drafts.empty(connection)
            changed = tuple(f"{one.key} {one.language}" for one in now.drafts)
            made = self._serve(connection, version, by, Act.RELEASE, version.note, changed)
        self.shelf.drop_old()
        return made

    def release_again(self, name: str, by: str, *, note: str = "") -> Released:
        """Release a version that is kept; the draft stays.

        Raises:
            FindingsError: the script checker has something against it, as it is today.
            WordsError: there is no such version, it is not whole, or it serves already.
        """
        version = self.shelf.find(name)
        said = spoken.said(self.settings, version.name)
        keys = {key for _, key, _ in spoken.entries(version.replies)}
        found = [str(one) for one in checking.check(said.whole, said.under, keys, self.settings.rules)]
        found += said.left_out
        if found:
            raise FindingsError(
                f"{version.name} is not released: {'; '.join(found[:3])}", findings=tuple(found)
            )
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            if self.shelf.now().name == version.name:
                raise WordsError(f"{version.name} serves already")
            return self._serve(connection, version, by, Act.RELEASE, note.strip()[:LONGEST_NOTE])

    def roll_back(self, by: str, *, note: str = "", seen: str | None = None) -> Released:
        """Release the version that served before the one that serves now; the draft stays.

        Args:
            by: who does it, a login.
            note: what for.
            seen: the version that served when somebody looked; None: nobody did.

        Raises:
            StaleWordsError: another serves meanwhile.
            WordsError: none served before, or its file is not whole.
        """
        with self._database.begin() as connection:
            lock_now(connection, _LOCK)
            now = self.shelf.released()
            if seen is not None and seen != now.name:
                raise StaleWordsError(f"somebody was faster: {now.name} serves now")
            if now.previous is None:
                raise WordsError("no words were released before these: there is nothing to go back to")
            version = self.shelf.read(now.previous)
            return self._serve(connection, version, by, Act.ROLL_BACK, note.strip()[:LONGEST_NOTE])

    def said_with(self, name: str) -> Said:
        """All that is said with a version.

        Raises:
            WordsError: there is no such version, or it is not whole.
        """
        return spoken.said(self.settings, self.shelf.find(name).name)

    def log(self, limit: int) -> list[Entry]:
        """What was done, the latest first."""
        with self._database.begin() as connection:
            return acts.latest(connection, limit)

    def lines(self, limit: int) -> list[Line]:
        """The same for the overview, as lines beside what was done with models."""
        return [_line(entry) for entry in self.log(limit)]

    def drafted(self) -> int:
        """How many replies the draft holds that nobody has released."""
        with self._database.begin() as connection:
            return len(drafts.all_of(connection))

    def _serve(
        self,
        connection: Connection,
        version: WordsVersion,
        by: str,
        act: Act,
        note: str,
        changed: Sequence[str] = (),
    ) -> Released:
        before = self.shelf.now().name
        acts.note(connection, Entry(self._clock.now(), by, act, version.name, before, note, changed))
        # Last: if this fails, nothing is written down.
        return self.shelf.serve(version.name)

    def _drop(self, connection: Connection, field: Field, by: str) -> None:
        if drafts.drop(connection, field.key, field.language):
            changed = (f"{field.key} {field.language}",)
            acts.note(connection, Entry(self._clock.now(), by, Act.DROP, changed=changed))


def _line(entry: Entry) -> Line:
    changed = ", ".join(entry.changed[:_NAMED]) + (" …" if len(entry.changed) > _NAMED else "")
    parts = (entry.act.value, "words", entry.version, f"({changed})" if changed else "")
    return Line(entry.at, entry.actor, " ".join(part for part in parts if part), entry.note)
