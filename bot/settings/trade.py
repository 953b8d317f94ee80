"""What the store grants: discounts, returns, faults, changes, protection, payment, stock."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, validator

from bot.settings.checks import Rules, known_country, known_currency, not_negative


class DiscountRule(Rules):
    """The most the bot may concede."""

    amount: Decimal = Field(ge=0)
    currency: str
    percent: Decimal = Field(ge=0, le=100)

    _currency = validator("currency", allow_reuse=True)(known_currency)


class AuthorityRules(Rules):
    """What the bot may grant by itself."""

    refund: Decimal = Field(ge=0)
    discount: DiscountRule


class BargainRules(Rules):
    """The ladder of concessions, within ``authority.discount``."""

    #: What each refusal gets, in percent of the authority: at most three, growing by ever less.
    steps: tuple[Decimal, ...]
    #: How long a basket's ladder and the coupon that comes of it last.
    days: int = Field(ge=1)

    @validator("steps")
    def _grows_by_less(cls, value: tuple[Decimal, ...]) -> tuple[Decimal, ...]:  # noqa: N805
        grows = [after - before for before, after in zip((Decimal(0), *value), value, strict=False)]
        if not 1 <= len(value) <= 3 or value[-1] > 100 or min(grows) <= 0:
            raise ValueError("give one to three growing percentages of at most 100 (such as [50, 80, 100])")
        if any(after >= before for before, after in pairwise(grows)):
            raise ValueError("each step must grow by less than the one before (such as [50, 80, 100])")
        return value


class WholesaleRules(Rules):
    """Quotations."""

    #: Percent off the list price, by the number of pieces from which on it is given.
    breaks: Mapping[int, Decimal]
    #: So many pieces are quoted at most; above it sales does.
    most: int = Field(ge=1)
    #: For the estimate of freight: each parcel costs what the lane's first service does.
    pieces_per_parcel: int = Field(ge=1)
    valid_days: int = Field(ge=1)

    @validator("breaks")
    def _fall(cls, value: Mapping[int, Decimal]) -> Mapping[int, Decimal]:  # noqa: N805 (pydantic's way)
        by_pieces = [value[pieces] for pieces in sorted(value)]
        if not value or min(value) < 2 or not all(0 <= percent < 100 for percent in by_pieces):
            raise ValueError("give pieces (2 or more) with percentages from 0 to 99 (such as {20: 3, 50: 6})")
        if by_pieces != sorted(by_pieces):
            raise ValueError("more pieces must not cost more each (such as {20: 3, 50: 6})")
        return value

    @validator("most")
    def _reaches_a_break(cls, value: int, values: dict[str, Any]) -> int:  # noqa: N805 (pydantic's way)
        least = min(values.get("breaks", {1: 0}))
        if value < least:
            raise ValueError(f"ensure this value is at least that of the first of `breaks` ({least})")
        return value


class ReturnRules(Rules):
    """Returns and refunds."""

    window_days: int = Field(ge=0)
    window_days_by_country: Mapping[str, int]
    keep_below: Decimal = Field(ge=0)
    refund_days: Mapping[str, int]
    check_days: int = Field(ge=0)
    address: str
    #: By carrier; ``other`` for all that are not named.
    freight_back: Mapping[str, Decimal]

    @validator("window_days_by_country")
    def _exist(cls, value: Mapping[str, int]) -> Mapping[str, int]:  # noqa: N805 (pydantic's way)
        for country in value:
            known_country(country)
        return value

    @validator("freight_back")
    def _has_other(cls, value: Mapping[str, Decimal]) -> Mapping[str, Decimal]:  # noqa: N805 (pydantic's way)
        if "other" not in value:
            raise ValueError("`other` is missing: what is paid back for carriers that are not named")
        if any(amount < 0 for amount in value.values()):
            raise ValueError("ensure each amount is greater than or equal to 0")
        return value

    _days = validator("window_days_by_country", "refund_days", each_item=True, allow_reuse=True)(not_negative)


FaultName = Literal["damaged", "faulty", "wrong_item", "missing_item", "not_as_described"]


class FaultRules(Rules):
    """What arrives otherwise than it should."""

    #: From delivery.
    days: int = Field(ge=0)
    #: Percent of the price, where the goods are kept.
    part_refund: Mapping[FaultName, int]

    @validator("part_refund", each_item=True)
    def _percent(cls, value: int) -> int:  # noqa: N805 (pydantic's way)
        if not 0 <= value <= 100:
            raise ValueError(f"{value} is no percentage from 0 to 100")
        return value


GiftService = Literal["wrapping", "card", "no_price"]


class ChangeRules(Rules):
    """Cancelling and changing an order."""

    #: Before a paid order is cancelled, another article is offered, once.
    swap_offer: bool
    #: Who pays the way back of a parcel that was on its way when its order was cancelled.
    freight_after_shipping: Literal["buyer", "store"]
    #: What the store does for a gift.
    gift: tuple[GiftService, ...]
    longest_note: int = Field(ge=20, le=2000)


class ProtectionRules(Rules):
    """How long a buyer may say that something is wrong with a delivery."""

    #: Days after the promised day of delivery.
    days: int = Field(ge=0)
    extend_days: int = Field(ge=1)
    #: How often it may be extended.
    times: int = Field(ge=0)


class InstalmentRules(Rules):
    """Paying in parts."""

    providers: tuple[str, ...]
    parts: int = Field(ge=2)
    #: The least that can be paid in parts, in the store's currency.
    least: Decimal = Field(ge=0)


class PointRules(Rules):
    """Loyalty points."""

    #: For one unit of the store's currency.
    earned: int = Field(ge=1)
    #: So many points are worth one unit of the store's currency.
    worth_one: int = Field(ge=1)


class PaymentRules(Rules):
    """Payment."""

    methods: tuple[str, ...]
    card_brands: tuple[str, ...]
    wallets: tuple[str, ...]
    cash_on_delivery: bool
    currencies: tuple[str, ...]
    double_charge_hours: int = Field(ge=1)
    #: Days in which a payment on its way should have arrived.
    pending_days: int = Field(ge=0)
    #: None: not offered.
    instalments: InstalmentRules | None
    points: PointRules | None
    #: Days from the order in which a price that falls is paid back; 0: it is not.
    price_protection_days: int = Field(ge=0)
    #: What is paid of a pre-order at once; 0: nothing can be paid in advance in part.
    deposit_percent: Decimal = Field(ge=0, lt=100)
    invoices: tuple[Literal["pdf", "vat", "company"], ...]

    _currencies = validator("currencies", each_item=True, allow_reuse=True)(known_currency)


class StockRules(Rules):
    """What buyers are told about stock."""

    low: int = Field(ge=0)
