"""What people write in a case, over the database."""

from __future__ import annotations

from collections.abc import Sequence

from bot.desk.macros import MacroBook, macros
from bot.desk.service.work import DatabaseWork
from bot.desk.values.people import Person
from bot.desk.values.replies import Delivery, Macro
from bot.desk.values.views import CaseView


class DatabaseWriting(DatabaseWork):
    """Implements ``bot.desk.port.writing.DeskWriting``."""

    #: The store's ready texts.
    _macros: MacroBook

    async def reply(
        self, person: Person, case_id: int, fence: int, text: str, *, key: str | None = None
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "reply", lambda known, who: known.reply(case_id, who, text, fence, key=key)
        )

    async def delivery(self, person: Person, case_id: int, key: str) -> Delivery | None:
        """See the port."""
        return await self._read(person, lambda known, who: known.delivery(case_id, who, key))

    async def retry_reply(self, person: Person, case_id: int, position: int) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "send again", lambda known, who: known.retry_reply(case_id, who, position)
        )

    async def change_reply(
        self, person: Person, case_id: int, fence: int, position: int, text: str
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "change a reply",
            lambda known, who: known.change_reply(case_id, who, position, text, fence),
        )

    async def withdraw_reply(self, person: Person, case_id: int, fence: int, position: int) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "take back a reply",
            lambda known, who: known.withdraw_reply(case_id, who, position, fence),
        )

    async def approve_reply(
        self, person: Person, case_id: int, draft_id: int, *, text: str | None = None
    ) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "approve",
            lambda known, who: known.approve_reply(case_id, who, draft_id, text=text),
        )

    async def decline_reply(self, person: Person, case_id: int, draft_id: int, reason: str) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "decline", lambda known, who: known.decline_reply(case_id, who, draft_id, reason)
        )

    async def set_direct(self, person: Person, case_id: int, fence: int, direct: bool) -> CaseView:
        """See the port."""
        return await self._act(
            person,
            case_id,
            "write directly",
            lambda known, who: known.set_direct(case_id, who, direct, fence),
        )

    async def macros(self, person: Person, case_id: int) -> Sequence[Macro]:
        """See the port."""
        return await self._read(
            person, lambda known, who: macros(self._macros, known, known.get(case_id), who)
        )

    async def note(self, person: Person, case_id: int, text: str, *, key: str | None = None) -> CaseView:
        """See the port."""
        return await self._act(
            person, case_id, "note", lambda known, who: known.note(case_id, who, text, key=key)
        )
