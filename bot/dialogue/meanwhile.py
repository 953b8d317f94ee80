"""What the bot tells a buyer who waits for a person: news, and nothing that asks back or changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.dialogue.engine import topic_of
from bot.dialogue.turn import Said, Turn
from bot.dialogue.waiting import offers_till_morning
from bot.messages import Button
from bot.shop.identity import Identity, IdentityResult

#: Of these topics; small talk is the person's.
TOLD = frozenset({"product", "logistics", "payment", "refund", "order"})


class LeftToPeopleError(RuntimeError):
    """The answer to a buyer who waits for a person is more than a piece of news: a person gives it."""


class _NoIdentity(Identity):
    """Checks nobody: each try must count, and what is left to people is rolled back, tries and all."""

    def check(self, *_: Any, **__: Any) -> IdentityResult:
        """See ``Identity``.

        Raises:
            LeftToPeopleError: always.
        """
        raise LeftToPeopleError


def only_tell(turn: Turn) -> Sequence[Button]:
    """Have a turn that was prepared do nothing but tell; what is offered below it.

    Raises:
        LeftToPeopleError: nobody waits for an answer alone, or a form was open when the case came: it would
            take the message for its answer.
    """
    case = turn.cases.untouched(turn.conversation.id)
    if turn.asked_by or case is None:
        raise LeftToPeopleError
    turn.identity = _NoIdentity(turn.connection, turn.rules, turn.clock)
    return offers_till_morning(turn, case)


def keep_if_told(turn: Turn, said: Sequence[Said]) -> None:
    """Keep what was said to a buyer who waits, and note in the case that the buyer wrote.

    Raises:
        LeftToPeopleError: it asks back, changes something, or comes to a case itself.
    """
    is_more = turn.case is not None or turn.confirms or turn.held or turn.memory.get("form")
    if is_more or not said or topic_of(turn.understanding.intent) not in TOLD:
        raise LeftToPeopleError
    turn.cases.buyer_wrote(turn.conversation.id)
