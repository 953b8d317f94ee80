"""The rows that an import understands: which columns there are, what they hold, which may be left out."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, Extra, root_validator, validator

from bot.shop.contact import plain_phone
from bot.shop.importing import cells
from bot.shop.money import Money, minor_digits
from bot.shop.values import DelayCause, LineState, OrderState, PaymentState, ShipmentState


def reads(cell: Callable[[Any], Any], *names: str) -> Any:
    """Let these columns be read by a function of ``cells``."""
    return validator(*names, pre=True, allow_reuse=True)(cell)


class Row(BaseModel):
    """One row of one file."""

    class Config:
        """A column that nobody knows is somebody's mistake."""

        extra = Extra.forbid

    #: Columns of money, in the row's own currency.
    money: ClassVar[tuple[str, ...]] = ()

    def columns(self) -> dict[str, Any]:
        """The values for the table: money in minor units, states as words, references as in the file."""
        values = {
            name: value.value if isinstance(value, enum.Enum) else value
            for name, value in self.dict().items()
        }
        for name in self.money:
            amount = values.pop(name)
            values[f"{name}_minor"] = Money.of(amount, values["currency"]).minor
        return values


def fits_currency(name: str, amount: Any, currency: str | None) -> None:
    """Whether an amount has no more places than its currency, and a size that the database can hold."""
    if currency is None or not isinstance(amount, Decimal):
        return
    places = minor_digits(currency)
    if amount * 10**places % 1:
        raise ValueError(f"{name} has more decimal places than {currency} has ({places})")
    if amount * 10**places > cells.MOST:
        raise ValueError(f"{name} is too large")


