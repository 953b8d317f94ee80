"""What people see of the desk, over the database."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

import anyio

from bot.clock import Clock
from bot.database import Database
from bot.desk import searching, views
from bot.desk.cases import Cases
from bot.desk.changes import SharedChanges
from bot.desk.explaining import Explainer
from bot.desk.masking import mask_line
from bot.desk.service.work import LONGEST_LIST, DatabaseWork
from bot.desk.values.cases import CardField, CaseState
from bot.desk.values.figures import QueueCount, Today
from bot.desk.values.history import Changes
from bot.desk.values.people import Person
from bot.desk.values.views import Because, CaseSummary, CaseView
from bot.errors import DeskError
from bot.messages import TranscriptLine
from bot.settings import ShopRules

#: How often, in seconds, the database is asked for changes while somebody waits for them. What
#: another process did is seen after so long at the latest.
LOOK_EVERY = 0.15
#: So many open cases are told to a reader whose cursor is of another time.
MOST_OPEN = 10_000


class DatabaseReading(DatabaseWork):
    """Implements ``bot.desk.port.reading.DeskReading``."""

    #: ``None``: nobody knows why the bot said something.
    _explain: Explainer | None
    #: When it was last looked for changes.
    _looked_at = 0.0

    def __init__(
        self, database: Database, rules: ShopRules, clock: Clock, notify: Callable[[], None]
    ) -> None:
        super().__init__(database, rules, clock, notify)
        self._noticed = SharedChanges()
        self._looking = anyio.Lock()

    async def queues(self, person: Person) -> Sequence[QueueCount]:
        """See the port."""
        return await self._read(person, lambda known, _: views.queue_counts(known))

    async def cases(
        self,
        person: Person,
        *,
        queue: str | None = None,
        state: CaseState | None = None,
        mine: bool = False,
        closed: bool = False,
        limit: int = 100,
    ) -> Sequence[CaseSummary]:
        """See the port."""

        def read(known: Cases, who: Person) -> Sequence[CaseSummary]:
            found = known.list(
                queue=queue,
                state=state,
                owner_id=who.id if mine else None,
                closed=closed,
                limit=max(1, min(limit, LONGEST_LIST)),
            )
            return views.summaries(known, found)

        return await self._read(person, read)

    async def find(self, person: Person, text: str, *, limit: int = 20) -> Sequence[CaseSummary]:
        """See the port."""
        most = max(1, min(limit, LONGEST_LIST))
        return await self._read(
            person, lambda known, _: views.summaries(known, searching.find(known, text, most))
        )

    async def today(self, person: Person) -> Today:
        """See the port."""
        return await self._read(person, lambda known, _: searching.today(known))

    async def case(self, person: Person, case_id: int) -> CaseView:
        """See the port."""
        return await self._read(person, lambda known, who: views.view(known, known.get(case_id), who))

    async def reveal(self, person: Person, case_id: int, field: CardField) -> str:
        """See the port."""
        return await self._do(
            person, case_id, f"see {field.value}", lambda known, who: known.reveal(case_id, who, field)
        )

    async def why(self, person: Person, case_id: int, position: int) -> Because:
        """See the port."""

        def work(known: Cases, who: Person) -> Because:
            case = known.looked_into(case_id, who)
            found = self._explain and self._explain(known.connection, case.conversation_id, position)
            if not found:
                raise DeskError("Nobody knows why: the bot did not say this, or what it read is gone by age.")
            return dataclasses.replace(found, facts=tuple(mask_line(one, case.card) for one in found.facts))

        return await self._do(person, case_id, "see why", work)

    async def other_talk(
        self, person: Person, case_id: int, conversation_id: int
    ) -> Sequence[TranscriptLine]:
        """See the port."""
        return await self._do(
            person,
            case_id,
            "see another conversation",
            lambda known, who: views.other_lines(known, known.looked_into(case_id, who), conversation_id),
        )

    async def changes(self, person: Person, since: int | None, *, wait: float = 25.0) -> Changes:
        """See the port."""
        until = time.monotonic() + wait
        while True:
            await self._notice(person, fresh=since is None)
            if since is None:
                return Changes(self._noticed.cursor, ())
            found = self._noticed.since(since)
            if found is None:
                return await self._all_open(person)
            if found.case_ids:
                # Others looked for this person, who may not be one of the desk any more.
                await self._read(person, lambda _, __: None)
                return found
            left = until - time.monotonic()
            if left <= 0:
                return found
            await anyio.sleep(min(LOOK_EVERY, left))

    async def _notice(self, person: Person, *, fresh: bool) -> None:
        """Look for changes: however many pages wait, the database is asked once in ``LOOK_EVERY``."""
        async with self._looking:
            if fresh or time.monotonic() - self._looked_at >= LOOK_EVERY:
                self._looked_at = time.monotonic()
                now = self.clock.now()
                await self._read(person, lambda known, _: self._noticed.look(known.connection, now))

    async def _all_open(self, person: Person) -> Changes:
        # What happens meanwhile is told once more.
        cursor = self._noticed.cursor
        found = await self._read(person, lambda known, _: known.list(limit=MOST_OPEN))
        return Changes(cursor, tuple(case.id for case in found))
