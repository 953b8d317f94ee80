"""What the store writes first, and where what the bot does to orders is told."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, validator

from bot.settings.checks import Rules, time_of_day

NoticeName = Literal["unpaid", "balance", "late", "restock", "not_bought", "delivered"]
#: What may be done to an order, as the feed calls it.
ActionName = Literal[
    "cancel_order",
    "change_address",
    "swap_variant",
    "record_wish",
    "add_remark",
    "confirm_receipt",
    "extend_protection",
    "request_return",
    "record_return_parcel",
    "request_refund",
    "decide_refund",
    "report_double_charge",
    "open_trace",
    "settle",
    "exchange",
    "repay_freight",
    "grant_discount",
    "grant_coupon",
]


class QuietRules(Rules):
    """The hours of a buyer's day in which the store does not write first."""

    from_: str = Field(alias="from")
    to: str

    _times = validator("from_", "to", allow_reuse=True)(time_of_day)

    @validator("from_", "to")
    def _on_a_clock(cls, value: str) -> str:  # noqa: N805 (pydantic's way)
        if value == "24:00":
            raise ValueError('give "00:00" for midnight')
        return value

    @property
    def begins(self) -> dt.time:
        """When they begin."""
        return dt.time.fromisoformat(self.from_)

    @property
    def ends(self) -> dt.time:
        """When they end; the same as ``begins`` where there are none."""
        return dt.time.fromisoformat(self.to)


class FirstLetterRules(Rules):
    """Where the store begins a conversation, with the address on an order."""

    #: A channel on which senders are e-mail addresses, and which of the store's accounts there writes.
    channel: str
    account: str


class NoticeRules(Rules):
    """What the store writes first, to buyers who agreed to it."""

    #: Which of them; none: the store never writes first.
    kinds: tuple[NoticeName, ...]
    quiet: QuietRules
    #: The most for one buyer in seven days.
    per_week: int = Field(ge=1)
    #: Hours from the order to the first and, from there, to the second reminder.
    unpaid_hours: tuple[int, ...]
    not_bought_hours: int = Field(ge=1)
    #: Days from delivery to the question how it was.
    delivered_days: int = Field(ge=1)
    #: Whose letters buyers get who never wrote; None: they get none.
    first_letters: FirstLetterRules | None = None
    #: What happened longer ago is not written about.
    oldest_days: int = Field(ge=1, le=90)

    @validator("unpaid_hours")
    def _at_most_two(cls, value: tuple[int, ...]) -> tuple[int, ...]:  # noqa: N805 (pydantic's way)
        if not 1 <= len(value) <= 2 or min(value) < 1 or list(value) != sorted(set(value)):
            raise ValueError("give one or two growing numbers of hours (such as [24, 72])")
        return value


class FeedRules(Rules):
    """The store's real system, where it is not this database."""

    #: Where each action is posted, signed.
    webhook: str | None
    #: Or the file that each is appended to as a line of JSON, below ``CROSSDESK_FILES`` unless absolute.
    file: str | None
    #: What that system carries out; anything else goes to a person.
    accepts: tuple[ActionName, ...]
    #: How long it has to answer.
    timeout_seconds: float = Field(gt=0, le=120)
    #: Facts that were loaded longer ago are told with their time.
    fresh_minutes: int = Field(ge=1)

    @validator("webhook")
    def _is_safe(cls, value: str | None) -> str | None:  # noqa: N805 (pydantic's way)
        if value is None:
            return None
        parts = urlsplit(value)
        is_own = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (parts.scheme == "https" or is_own) or parts.username is not None:
            raise ValueError(
                "give an address with https:// (http:// on the same machine only), without a password"
            )
        return value

    @validator("file")
    def _one_of_them(cls, value: str | None, values: dict[str, object]) -> str | None:  # noqa: N805
        if value is not None and values.get("webhook") is not None:
            raise ValueError("give either `webhook` or `file`")
        return value

    @property
    def is_on(self) -> bool:
        """Whether orders live in another system."""
        return self.webhook is not None or self.file is not None