class PricedRow(Row):
    """A row with money and its currency."""

    @root_validator(skip_on_failure=True)
    def _amounts_fit_the_currency(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        for name in cls.money:
            fits_currency(name, values.get(name), values.get("currency"))
        return values


class RateRow(Row):
    """A row of ``exchange_rates``."""

    currency: str
    rate: Decimal
    as_of: dt.date

    _cells = reads(cells.currency, "currency"), reads(cells.rate, "rate"), reads(cells.day, "as_of")

    def columns(self) -> dict[str, Any]:
        """The rate is kept as text."""
        return {**super().columns(), "rate": str(self.rate)}


class CustomerRow(Row):
    """A row of ``customers``."""

    number: str
    name: str
    email: str
    country: str
    timezone: str
    phone: str = ""
    language: str = "en"
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    consents_to_notices: bool = False
    consents_to_marketing: bool = False
    points: int = 0

    _number = reads(cells.code, "number")
    _name = reads(cells.required, "name")
    _email = reads(cells.email, "email")
    _country = reads(cells.country, "country")
    _zone = reads(cells.zone, "timezone")
    _language = reads(cells.language, "language")
    _words = reads(cells.words, "phone", "street", "city", "region", "postcode")
    _flags = reads(cells.flag, "consents_to_notices", "consents_to_marketing")
    _points = reads(cells.count, "points")

    @validator("phone")
    def _is_a_number(cls, value: str, values: dict[str, Any]) -> str:  # noqa: N805
        return _phone(value, values.get("country"))


class CertificateCell(Row):
    """A mark within a product."""

    name: str
    countries: tuple[str, ...] = ()

    _name = reads(cells.required, "name")
    _countries = validator("countries", each_item=True, pre=True, allow_reuse=True)(cells.country)


class SizeCell(Row):
    """A size within a product's size chart."""

    size: str
    body: dict[str, tuple[float, float]] = {}
    equivalents: dict[str, str] = {}

    _size = reads(cells.required, "size")


class ProductRow(Row):
    """A row of ``products``."""

    code: str
    name: str
    category: str
    description: str = ""
    rating: Decimal | None = None
    review_count: int = 0
    aliases: tuple[str, ...] = ()
    goes_with: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    certificates: tuple[CertificateCell, ...] = ()
    facts: dict[str, str] = {}
    size_chart: tuple[SizeCell, ...] = ()

    _code = reads(cells.code, "code")
    _name = reads(cells.required, "name", "category")
    _description = reads(cells.long_words, "description")
    _rating = reads(cells.rating, "rating")
    _reviews = reads(cells.count, "review_count")
    _facts = validator("facts", each_item=True, pre=True, allow_reuse=True)(cells.long_words)
    _lists = validator("aliases", "goes_with", "kinds", each_item=True, pre=True, allow_reuse=True)(
        cells.required
    )

    def columns(self) -> dict[str, Any]:
        """Lists and facts are kept as JSON."""
        values = super().columns()
        rating = values.pop("rating")
        for name in ("aliases", "goes_with", "kinds", "certificates", "size_chart"):
            values[name] = list(values[name])
        return {**values, "rating_tenths": None if rating is None else int(rating * 10)}


class NameRow(Row):
    """A row of ``product_names``."""

    product: str
    language: str
    name: str
    aliases: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    description: str = ""
    facts: dict[str, str] = {}

    _code = reads(cells.code, "product")
    _language = reads(cells.language, "language")
    _name = reads(cells.required, "name")
    _description = reads(cells.long_words, "description")
    _facts = validator("facts", each_item=True, pre=True, allow_reuse=True)(cells.long_words)
    _lists = validator("aliases", "kinds", each_item=True, pre=True, allow_reuse=True)(cells.required)

    def columns(self) -> dict[str, Any]:
        """Lists are kept as JSON."""
        return {**super().columns(), "aliases": list(self.aliases), "kinds": list(self.kinds)}


class VariantRow(PricedRow):
    """A row of ``variants``."""

    money: ClassVar[tuple[str, ...]] = ("price", "floor")

    sku: str
    product: str
    price: Decimal
    currency: str
    stock: int
    floor: Decimal | None = None
    colour: str = ""
    size: str = ""
    restock_on: dt.date | None = None

    _codes = reads(cells.code, "sku", "product")
    _amounts = reads(cells.amount, "price", "floor")
    _currency = reads(cells.currency, "currency")
    _stock = reads(cells.count, "stock")
    _words = reads(cells.words, "colour", "size")
    _day = reads(cells.day, "restock_on")

    @root_validator(skip_on_failure=True)
    def _floor_is_no_roof(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        # Without a floor nothing is conceded.
        floor = values["price"] if values["floor"] is None else values["floor"]
        if floor > values["price"]:
            raise ValueError("floor is above price")
        return {**values, "floor": floor}


class OrderRow(PricedRow):
    """A row of ``orders``."""

    money: ClassVar[tuple[str, ...]] = ("total", "discount", "freight")

    number: str
    customer: str
    state: OrderState
    placed_at: dt.datetime
    currency: str
    total: Decimal
    discount: Decimal = Decimal(0)
    freight: Decimal = Decimal(0)
    promised_on: dt.date | None = None
    paid_at: dt.datetime | None = None
    packed_at: dt.datetime | None = None
    cancelled_at: dt.datetime | None = None
    coupon: str = ""
    #: What is left out here is the customer's.
    email: str | None = None
    ship_name: str | None = None
    ship_street: str | None = None
    ship_city: str | None = None
    ship_region: str | None = None
    ship_postcode: str | None = None
    ship_country: str | None = None
    ship_phone: str | None = None

    _codes = reads(cells.code, "number", "customer")
    _moments = reads(cells.moment, "placed_at", "paid_at", "packed_at", "cancelled_at")
    _day = reads(cells.day, "promised_on")
    _currency = reads(cells.currency, "currency")
    _amounts = reads(cells.amount, "total", "discount", "freight")
    _email = reads(cells.email, "email")
    _country = reads(cells.country, "ship_country")
    _words = reads(
        cells.words,
        *("coupon", "ship_name", "ship_street", "ship_city", "ship_region", "ship_postcode", "ship_phone"),
    )

    @root_validator(skip_on_failure=True)
    def _addresses_are_whole(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        named = ("ship_street", "ship_city", "ship_country")
        given = [name for name in (*named, "ship_region", "ship_postcode") if values[name] is not None]
        missing = [name for name in named if values[name] is None]
        if given and missing:
            # Half of one address and half of another would send a parcel nowhere.
            raise ValueError(f"{missing[0]} is missing: give the whole address or nothing of it")
        if given:
            for name in ("ship_region", "ship_postcode"):
                values[name] = values[name] or ""
        if values["ship_phone"]:
            values["ship_phone"] = _phone(values["ship_phone"], values["ship_country"])
        return values


class LineRow(Row):
    """A row of ``order_lines``; its money is in the order's currency."""

    order: str
    line: int
    sku: str
    title: str
    quantity: int
    price: Decimal
    state: LineState = LineState.ORDERED

    _codes = reads(cells.code, "order", "sku")
    _title = reads(cells.required, "title")
    _numbers = reads(cells.quantity, "line", "quantity")
    _price = reads(cells.amount, "price")


class PaymentRow(PricedRow):
    """A row of ``payments``."""

    money: ClassVar[tuple[str, ...]] = ("amount",)

    order: str
    reference: str
    method: str
    state: PaymentState
    amount: Decimal
    currency: str
    at: dt.datetime
    label: str = ""
    decline_reason: str | None = None

    _codes = reads(cells.code, "order", "reference", "method")
    _amount = reads(cells.amount, "amount")
    _currency = reads(cells.currency, "currency")
    _at = reads(cells.moment, "at")
    _words = reads(cells.words, "label", "decline_reason")

    @validator("label")
    def _is_no_card_number(cls, value: str) -> str:  # noqa: N805
        if sum(character.isdigit() for character in value) > 6:
            raise ValueError("must not hold a card number: its last four digits are enough")
        return value


class ShipmentRow(Row):
    """A row of ``shipments``."""

    number: str
    order: str
    carrier: str
    state: ShipmentState
    tracking_number: str = ""
    shipped_at: dt.datetime | None = None
    expected_on: dt.date | None = None
    delivered_at: dt.datetime | None = None
    delay_cause: DelayCause | None = None
    proof: str = ""

    _codes = reads(cells.code, "number", "order", "tracking_number")
    _carrier = reads(cells.required, "carrier")
    _moments = reads(cells.moment, "shipped_at", "delivered_at")
    _day = reads(cells.day, "expected_on")
    _proof = reads(cells.words, "proof")


class EventRow(Row):
    """A row of ``shipment_events``."""

    shipment: str
    at: dt.datetime
    code: str
    place: str = ""
    text: str = ""

    _codes = reads(cells.code, "shipment", "code")
    _at = reads(cells.moment, "at")
    _words = reads(cells.words, "place", "text")


def _phone(value: str, country: str | None) -> str:
    if not value:
        return ""
    made = plain_phone(value, country)
    if not made:
        raise ValueError("is not a phone number (write +49 151 …, or the country's own form)")
    return made
