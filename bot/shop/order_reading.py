"""Orders out of the database, each with all that belongs to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from bot.shop.catalogue_reading import names_of
from bot.shop.tables import (
    approvals,
    customers,
    order_lines,
    orders,
    payments,
    refunds,
    remarks,
    return_lines,
    returns,
    shipment_events,
    shipments,
    traces,
)
from bot.shop.values import (
    Address,
    Approval,
    ApprovalState,
    DelayCause,
    LineState,
    Money,
    Order,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Remark,
    RemarkColour,
    Return,
    ReturnReason,
    ReturnState,
    Shipment,
    ShipmentEvent,
    ShipmentState,
    Trace,
)

_ORDERS = sa.select(orders, customers.c.timezone).join(customers, customers.c.id == orders.c.customer_id)


def read_orders(
    connection: Connection,
    condition: Any,
    *,
    limit: int | None = None,
    newest_first: bool = True,
) -> list[Order]:
    """The orders that meet a condition on the table ``orders``, in eleven queries however many they are."""
    by_time = (orders.c.placed_at.desc(), orders.c.id.desc()) if newest_first else (orders.c.id,)
    found = connection.execute(_ORDERS.where(condition).order_by(*by_time).limit(limit)).all()
    if not found:
        return []
    ids = [row.id for row in found]

    def of_orders(table: sa.Table, *by: str) -> Mapping[int, list[Row]]:
        return _of(connection, table, "order_id", ids, *by)

    lines = of_orders(order_lines, "position")
    named = names_of(connection, {line.sku for ordered in lines.values() for line in ordered})
    paid = of_orders(payments, "at", "id")
    parcels = of_orders(shipments)
    backs = of_orders(returns)
    money_back = of_orders(refunds)
    asked = of_orders(approvals)
    noted = of_orders(remarks)
    parcel_ids = [row.id for rows in parcels.values() for row in rows]
    scans = _of(connection, shipment_events, "shipment_id", parcel_ids, "at", "id")
    searches = _of(connection, traces, "shipment_id", parcel_ids)
    back_ids = [row.id for rows in backs.values() for row in rows]
    back_lines = _of(connection, return_lines, "return_id", back_ids, "line_id")
    return [
        Order(
            id=row.id,
            number=row.number,
            customer_id=row.customer_id,
            state=OrderState(row.state),
            placed_at=row.placed_at,
            promised_on=row.promised_on,
            currency=row.currency,
            total=Money(row.total_minor, row.currency),
            discount=Money(row.discount_minor, row.currency),
            freight=Money(row.freight_minor, row.currency),
            ship_to=_address(row),
            email=row.email,
            timezone=row.timezone,
            paid_at=row.paid_at,
            packed_at=row.packed_at,
            cancelled_at=row.cancelled_at,
            coupon=row.coupon,
            lines=tuple(_line(one, row.currency, named.get(one.sku, ())) for one in lines[row.id]),
            payments=tuple(_payment(one) for one in paid[row.id]),
            shipments=tuple(_shipment(one, scans[one.id], searches[one.id]) for one in parcels[row.id]),
            returns=tuple(_return(one, row, back_lines[one.id]) for one in backs[row.id]),
            refunds=tuple(_refund(one, row.number) for one in money_back[row.id]),
            approvals=tuple(_approval(one, row.number) for one in asked[row.id]),
            remarks=tuple(_remark(one) for one in noted[row.id]),
        )
        for row in found
    ]


def _of(
    connection: Connection, table: sa.Table, parent: str, parent_ids: Sequence[int], *by: str
) -> Mapping[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    if parent_ids:
        for row in connection.execute(_children(table, parent, by or ("id",)), {"parents": parent_ids}):
            groups[row._mapping[parent]].append(row)
    return groups


@lru_cache(maxsize=64)
def _children(table: sa.Table, parent: str, by: tuple[str, ...]) -> Any:
    """Built once: building and comparing such a statement costs three times what running it does."""
    order = [table.c[name] for name in by]
    return (
        sa.select(table).where(table.c[parent].in_(sa.bindparam("parents", expanding=True))).order_by(*order)
    )


def _address(row: Row) -> Address:
    return Address(
        name=row.ship_name,
        street=row.ship_street,
        city=row.ship_city,
        region=row.ship_region,
        postcode=row.ship_postcode,
        country=row.ship_country,
        phone=row.ship_phone,
    )


def _line(row: Row, currency: str, named: Sequence[Row]) -> OrderLine:
    # What was bought under another name than today's was another thing, as far as anybody knows.
    titles = {}
    for one in named:
        rest = row.title.removeprefix(one.original)
        if rest != row.title and not rest.strip()[:1].isalnum():
            titles[one.language] = one.name + rest
    return OrderLine(
        id=row.id,
        position=row.position,
        sku=row.sku,
        title=row.title,
        quantity=row.quantity,
        price=Money(row.price_minor, currency),
        state=LineState(row.state),
        titles=titles,
    )


def _payment(row: Row) -> Payment:
    return Payment(
        id=row.id,
        method=row.method,
        state=PaymentState(row.state),
        amount=Money(row.amount_minor, row.currency),
        at=row.at,
        reference=row.reference,
        decline_reason=row.decline_reason,
        label=row.label,
    )


def _shipment(row: Row, scans: Sequence[Row], searches: Sequence[Row]) -> Shipment:
    return Shipment(
        id=row.id,
        number=row.number,
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        state=ShipmentState(row.state),
        shipped_at=row.shipped_at,
        expected_on=row.expected_on,
        delivered_at=row.delivered_at,
        delay_cause=None if row.delay_cause is None else DelayCause(row.delay_cause),
        events=tuple(ShipmentEvent(one.at, one.place, one.code, one.text) for one in scans),
        proof=row.proof,
        trace=trace_of(searches[-1]) if searches else None,
    )


def trace_of(row: Row) -> Trace:
    """A row of ``traces`` as a value."""
    return Trace(row.id, row.shipment_id, row.opened_at, row.answer_by, row.closed_at, row.outcome)


def _return(row: Row, order: Row, lines: Sequence[Row]) -> Return:
    return Return(
        id=row.id,
        order_number=order.number,
        line_ids=tuple(one.line_id for one in lines),
        state=ReturnState(row.state),
        reason=ReturnReason(row.reason),
        requested_at=row.requested_at,
        goods_come_back=row.goods_come_back,
        value=Money(row.value_minor, order.currency),
        send_by=row.send_by,
        tracking_number=row.tracking_number,
        arrived_at=row.arrived_at,
    )


def _refund(row: Row, order_number: str) -> Refund:
    return Refund(
        id=row.id,
        order_number=order_number,
        amount=Money(row.amount_minor, row.currency),
        state=RefundState(row.state),
        reason=ReturnReason(row.reason),
        method=row.method,
        requested_at=row.requested_at,
        approved_at=row.approved_at,
        sent_at=row.sent_at,
        arrived_at=row.arrived_at,
        return_id=row.return_id,
        payment_id=row.payment_id,
    )


def _approval(row: Row, order_number: str) -> Approval:
    return Approval(
        id=row.id,
        order_number=order_number,
        refund_id=row.refund_id,
        amount=Money(row.amount_minor, row.currency),
        state=ApprovalState(row.state),
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )


def _remark(row: Row) -> Remark:
    return Remark(row.id, RemarkColour(row.colour), row.author, row.at, row.text)
