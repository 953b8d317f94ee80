"""The store's policy: pure functions over an order, the rules and the moment; no database, no clock."""

from __future__ import annotations

from bot.shop.policy.days import local_day
from bot.shop.policy.parcels import (
    days_without_scan,
    dispatch_due,
    is_dispatch_late,
    is_stuck,
    promised_late,
    stock_state,
)
from bot.shop.policy.refunds import (
    RefundDecision,
    authority_limit,
    duplicate_charges,
    is_refund_late,
    received,
    refund_arrival,
    refund_decision,
    refund_due,
    refund_method,
    refundable,
)
from bot.shop.policy.returns import (
    OUR_FAULT,
    FreightPayer,
    ReturnWindow,
    freight_payer,
    goods_must_come_back,
    is_in_window,
    return_refusal,
    return_value,
    return_window,
    returning_lines,
    send_by,
    worth_of_way_back,
)

__all__ = [
    "OUR_FAULT",
    "FreightPayer",
    "RefundDecision",
    "ReturnWindow",
    "authority_limit",
    "days_without_scan",
    "dispatch_due",
    "duplicate_charges",
    "freight_payer",
    "goods_must_come_back",
    "is_dispatch_late",
    "is_in_window",
    "is_refund_late",
    "is_stuck",
    "local_day",
    "promised_late",
    "received",
    "refund_arrival",
    "refund_decision",
    "refund_due",
    "refund_method",
    "refundable",
    "return_refusal",
    "return_value",
    "return_window",
    "returning_lines",
    "send_by",
    "stock_state",
    "worth_of_way_back",
]
