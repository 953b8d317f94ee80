"""The people at the desk: queues, clocks, requests, ranks, and the colours of remarks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from holidays import list_supported_countries
from pydantic import Field, validator

from bot.settings.checks import Rules, known_zone, time_of_day

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


Right = Literal[
    "claim",
    "reply",
    "note",
    "close",
    "hand_back",
    "discount",
    "refund",
    "take_over",
    "approve",
    "people",
    "train",
    "release",
]


#: Lowest first.
RANKS = ("trainee", "agent", "aftersales", "supervisor", "admin")


RemarkColourName = Literal["yellow", "purple", "blue", "red", "green", "orange", "grey"]


class RemarkRules(Rules):
    """The colour of a remark on an order, by what it is about."""

    price: RemarkColourName
    before_shipping: RemarkColourName
    after_shipping: RemarkColourName
    special: RemarkColourName
    refund: RemarkColourName


class QueueRules(Rules):
    """A queue's working hours, in its own time zone."""

    timezone: str
    days: tuple[Day, ...]
    opens: str = Field(alias="from")
    closes: str = Field(alias="to")
    #: ISO 3166 code of the country whose public holidays the queue keeps, if any.
    holidays: str | None = None

    _zone = validator("timezone", allow_reuse=True)(known_zone)
    _times = validator("opens", "closes", allow_reuse=True)(time_of_day)

    @validator("holidays")
    def _known_holidays(cls, value: str | None) -> str | None:  # noqa: N805 (pydantic's way)
        if value is not None and value not in list_supported_countries():
            raise ValueError(
                f"nobody knows the holidays of '{value}': give a country's ISO 3166 code (such as DE)"
            )
        return value

    @validator("days")
    def _works_at_all(cls, value: tuple[Day, ...]) -> tuple[Day, ...]:  # noqa: N805 (pydantic's way)
        if not value:
            raise ValueError("a queue must work on one day at least")
        return value


class ClockRules(Rules):
    """How long a buyer may be left without an answer."""

    claim_minutes: int = Field(ge=1)
    #: Where cards are posted one by one, as in Slack, a claim's clock begins when its card can be seen, and
    #: so many minutes after the case came into its queue at the latest.
    card_minutes: int = Field(3, ge=0)
    first_answer_minutes: int = Field(ge=1)
    open_question_hours: int = Field(ge=1)


class CaseRules(Rules):
    """How much one person has in hand, and for how long a case may rest."""

    #: With so many cases that wait for their answer nobody can claim a further one; who may take over always
    #: may.
    most_open: int = Field(ge=1)
    #: How many people a new case is offered to; the others may claim it all the same.
    offered_to: int = Field(ge=0, le=20)
    #: After its end a case of the same topic goes on, with who had it, instead of a new one; 0: never.
    reopen_hours: int = Field(ge=0)
    #: The longest that a case may be laid aside.
    snooze_days: int = Field(ge=1)


class SatisfactionRules(Rules):
    """The one question for a rating after a person has helped."""

    ask: bool
    #: After the case was closed.
    after_minutes: int = Field(ge=0)


class RequestRules(Rules):
    """What the bot asks of people while it keeps the conversation."""

    #: Of the supervisors' working hours, until an approval must have been decided; questions have the clock
    #: of open questions.
    approval_minutes: int = Field(ge=1)
    #: How often it is asked before the clock ends it; the buyer gets a new date each time.
    times: int = Field(ge=1, le=10)
    #: What the buyer gets when nobody has answered in the end: a person, or a no.
    then: Literal["case", "decline"]
    #: Which queue answers for a department.
    departments: Mapping[str, str]


class RankRules(Rules):
    """What a rank adds to the rights of those below it."""

    may: tuple[Right, ...]
    reply_needs_approval: bool = False
    refund: Decimal = Field(default=Decimal(0), ge=0)
    discount: Decimal = Field(default=Decimal(0), ge=0)
