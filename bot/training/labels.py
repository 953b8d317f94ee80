"""What people say messages mean: one decision a group, a second person where it matters, nothing final."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.desk import ranks
from bot.desk.tables import people
from bot.desk.values.people import Rank
from bot.errors import ErasedError, ReviewError
from bot.settings import Settings
from bot.training import intents
from bot.training.counting import recount
from bot.training.holding import hold
from bot.training.marks import Marks, included, stored
from bot.training.tables import review_acts, review_groups, review_items, review_labels
from bot.training.values import Actor, Done, ItemState, Mark, Meaning, Verdict

#: Who may say what messages mean.
RIGHT = "train"
#: The most messages that one decision is about.
MOST = 5_000
_BATCH = 500
_SAYS = (
    review_acts.c.meaning,
    review_acts.c.intent,
    review_acts.c.second_intent,
    review_acts.c.language,
)


class Labels:
    """Decisions, in the caller's unit of work."""

    def __init__(self, connection: Connection, settings: Settings, clock: Clock) -> None:
        self._connection = connection
        self._settings = settings
        self._clock = clock

    def label(
        self,
        actor: Actor,
        group_id: int,
        verdict: Verdict,
        *,
        fence: int | None = None,
        upto: int | None = None,
        only: Collection[int] = (),
        confirmed: bool = False,
        dropped: Collection[int] = (),
    ) -> Done:
        """Say what the open messages of a group mean, or some of them.

        Args:
            actor: who says so; what they have labelled already is left as it is.
            group_id: the group.
            verdict: what it means.
            fence: the group's, as the actor saw it; None: whatever state it is in.
            upto: the highest number of a message that the actor saw; what came later is not meant.
            only: numbers of messages, if not all are meant.
            confirmed: somebody else must say the same, whatever it is.
            dropped: numbers of marks in these messages that are wrong; the others are a part of what is said.

        Raises:
            StaleReviewError: somebody else decided meanwhile.
            ErasedError: the messages are no longer there.
            ReviewError: the verdict makes no sense, marks overlap, or nothing of it waits for this person.
        """
        language = self._checked(verdict)
        hold(self._connection, group_id, fence)
        found = self._open(actor, group_id, upto, only)
        act = self._connection.execute(
            review_acts.insert().values(
                at=self._clock.now(),
                person_id=actor.person_id,
                actor=actor.login,
                group_id=group_id,
                meaning=verdict.meaning.value,
                intent=verdict.intent,
                second_intent=verdict.second_intent,
                language=language or found[0].language,
                needed=2 if confirmed or self._second_person(actor, verdict, len(found)) else 1,
                items=len(found),
            )
        ).inserted_primary_key[0]
        ids = [row.id for row in found]
        self._connection.execute(
            review_labels.insert(),
            [{"item_id": item, "act_id": act, "actor": actor.login} for item in ids],
        )
        Marks(self._connection).include(actor, int(act), ids, dropped)
        states = self._decide(ids)
        recount(self._connection, [group_id])
        return _done(int(act), group_id, verdict, states)

    def undo(self, actor: Actor, act_id: int | None = None) -> Done:
        """Take back a decision of one's own; without a number the last one that stands.

        Raises:
            ReviewError: there is none, or it is somebody else's.
        """
        query = sa.select(review_acts).where(review_acts.c.actor == actor.login)
        if act_id is not None:
            query = query.where(review_acts.c.id == act_id)
        else:
            query = query.where(review_acts.c.undone_at.is_(None))
        row = self._connection.execute(query.order_by(review_acts.c.id.desc()).limit(1)).one_or_none()
        if row is None or row.undone_at is not None:
            raise ReviewError("there is nothing of yours to undo")
        # Who undoes it a second time at the same moment finds it done.
        undone = self._connection.execute(
            review_acts.update()
            .where(review_acts.c.id == row.id, review_acts.c.undone_at.is_(None))
            .values(undone_at=self._clock.now())
        )
        if undone.rowcount != 1:
            raise ReviewError("there is nothing of yours to undo")
        ids = list(
            self._connection.execute(
                sa.select(review_labels.c.item_id)
                .where(review_labels.c.act_id == row.id)
                .order_by(review_labels.c.item_id)
            ).scalars()
        )
        self._connection.execute(review_labels.delete().where(review_labels.c.act_id == row.id))
        Marks(self._connection).release(row.id)
        with suppress(ErasedError):
            hold(self._connection, row.group_id, None)
        states = self._decide(ids)
        recount(self._connection, [row.group_id])
        return _done(row.id, row.group_id, verdict_of(row), states)

    def _checked(self, verdict: Verdict) -> str | None:
        """The language that is said, if one is; refuses what makes no sense."""
        wanted = {Meaning.INTENT: 1, Meaning.TWO: 2, Meaning.NOTHING: 0}[verdict.meaning]
        said = [one for one in (verdict.intent, verdict.second_intent) if one]
        if len(set(said)) != wanted:
            raise ReviewError(
                "say which intent it means" if wanted == 1 else "say which two intents it means"
            )
        known = intents.known(self._connection, self._settings)
        for name in said:
            if name not in known:
                raise ReviewError(f"there is no intent {name[:60]!r}: add it first")
        spoken = self._settings.rules.languages
        if verdict.language is not None and verdict.language not in spoken:
            raise ReviewError(
                f"{verdict.language[:10]!r} is none of the store's languages ({', '.join(spoken)})"
            )
        return verdict.language

    def _open(self, actor: Actor, group_id: int, upto: int | None, only: Collection[int]) -> Sequence[Any]:
        items = review_items.c
        query = sa.select(items.id, items.language, items.state).where(items.group_id == group_id)
        if upto is not None:
            query = query.where(items.id <= upto)
        if only:
            query = query.where(items.id.in_(sorted(only)[:_BATCH]))
        mine = sa.exists().where(
            sa.and_(review_labels.c.item_id == items.id, review_labels.c.actor == actor.login)
        )
        everything = self._connection.execute(query.order_by(items.id).limit(MOST)).all()
        if not everything:
            raise ErasedError
        waits = self._connection.execute(
            query.where(items.state != ItemState.SETTLED.value, ~mine).order_by(items.id).limit(MOST)
        ).all()
        if not waits:
            raise ReviewError("nothing of this waits for you: it is settled, or waits for somebody else")
        return waits

    def _second_person(self, actor: Actor, verdict: Verdict, count: int) -> bool:
        """Whether another must say the same; never where nobody else may."""
        rules = self._settings.rules.review.second_person
        if verdict.meaning is Meaning.NOTHING:
            return False
        said = {one for one in (verdict.intent, verdict.second_intent) if one}
        added = set(intents.learned(self._connection))
        if not (said & set(rules.intents) or count >= rules.messages or (rules.new_intents and said & added)):
            return False
        able = [rank for rank in Rank if RIGHT in ranks.rights(self._settings.rules, rank)]
        others: int = self._connection.execute(
            sa.select(sa.func.count()).where(
                people.c.active.is_(True),
                people.c.rank.in_([rank.value for rank in able]),
                people.c.login != actor.login,
            )
        ).scalar_one()
        return others > 0

    def _decide(self, ids: Sequence[int]) -> Counter[ItemState]:
        """Put each message where what people say of it puts it."""
        counted: Counter[ItemState] = Counter()
        for batch in _batches(ids):
            rows = self._connection.execute(
                sa.select(review_items.c.id, review_groups.c.language)
                .join(review_groups, review_groups.c.id == review_items.c.group_id)
                .where(review_items.c.id.in_(batch))
            ).all()
            said = votes(self._connection, batch)
            needed = self._needed(batch)
            changes: dict[Any, list[int]] = {}
            for row in rows:
                state, verdict = decided(list(said.get(row.id, {}).values()), needed.get(row.id, 1))
                counted[state] += 1
                changes.setdefault((state, verdict, row.language), []).append(row.id)
            for (state, verdict, found), those in changes.items():
                self._connection.execute(
                    review_items.update()
                    .where(review_items.c.id.in_(those))
                    .values(
                        state=state.value,
                        meaning=verdict.meaning.value if verdict else None,
                        intent=verdict.intent if verdict else None,
                        second_intent=verdict.second_intent if verdict else None,
                        language=(verdict.language if verdict else None) or found,
                        marks=stored(verdict.marks) if verdict else None,
                    )
                )
        return counted

    def _needed(self, ids: Sequence[int]) -> dict[int, int]:
        """How many people must say the same of each: as many as the strictest decision asks."""
        rows = self._connection.execute(
            sa.select(review_labels.c.item_id, sa.func.max(review_acts.c.needed).label("needed"))
            .join(review_acts, review_acts.c.id == review_labels.c.act_id)
            .where(review_labels.c.item_id.in_(ids))
            .group_by(review_labels.c.item_id)
        )
        return {row.item_id: row.needed for row in rows}


