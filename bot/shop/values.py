"""What the shop is about: customers, orders, parcels, returns and refunds; plain values, no SQL.

The catalogue, the states and money lie beside and are offered from here too. Times are aware UTC; dates are
calendar days in the buyer's own time zone unless said otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.shop.catalogue import Certificate as Certificate
from bot.shop.catalogue import Product as Product
from bot.shop.catalogue import SizeRow as SizeRow
from bot.shop.catalogue import Told as Told
from bot.shop.catalogue import Variant as Variant
from bot.shop.money import Money as Money
from bot.shop.states import ON_ITS_WAY as ON_ITS_WAY
from bot.shop.states import ApprovalState as ApprovalState
from bot.shop.states import CouponKind as CouponKind
from bot.shop.states import DelayCause as DelayCause
from bot.shop.states import LineState as LineState
from bot.shop.states import OrderState as OrderState
from bot.shop.states import PaymentState as PaymentState
from bot.shop.states import RefundState as RefundState
from bot.shop.states import Refusal as Refusal
from bot.shop.states import RemarkColour as RemarkColour
from bot.shop.states import Remedy as Remedy
from bot.shop.states import ReturnReason as ReturnReason
from bot.shop.states import ReturnState as ReturnState
from bot.shop.states import ShipmentState as ShipmentState
from bot.shop.states import StockState as StockState


@dataclass(frozen=True)
class Customer:
    """Somebody who bought or registered."""

    id: int
    #: The store's own number of the customer, unique.
    number: str
    name: str
    email: str
    #: E.164, or empty.
    phone: str
    #: ISO 639-1.
    language: str
    #: ISO 3166-1, two letters.
    country: str
    #: IANA name.
    timezone: str
    #: May be written to about own orders without having asked.
    consents_to_notices: bool
    #: May be sent news and promotions.
    consents_to_marketing: bool
    points: int


@dataclass(frozen=True)
class Address:
    """Where an order goes."""

    name: str
    street: str
    city: str
    #: State, province or prefecture; empty where the country has none in addresses.
    region: str
    postcode: str
    #: ISO 3166-1, two letters.
    country: str
    #: E.164, or empty.
    phone: str


@dataclass(frozen=True)
class OrderLine:
    """One line of an order."""

    id: int
    #: From 1, as printed on the order.
    position: int
    sku: str
    #: The product's name with colour and size, as bought.
    title: str
    quantity: int
    #: For one piece, in the order's currency.
    price: Money
    state: LineState
    #: The title in other languages, by ISO 639-1; the catalogue may have gone on since.
    titles: Mapping[str, str] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        """The title in a language (BCP 47), or as bought where there is none."""
        return self.titles.get(language.partition("-")[0], self.title)

    @property
    def total(self) -> Money:
        """For all pieces."""
        return self.price * self.quantity


@dataclass(frozen=True)
class Payment:
    """One attempt to pay."""

    id: int
    #: One of ``shop.yml``'s ``payment.methods``.
    method: str
    state: PaymentState
    amount: Money
    at: dt.datetime
    #: The payment provider's own.
    reference: str
    #: Such as ``insufficient_funds``, ``expired_card``, ``authentication_failed``, ``limit_exceeded``.
    decline_reason: str | None = None
    #: Card brand or wallet and the last four digits, as a statement shows it: ``Visa 4242``.
    label: str = ""


@dataclass(frozen=True)
class ShipmentEvent:
    """One scan of a parcel."""

    at: dt.datetime
    #: As the carrier names it: ``Leipzig, DE``.
    place: str
    #: The carrier-independent kind: ``accepted``, ``departed``, ``arrived``, ``customs``, ``exception`` …
    code: str
    #: The carrier's words, in English.
    text: str


@dataclass(frozen=True)
class Trace:
    """A search for a parcel at the carrier."""

    id: int
    shipment_id: int
    opened_at: dt.datetime
    #: The last day on which logistics answers.
    answer_by: dt.date
    closed_at: dt.datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Shipment:
    """One parcel."""

    id: int
    #: The store's own number of the parcel, unique.
    number: str
    carrier: str
    #: Empty until the carrier has it.
    tracking_number: str
    state: ShipmentState
    shipped_at: dt.datetime | None
    #: The last day on which it should arrive.
    expected_on: dt.date | None
    delivered_at: dt.datetime | None
    delay_cause: DelayCause | None
    #: Oldest first.
    events: tuple[ShipmentEvent, ...]
    #: Where the carrier says it was left: ``neighbour``, ``mailbox``, ``signed: …``; empty if unsaid.
    proof: str = ""
    #: The search that was opened for it, if any.
    trace: Trace | None = None

    @property
    def last_event(self) -> ShipmentEvent | None:
        """The newest scan."""
        return self.events[-1] if self.events else None


@dataclass(frozen=True)
class Return:
    """Goods on their way back."""

    id: int
    order_number: str
    #: The lines that come back.
    line_ids: tuple[int, ...]
    state: ReturnState
    reason: ReturnReason
    requested_at: dt.datetime
    #: False where the goods are not worth the way back: the buyer keeps them.
    goods_come_back: bool
    #: The value of the goods, in the order's currency.
    value: Money
    #: The last day on which the goods may be handed to a carrier; None where they stay.
    send_by: dt.date | None = None
    #: Of the parcel that the buyer sent.
    tracking_number: str = ""
    arrived_at: dt.datetime | None = None


@dataclass(frozen=True)
class Refund:
    """Money on its way back."""

    id: int
    order_number: str
    amount: Money
    state: RefundState
    reason: ReturnReason
    #: The way it was paid, so the way it goes back.
    method: str
    requested_at: dt.datetime
    approved_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    arrived_at: dt.datetime | None = None
    #: The return it hangs on: the money goes out when the goods were checked.
    return_id: int | None = None
    #: The payment that is given back, where it is a single one (a double charge).
    payment_id: int | None = None


@dataclass(frozen=True)
class Remark:
    """A note on an order, as the trade keeps them: with a colour, an author and a date."""

    id: int
    colour: RemarkColour
    author: str
    at: dt.datetime
    text: str


@dataclass(frozen=True)
class Approval:
    """A question to a supervisor about money above the bot's authority."""

    id: int
    order_number: str
    refund_id: int
    amount: Money
    state: ApprovalState
    asked_at: dt.datetime
    decided_at: dt.datetime | None = None
    decided_by: str | None = None


