"""What becomes of a turn that failed: another try, or an honest line to the buyer and a case.

Nothing here needs the model: the front settles with it what a dead worker held.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from pathlib import Path

from bot.clock import Clock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.hours import is_open, promise
from bot.desk.values.cases import Case, CaseCard, Priority, Reason
from bot.dialogue import spoken
from bot.dialogue.letters import as_letter
from bot.dialogue.replies import Replies
from bot.dialogue.turn import Said
from bot.dialogue.words import Words
from bot.errors import LostClaimError, TurnTimeoutError
from bot.mailroom import conversations, inbox, outbox
from bot.mailroom.conversations import Conversation
from bot.mailroom.inbox import Claim
from bot.messages import Author
from bot.settings import Settings, ShopRules

log = logging.getLogger(__name__)

#: Waits before the next try of a failed turn, in seconds; the last one repeats.
RETRY_WAITS = (1, 3, 10)


def load_replies(settings: Settings) -> Replies:
    """The shipped replies with the store's own laid over them, and what was released.

    Raises:
        WordsError: what was released is gone or damaged.
        ConfigurationError: a file is not in Rasa's ``responses:`` format.
    """
    return spoken.load(settings)


@dataclass(frozen=True)
class Recovery:
    """Puts failed turns off or buries them, each in a transaction of its own."""

    database: Database
    rules: ShopRules
    replies: Replies
    clock: Clock

    def put_off(self, held: Claim, error: Exception) -> None:
        """Count the try and let the message wait for the next one."""
        wait = RETRY_WAITS[min(held.row.attempts, len(RETRY_WAITS) - 1)]
        until = self.clock.now() + dt.timedelta(seconds=wait)
        with self.database.begin() as connection:
            inbox.retry(connection, held, type(error).__name__, not_before=until)
        # Not before: what a worker meets whose claim is another's is no failure of the turn.
        log.warning("inbox row %s failed, next try in %s s: %s", held.row.id, wait, describe(error))

    def bury(self, held: Claim, error: Exception) -> tuple[Case, Said]:
        """Give the message up: an honest line to the buyer and a case, in one transaction."""
        tries = held.row.attempts + 1
        why = f"{type(error).__name__} in the turn on inbox row {held.row.id}"
        now = self.clock.now()
        with self.database.begin() as connection:
            talk = conversations.get(connection, held.conversation.id)
            case = Cases(connection, self.rules, self.clock).open(
                talk.id,
                intent="service_human",
                reason=Reason.FAILED,
                card=CaseCard(
                    wants=held.row.text or "pressed a button",
                    why=why,
                    name=talk.sender_name,
                    language=talk.language,
                ),
                priority=Priority.HIGH,
                language=talk.language,
            )
            said = self._honest_line(talk, case, now)
            outbox.post(
                connection,
                talk.id,
                said.text,
                now=now,
                author=Author.BOT,
                language=said.language,
                key=f"turn:{held.row.id}:buried",
            )
            inbox.bury(connection, held, why, now=now)
        log.error("inbox row %s buried after %s tries: %s", held.row.id, tries, describe(error))
        return case, said

    def settle(self, held: Claim, error: Exception) -> None:
        """Another try while there are any left; a turn that took too long has none."""
        last = held.row.attempts + 1 >= self.rules.serving.turn_tries
        if last or isinstance(error, TurnTimeoutError):
            self.bury(held, error)
        else:
            self.put_off(held, error)

    def take_back(self, worker: str, error: Exception) -> int:
        """Settle what a dead worker held; returns how many turns that were."""
        with self.database.begin() as connection:
            held = inbox.claims_of(connection, worker)
        for claim in held:
            try:
                self.settle(claim, error)
            except LostClaimError:
                # Its lease ended in the meantime, and another worker has it.
                continue
        return len(held)

    def _honest_line(self, talk: Conversation, case: Case, now: dt.datetime) -> Said:
        queue = self.rules.queues[case.queue]
        by = promise(queue, self.rules.clocks, now)
        key = "utter_failure" if is_open(queue, now) else "utter_failure_closed"
        spoken = self.replies.spoken(talk.language)
        words = Words.of_store(spoken, self.rules.store.timezone, now)
        try:
            reply = self.replies.say(key, spoken, {"by": words.moment(by)})
            (letter,) = as_letter(
                self.replies,
                [Said(reply.text, reply.buttons, reply.language)],
                channel=talk.channel,
                language=spoken,
                name=talk.sender_name,
                store=self.rules.store,
            )
        except Exception as error:
            # The words themselves may be what is broken: this line must get out all the same.
            log.error("the reply %s cannot be said: %s", key, describe(error))
            when = f"{by:%Y-%m-%d %H:%M} UTC"
            return Said(f"Something went wrong on our side. A colleague will answer you here by {when}.")
        return letter


def describe(error: Exception) -> str:
    """What went wrong and where, without the error's words: they may hold the buyer's."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
