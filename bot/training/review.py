"""The review inbox as pages and commands see it: each act a unit of work of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.desk import ranks
from bot.desk.people import People
from bot.desk.values.people import Person
from bot.settings import Settings
from bot.shop.tables import products
from bot.training import examples, intents, marks, reading
from bot.training.agreement import Agreement, agreements
from bot.training.findings import Finding, look
from bot.training.labels import RIGHT, Labels, verdict_of
from bot.training.marks import Marks
from bot.training.reading import View
from bot.training.tables import learned_intents, review_acts, review_items
from bot.training.values import (
    OPERATOR,
    ActLine,
    Actor,
    Done,
    Group,
    Item,
    ItemState,
    Made,
    Mark,
    Meaning,
    Verdict,
)
from bot.training.words import write_words

log = logging.getLogger(__name__)

#: Values in one statement.
_BATCH = 500


class Review:
    """What admins may do with misunderstood messages.

    Args:
        database: where they are.
        settings: the store's rules and its folder.
        clock: the time.
    """

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        #: What buyers call products, as it was told last: to tell it, all products are read.
        self._told: list[tuple[str, str]] | None = None

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Review:
        """One with a database of its own; ``close`` it.

        Raises:
            ConfigurationError: the database's URL is none.
        """
        return cls(Database(settings.database_url), settings, clock)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def groups(
        self,
        view: View = View.WAITING,
        *,
        actor: Actor | None = None,
        language: str | None = None,
        limit: int = 50,
    ) -> list[Group]:
        """Those with the most to learn from first; an actor does not see what waits for somebody else."""
        with self._database.begin() as connection:
            return reading.groups(connection, view, actor=actor, language=language, limit=limit)

    def counts(self) -> dict[View, tuple[int, int]]:
        """By view, how many groups there are, and how many messages in them."""
        with self._database.begin() as connection:
            return reading.counts(connection)

    def group(self, number: int) -> Group:
        """One group.

        Raises:
            ErasedError: it is not there.
        """
        with self._database.begin() as connection:
            return reading.group(connection, number)

    def items(self, number: int, *, limit: int = 200) -> list[Item]:
        """A group's messages: the open ones first, and of those the newest."""
        with self._database.begin() as connection:
            return reading.items(connection, number, limit)

    def label(
        self,
        actor: Actor,
        group_id: int,
        verdict: Verdict,
        *,
        fence: int | None = None,
        upto: int | None = None,
        only: Collection[int] = (),
        new_intent: str | None = None,
        dropped: Collection[int] = (),
    ) -> Done:
        """Say what a group's open messages mean; see ``Labels.label``.

        Without a fence, whatever state the group is in is meant. ``new_intent`` says in words what the
        verdict's intent is, where it is a new one.
        """
        with self._database.begin() as connection:
            if new_intent is not None and verdict.intent is not None:
                intents.add(connection, self._settings, self._clock, actor, verdict.intent, new_intent)
            done = Labels(connection, self._settings, self._clock).label(
                actor, group_id, verdict, fence=fence, upto=upto, only=only, dropped=dropped
            )
        self.write()
        return done

    def mark(
        self,
        actor: Actor,
        item_id: int,
        kind: str,
        words: str,
        *,
        value: str | None = None,
        start: int | None = None,
    ) -> Made:
        """Say that some words of an open message name something; see ``Marks.add``."""
        with self._database.begin() as connection:
            return Marks(connection).add(actor, item_id, kind, words, value=value, start=start)

    def unmark(self, mark_id: int) -> Mark:
        """Take away a mark that no decision includes yet; see ``Marks.remove``."""
        with self._database.begin() as connection:
            return Marks(connection).remove(mark_id)

    def undo(self, actor: Actor, act_id: int | None = None) -> Done:
        """Take back a decision of one's own; see ``Labels.undo``."""
        with self._database.begin() as connection:
            done = Labels(connection, self._settings, self._clock).undo(actor, act_id)
        self.write()
        return done

    def write(self) -> Sequence[str]:
        """Bring the store's files to what the labels say; returns the names of those that changed.

        What buyers call products is known to the bot from the next message on. A folder that cannot be
        written is told in the log: the labels stay, and a training writes it again.
        """
        folder = self._settings.store
        try:
            changed = examples.write(self._database, self._settings)
            folder = self._settings.files
            with self._database.begin() as connection:
                names = marks.names(connection)
                if names != self._told:
                    write_words(connection, self._settings)
            self._told = names
        except OSError as error:
            log.error("%s cannot be written: %s", folder, error.strerror)
            return ()
        return [str(path.relative_to(self._settings.store)) for path in changed]

    def acts(self, *, actor: Actor | None = None, limit: int = 50) -> list[ActLine]:
        """What was decided, the newest first."""
        query = sa.select(review_acts).order_by(review_acts.c.id.desc()).limit(limit)
        if actor is not None:
            query = query.where(review_acts.c.actor == actor.login)
        with self._database.begin() as connection:
            return [
                ActLine(
                    row.id,
                    row.at,
                    row.actor,
                    row.group_id,
                    verdict_of(row),
                    row.language,
                    row.items,
                    row.undone_at,
                )
                for row in connection.execute(query)
            ]

    def agreements(self) -> list[Agreement]:
        """How far people agree: of all pairs together, then of each."""
        with self._database.begin() as connection:
            return agreements(connection)

    def actor(self, login: str | None) -> Actor:
        """Who decides on the command line: somebody of the desk who may, or whoever runs the command.

        Raises:
            ForbiddenError: their rank does not allow it.
            DeskError: nobody has this login.
        """
        if login is None:
            return OPERATOR
        with self._database.begin() as connection:
            person = People(connection, self._settings.rules, self._clock).named(login)
        ranks.require(self._settings.rules, person, RIGHT)
        return Actor(person.login, person.id)

    def may(self, person: Person) -> bool:
        """Whether somebody may say what messages mean."""
        return ranks.may(self._settings.rules, person, RIGHT)

    def topics(self) -> tuple[str, ...]:
        """What the name of a new intent may begin with."""
        return intents.topics(self._settings)

    def intents(self) -> tuple[str, ...]:
        """All that a message can be said to mean."""
        with self._database.begin() as connection:
            return intents.known(connection, self._settings)

    def learnt(self) -> list[tuple[str, str, int]]:
        """How many messages were found to mean each intent: intent, language, count; the most first."""
        own = review_items.c
        with self._database.begin() as connection:
            rows = connection.execute(
                sa.select(own.intent, own.language, sa.func.count().label("number"))
                .where(own.state == ItemState.SETTLED.value, own.meaning == Meaning.INTENT.value)
                .group_by(own.intent, own.language)
                .order_by(sa.desc("number"), own.intent, own.language)
            )
            return [(row.intent, row.language, int(row.number)) for row in rows]

    def added(self) -> list[tuple[str, str, str]]:
        """The intents of the store's own: name, what it is, and the queue that answers."""
        with self._database.begin() as connection:
            rows = connection.execute(sa.select(learned_intents).order_by(learned_intents.c.name)).all()
        return [(row.name, row.about, self._settings.rules.queue_for(row.name)) for row in rows]

    def names(self) -> list[tuple[str, str]]:
        """What buyers call products, as it was marked: the words, and the product's code."""
        with self._database.begin() as connection:
            return marks.names(connection)

    def products(self, limit: int) -> list[tuple[str, str]]:
        """The codes and names of products, for whoever marks one."""
        query = sa.select(products.c.code, products.c.name).order_by(products.c.code).limit(limit)
        with self._database.begin() as connection:
            return [(row.code, row.name) for row in connection.execute(query)]

    def check(self) -> list[Finding]:
        """What is wrong with the store's examples, the gravest first; takes seconds.

        Raises:
            ReviewError: they could not be checked.
        """
        return look(self._settings, self.intents())

    def change_intents(self, change: Callable[[Connection, Settings], object]) -> None:
        """Add, rename or remove an intent of the store's own, and write the files that tell of it.

        Raises:
            ReviewError: see ``bot.training.intents``.
        """
        with self._database.begin() as connection:
            change(connection, self._settings)
        self.write()

    @contextmanager
    def everything(self, state: ItemState | None = None) -> Iterator[Iterator[Item]]:
        """All messages in the order in which they came, for an export."""
        query = sa.select(review_items).order_by(review_items.c.id)
        if state is not None:
            query = query.where(review_items.c.state == state.value)
        with self._database.begin() as connection:
            rows = connection.execution_options(yield_per=_BATCH).execute(query)
            yield (reading.item(row, {}) for row in rows)