@dataclass(frozen=True)
class Order:
    """An order with all that belongs to it."""

    id: int
    number: str
    customer_id: int
    state: OrderState
    placed_at: dt.datetime
    #: The day by which delivery was promised.
    promised_on: dt.date | None
    currency: str
    #: What the buyer owes: lines less discount plus freight.
    total: Money
    discount: Money
    freight: Money
    ship_to: Address
    #: The contact that was given with the order.
    email: str
    #: The buyer's IANA time zone.
    timezone: str
    paid_at: dt.datetime | None = None
    packed_at: dt.datetime | None = None
    cancelled_at: dt.datetime | None = None
    coupon: str = ""
    lines: tuple[OrderLine, ...] = ()
    #: Oldest first, as are the following.
    payments: tuple[Payment, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    returns: tuple[Return, ...] = ()
    refunds: tuple[Refund, ...] = ()
    approvals: tuple[Approval, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def delivered_at(self) -> dt.datetime | None:
        """When the last parcel was delivered; None while one is not."""
        moments = [shipment.delivered_at for shipment in self.shipments]
        known = [moment for moment in moments if moment is not None]
        return max(known) if known and len(known) == len(moments) else None


@dataclass(frozen=True)
class DoubleCharge:
    """An order that was paid more than once, reported to finance."""

    order_number: str
    #: The payment that stays.
    first: Payment
    #: Those that go back.
    extra: tuple[Payment, ...]
    #: What finance was asked for, one for each of ``extra``.
    refunds: tuple[Refund, ...]
    #: When finance answers at the latest.
    answer_by: dt.datetime


@dataclass(frozen=True)
class Coupon:
    """A code that lowers a price."""

    code: str
    kind: CouponKind
    #: Percent points for ``PERCENT``.
    percent: int
    #: For ``AMOUNT``; zero otherwise.
    amount: Money
    #: The least that must be bought.
    minimum: Money
    valid_from: dt.date
    valid_until: dt.date
    #: Only this customer may use it; None means everybody.
    customer_id: int | None = None
    #: How often it may still be used; None means without end.
    uses_left: int | None = None


@dataclass(frozen=True)
class OrderSample:
    """An order that shows a situation, with what a buyer must know to be let in."""

    number: str
    email: str
    phone: str
    customer_id: int
    name: str
    language: str
    country: str
    #: Names of the situation's further facts, for printing.
    details: Mapping[str, str] = field(default_factory=dict)
