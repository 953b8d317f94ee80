"""What people write in a case's thread: remarks, words to the buyer, corrections of both."""

from __future__ import annotations

from adapters.slack.desk import modals
from adapters.slack.desk.heard import Picked, Place, Said, key_of
from adapters.slack.desk.reach import BUSY, Answer, Reach
from adapters.slack.text import to_plain
from adapters.slack.translate import Us
from bot.desk.port.board import digest_of
from bot.desk.values.people import Person
from bot.errors import DeskError, TryLaterError
from bot.privacy import has_card

CARD = (
    "There is a payment card's number in your message. The desk keeps its last four digits only, and so does "
    "the buyer: please delete the message here in Slack, too."
)
CORRECTED = (
    "The buyer has it already: their channel is asked to change that. What came of it is told in the thread."
)
MOVED = "This case is shown elsewhere by now; nothing was done."


class Words:
    """Takes what is written."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def said(self, heard: Said, person: Person | None, us: Us) -> Answer:
        """Somebody wrote, changed or deleted a message."""
        if await self._reach.memory.heard(heard.mark):
            return True
        case_id = await self._reach.case_of(heard.place)
        if case_id is None:
            return True
        if person is None:
            text = await self._reach.stranger(heard.who, "write in the thread", case_id)
            self._reach.whisper(heard.place, heard.who, text)
        elif not await self._reach.is_current(heard.place, case_id):
            self._reach.whisper(heard.place, heard.who, MOVED)
        else:
            await self._taken(heard, person, case_id, us)
        # Only now: whoever dies before it is brought, or finds, the message again.
        await self._reach.memory.hear(heard.mark)
        return True

    async def _taken(self, heard: Said, person: Person, case_id: int, us: Us) -> None:
        text = to_plain(heard.text, us.user)
        words = to_send(text, self._reach.options.send_sign)
        if has_card(text) and not heard.deleted:
            self._reach.whisper(heard.place, heard.who, CARD)
        try:
            if heard.edited or heard.deleted:
                told = await self._corrected(heard, person, case_id, text, words)
            else:
                told = await self._spoken(heard, person, case_id, text, words)
        except DeskError as error:
            told = f"Not done: {error}"
        if told:
            self._reach.whisper(heard.place, heard.who, told)
        self._reach.changed(case_id)

    async def _spoken(self, heard: Said, person: Person, case_id: int, text: str, words: str | None) -> str:
        files = " Files cannot be sent from here: the buyer gets the words only." if heard.files else ""
        key = heard.key
        if words is None:
            view = await self._reach.desk.case(person, case_id)
            if view.summary.direct and view.summary.owner_id == person.id:
                words = text
        if words is None:
            if text:
                await self._reach.memory.say_at(digest_of(key), heard.place)
                await self._reach.desk.note(person, case_id, text, key=key)
            return ""
        if not words:
            return f"There are no words to send.{files}"
        return await self._send(person, case_id, heard.place, words, key) + files

    async def _send(self, person: Person, case_id: int, place: Place, words: str, key: str) -> str:
        """Send words that stand in the thread already."""
        # Before it is said: from then on it may be shown at any moment.
        await self._reach.memory.say_at(digest_of(key), place)
        view = await self._reach.desk.case(person, case_id)
        await self._reach.desk.reply(person, case_id, view.fence, words, key=key)
        return "An agent's yes is asked for; then it goes to the buyer." if view.reply_needs_approval else ""

    async def _corrected(self, heard: Said, person: Person, case_id: int, text: str, sent: str | None) -> str:
        words = text if sent is None else sent
        key = heard.key
        delivery = await self._reach.desk.delivery(person, case_id, key) or await self._reach.desk.delivery(
            person, case_id, f"{key}:sent"
        )
        view = await self._reach.desk.case(person, case_id)
        if delivery is None:
            if heard.edited:
                changed = f"(changed) {words}"
                again = f"{key}:{modals.fingerprint(words)}"
                await self._reach.memory.say_at(digest_of(again), heard.place)
                await self._reach.desk.note(person, case_id, changed, key=again)
                return "" if sent is None else "A change sends nothing: please write it anew."
            return "Your remark stays in the case's history."
        if delivery.position is None:
            return "It waits for a yes as it was written at first."
        if heard.deleted:
            await self._reach.desk.withdraw_reply(person, case_id, view.fence, delivery.position)
            return "It had not gone yet: the buyer will not get it." if delivery.may_change else CORRECTED
        await self._reach.desk.change_reply(person, case_id, view.fence, delivery.position, words)
        return "It had not gone yet: the buyer gets the new words." if delivery.may_change else CORRECTED

    async def picked(self, heard: Picked, person: Person | None, us: Us) -> Answer:
        """Somebody chose "send to buyer" on a message."""
        case_id = await self._reach.case_of(heard.place)
        if case_id is None:
            self._reach.whisper(heard.place, heard.who, "This is no case's thread.")
            return True
        if person is None:
            self._reach.whisper(
                heard.place, heard.who, await self._reach.stranger(heard.who, "send a message", case_id)
            )
            return True
        text = to_plain(heard.text, us.user)
        words = to_send(text, self._reach.options.send_sign)
        key = key_of(heard.place)
        try:
            if heard.author != heard.who.user:
                told = "Only your own words can be sent in your name."
            elif not await self._reach.is_current(heard.place, case_id):
                told = MOVED
            elif await self._reach.desk.delivery(person, case_id, key) is not None:
                told = "This was sent already."
            else:
                told = await self._send(
                    person, case_id, heard.place, text if words is None else words, f"{key}:sent"
                )
                told = f"{CARD} {told}".strip() if has_card(text) else told
        except DeskError as error:
            told = f"Not sent: {error}"
        except TryLaterError:
            told = BUSY
        if told:
            self._reach.whisper(heard.place, heard.who, told)
        self._reach.changed(case_id)
        return True


def to_send(text: str, sign: str) -> str | None:
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
