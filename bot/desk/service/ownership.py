"""How a case gets an owner, changes hands and ends, over the database."""

from __future__ import annotations

import datetime as dt

from bot.desk.service.work import DatabaseWork
from bot.desk.values.cases import Outcome
from bot.desk.values.people import Person
from bot.desk.values.views import CaseView


class DatabaseOwnership(DatabaseWork):
    """Implements ``bot.desk.port.ownership.DeskOwnership``."""

    async def claim(self, person: Person, case_id: int) -> CaseView:
        """See the port."""
        return await self._act(person, case_id, "claim", lambda known, who: known.claim(case_id, who))

    async def take_over(self, person: Person, case_id: int) -> CaseView:
        """See the port."""
        return await self._act(person, case_id, "take over", lambda known, who: known.take_over(case_id, who))

    async def release(self, person: Person, case_id: int, fence: int) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "release", lambda known, who: known.release(case_id, who, fence)
        )

    async def pass_on(self, person: Person, case_id: int, fence: int, queue: str) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "pass on", lambda known, who: known.pass_on(case_id, who, queue, fence)
        )

    async def snooze(self, person: Person, case_id: int, fence: int, until: dt.datetime) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "snooze", lambda known, who: known.snooze(case_id, who, until, fence)
        )

    async def wake(self, person: Person, case_id: int, fence: int) -> CaseView:
        """See the port."""
        return await self._act(person, case_id, "wake", lambda known, who: known.wake(case_id, who, fence))

    async def close(
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "close",
            lambda known, who: known.close(case_id, who, outcome, summary, fence, true_intent=true_intent),
        )

    async def hand_back(
        self,
        person: Person,
        case_id: int,
        fence: int,
        outcome: Outcome,
        summary: str = "",
        *,
        true_intent: str | None = None,
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "hand back",
            lambda known, who: known.hand_back(
                case_id, who, outcome, summary, fence, true_intent=true_intent
            ),
        )
