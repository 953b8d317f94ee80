"""The review inbox fills itself from stored turns, beside them: a turn writes nothing for it.

Turns are looked at once, in their order. Whoever does it holds a lease; what was read is encoded outside of
the unit of work that stores it.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database, lock_now
from bot.desk.tables import intent_labels
from bot.dialogue.tables import turns
from bot.errors import ReviewError
from bot.settings import Settings
from bot.sharing import leases
from bot.training.finding import TURN, Candidate, Finder, Found
from bot.training.grouping import Cluster, Clusters, Encode
from bot.training.labels import Labels
from bot.training.masking import masked, names_of
from bot.training.places import SETTLING, move, place_of
from bot.training.storing import add_reasons, item, open_groups, store_group
from bot.training.tables import review_items
from bot.training.values import Actor, Mark, Meaning, Verdict

log = logging.getLogger(__name__)

#: What a text names: the text, its language, and when it was written.
Find = Callable[[str, str, dt.datetime], Sequence[Mark]]
_LEASE, _LEASE_LENGTH = "review", dt.timedelta(seconds=60)
#: Turns looked at in one go.
BATCH = 200
#: How often it is looked for what was left alone.
_HOURLY = dt.timedelta(hours=1)


class Filler:
    """Looks at turns that nobody has looked at yet.

    Args:
        database: where turns and the inbox are.
        settings: the store's.
        clock: the time.
        encode: makes the sentence vectors.
        holder: who holds the lease, unique for ever.
        find: tells what a text names, of a language and a time; None: nobody looks.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        encode: Encode,
        holder: str,
        find: Find | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._encode = encode
        self._holder = holder
        self._find = find
        #: The open groups as they were after the turn of this number: only who holds the lease adds any.
        self._kept: tuple[int, Clusters] | None = None

    def fill(self, batch: int = BATCH) -> int:
        """Look at the next turns; returns how many they were, 0 where another process does it.

        Raises:
            TryLaterError: the database is away; nothing is lost.
        """
        with self._database.look() as connection:
            if not self._anything(connection):
                return 0
        with self._database.begin() as connection:
            lease = leases.take(connection, _LEASE, self._holder, length=_LEASE_LENGTH)
        if lease is None:
            return 0
        try:
            return self._fill(batch)
        finally:
            with self._database.begin() as connection:
                leases.release(connection, lease)

    def _anything(self, connection: Connection) -> bool:
        for name, table in (("turns", turns), ("agents", intent_labels)):
            newest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one() or 0
            if newest > place_of(connection, name)[0]:
                return True
        # What is left alone shows by time alone: it is looked for whenever the hour is over.
        return self._hour_is_over(connection)

    def _hour_is_over(self, connection: Connection) -> bool:
        return place_of(connection, "hourly")[1] <= self._clock.now() - _HOURLY

    def _fill(self, batch: int) -> int:
        now = self._clock.now()
        with self._database.begin() as connection:
            place, _ = place_of(connection, "turns")
            new = connection.execute(
                TURN.where(turns.c.id > place, turns.c.at <= self._until(now))
                .order_by(turns.c.id)
                .limit(batch)
            ).all()
            finder = Finder(connection, self._settings.rules.review, self._encode)
            found = finder.among(new, place)
            agents = place_of(connection, "agents")[0]
            agents_to = finder.agents_knew(agents, batch, found)
            hourly = self._hour_is_over(connection)
            left, more = place_of(connection, "left")[0], False
            if hourly:
                silent_since = now - dt.timedelta(hours=self._settings.rules.review.left_hours)
                left, more = finder.left_alone(left, silent_since, batch, found)
            texts = _masked_texts(connection, found)
            clusters = self._clusters(connection, place) if found else None
        vectors = self._encode([texts[one] for one in found]) if found else np.empty((0, 0))
        named = {number: self._named(one, texts[number]) for number, one in found.items()}
        with self._database.begin() as connection:
            lock_now(connection, _LEASE)
            if place_of(connection, "turns")[0] != place:
                # The lease ended while this was encoded, and another has done it.
                return 0
            if new:
                move(connection, "turns", new[-1].id, now)
            if agents_to != agents:
                move(connection, "agents", agents_to, now)
            if hourly:
                move(connection, "left", left, now)
                # A full batch was not all: the next one follows at once.
                move(connection, "hourly", 0, now - _HOURLY if more else now)
            if clusters is not None:
                self._store(connection, clusters, found, texts, vectors, named)
        # Not before all is committed; every hour they are read anew, without those that are decided.
        if clusters is not None and not hourly:
            self._kept = (new[-1].id if new else place, clusters)
        return len(new)

    def _clusters(self, connection: Connection, place: int) -> Clusters:
        """The open groups: those at hand, unless another process has gone on meanwhile."""
        kept, self._kept = self._kept, None
        return kept[1] if kept and kept[0] == place else Clusters(open_groups(connection, self._encode.name))

    def _until(self, now: dt.datetime) -> dt.datetime:
        return now if self._database.is_sqlite else now - SETTLING

    def _store(
        self,
        connection: Connection,
        clusters: Clusters,
        found: Found,
        texts: Mapping[int, str],
        vectors: Any,
        named: Mapping[int, Sequence[Mark] | None],
    ) -> None:
        """Store what was found, each message in its group."""
        known = {
            row.inbox_id: row
            for row in connection.execute(
                sa.select(review_items).where(review_items.c.inbox_id.in_(list(found)))
            )
        }
        for number, row in known.items():
            add_reasons(connection, row, found[number])
            self._agent_says(connection, row.group_id, [found[number]])
        new = [number for number in found if number not in known and texts[number]]
        if not new:
            return
        rows = dict(zip(found, vectors, strict=True))
        grown: dict[int, Cluster] = {}
        for number in new:
            one = found[number]
            cluster = clusters.place(number, one.turn.language, rows[number], one.ranking)
            grown[id(cluster)] = cluster
        for cluster in grown.values():
            members = [found[number] for number in cluster.joined]
            cluster.joined.clear()
            group = store_group(connection, cluster, members, self._encode.name)
            connection.execute(
                review_items.insert(),
                [item(one, group, texts[one.turn.inbox_id], named[one.turn.inbox_id]) for one in members],
            )
            self._agent_says(connection, group, members)

    def _named(self, one: Candidate, text: str) -> Sequence[Mark] | None:
        return None if self._find is None else self._find(text, one.turn.language, one.turn.at)

    def _agent_says(self, connection: Connection, group: int, members: list[Candidate]) -> None:
        """Take an agent's word as the first of two: an admin confirms it."""
        for one in members:
            if one.agent is None:
                continue
            person, login, intent = one.agent
            item = connection.execute(
                sa.select(review_items.c.id).where(review_items.c.inbox_id == one.turn.inbox_id)
            ).scalar_one()
            try:
                Labels(connection, self._settings, self._clock).label(
                    Actor(login, person), group, Verdict(Meaning.INTENT, intent), only=[item], confirmed=True
                )
            except ReviewError as error:
                # An intent that is no longer there, or a message that was settled: there is nothing to add.
                log.info("an agent's label of message %d is left: %s", item, error)


def _masked_texts(connection: Connection, found: Found) -> dict[int, str]:
    names = names_of(connection, {one.turn.conversation_id for one in found.values()})
    return {
        number: masked(one.turn.text, names.get(one.turn.conversation_id, ()))
        for number, one in found.items()
    }
