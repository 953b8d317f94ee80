"""Where the store ships to: how long it takes, what it costs, what customs ask."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field, validator

from bot.settings.checks import Rules, known_country, not_negative


class ShippingRules(Rules):
    """Parcels."""

    stuck_days: int = Field(ge=1)
    trace_days: int = Field(ge=1)
    free_from: Decimal = Field(ge=0)
    dispatch_hours: int = Field(ge=1)
    delay_days: Mapping[str, int]
    #: Carriers on whose tracking page a buyer can name another address.
    self_redirect: tuple[str, ...]

    _days = validator("delay_days", each_item=True, allow_reuse=True)(not_negative)


ServiceName = Literal["standard", "express", "economy"]


class ServiceRules(Rules):
    """One way in which parcels go to a lane's countries."""

    carriers: tuple[str, ...]
    #: From and to, counted from the day of the order.
    days: tuple[int, int]
    #: In the store's currency.
    cost: Decimal = Field(ge=0)
    #: Whether it costs nothing from ``shipping.free_from`` on.
    can_be_free: bool = False

    @validator("days")
    def _in_order(cls, value: tuple[int, int]) -> tuple[int, int]:  # noqa: N805 (pydantic's way)
        if not 0 <= value[0] <= value[1]:
            raise ValueError("give the fewest days, then the most (such as [8, 14])")
        return value

    @validator("carriers")
    def _somebody(cls, value: tuple[str, ...]) -> tuple[str, ...]:  # noqa: N805 (pydantic's way)
        if not value:
            raise ValueError("name at least one carrier")
        return value


class DutyRules(Rules):
    """Duties and import tax in a lane's countries."""

    paid_by: Literal["store", "buyer"]
    #: Up to this value, in the store's currency, nothing is due.
    free_below: Decimal | None = Field(default=None, ge=0)
    #: What customs may ask the buyer for.
    documents: tuple[Literal["invoice", "tax_number", "identity_card"], ...] = ()
    #: Days that customs takes at most, as a rule.
    clearance_days: int = Field(ge=1)


class LaneRules(Rules):
    """How parcels go to some countries."""

    countries: tuple[str, ...]
    #: The usual one first.
    services: Mapping[ServiceName, ServiceRules]
    duties: DutyRules
    #: Categories of the catalogue that may not be sent there.
    not_sent: tuple[str, ...] = ()
    #: Overrides ``shipping.stuck_days``.
    stuck_days: int | None = Field(default=None, ge=1)

    _exists = validator("countries", each_item=True, allow_reuse=True)(known_country)

    @validator("services")
    def _offers_one(cls, value: Mapping[str, ServiceRules]) -> Mapping[str, ServiceRules]:  # noqa: N805
        if not value:
            raise ValueError("a lane needs at least one service")
        return value
