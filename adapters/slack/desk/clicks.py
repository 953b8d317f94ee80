"""Buttons of the cards, the thread and the reply box."""

from __future__ import annotations

import logging
from typing import Final

from adapters.slack.desk import modals
from adapters.slack.desk.blocks import Block
from adapters.slack.desk.commands import Commands
from adapters.slack.desk.heard import CameHome, Pressed, View
from adapters.slack.desk.reach import Answer, Reach, number
from bot.desk.values.people import Person
from bot.desk.values.requests import RequestView
from bot.desk.values.views import CaseView
from bot.errors import CrossdeskError, DeskError, NotOwnerError

log = logging.getLogger(__name__)

#: Acts that ask something first.
_MODALS: Final = frozenset({"reply", "close", "pass_on", "snooze", "reveal", "decline_draft"})
#: Acts on a request rather than a case.
_ON_REQUESTS: Final = frozenset({"approve", "counter", "decline", "answer"})


class Clicks:
    """Does what was pressed."""

    def __init__(self, reach: Reach, commands: Commands) -> None:
        self._reach = reach
        self._commands = commands

    async def pressed(self, heard: Pressed, person: Person | None) -> Answer:
        """Somebody pressed a button.

        Raises:
            DeskError: why it was not done.
        """
        about = heard.about[0] if heard.about else 0
        if person is None:
            on_request = heard.act in _ON_REQUESTS
            text = await self._reach.stranger(
                heard.who, heard.act[:40], None if on_request else about or None
            )
            return self._reach.refuse(heard, text)
        if heard.view is not None:
            if heard.act in ("use", "macro"):
                await self._fill(heard, heard.view, person)
            return True
        if heard.act in ("away", "back"):
            await self._reach.desk.set_away(person, heard.act == "away")
            return await self._commands.came_home(CameHome(heard.who), await self._reach.person(heard.who))
        if not about:
            return True
        if heard.act in _ON_REQUESTS:
            await self._on_request(heard, person, about)
        elif heard.act in _MODALS:
            view = await self._reach.desk.case(person, about)
            await self._ask(heard, await self._modal(heard, view, person))
        else:
            await self._on_case(heard, person, about)
            self._reach.changed(about)
        return True

    async def _on_case(self, heard: Pressed, person: Person, case_id: int) -> None:
        desk, more = self._reach.desk, heard.about[1] if len(heard.about) > 1 else 0
        if heard.act == "claim":
            await desk.claim(person, case_id)
        elif heard.act == "take_over":
            await desk.take_over(person, case_id)
        elif heard.act == "send_draft":
            await desk.approve_reply(person, case_id, more)
        elif heard.act == "retry":
            await desk.retry_reply(person, case_id, more)
        elif heard.act in ("release", "wake", "direct"):
            fence = (await desk.case(person, case_id)).fence
            if heard.act == "release":
                await desk.release(person, case_id, fence)
            elif heard.act == "wake":
                await desk.wake(person, case_id, fence)
            else:
                await desk.set_direct(person, case_id, fence, bool(more))

    async def _on_request(self, heard: Pressed, person: Person, request_id: int) -> None:
        told = {"request": request_id}
        if heard.act == "approve":
            await self._reach.desk.approve_request(person, request_id)
        elif heard.act == "decline":
            await self._ask(heard, modals.decline(request_id, told))
        else:
            view = await self._request(person, request_id)
            await self._ask(heard, (modals.counter if heard.act == "counter" else modals.answer)(view, told))

    async def _request(self, person: Person, request_id: int) -> RequestView:
        for closed in (False, True):
            for view in await self._reach.desk.requests(person, closed=closed, limit=500):
                if view.request.id == request_id:
                    if closed:
                        who = f" by {view.request.decided_by}" if view.request.decided_by else ""
                        raise DeskError(f"This was settled already{who}: {view.request.state.value}.")
                    return view
        raise DeskError(f"There is no request {request_id}.")

    async def _modal(self, heard: Pressed, view: CaseView, person: Person) -> Block:
        told = {"case": view.summary.id, "fence": view.fence}
        if heard.act == "reply":
            if view.summary.owner_id != person.id:
                owner = view.summary.owner or "nobody"
                raise NotOwnerError(f"Only the owner writes to the buyer; {owner} has this case.")
            macros = await self._reach.desk.macros(person, view.summary.id)
            return modals.reply(view, told, person.name, macros, "", previewed=False)
        if heard.act == "close":
            return modals.close(view, told)
        if heard.act == "pass_on":
            return modals.pass_on(view, told)
        if heard.act == "snooze":
            return modals.snooze(view, told, self._reach.clock.now())
        if heard.act == "decline_draft":
            draft = heard.about[1] if len(heard.about) > 1 else 0
            return modals.decline_draft(view.summary.id, {**told, "draft": draft})
        if not view.masked:
            raise DeskError("Nothing is hidden here.")
        return modals.reveal(view, told)

    async def _ask(self, heard: Pressed, view: Block) -> None:
        """Open a modal; a click waits for it no longer than some seconds."""
        try:
            await self._reach.wire.call(
                self._reach.wire.client.views_open(trigger_id=heard.trigger, view=view)
            )
        except CrossdeskError as error:
            log.warning("a modal could not be opened: %s", error)
            raise DeskError("Slack did not open the form. Please press the button again.") from error

    async def _fill(self, heard: Pressed, view: View, person: Person) -> None:
        """Put a ready text into the reply box."""
        case_id = number(view.told, "case")
        found = await self._reach.desk.case(person, case_id)
        macros = await self._reach.desk.macros(person, case_id)
        if heard.act == "macro":
            at = int(heard.chosen) if heard.chosen.isdecimal() else len(macros)
            text = macros[at].text if at < len(macros) else ""
        else:
            at = heard.about[1] if len(heard.about) > 1 else 0
            text = found.suggested_replies[at] if at < len(found.suggested_replies) else ""
        box = modals.reply(found, view.told, person.name, macros, text, previewed=False)
        try:
            await self._reach.wire.call(
                self._reach.wire.client.views_update(view_id=view.id, hash=view.hash or None, view=box)
            )
        except CrossdeskError as error:
            log.warning("a reply box could not be filled: %s", error)
