"""What the bot leaves unanswered, or says while people have the conversation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.desk import satisfaction
from bot.desk.cases import Cases
from bot.desk.clocks import SUPERVISOR
from bot.desk.closing import ASK_SATISFACTION
from bot.desk.hours import is_open, promise
from bot.desk.values.cases import Case, CaseCard
from bot.dialogue.actions.ratings import star_buttons
from bot.dialogue.composing import post
from bot.dialogue.files import came_along, is_bare, not_kept
from bot.dialogue.letters import as_letter
from bot.dialogue.reading import chosen
from bot.dialogue.replies import Replies
from bot.dialogue.report import TurnReport
from bot.dialogue.trackers import remembered
from bot.dialogue.turn import Said, Understanding
from bot.dialogue.waiting import LEAVE, leave_button, leaves, told_again
from bot.dialogue.words import Words
from bot.mailroom import conversations, inbox
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.inbox import MESSAGE, Claim
from bot.messages import Button
from bot.settings import ShopRules

#: Events that a case tells the conversation, and on which the bot has nothing to say.
SILENT_EVENTS = {"case_closed": "the agent closed the case; the last word was theirs"}


@dataclass(frozen=True)
class Relay:
    """Finishes what needs no answer of the dialogue, each row in a unit of work of its own."""

    database: Database
    rules: ShopRules
    replies: Replies
    clock: Clock

    def take(
        self,
        held: Claim,
        read: Callable[[Claim], Understanding | None],
        offered: Callable[[Claim], Sequence[Button]],
        answer_meanwhile: Callable[[Claim], TurnReport | None],
    ) -> TurnReport | None:
        """Leave a message to the person who has the conversation; None if the bot must answer.

        Args:
            held: the claimed row.
            read: what its typed words mean, if a model reads them; asked only where people have the talk.
            offered: the buttons of the newest message to the buyer; asked there, too.
            answer_meanwhile: tells a buyer who still waits for a person what takes none; asked there, too.
        """
        if held.row.kind == ASK_SATISFACTION:
            return self._ask_satisfaction(held)
        if held.row.kind in SILENT_EVENTS:
            with self.database.begin() as connection:
                inbox.finish(connection, held, SILENT_EVENTS[held.row.kind], now=self.clock.now())
            return TurnReport(held.conversation.id, "silent")
        if held.row.kind != MESSAGE:
            return None
        if held.conversation.owner is Owner.BOT:
            return self._come_along(held)
        buttons, heard = offered(held), read(held)
        if leaves(buttons, chosen(held.row, buttons), heard) and (left := self._leave(held)) is not None:
            return left
        threat = None if heard is None else heard.threat
        if threat is None and (answered := answer_meanwhile(held)) is not None:
            return answered
        with self.database.begin() as connection:
            cases = Cases(connection, self.rules, self.clock)
            known = cases.open_case_of(held.conversation.id)
            case = cases.buyer_wrote(held.conversation.id, threat, held.row.text)
            if case is None:
                # Nobody has it after all: the buyer must not be left in silence.
                conversations.set_owner(connection, held.conversation.id, Owner.BOT)
                return None
            if threat and known is not None and case.owner_id is None and case.queue != known.queue:
                said = [*self._not_kept(held), self._to_supervisors(held.conversation.language, case.card)]
            else:
                said = self._meanwhile(connection, held, cases, case, buttons)
            post(connection, held, said, self.clock.now())
            inbox.finish(connection, held, "relayed", now=self.clock.now())
        return TurnReport(held.conversation.id, "relayed", said, case=case)

    def _leave(self, held: Claim) -> TurnReport | None:
        """Let the buyer go who does not want to wait for a person; None if people must see the case."""
        talk = held.conversation
        with self.database.begin() as connection:
            case = Cases(connection, self.rules, self.clock).buyer_left(talk.id)
            if case is None:
                return None
            language = self.replies.spoken(talk.language)
            reply = self.replies.say("utter_left", language, {})
            said = self._as_letter(talk, Said(reply.text, reply.buttons, reply.language))
            post(connection, held, said, self.clock.now())
            inbox.finish(connection, held, "the buyer waits no longer", now=self.clock.now())
        return TurnReport(talk.id, "the buyer waits no longer", said, flow="left", case=case)

    def _meanwhile(
        self, connection: Connection, held: Claim, cases: Cases, case: Case, offered: Sequence[Button]
    ) -> list[Said]:
        """What is said to a message that people answer: of a file, and of the wait where it is long."""
        talk = held.conversation
        words = self._words(talk.language, case.card)
        if again := told_again(connection, self.replies, self.rules, cases, case, words):
            return [*self._not_kept(held), *self._as_letter(talk, *again)]
        said = self._not_kept(held)
        if said and LEAVE in {button.payload for button in offered}:
            # What was offered stays in reach.
            said[-1] = replace(said[-1], buttons=(leave_button(self.replies, words.language),))
        return said

    def _not_kept(self, held: Claim) -> list[Said]:
        return not_kept(self.replies, self.rules, held.row, held.conversation.language)

    def _to_supervisors(self, language: str, card: CaseCard) -> Said:
        return to_supervisors(self.replies, self.rules, self._words(language, card), self.clock.now())

    def _words(self, language: str, card: CaseCard) -> Words:
        """The buyer's, as far as the case's card knows them."""
        words = Words.of_store(self.replies.spoken(language), self.rules.store.timezone, self.clock.now())
        return words if card.timezone is None else words.for_buyer(card.timezone, card.country)

    def _as_letter(self, talk: Conversation, *said: Said) -> list[Said]:
        return as_letter(
            self.replies,
            said,
            channel=talk.channel,
            language=self.replies.spoken(talk.language),
            name=talk.sender_name,
            store=self.rules.store,
        )

    def _ask_satisfaction(self, held: Claim) -> TurnReport:
        """Ask once for stars after a person has helped; not in the middle of something else."""
        talk = held.conversation
        with self.database.begin() as connection:
            asked = satisfaction.to_ask(connection, int(held.row.data["data"]["case_id"]))
            _, memory = remembered(connection, talk.id)
            if asked is None or talk.owner is not Owner.BOT or memory.get("form"):
                inbox.finish(connection, held, "no time to ask for a rating", now=self.clock.now())
                return TurnReport(talk.id, "silent")
            language = self.replies.spoken(talk.language)
            reply = self.replies.say("utter_ask_satisfaction", language, {"agent": asked.agent})
            human = self.replies.say("utter_meaning_service_human", language, {}).text
            # From one on: where choices are numbered, so many stars have that number.
            choices = (*reversed(star_buttons()), Button(human, "/service_human"))
            said = self._as_letter(talk, Said(reply.text, choices, reply.language))
            post(connection, held, said, self.clock.now())
            inbox.finish(connection, held, "asked for a rating", now=self.clock.now())
        return TurnReport(talk.id, "asked for a rating", said)

    def _come_along(self, held: Claim) -> TurnReport | None:
        """Leave a file unanswered that was sent together with one that has its answer; None if it was not."""
        if not is_bare(held.row):
            return None
        with self.database.begin() as connection:
            if not came_along(connection, held):
                return None
            inbox.finish(connection, held, "sent along with the file before", now=self.clock.now())
        return TurnReport(held.conversation.id, "silent")


def to_supervisors(replies: Replies, rules: ShopRules, words: Words, now: dt.datetime) -> Said:
    """That the case went straight to the supervisors, and by when they answer."""
    queue = rules.queues[SUPERVISOR]
    key = "utter_threat" if is_open(queue, now) else "utter_threat_closed"
    by = words.moment(promise(queue, rules.clocks, now))
    reply = replies.say(key, words.language, {"by": by})
    return Said(reply.text, language=reply.language)