def decided(said: Sequence[Verdict], needed: int) -> tuple[ItemState, Verdict | None]:
    """Where a message stands, settled once enough people agree, and more than on anything else."""
    if not said:
        return ItemState.WAITING, None
    counts = Counter(said).most_common(2)
    (verdict, most), others = counts[0], counts[1:]
    if others and others[0][1] == most:
        return ItemState.DISPUTED, None
    # After a dispute one voice is not enough.
    if most >= max(needed, 2 if others else 1):
        return ItemState.SETTLED, verdict
    return (ItemState.DISPUTED if others else ItemState.SECOND), None


def votes(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, Verdict]]:
    """What people say of messages, by message and login, in the order in which they said it."""
    wanted = list(ids)
    marked = included(connection, wanted)
    found: dict[int, dict[str, Verdict]] = {}
    for row in connection.execute(
        sa.select(review_labels.c.item_id, review_labels.c.act_id, review_labels.c.actor, *_SAYS)
        .join(review_acts, review_acts.c.id == review_labels.c.act_id)
        .where(review_labels.c.item_id.in_(wanted))
        .order_by(review_labels.c.id)
    ):
        marks = marked.get((row.item_id, row.act_id), ())
        found.setdefault(row.item_id, {})[row.actor] = verdict_of(row, marks)
    return found


def verdict_of(row: Any, marks: tuple[Mark, ...] = ()) -> Verdict:
    """What a row of acts or messages says."""
    return Verdict(Meaning(row.meaning), row.intent, row.second_intent, row.language, marks)


def _done(act: int, group: int, verdict: Verdict, states: Counter[ItemState]) -> Done:
    return Done(
        act,
        group,
        verdict,
        sum(states.values()),
        states[ItemState.SETTLED],
        states[ItemState.SECOND],
        states[ItemState.DISPUTED],
    )


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
