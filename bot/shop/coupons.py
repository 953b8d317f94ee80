"""Reading coupons."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.shop.money import Money
from bot.shop.states import CouponKind
from bot.shop.tables import coupons
from bot.shop.values import Coupon


def coupon_of(connection: Connection, code: str) -> Coupon | None:
    """The coupon of this code, in capitals or not; None if there is none."""
    found = connection.execute(sa.select(coupons).where(coupons.c.code == code.strip().upper())).one_or_none()
    return None if found is None else _coupon(found)


def running_coupons(connection: Connection, today: dt.date) -> list[Coupon]:
    """The coupons that anybody may use on a day, without an end to their number; the latest to end first."""
    found = connection.execute(
        sa.select(coupons)
        .where(
            coupons.c.customer_id.is_(None),
            coupons.c.uses_left.is_(None),
            coupons.c.valid_from <= today,
            coupons.c.valid_until >= today,
        )
        .order_by(coupons.c.valid_until.desc(), coupons.c.code)
    )
    return [_coupon(row) for row in found]


def _coupon(found: Any) -> Coupon:
    return Coupon(
        code=found.code,
        kind=CouponKind(found.kind),
        percent=found.percent,
        amount=Money(found.amount_minor, found.currency),
        minimum=Money(found.minimum_minor, found.currency),
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        customer_id=found.customer_id,
        uses_left=found.uses_left,
    )
