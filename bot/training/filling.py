"""The review inbox fills itself from stored turns, beside them: a turn writes nothing for it.

Turns are looked at once, in their order. Whoever does it holds a lease; what was read is encoded outside of
the unit of work that stores it.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
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
from bot.training.tables import review_groups, review_items
from bot.training.values import Actor, ItemState, Meaning, Verdict, Why

log = logging.getLogger(__name__)

_LEASE, _LEASE_LENGTH = "review", dt.timedelta(seconds=60)
#: Turns looked at in one go.
BATCH = 200
#: Open groups that new messages are compared with: the most recent ones.
MOST_GROUPS = 4_000
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
    """

    def __init__(
        self, database: Database, settings: Settings, clock: Clock, encode: Encode, holder: str
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._encode = encode
        self._holder = holder
        #: The open groups as they were after the turn of this number: only who holds the lease adds any.
        self._kept: tuple[int, Clusters] | None = None

    def fill(self, batch: int = BATCH) -> int:
        """Look at the next turns; returns how many they were, 0 where another process does it.

        Raises:
            TryLaterError: the database is away; nothing is lost.
        """
        with self._database.begin() as connection:
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
                self._store(connection, clusters, found, texts, vectors)
        # Not before all is committed; every hour they are read anew, without those that are decided.
        if clusters is not None and not hourly:
            self._kept = (new[-1].id if new else place, clusters)
        return len(new)

    def _clusters(self, connection: Connection, place: int) -> Clusters:
        """The open groups: those at hand, unless another process has gone on meanwhile."""
        kept, self._kept = self._kept, None
        return kept[1] if kept and kept[0] == place else Clusters(self._open_groups(connection))

    def _until(self, now: dt.datetime) -> dt.datetime:
        return now if self._database.is_sqlite else now - SETTLING

    def _store(
        self,
        connection: Connection,
        clusters: Clusters,
        found: Found,
        texts: Mapping[int, str],
        vectors: Any,
    ) -> None:
        """Store what was found, each message in its group."""
        known = {
            row.inbox_id: row
            for row in connection.execute(
                sa.select(review_items).where(review_items.c.inbox_id.in_(list(found)))
            )
        }
        for number, row in known.items():
            _add_reasons(connection, row, found[number])
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
            group = _store_group(connection, cluster, members, self._encode.name)
            connection.execute(
                review_items.insert(),
                [_item(one, group, texts[one.turn.inbox_id]) for one in members],
            )
            self._agent_says(connection, group, members)

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

    def _open_groups(self, connection: Connection) -> list[Cluster]:
        # Each list has an index of its own groups alone: those that are decided are never read.
        still = sa.union(
            *(
                sa.select(review_groups.c.id).where(sa.text(f"review_groups.{view.value} > 0"))
                for view in (ItemState.WAITING, ItemState.SECOND, ItemState.DISPUTED)
            )
        ).subquery()
        recent = sa.select(still.c.id).order_by(still.c.id.desc()).limit(MOST_GROUPS).subquery()
        rows = connection.execute(
            sa.select(review_groups)
            .join(recent, recent.c.id == review_groups.c.id)
            .where(review_groups.c.encoder == self._encode.name)
        )
        return [
            Cluster(
                row.id,
                row.language,
                row.intent,
                np.frombuffer(row.centre, dtype=np.float32),
                row.members,
                dict(row.likely),
            )
            for row in rows
        ]


def _masked_texts(connection: Connection, found: Found) -> dict[int, str]:
    names = names_of(connection, {one.turn.conversation_id for one in found.values()})
    return {
        number: masked(one.turn.text, names.get(one.turn.conversation_id, ()))
        for number, one in found.items()
    }


def _add_reasons(connection: Connection, row: Any, one: Candidate) -> None:
    """Tell of a message that is there already what else speaks for looking at it."""
    reasons = one.reasons | {Why(name) for name in row.reasons}
    if len(reasons) == len(row.reasons):
        return
    doubt = max(row.doubt, one.doubt)
    connection.execute(
        review_items.update()
        .where(review_items.c.id == row.id)
        .values(reasons=_in_order(reasons), doubt=doubt)
    )
    if row.state == ItemState.WAITING.value:
        worth = review_groups.c.worth + (doubt - row.doubt)
        connection.execute(
            review_groups.update().where(review_groups.c.id == row.group_id).values(worth=worth)
        )


def _in_order(reasons: Iterable[Why]) -> list[str]:
    return [why.value for why in Why if why in set(reasons)]


def _store_group(connection: Connection, cluster: Cluster, members: list[Candidate], encoder: str) -> int:
    worth = sum(one.doubt for one in members)
    values = {
        "centre": cluster.centre.astype(np.float32).tobytes(),
        "members": cluster.members,
        "likely": cluster.likely,
        "newest_at": max(one.turn.at for one in members),
    }
    if cluster.id is not None:
        grown = connection.execute(
            review_groups.update()
            .where(review_groups.c.id == cluster.id)
            .values(
                **values,
                waiting=review_groups.c.waiting + len(members),
                worth=review_groups.c.worth + worth,
            )
        )
        # One whose messages were erased meanwhile is gone: it begins anew.
        if grown.rowcount == 1:
            return cluster.id
    added = connection.execute(
        review_groups.insert().values(
            **values,
            language=cluster.language,
            encoder=encoder,
            intent=cluster.intent,
            waiting=len(members),
            second=0,
            disputed=0,
            worth=worth,
            fence=0,
        )
    )
    cluster.id = int(added.inserted_primary_key[0])
    return cluster.id


def _item(one: Candidate, group: int, text: str) -> dict[str, Any]:
    return {
        "group_id": group,
        "conversation_id": one.turn.conversation_id,
        "inbox_id": one.turn.inbox_id,
        "at": one.turn.at,
        "language": one.turn.language,
        "text": text,
        "model": one.turn.model,
        "ranking": [list(pair) for pair in one.ranking],
        "reasons": _in_order(one.reasons),
        "doubt": one.doubt,
        "state": ItemState.WAITING.value,
    }
