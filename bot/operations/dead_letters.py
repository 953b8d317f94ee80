"""Messages that an operator has tried again or gives up; nobody is left without a word or a case."""

from __future__ import annotations

from dataclasses import dataclass

from bot.clock import Clock
from bot.database import Database
from bot.desk.undelivered import open_undelivered
from bot.dialogue.recovery import Recovery, load_replies
from bot.mailroom import mending
from bot.mailroom.conversations import Owner, get
from bot.mailroom.overview import BURIED_BY_OPERATOR, Box, MailRow
from bot.settings import Settings


class BuriedByOperatorError(Exception):
    """Not a failure: somebody decided that this message is not to be answered by the bot."""


@dataclass(frozen=True)
class Retried:
    """What is tried again."""

    #: As it was before.
    row: MailRow
    #: Whether a person has the conversation: a message of the buyer then goes to them.
    with_agent: bool


def retry(database: Database, clock: Clock, box: Box, row_id: int) -> Retried:
    """Have a row tried at once.

    Raises:
        MailError: there is none, it is under way, or must not be tried again.
    """
    act = mending.retry_inbox if box is Box.INBOX else mending.retry_outbox
    with database.begin() as connection:
        row = act(connection, row_id, now=clock.now())
        return Retried(row, get(connection, row.conversation_id).owner is Owner.AGENT)


def bury(settings: Settings, database: Database, clock: Clock, box: Box, row_id: int, why: str) -> int:
    """Give a row up, as after its last try: the buyer is told, and a case is opened; returns its number.

    Raises:
        MailError: there is none, it is under way, or has ended.
    """
    if box is Box.OUTBOX:
        with database.begin() as connection:
            row = mending.write_off(connection, row_id, why, now=clock.now())
            told = f"{BURIED_BY_OPERATOR}: {why}"
            return open_undelivered(connection, settings.rules, clock, row.conversation_id, told).id
    with database.begin() as connection:
        held = mending.take_for_burial(connection, row_id, now=clock.now())
    recovery = Recovery(database, settings.rules, load_replies(settings), clock)
    case, _ = recovery.bury(held, BuriedByOperatorError(why))
    with database.begin() as connection:
        mending.remark(connection, row_id, why)
    return case.id
