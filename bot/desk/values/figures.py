"""What the desk counts: its queues, and its day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QueueCount:
    """How many cases stand in a queue."""

    queue: str
    #: Nobody has them.
    open: int
    #: Somebody has them.
    owned: int
    #: Of both: those whose clock has run out at least once, or runs out by now.
    late: int
    #: Whether somebody of this queue should be at work now.
    in_hours: bool


@dataclass(frozen=True)
class Today:
    """The desk's figures since midnight in the store's zone."""

    opened: int
    closed: int
    #: Cases that got their first answer.
    answered: int
    #: The median time from opening to the first answer, in seconds; ``None`` if none was answered.
    first_answer_seconds: float | None
    #: How often a clock ran out.
    late: int
    #: The mean of the buyers' ratings, 1 to 5, and how many there are.
    satisfaction: float | None
    ratings: int
