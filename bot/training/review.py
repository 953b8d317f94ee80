"""The review inbox as pages and commands see it: each act a unit of work of its own."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.desk import ranks
from bot.desk.people import People
from bot.desk.values.people import Person
from bot.errors import ErasedError
from bot.settings import Settings
from bot.training import examples, intents
from bot.training.agreement import Agreement, agreements
from bot.training.findings import Finding, look
from bot.training.labels import RIGHT, Labels, verdict_of, votes
from bot.training.tables import learned_intents, review_acts, review_groups, review_items, review_labels
from bot.training.values import (
    OPERATOR,
    ActLine,
    Actor,
    Done,
    Group,
    Item,
    ItemState,
    Meaning,
    Verdict,
    Why,
)

log = logging.getLogger(__name__)

#: Intents that a group shows first.
LIKELY = 3
#: Values in one statement.
_BATCH = 500


class View(str, enum.Enum):
    """Which groups a list shows."""

    WAITING = "waiting"
    #: Those that wait for a second person, and not those of whoever asks.
    SECOND = "second"
    DISPUTED = "disputed"


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
        own = review_groups.c
        # As literals: only so does the database know that its index of just these will do.
        query = sa.select(review_groups).where(sa.text(f"review_groups.{view.value} > 0"))
        if language is not None:
            query = query.where(own.language == language)
        if view is View.SECOND and actor is not None:
            query = query.where(_others_open(actor))
        with self._database.begin() as connection:
            rows = connection.execute(query.order_by(own.worth.desc(), own.id).limit(limit)).all()
            return _groups(connection, rows, view)

    def counts(self) -> dict[View, tuple[int, int]]:
        """By view, how many groups there are, and how many messages in them."""
        # Both are counted in an index alone: a group's row is large.
        with self._database.begin() as connection:
            groups = {
                view: connection.execute(
                    sa.select(sa.func.count())
                    .select_from(review_groups)
                    .where(sa.text(f"review_groups.{view.value} > 0"))
                ).scalar_one()
                for view in View
            }
            items = {
                row.state: int(row.number)
                for row in connection.execute(
                    sa.select(review_items.c.state, sa.func.count().label("number")).group_by(
                        review_items.c.state
                    )
                )
            }
        return {view: (int(groups[view]), items.get(view.value, 0)) for view in View}

    def group(self, number: int) -> Group:
        """One group.

        Raises:
            ErasedError: it is not there.
        """
        with self._database.begin() as connection:
            return self._group(connection, number)

    def items(self, number: int, *, limit: int = 200) -> list[Item]:
        """A group's messages: the open ones first, and of those the newest."""
        items = review_items.c
        settled: Any = sa.case((items.state == ItemState.SETTLED.value, 1), else_=0)
        with self._database.begin() as connection:
            rows = connection.execute(
                sa.select(review_items)
                .where(items.group_id == number)
                .order_by(settled, items.id.desc())
                .limit(limit)
            ).all()
            disputed = [row.id for row in rows if row.state == ItemState.DISPUTED.value]
            said = votes(connection, disputed) if disputed else {}
        return [_item(row, said.get(row.id, {})) for row in rows]

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
    ) -> Done:
        """Say what a group's open messages mean; see ``Labels.label``.

        Without a fence, whatever state the group is in is meant. ``new_intent`` says in words what the
        verdict's intent is, where it is a new one.
        """
        with self._database.begin() as connection:
            if new_intent is not None and verdict.intent is not None:
                intents.add(connection, self._settings, self._clock, actor, verdict.intent, new_intent)
            done = Labels(connection, self._settings, self._clock).label(
                actor, group_id, verdict, fence=fence, upto=upto, only=only
            )
        self.write()
        return done

    def undo(self, actor: Actor, act_id: int | None = None) -> Done:
        """Take back a decision of one's own; see ``Labels.undo``."""
        with self._database.begin() as connection:
            done = Labels(connection, self._settings, self._clock).undo(actor, act_id)
        self.write()
        return done

    def write(self) -> Sequence[str]:
        """Bring the store's files to what the labels say; returns the names of those that changed.

        A folder that cannot be written is told in the log: the labels stay, and a training writes it again.
        """
        try:
            changed = examples.write(self._database, self._settings)
        except OSError as error:
            log.error("%s cannot be written: %s", self._settings.store, error.strerror)
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
            yield (_item(row, {}) for row in rows)

    def _group(self, connection: Connection, number: int) -> Group:
        row = connection.execute(sa.select(review_groups).where(review_groups.c.id == number)).one_or_none()
        found = [] if row is None else _groups(connection, [row], None)
        if not found:
            raise ErasedError
        return found[0]


def _others_open(actor: Actor) -> Any:
    """That a group has a message which waits for a second person and was not labelled by this one."""
    mine = sa.exists().where(
        sa.and_(review_labels.c.item_id == review_items.c.id, review_labels.c.actor == actor.login)
    )
    return sa.exists().where(
        sa.and_(
            review_items.c.group_id == review_groups.c.id,
            review_items.c.state == ItemState.SECOND.value,
            ~mine,
        )
    )


def _groups(connection: Connection, rows: Sequence[Any], view: View | None) -> list[Group]:
    """Groups with a message of each; those that have none any more are left out."""
    items = review_items.c
    wanted = sa.true() if view is None else items.state == view.value
    first = (
        sa.select(sa.func.min(items.id))
        .where(items.group_id.in_([row.id for row in rows]), wanted)
        .group_by(items.group_id)
    )
    samples = {
        row.group_id: row.text
        for row in connection.execute(sa.select(items.group_id, items.text).where(items.id.in_(first)))
    }
    return [
        Group(
            row.id,
            row.language,
            samples[row.id],
            _likely(row.likely),
            row.waiting,
            row.second,
            row.disputed,
            row.worth,
            row.newest_at,
            row.fence,
        )
        for row in rows
        if row.id in samples
    ]


def _likely(sums: dict[str, float]) -> tuple[tuple[str, float], ...]:
    whole = sum(sums.values()) or 1.0
    first = sorted(sums.items(), key=lambda pair: -pair[1])[:LIKELY]
    return tuple((name, round(weight / whole, 4)) for name, weight in first)


def _item(row: Any, said: dict[str, Verdict]) -> Item:
    return Item(
        row.id,
        row.at,
        row.language,
        row.text,
        tuple((name, float(sure)) for name, sure in row.ranking),
        tuple(Why(why) for why in row.reasons),
        ItemState(row.state),
        verdict_of(row) if row.meaning else None,
        said,
    )
