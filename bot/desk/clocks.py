"""How long a buyer may wait: when each of a case's clocks runs out; pure, without the database."""

from __future__ import annotations

import datetime as dt

from bot.desk import hours
from bot.desk.values.cases import Case
from bot.errors import ConfigurationError
from bot.settings import QueueRules, ShopRules

#: The queue that a case moves up to when its own is silent.
SUPERVISOR = "supervisor"

#: Frontends that show a case as soon as it is there. Any other says when it has (`Board.shown`).
AT_ONCE = frozenset({"web"})

#: The level at which a case has moved up to the supervisor; above it the operator is told.
SUPERVISOR_LEVEL = 2

#: Once the supervisor has been silent too, each wait is so many times longer than the one before, up
#: to the time an open question may take: a whole night of silence must not bury buyer and operator
#: in new dates.
STRETCH = 4


def require_supervisor(rules: ShopRules) -> None:
    """Let rules pass by which an unanswered case can move up.

    Raises:
        ConfigurationError: there is no supervisor's queue.
    """
    if SUPERVISOR not in rules.queues:
        raise ConfigurationError(
            f"shop.yml: queues: there is no queue '{SUPERVISOR}', to which unanswered cases move up"
        )


def hours_of(rules: ShopRules, queue: str) -> QueueRules:
    """A queue's hours; the supervisor's for a queue that shop.yml no longer has but old cases do."""
    return rules.queues.get(queue) or rules.queues[SUPERVISOR]


def posts_cards(rules: ShopRules) -> bool:
    """Whether people are told of a case by a card that may come later than the case itself."""
    return any(desk not in AT_ONCE for desk in rules.desks)


def claim_due(
    rules: ShopRules, queue: str, now: dt.datetime, level: int, *, unseen: bool = False
) -> dt.datetime:
    """When somebody must have claimed a case that stands in this queue from now on.

    Args:
        rules: ``shop.yml``.
        queue: the case's.
        now: the moment from which on it can be seen, or at which it came there.
        level: how often its clock has run out.
        unseen: it cannot be seen yet: the clock runs all the same, as if it could be after ``card_minutes``.
    """
    minutes = rules.clocks.claim_minutes
    at_work = hours_of(rules, queue)
    if unseen:
        now = hours.after(at_work, now, dt.timedelta(minutes=rules.clocks.card_minutes))
    if level <= SUPERVISOR_LEVEL:
        return hours.after(at_work, now, dt.timedelta(minutes=minutes))
    # The exponent is held down: a case may be ignored for months.
    longest = rules.clocks.open_question_hours * 60
    stretched = min(minutes * STRETCH ** min(level - SUPERVISOR_LEVEL, 10), longest)
    return min(
        hours.after(at_work, now, dt.timedelta(minutes=stretched)), open_question_due(rules, queue, now)
    )


def first_answer_due(rules: ShopRules, case: Case, now: dt.datetime) -> dt.datetime:
    """When the owner who has the case from now on must have answered.

    Who claims in time keeps the promise made to the buyer at the opening. Once that has been broken,
    a new owner gets the whole time: a claim that lapses while its owner types helps nobody.
    """
    at_work = hours_of(rules, case.queue)
    first_answer = dt.timedelta(minutes=rules.clocks.first_answer_minutes)
    in_time = (
        case.level == 0
        and case.claimed_at is None
        and case.first_answer_at is None
        and now <= claim_due(rules, case.queue, case.opened_at, 0)
    )
    return hours.after(at_work, case.opened_at if in_time else now, first_answer)


def open_question_due(rules: ShopRules, queue: str, now: dt.datetime) -> dt.datetime:
    """When a question asked now must have been answered: never in hours when nobody is there."""
    by = now + dt.timedelta(hours=rules.clocks.open_question_hours)
    at_work = hours_of(rules, queue)
    return by if hours.is_open(at_work, by) else hours.promise(at_work, rules.clocks, by)
