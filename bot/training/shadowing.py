"""A candidate in shadow takes each turn again that the released model has just taken, and nobody hears it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.dialogue.engine import Engine
from bot.dialogue.replay import Replayer, StoredTurn, stored
from bot.dialogue.replies import Replies
from bot.dialogue.spoken import Spoken
from bot.dialogue.swap import loaded
from bot.dialogue.tables import turns
from bot.errors import ModelError, TryLaterError
from bot.settings import Settings
from bot.training import rollout, shadow
from bot.training.compare import outcome_of, reader
from bot.training.outcomes import masked_together
from bot.training.places import SETTLING
from bot.training.rollout import Rollout
from bot.training.shadow import MOST
from bot.training.tables import model_shadow_changes, model_shadows
from bot.training.values import Difference, Outcome
from bot.training.watch import Watch

log = logging.getLogger(__name__)

#: Turns that are taken again in one unit of work.
BATCH = 20
#: New turns are looked for this often, in seconds.
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Shadowing:
    """Takes turns again with a candidate, as they come; acts on nothing.

    Args:
        settings: where what is tried is written down.
        database: the store's.
        clock: the time.
        engine: the candidate.
    """

    settings: Settings
    database: Database
    clock: Clock
    engine: Engine

    def is_over(self) -> bool:
        """Whether this candidate is in shadow no more."""
        tried = rollout.current(self.settings)
        return tried is None or not tried.is_shadow or tried.version != self.engine.model

    def step(self, replies: Replies) -> int:
        """Take the next few turns again; returns how many there were.

        Raises:
            TryLaterError: the database is away; nothing is lost.
        """
        now = self.clock.now()
        # On PostgreSQL a lower number may be committed after a higher one.
        until = now if self.database.is_sqlite else now - SETTLING
        with self.database.begin() as connection:
            run = connection.execute(
                sa.select(model_shadows).where(
                    model_shadows.c.version == self.engine.model, model_shadows.c.ended_at.is_(None)
                )
            ).one_or_none()
            if run is None:
                return 0
            new = connection.execute(
                sa.select(turns.c.id, turns.c.conversation_id)
                .where(turns.c.id > run.place, turns.c.at <= until)
                .order_by(turns.c.id)
                .limit(BATCH)
            ).all()
            if not new:
                return 0
            wanted = {row.id for row in new}
            talks = dict.fromkeys(row.conversation_id for row in new)
            taken = [one for talk in talks for one in stored(connection, talk) if one.id in wanted]
        of_interest = [one for one in taken if one.tape and one.reading and one.model == run.against]
        partings = self._taken_again(sorted(of_interest, key=lambda one: one.id), replies)
        with self.database.begin() as connection:
            self._note(connection, run, new[-1].id, len(of_interest), partings)
        return len(new)

    def _taken_again(
        self, taken: Sequence[StoredTurn], replies: Replies
    ) -> list[tuple[StoredTurn, Difference]]:
        found = []
        with self.database.engine.connect() as connection:
            replayer = Replayer(self.database, self.settings.rules, replies, self.engine, reader(connection))
            for turn in taken:
                again = replayer.take(turn)
                then, now = _as_taken(turn), outcome_of(again)
                if again.other_words:
                    # Words were released since: they are no doing of the model's.
                    now = replace(now, said=then.said, buttons=then.buttons)
                if replace(now, known=True) != then:
                    found.append((turn, Difference(turn.conversation_id, turn.id, turn.row.text, then, now)))
        return found

    def _note(
        self,
        connection: Connection,
        run: Any,
        place: int,
        seen: int,
        partings: Sequence[tuple[StoredTurn, Difference]],
    ) -> None:
        own = model_shadows.c
        counted = connection.execute(
            model_shadows.update()
            # Whoever was quicker has counted them; and what is over is counted no further.
            .where(own.id == run.id, own.place == run.place, own.ended_at.is_(None))
            .values(
                place=place,
                seen=own.seen + seen,
                differing=own.differing + len(partings),
                unsure=own.unsure + sum(not one.after.known for _, one in partings),
            )
        )
        left = max(0, MOST - run.differing)
        if counted.rowcount != 1 or not partings[:left]:
            return
        listed = [one for _, one in partings[:left]]
        connection.execute(
            model_shadow_changes.insert(),
            [
                {
                    "shadow_id": run.id,
                    "conversation_id": one.conversation_id,
                    "turn_id": one.turn_id,
                    "at": turn.at,
                    "text": one.text,
                    "before": asdict(one.before),
                    "after": asdict(one.after),
                }
                for (turn, _), one in zip(partings, masked_together(connection, listed), strict=False)
            ],
        )


def _as_taken(turn: StoredTurn) -> Outcome:
    return Outcome(
        turn.intent,
        turn.flow,
        tuple(one.text for one in turn.said),
        tuple(button.title for one in turn.said for button in one.buttons),
        tuple(str(step["action"]) for step in turn.steps),
        known=True,
    )


def run(settings: Settings, clock: Clock, ended: Callable[[float], bool]) -> None:
    """Run whatever is in shadow, in a process of its own, until it is over.

    Args:
        settings: the store's.
        clock: the time.
        ended: waits for so many seconds, or until nobody wants this process any more: then it is true.

    Raises:
        ConfigurationError: the database's URL is none.
    """
    tried = rollout.current(settings)
    if tried is None or not tried.is_shadow:
        return
    database, words = Database(settings.database_url), Spoken(settings)
    try:
        engine = _loaded(settings, database, tried)
        if engine is None:
            return
        with closing(engine):
            shadowing = Shadowing(settings, database, clock, engine)
            taken = 0
            while not (ended(0.0 if taken else POLL_SECONDS) or shadowing.is_over()):
                try:
                    taken = shadowing.step(words.now())
                except TryLaterError as error:
                    log.warning("the candidate in shadow waits: %s", error)
                    taken = 0
    finally:
        database.close()


def _loaded(settings: Settings, database: Database, tried: Rollout) -> Engine | None:
    """The candidate; None where it does not load, and that is told."""
    watch = Watch(settings)
    try:
        engine, why = loaded(watch.path(tried.version)), ""
    except ModelError as error:
        engine, why = None, str(error)
        log.error("the candidate %s does not run in shadow: %s", tried.version, why)
    with database.begin() as connection:
        shadow.in_trouble(connection, tried.version, why)
    return engine
