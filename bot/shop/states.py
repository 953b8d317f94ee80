"""Where things stand and why not: the shop's enumerations."""

from __future__ import annotations

import enum


class Refusal(str, enum.Enum):
    """Why the shop did not do what was asked: the ``code`` of a ``ShopError`` or ``PolicyError``."""

    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_LINE = "unknown_line"
    UNKNOWN_SHIPMENT = "unknown_shipment"
    UNKNOWN_RETURN = "unknown_return"
    UNKNOWN_CUSTOMER = "unknown_customer"
    #: There is no exchange rate for a currency.
    NO_RATE = "no_rate"
    #: One once-only key was used for two different acts: a mistake in the program, not the buyer's.
    KEY_REUSED = "key_reused"
    #: The order has not been delivered yet: a matter of cancelling or tracing, not of returning.
    NOT_DELIVERED = "not_delivered"
    #: The days for returning are over.
    WINDOW_CLOSED = "window_closed"
    #: These goods are in a return already.
    ALREADY_RETURNED = "already_returned"
    #: Delivered well and worth the way back: a return comes before the refund.
    RETURN_FIRST = "return_first"
    #: No money was received for this order.
    NOT_PAID = "not_paid"
    #: All that was paid has been refunded, or is about to be.
    NOTHING_LEFT = "nothing_left"
    #: More than was paid less what was refunded.
    TOO_MUCH = "too_much"
    #: Zero or less.
    NOT_POSITIVE = "not_positive"
    #: Another currency than the order's.
    WRONG_CURRENCY = "wrong_currency"
    #: No payment of the order was taken twice.
    NO_DOUBLE_CHARGE = "no_double_charge"
    #: Only an empty shop can be seeded.
    NOT_EMPTY = "not_empty"
    #: The parcel has not left yet, so there is nothing to trace.
    NOT_SHIPPED = "not_shipped"
    #: The order is not as it was when the buyer was asked: the warehouse was quicker, or money has moved.
    CHANGED_MEANWHILE = "changed_meanwhile"
    #: The order is packed, shipped or over: it cannot be changed in this way any more.
    TOO_LATE = "too_late"
    #: Not enough pieces of what is wanted instead.
    OUT_OF_STOCK = "out_of_stock"
    #: To another country: freight, duties and what may be sent there differ.
    OTHER_COUNTRY = "other_country"
    #: What is wanted instead costs another price.
    OTHER_PRICE = "other_price"
    #: The cause does not lie with us.
    NOT_OURS = "not_ours"


class StockState(str, enum.Enum):
    """What a buyer is told about stock."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT = "out"


class OrderState(str, enum.Enum):
    """Where an order stands, in the order in which it gets there."""

    UNPAID = "unpaid"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    IN_TRANSIT = "in_transit"
    AT_CUSTOMS = "at_customs"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


#: The states between hand-over to the carrier and delivery.
ON_ITS_WAY = frozenset(
    {OrderState.SHIPPED, OrderState.IN_TRANSIT, OrderState.AT_CUSTOMS, OrderState.OUT_FOR_DELIVERY}
)


class LineState(str, enum.Enum):
    """Where one line of an order stands, where that may differ from the order."""

    ORDERED = "ordered"
    #: Sold but not on hand (oversold).
    BACKORDERED = "backordered"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PaymentState(str, enum.Enum):
    """Where a payment stands."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    REFUNDED = "refunded"


class ShipmentState(str, enum.Enum):
    """Where a parcel stands."""

    #: Not handed to the carrier yet.
    PENDING = "pending"
    SHIPPED = "shipped"
    IN_TRANSIT = "in_transit"
    AT_CUSTOMS = "at_customs"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    #: On its way back to us, or back.
    RETURNED = "returned"


class DelayCause(str, enum.Enum):
    """Why a parcel is late, where that is known."""

    CARRIER_DELAY = "carrier_delay"
    WRONG_ADDRESS = "wrong_address"
    PHONE_MISSING = "phone_missing"
    WAREHOUSE_MISSED = "warehouse_missed"
    CUSTOMS_CLEARANCE = "customs_clearance"
    STRIKE = "strike"
    SECURITY_CHECK = "security_check"
    EXTREME_WEATHER = "extreme_weather"
    LOCAL_POST_OVERLOADED = "local_post_overloaded"


class ReturnReason(str, enum.Enum):
    """Why a buyer sends something back or wants money back."""

    CHANGED_MIND = "changed_mind"
    DOES_NOT_FIT = "does_not_fit"
    LATE = "late"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    MISSING_ITEM = "missing_item"
    NOT_AS_DESCRIBED = "not_as_described"
    FAULTY = "faulty"
    NOT_RECEIVED = "not_received"
    CHARGED_TWICE = "charged_twice"
    #: What a way back at our cost has cost the buyer: beside what was paid for the goods.
    RETURN_FREIGHT = "return_freight"
    OTHER = "other"


class Remedy(str, enum.Enum):
    """How a fault of goods that the buyer keeps is put right."""

    #: The goods, or what was missing, are sent again.
    REPLACEMENT = "replacement"
    #: A part of the price goes back.
    PART_REFUND = "part_refund"
    #: All of it does, and nothing has to come back.
    FULL_REFUND = "full_refund"


class ReturnState(str, enum.Enum):
    """Where a return stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    #: The buyer has handed the goods to a carrier.
    SENT = "sent"
    #: The goods are at the warehouse and being checked.
    ARRIVED = "arrived"
    CLOSED = "closed"
    REFUSED = "refused"


class RefundState(str, enum.Enum):
    """Where a refund stands, in the order in which it gets there."""

    REQUESTED = "requested"
    #: Above the bot's authority: a person decides.
    AWAITING_APPROVAL = "awaiting_approval"
    #: The goods came back (or need not), the refund is being checked.
    RECEIVED = "received"
    APPROVED = "approved"
    #: The money has left us.
    SENT = "sent"
    #: The money is known to have arrived.
    ARRIVED = "arrived"
    DECLINED = "declined"


class ApprovalState(str, enum.Enum):
    """Where a question to a supervisor stands."""

    PENDING = "pending"
    APPROVED = "approved"
    COUNTERED = "countered"
    DECLINED = "declined"


class RemarkColour(str, enum.Enum):
    """The colour of a remark; ``shop.yml`` says which is for what."""

    YELLOW = "yellow"
    PURPLE = "purple"
    BLUE = "blue"
    RED = "red"
    GREEN = "green"
    ORANGE = "orange"
    GREY = "grey"


class CouponKind(str, enum.Enum):
    """How a coupon lowers a price."""

    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_FREIGHT = "free_freight"
