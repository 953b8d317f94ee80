"""What a rank allows: rights and limits add up from the lowest rank to the person's own."""

from __future__ import annotations

import functools
from decimal import Decimal

from bot.desk.clocks import SUPERVISOR
from bot.desk.values.people import Person, Rank
from bot.errors import ForbiddenError
from bot.settings import ShopRules


def rights(rules: ShopRules, rank: Rank) -> frozenset[str]:
    """All that a rank may do."""
    return frozenset(
        right for lower in _up_to(rank) if lower in rules.ranks for right in rules.ranks[lower].may
    )


def may(rules: ShopRules, person: Person, right: str) -> bool:
    """Whether a person may do this; nobody may once they are no longer active."""
    return person.active and right in rights(rules, person.rank)


def require(rules: ShopRules, person: Person, right: str) -> None:
    """Let pass who may.

    Raises:
        ForbiddenError: the rank does not allow it, or the person is not active.
    """
    require_active(person)
    if not may(rules, person, right):
        raise ForbiddenError(
            f"Your rank ({person.rank.value}) does not allow this: {right.replace('_', ' ')}."
        )


def require_active(person: Person) -> None:
    """Let pass who works here.

    Raises:
        ForbiddenError: the person is not active.
    """
    if not person.active:
        raise ForbiddenError("You no longer work at this desk.")


def reply_needs_approval(rules: ShopRules, rank: Rank) -> bool:
    """Whether a reply waits for somebody's yes; a matter of the very rank, not of those below."""
    own = rules.ranks.get(rank.value)
    return own is not None and own.reply_needs_approval


def may_approve(rules: ShopRules, person: Person) -> bool:
    """Whether a person may say yes to a trainee's reply: anybody who needs no yes for an own one."""
    return may(rules, person, "reply") and not reply_needs_approval(rules, person.rank)


def serves(rules: ShopRules, person: Person, queue: str) -> bool:
    """Whether a person may claim from this queue; who may take over may claim from any."""
    if may(rules, person, "take_over"):
        return True
    return queue != SUPERVISOR and (not person.queues or queue in person.queues)


def limit(rules: ShopRules, rank: Rank, kind: str) -> Decimal:
    """The most that a rank may grant, in the store's currency; ``kind`` is ``refund`` or ``discount``."""
    amounts = [getattr(rules.ranks[lower], kind) for lower in _up_to(rank) if lower in rules.ranks]
    return max(amounts, default=Decimal(0))


@functools.cache
def _up_to(rank: Rank) -> tuple[str, ...]:
    # Asked for everybody whenever a case comes into a queue.
    return tuple(lower.value for lower in Rank if lower.height <= rank.height)
