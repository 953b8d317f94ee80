"""Who the store is, how its numbers look, and when it knows and understands a buyer."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pydantic import Field, validator

from bot.settings.checks import Rules, known_currency, known_zone, mail_address, working_regex


class StoreRules(Rules):
    """Who the store is."""

    name: str
    assistant: str
    timezone: str
    currency: str
    vip_from: Decimal = Field(ge=0)
    email: str
    website: str

    _zone = validator("timezone", allow_reuse=True)(known_zone)
    _currency = validator("currency", allow_reuse=True)(known_currency)
    _email = validator("email", allow_reuse=True)(mail_address)


class OrderNumberPattern(Rules):
    """How an order number may be typed, and its form in the database."""

    regex: str
    normal: str

    _works = validator("regex", allow_reuse=True)(working_regex)

    @validator("normal")
    def _names_groups(cls, value: str, values: dict[str, Any]) -> str:  # noqa: N805 (pydantic's way)
        groups = re.compile(values.get("regex", "")).groupindex
        try:
            value.format(**dict.fromkeys(groups, ""))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"'{value}' names what the regex has no group for (there are: {', '.join(groups) or 'none'})"
            ) from error
        return value


class PatternRules(Rules):
    """How the store's numbers look."""

    order_number: tuple[OrderNumberPattern, ...]
    tracking_number: tuple[str, ...]

    _work = validator("tracking_number", each_item=True, allow_reuse=True)(working_regex)


class CodeRules(Rules):
    """How a buyer without an order number is known by a code, sent to the address on the order."""

    #: A channel on which senders are e-mail addresses, and which of the store's accounts there writes.
    channel: str
    account: str
    minutes: int = Field(default=10, ge=1, le=60)
    #: So many codes in an hour, for an address and for whoever asks.
    most: int = Field(default=3, ge=1)


class IdentityRules(Rules):
    """When a buyer counts as known."""

    wrong_tries: int = Field(ge=1)
    lock_minutes: int = Field(ge=1)
    valid_hours: int = Field(ge=1)
    #: None: a buyer without an order number goes to a person.
    one_time_code: CodeRules | None = None


class UnderstandingRules(Rules):
    """When the bot gives up and fetches a person."""

    repeats: int = Field(ge=2)
    misunderstandings: int = Field(ge=1)
