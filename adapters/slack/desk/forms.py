"""What people send in modals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from adapters.slack.desk import modals
from adapters.slack.desk.heard import Submitted
from adapters.slack.desk.reach import Answer, Reach, number
from bot.desk.values.cases import CardField, CaseState, Outcome
from bot.desk.values.people import Person
from bot.errors import DeskError, NotOwnerError
from bot.privacy import has_card, mask_cards


class Forms:
    """Takes what was filled in."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def submitted(self, heard: Submitted, person: Person | None) -> Answer:
        """Somebody sent a modal.

        Raises:
            DeskError: why it was not done.
        """
        told, values = heard.view.told, heard.view.values
        if heard.act == "notice":
            return True
        case_id, request_id = number(told, "case"), number(told, "request")
        if person is None:
            text = await self._reach.stranger(heard.who, heard.act[:40], case_id or None)
            return self._reach.refuse(heard, text)
        if heard.act == "reply":
            return await self._replied(heard, person, case_id)
        if heard.act == "reveal":
            field = values.get("data", "")
            if field not in {one.value for one in CardField}:
                raise DeskError("Choose what you need to see.")
            shown = await self._reach.desk.reveal(person, case_id, CardField(field))
            self._reach.changed(case_id)
            return {"response_action": "update", "view": modals.notice(f"Case {case_id}", shown or "(empty)")}
        if request_id:
            await self._settled(heard.act, person, request_id, values)
        else:
            await self._moved(heard, person, case_id)
            self._reach.changed(case_id)
        if any(map(has_card, values.values())):
            return {"response_action": "update", "view": modals.notice("Masked", modals.MASKED)}
        return True

    async def _settled(self, act: str, person: Person, request_id: int, values: Mapping[str, str]) -> None:
        if act == "counter":
            await self._reach.desk.counter_request(person, request_id, values.get("amount", ""))
        elif act == "decline":
            await self._reach.desk.decline_request(person, request_id, values.get("reason", ""))
        elif act == "answer":
            await self._reach.desk.answer_request(person, request_id, values.get("answer", ""))

    async def _moved(self, heard: Submitted, person: Person, case_id: int) -> None:
        told, values, desk = heard.view.told, heard.view.values, self._reach.desk
        fence = number(told, "fence")
        if heard.act == "close":
            await self._closed(person, case_id, fence, values)
        elif heard.act == "pass_on":
            await desk.pass_on(person, case_id, fence, values.get("queue", ""))
        elif heard.act == "snooze":
            until = values.get("until", "")
            if not until.isdecimal() or len(until) > 11:
                raise DeskError("Choose a moment.")
            moment = dt.datetime.fromtimestamp(int(until), tz=dt.timezone.utc)
            await desk.snooze(person, case_id, fence, moment)
        elif heard.act == "decline_draft":
            reason = values.get("reason", "")
            await desk.decline_reply(person, case_id, number(told, "draft"), reason)

    async def _closed(self, person: Person, case_id: int, fence: int, values: Mapping[str, str]) -> None:
        chosen = values.get("outcome", "")
        if chosen not in {one.value for one in Outcome}:
            raise DeskError("Choose how it ended.")
        if await self._is_closed(person, case_id):
            return
        close = self._reach.desk.hand_back if values.get("then") == "hand_back" else self._reach.desk.close
        try:
            await close(
                person,
                case_id,
                fence,
                Outcome(chosen),
                values.get("summary", ""),
                true_intent=modals.intent_of(values.get("intent", "")),
            )
        except NotOwnerError:
            if not await self._is_closed(person, case_id):
                raise

    async def _is_closed(self, person: Person, case_id: int) -> bool:
        """Slack may bring a modal twice: whoever sees the case closed already has what they wanted."""
        return (await self._reach.desk.case(person, case_id)).summary.state is CaseState.CLOSED

    async def _replied(self, heard: Submitted, person: Person, case_id: int) -> Answer:
        told = heard.view.told
        typed = heard.view.values.get("text", "").strip()
        if not typed:
            raise DeskError("There are no words to send.")
        # As the buyer will read it.
        text = mask_cards(typed)
        if told.get("previewed") != modals.fingerprint(text):
            view = await self._reach.desk.case(person, case_id)
            box = modals.reply(view, told, person.name, (), text, previewed=True, masked=text != typed)
            return {"response_action": "update", "view": box}
        # One box sends once, however often Slack brings it.
        fence, key = number(told, "fence"), f"slack-view:{heard.view.id}"
        await self._reach.desk.reply(person, case_id, fence, text, key=key)
        self._reach.changed(case_id)
        return True
