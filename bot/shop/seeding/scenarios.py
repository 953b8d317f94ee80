"""What happens to orders in the made-up store, and how often."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bot.shop.values import DelayCause, OrderState, RefundState, ReturnReason, ReturnState


class Paying(str, enum.Enum):
    """How the payment went."""

    NONE = "none"
    PENDING = "pending"
    DECLINED = "declined"
    CAPTURED = "captured"
    #: At the second or third try.
    RETRIED = "retried"
    TWICE = "twice"
    #: Captured, but the order does not know.
    NOT_REGISTERED = "not_registered"
    WRONG_AMOUNT = "wrong_amount"


class Worth(str, enum.Enum):
    """How much is bought."""

    ANY = "any"
    #: Below what is worth sending back.
    TINY = "tiny"
    #: Within what the bot may refund.
    MODEST = "modest"
    #: Above it.
    DEAR = "dear"


@dataclass(frozen=True)
class Scenario:
    """One course of events."""

    #: Orders of a thousand.
    share: int
    #: Hours from the last event to the beginning of the day that the store is made for.
    age: tuple[float, float]
    #: The parcel's last regular step; None where none has left.
    reached: str | None = None
    #: Without a parcel: where the order stands.
    state: OrderState = OrderState.PAID
    paying: Paying = Paying.CAPTURED
    worth: Worth = Worth.ANY
    cause: DelayCause | None = None
    #: The promised day is over.
    late: bool = False
    parcels: int = 1
    #: One line is not on hand.
    oversold: bool = False
    returned: ReturnState | None = None
    refunded: RefundState | None = None
    refund_late: bool = False
    reason: ReturnReason = ReturnReason.CHANGED_MIND


_DAY = 24.0
_LOST_TIME = {
    DelayCause.CARRIER_DELAY: (20.0, 60.0),
    DelayCause.WRONG_ADDRESS: (8.0, 40.0),
    DelayCause.PHONE_MISSING: (12.0, 60.0),
    DelayCause.CUSTOMS_CLEARANCE: (24.0, 120.0),
    DelayCause.STRIKE: (18.0, 80.0),
    DelayCause.SECURITY_CHECK: (20.0, 90.0),
    DelayCause.EXTREME_WEATHER: (12.0, 70.0),
    DelayCause.LOCAL_POST_OVERLOADED: (20.0, 90.0),
}


def scenarios() -> tuple[Scenario, ...]:
    """Everything that happens; the shares add up to a thousand."""
    return (
        # Unpaid, and money that went astray.
        Scenario(20, (2, 60), state=OrderState.UNPAID, paying=Paying.NONE),
        Scenario(8, (10, 70), state=OrderState.UNPAID, paying=Paying.PENDING),
        Scenario(24, (1, 40), state=OrderState.UNPAID, paying=Paying.DECLINED),
        Scenario(10, (3, 50), state=OrderState.UNPAID, paying=Paying.NOT_REGISTERED),
        Scenario(16, (2, 30), paying=Paying.TWICE),
        Scenario(6, (1 * _DAY, 5 * _DAY), reached="delivered", paying=Paying.TWICE),
        Scenario(8, (3, 30), paying=Paying.WRONG_AMOUNT),
        # In the warehouse.
        Scenario(40, (2, 40)),
        Scenario(12, (2, 40), paying=Paying.RETRIED),
        Scenario(28, (2, 20), reached="label"),
        Scenario(12, (4 * _DAY, 8 * _DAY), cause=DelayCause.WAREHOUSE_MISSED),
        Scenario(10, (3 * _DAY, 6 * _DAY), oversold=True),
        # On the way.
        Scenario(40, (3, 24), reached="departed"),
        Scenario(30, (5, 36), reached="exported"),
        Scenario(25, (4, 30), reached="arrived"),
        Scenario(25, (4, 30), reached="customs"),
        Scenario(15, (4, 24), reached="released"),
        Scenario(20, (4, 20), reached="at_depot"),
        Scenario(28, (2, 9), reached="out_for_delivery"),
        Scenario(10, (20, 60), reached="exported", late=True),
        Scenario(12, (12 * _DAY, 24 * _DAY), reached="exported", late=True),
        *(
            Scenario(8, age, reached="exported", cause=cause, late=cause is not DelayCause.PHONE_MISSING)
            for cause, age in _LOST_TIME.items()
        ),
        Scenario(8, (6, 40), reached="arrived", parcels=2),
        # Received.
        Scenario(318, (20 * _DAY, 400 * _DAY), reached="delivered"),
        Scenario(40, (8 * _DAY, 19 * _DAY), reached="delivered"),
        Scenario(30, (2 * _DAY, 6 * _DAY), reached="delivered", worth=Worth.MODEST),
        Scenario(30, (2 * _DAY, 6 * _DAY), reached="delivered", worth=Worth.DEAR),
        Scenario(25, (1, 40), reached="delivered"),
        Scenario(8, (1 * _DAY, 5 * _DAY), reached="delivered", worth=Worth.TINY),
        # Coming back.
        *(
            Scenario(
                6, age, reached="delivered", returned=state, refunded=RefundState.REQUESTED, reason=reason
            )
            for state, age, reason in (
                (ReturnState.REQUESTED, (2 * _DAY, 4 * _DAY), ReturnReason.DAMAGED),
                (ReturnState.APPROVED, (2 * _DAY, 6 * _DAY), ReturnReason.CHANGED_MIND),
                (ReturnState.SENT, (5 * _DAY, 12 * _DAY), ReturnReason.DOES_NOT_FIT),
            )
        ),
        Scenario(
            6, (8 * _DAY, 14 * _DAY), "delivered", returned=ReturnState.ARRIVED, refunded=RefundState.RECEIVED
        ),
        Scenario(3, (8 * _DAY, 14 * _DAY), "delivered", returned=ReturnState.REFUSED),
        # Money going back.
        Scenario(
            6,
            (2 * _DAY, 4 * _DAY),
            "delivered",
            worth=Worth.MODEST,
            refunded=RefundState.REQUESTED,
            reason=ReturnReason.FAULTY,
        ),
        Scenario(
            6,
            (2 * _DAY, 5 * _DAY),
            "delivered",
            worth=Worth.DEAR,
            refunded=RefundState.AWAITING_APPROVAL,
            reason=ReturnReason.NOT_AS_DESCRIBED,
        ),
        Scenario(
            6, (5 * _DAY, 9 * _DAY), "delivered", refunded=RefundState.APPROVED, reason=ReturnReason.DAMAGED
        ),
        Scenario(
            8, (8 * _DAY, 14 * _DAY), "delivered", returned=ReturnState.CLOSED, refunded=RefundState.SENT
        ),
        Scenario(
            9,
            (32 * _DAY, 60 * _DAY),
            "delivered",
            returned=ReturnState.CLOSED,
            refunded=RefundState.SENT,
            refund_late=True,
        ),
        Scenario(
            16,
            (30 * _DAY, 200 * _DAY),
            "delivered",
            returned=ReturnState.CLOSED,
            refunded=RefundState.ARRIVED,
        ),
        Scenario(
            3, (10 * _DAY, 30 * _DAY), "delivered", refunded=RefundState.DECLINED, reason=ReturnReason.OTHER
        ),
        # Cancelled.
        Scenario(14, (4 * _DAY, 90 * _DAY), state=OrderState.CANCELLED, paying=Paying.NONE),
        Scenario(8, (15 * _DAY, 120 * _DAY), state=OrderState.CANCELLED, refunded=RefundState.ARRIVED),
        Scenario(4, (1 * _DAY, 2 * _DAY), state=OrderState.CANCELLED, refunded=RefundState.REQUESTED),
    )
