"""What people do in Slack, done at the desk: who, whether they may, and what they are told."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.slack.desk import home, modals
from adapters.slack.desk.blocks import Block, actions, button, run, section
from adapters.slack.desk.hearing import (
    CameHome,
    Commanded,
    Heard,
    Nothing,
    Picked,
    Place,
    Pressed,
    Said,
    Submitted,
    View,
    Who,
)
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.options import DeskOptions
from adapters.slack.desk.posting import Posting
from adapters.slack.text import shortened, to_plain
from adapters.slack.translate import Us
from adapters.slack.wire import Wire
from bot.clock import Clock
from bot.desk.board import digest_of
from bot.desk.port import CaseView, Desk, RequestView
from bot.desk.values import AccountKind, CardField, CaseState, Outcome, Person
from bot.errors import CrossdeskError, DeskError, NotOwnerError, TryLaterError
from bot.privacy import mask_cards
from bot.tasks import end

log = logging.getLogger(__name__)

Answer = bool | dict[str, Any]

JOIN = "The operator adds you with: crossdesk people link LOGIN --slack {account}"
STRANGER = f"Only members of the desk can do this, and it was written down. {JOIN}"
VISITOR = f"Only members of the desk can do this. {JOIN}"
BUSY = "The desk cannot reach its database right now. Nothing was done: please try again in a moment."
CARD = (
    "There is a payment card's number in your message. The desk keeps its last four digits only, and so does "
    "the buyer: please delete the message here in Slack, too."
)
MOVED = "This case is shown elsewhere by now; nothing was done."


class Acting:
    """Does what was heard.

    Args:
        desk: the acts; it checks every right.
        memory: which thread is which case's.
        posting: tells people.
        wire: opens modals.
        options: the sign that sends.
        clock: the time.
        changed: told of every case that was acted on.
    """

    def __init__(
        self,
        desk: Desk,
        memory: Memory,
        posting: Posting,
        wire: Wire,
        options: DeskOptions,
        clock: Clock,
        changed: Callable[[int], None],
    ) -> None:
        self._desk = desk
        self._memory = memory
        self._posting = posting
        self._wire = wire
        self._options = options
        self._clock = clock
        self._changed = changed
        self._beside: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Let nothing go on."""
        await end(self._beside)

    async def take(self, heard: Heard, us: Us) -> Answer:
        """Do it; what Slack is answered.

        Raises:
            TryLaterError: words could not be taken; Slack is to bring them again.
        """
        if isinstance(heard, Nothing):
            return heard.ours
        # Somebody of another workspace is nobody here, whatever the database says.
        person = await self._person(heard.who) if heard.who.team == us.team else None
        if isinstance(heard, Said):
            return await self._said(heard, person, us)
        if isinstance(heard, Picked):
            return await self._picked(heard, person, us)
        try:
            if isinstance(heard, Pressed):
                return await self._pressed(heard, person)
            if isinstance(heard, Submitted):
                return await self._submitted(heard, person)
            if isinstance(heard, Commanded):
                return await self._commanded(heard, person)
            return await self._came_home(heard, person)
        except TryLaterError:
            return self._refusal(heard, BUSY)
        except DeskError as error:
            return self._refusal(heard, str(error))

    async def _person(self, who: Who) -> Person | None:
        return await self._desk.person_by_account(AccountKind.SLACK, who.account)

    async def _stranger(self, who: Who, what: str, case_id: int | None) -> str:
        await self._desk.refuse_stranger(AccountKind.SLACK, who.account, what, case_id=case_id)
        return STRANGER.format(account=who.account)

    def _refusal(self, heard: Pressed | Submitted | Commanded | CameHome, text: str) -> Answer:
        """Say why not, where the person looks."""
        if isinstance(heard, Submitted):
            field = str(heard.view.told.get("field", ""))
            if field:
                return {"response_action": "errors", "errors": {field: shortened(text, 150)}}
            return {"response_action": "update", "view": modals.notice("Not done", text)}
        if isinstance(heard, Commanded):
            return home.only_you(text)
        if isinstance(heard, Pressed) and heard.place is not None:
            self._whisper(heard.place, heard.who, text)
        return True

    def _whisper(self, place: Place, who: Who, text: str, *, alone: bool | None = None) -> None:
        thread = None if (place.ts == place.thread if alone is None else alone) else place.thread
        self._go_on(self._posting.whisper(place.channel, who.user, text, thread))

    def _go_on(self, work: Awaitable[None]) -> None:
        """Do something that nobody need wait for."""
        task = asyncio.ensure_future(_quietly(work))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    # --- Words ---

    async def _case_of(self, place: Place) -> int | None:
        return await self._memory.case_of(place.channel, place.thread)

    async def _said(self, heard: Said, person: Person | None, us: Us) -> Answer:
        case_id = await self._case_of(heard.place)
        if case_id is None:
            return True
        if person is None:
            text = await self._stranger(heard.who, "write in the thread", case_id)
            self._whisper(heard.place, heard.who, text)
            return True
        if await self._memory.where(case_id) != (heard.place.channel, heard.place.thread):
            self._whisper(heard.place, heard.who, MOVED)
            return True
        text = to_plain(heard.text, us.user)
        words = _sent(text, self._options.send_sign)
        if mask_cards(text) != text and not heard.deleted:
            self._whisper(heard.place, heard.who, CARD)
        try:
            if heard.edited or heard.deleted:
                told = await self._corrected(heard, person, case_id, text, words)
            else:
                told = await self._spoken(heard, person, case_id, text, words)
        except DeskError as error:
            told = f"Not done: {error}"
        if told:
            self._whisper(heard.place, heard.who, told)
        self._changed(case_id)
        return True

    async def _spoken(self, heard: Said, person: Person, case_id: int, text: str, words: str | None) -> str:
        files = " Files cannot be sent from here: the buyer gets the words only." if heard.files else ""
        key = _key(heard.place)
        if words is None:
            view = await self._desk.case(person, case_id)
            if view.summary.direct and view.summary.owner_id == person.id:
                words = text
        if words is None:
            if text:
                await self._memory.say_here(digest_of(key), heard.place.ts)
                await self._desk.note(person, case_id, text, key=key)
            return ""
        if not words:
            return f"There are no words to send.{files}"
        return await self._send(person, case_id, heard.place, words, key) + files

    async def _send(self, person: Person, case_id: int, place: Place, words: str, key: str) -> str:
        """Send words that stand in the thread already."""
        # Before it is said: from then on it may be shown at any moment.
        await self._memory.say_here(digest_of(key), place.ts)
        view = await self._desk.case(person, case_id)
        await self._desk.reply(person, case_id, view.fence, words, key=key)
        return "An agent's yes is asked for; then it goes to the buyer." if view.reply_needs_approval else ""

    async def _corrected(self, heard: Said, person: Person, case_id: int, text: str, sent: str | None) -> str:
        words = text if sent is None else sent
        key = _key(heard.place)
        delivery = await self._desk.delivery(person, case_id, key) or await self._desk.delivery(
            person, case_id, f"{key}:sent"
        )
        view = await self._desk.case(person, case_id)
        if delivery is None:
            if heard.edited:
                changed = f"(changed) {words}"
                again = f"{key}:{modals.fingerprint(words)}"
                await self._memory.say_here(digest_of(again), heard.place.ts)
                await self._desk.note(person, case_id, changed, key=again)
                return "" if sent is None else "A change sends nothing: please write it anew."
            return "Your remark stays in the case's history."
        if delivery.position is None:
            return "It waits for a yes as it was written at first."
        if heard.deleted:
            await self._desk.withdraw_reply(person, case_id, view.fence, delivery.position)
            return "It had not gone yet: the buyer will not get it."
        await self._desk.change_reply(person, case_id, view.fence, delivery.position, words)
        return "It had not gone yet: the buyer gets the new words."

    async def _picked(self, heard: Picked, person: Person | None, us: Us) -> Answer:
        case_id = await self._case_of(heard.place)
        if case_id is None:
            self._whisper(heard.place, heard.who, "This is no case's thread.")
            return True
        if person is None:
            self._whisper(heard.place, heard.who, await self._stranger(heard.who, "send a message", case_id))
            return True
        text = to_plain(heard.text, us.user)
        words = _sent(text, self._options.send_sign)
        key = _key(heard.place)
        try:
            if heard.author != heard.who.user:
                told = "Only your own words can be sent in your name."
            elif await self._memory.where(case_id) != (heard.place.channel, heard.place.thread):
                told = MOVED
            elif await self._desk.delivery(person, case_id, key) is not None:
                told = "This was sent already."
            else:
                told = await self._send(
                    person, case_id, heard.place, text if words is None else words, f"{key}:sent"
                )
        except DeskError as error:
            told = f"Not sent: {error}"
        except TryLaterError:
            told = BUSY
        if told:
            self._whisper(heard.place, heard.who, told)
        self._changed(case_id)
        return True

    # --- Buttons ---

    async def _pressed(self, heard: Pressed, person: Person | None) -> Answer:
        about = heard.about[0] if heard.about else 0
        if person is None:
            on_request = heard.act in ("approve", "counter", "decline", "answer")
            text = await self._stranger(heard.who, heard.act[:40], None if on_request else about or None)
            return self._refusal(heard, text)
        if heard.view is not None:
            if heard.act in ("use", "macro"):
                await self._fill(heard, heard.view, person)
            return True
        if heard.act in ("away", "back"):
            await self._desk.set_away(person, heard.act == "away")
            return await self._came_home(CameHome(heard.who), await self._person(heard.who))
        if not about:
            return True
        if heard.act in ("approve", "counter", "decline", "answer"):
            await self._on_request(heard, person, about)
        elif heard.act in _MODALS:
            view = await self._desk.case(person, about)
            await self._ask(heard, await self._modal(heard, view, person))
        else:
            await self._on_case(heard, person, about)
            self._changed(about)
        return True

    async def _on_case(self, heard: Pressed, person: Person, case_id: int) -> None:
        desk, more = self._desk, heard.about[1] if len(heard.about) > 1 else 0
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
            await self._desk.approve_request(person, request_id)
        elif heard.act == "decline":
            await self._ask(heard, modals.decline(request_id, told))
        else:
            view = await self._request(person, request_id)
            await self._ask(heard, (modals.counter if heard.act == "counter" else modals.answer)(view, told))

    async def _request(self, person: Person, request_id: int) -> RequestView:
        for closed in (False, True):
            for view in await self._desk.requests(person, closed=closed, limit=500):
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
            macros = await self._desk.macros(person, view.summary.id)
            return modals.reply(view, told, person.name, macros, "", previewed=False)
        if heard.act == "close":
            return modals.close(view, told)
        if heard.act == "pass_on":
            return modals.pass_on(view, told)
        if heard.act == "snooze":
            return modals.snooze(view, told, self._clock.now())
        if heard.act == "decline_draft":
            draft = heard.about[1] if len(heard.about) > 1 else 0
            return modals.decline_draft(view.summary.id, {**told, "draft": draft})
        if not view.masked:
            raise DeskError("Nothing is hidden here.")
        return modals.reveal(view, told)

    async def _ask(self, heard: Pressed, view: Block) -> None:
        """Open a modal; a click waits for it no longer than some seconds."""
        try:
            await self._wire.call(self._wire.client.views_open(trigger_id=heard.trigger, view=view))
        except CrossdeskError as error:
            log.warning("a modal could not be opened: %s", error)
            raise DeskError("Slack did not open the form. Please press the button again.") from error

    async def _fill(self, heard: Pressed, view: View, person: Person) -> None:
        """Put a ready text into the reply box."""
        case_id = _number(view.told, "case")
        found = await self._desk.case(person, case_id)
        macros = await self._desk.macros(person, case_id)
        if heard.act == "macro":
            at = int(heard.chosen) if heard.chosen.isdecimal() else len(macros)
            text = macros[at].text if at < len(macros) else ""
        else:
            at = heard.about[1] if len(heard.about) > 1 else 0
            text = found.suggested_replies[at] if at < len(found.suggested_replies) else ""
        box = modals.reply(found, view.told, person.name, macros, text, previewed=False)
        try:
            await self._wire.call(
                self._wire.client.views_update(view_id=view.id, hash=view.hash or None, view=box)
            )
        except CrossdeskError as error:
            log.warning("a reply box could not be filled: %s", error)

    # --- Modals ---

    async def _submitted(self, heard: Submitted, person: Person | None) -> Answer:
        told, values = heard.view.told, heard.view.values
        if heard.act == "notice":
            return True
        case_id, request_id = _number(told, "case"), _number(told, "request")
        if person is None:
            text = await self._stranger(heard.who, heard.act[:40], case_id or None)
            return self._refusal(heard, text)
        if heard.act == "reply":
            return await self._replied(heard, person, case_id)
        if heard.act == "reveal":
            field = values.get("data", "")
            if field not in {one.value for one in CardField}:
                raise DeskError("Choose what you need to see.")
            shown = await self._desk.reveal(person, case_id, CardField(field))
            self._changed(case_id)
            return {"response_action": "update", "view": modals.notice(f"Case {case_id}", shown or "(empty)")}
        if request_id:
            await self._settled(heard.act, person, request_id, values)
            return True
        await self._moved(heard, person, case_id)
        self._changed(case_id)
        return True

    async def _settled(self, act: str, person: Person, request_id: int, values: Mapping[str, str]) -> None:
        if act == "counter":
            await self._desk.counter_request(person, request_id, values.get("amount", ""))
        elif act == "decline":
            await self._desk.decline_request(person, request_id, values.get("reason", ""))
        elif act == "answer":
            await self._desk.answer_request(person, request_id, values.get("answer", ""))

    async def _moved(self, heard: Submitted, person: Person, case_id: int) -> None:
        told, values, desk = heard.view.told, heard.view.values, self._desk
        fence = _number(told, "fence")
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
            await desk.decline_reply(person, case_id, _number(told, "draft"), reason)

    async def _closed(self, person: Person, case_id: int, fence: int, values: Mapping[str, str]) -> None:
        chosen = values.get("outcome", "")
        if chosen not in {one.value for one in Outcome}:
            raise DeskError("Choose how it ended.")
        close = self._desk.hand_back if values.get("then") == "hand_back" else self._desk.close
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
            # Slack may bring a modal twice: whoever sees it closed already has what they wanted.
            if (await self._desk.case(person, case_id)).summary.state is not CaseState.CLOSED:
                raise

    async def _replied(self, heard: Submitted, person: Person, case_id: int) -> Answer:
        told = heard.view.told
        text = heard.view.values.get("text", "").strip()
        if not text:
            raise DeskError("There are no words to send.")
        if told.get("previewed") != modals.fingerprint(text):
            view = await self._desk.case(person, case_id)
            box = modals.reply(view, told, person.name, (), text, previewed=True)
            return {"response_action": "update", "view": box}
        # One box sends once, however often Slack brings it.
        fence, key = _number(told, "fence"), f"slack-view:{heard.view.id}"
        await self._desk.reply(person, case_id, fence, text, key=key)
        self._changed(case_id)
        return True

    # --- The slash command and the home page ---

    async def _commanded(self, heard: Commanded, person: Person | None) -> Answer:
        if person is None:
            return home.only_you(await self._stranger(heard.who, f"/desk {heard.text}"[:40], None))
        word, _, rest = heard.text.partition(" ")
        word, rest, desk = word.casefold(), rest.strip(), self._desk
        if word in ("", "mine"):
            mine = await desk.cases(person, mine=True, limit=100)
            counts = home.queues(await desk.queues(person))
            return home.only_you("My cases", [*home.listed("My cases", mine), section(*counts)])
        if word == "queue":
            found = await desk.cases(person, queue=rest or None, state=CaseState.OPEN, limit=100)
            blocks = home.listed(f"Waiting{f' in {rest}' if rest else ''}", found)
            blocks += actions([button(f"Claim #{one.id}", "claim", one.id) for one in found[:5]])
            return home.only_you("Queue", blocks)
        if word == "stats":
            return home.only_you("Today", [section(*home.figures(await desk.today(person)))])
        if word == "find":
            return home.only_you("Found", home.listed("Found", await desk.find(person, rest)))
        if word in ("away", "back"):
            await desk.set_away(person, word == "away")
            return home.only_you("You are away." if word == "away" else "Welcome back.")
        if word == "transfer":
            return await self._transfer(person, rest)
        return home.only_you(home.USAGE, [section(run(home.USAGE))])

    async def _transfer(self, person: Person, rest: str) -> Answer:
        number, _, queue = rest.partition(" ")
        number = number.lstrip("#")
        if not (number.isascii() and number.isdecimal() and len(number) <= 15 and queue.strip()):
            return home.only_you("Write: /desk transfer CASE QUEUE, such as /desk transfer 12 payment")
        view = await self._desk.case(person, int(number))
        await self._desk.pass_on(person, int(number), view.fence, queue.strip())
        self._changed(int(number))
        return home.only_you(f"Case {number} is in the queue {queue.strip()} now.")

    async def _came_home(self, heard: CameHome, person: Person | None) -> Answer:
        if person is None:
            words = VISITOR.format(account=heard.who.account)
            page: Block = {"type": "home", "blocks": [section(run(words))]}
        else:
            mine = await self._desk.cases(person, mine=True, limit=100)
            counts, today = await self._desk.queues(person), await self._desk.today(person)
            page = home.home(person, mine, counts, today)
        self._go_on(self._publish(heard.who.user, page))
        return True

    async def _publish(self, user: str, page: Block) -> None:
        await self._wire.call(self._wire.client.views_publish(user_id=user, view=page))


_MODALS = frozenset({"reply", "close", "pass_on", "snooze", "reveal", "decline_draft"})


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except CrossdeskError as error:
        log.warning("something of no great weight was left out in Slack: %s", error)


def _key(place: Place) -> str:
    """The same for a message however often Slack brings it."""
    return f"slack:{place.channel}:{place.ts}"


def _sent(text: str, sign: str) -> str | None:
    """The words after the sign that sends; None if it does not stand there. Slack may put blanks into it."""
    at = 0
    text = text.lstrip()
    for char in sign:
        while at < len(text) and at and text[at] == " ":
            at += 1
        if at >= len(text) or text[at] != char:
            return None
        at += 1
    return text[at:].strip()


def _number(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
