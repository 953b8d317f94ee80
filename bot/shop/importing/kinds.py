"""The kinds of files, in the order in which they are loaded, and where their rows go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row as Found

from bot.shop import tables
from bot.shop.importing import rows
from bot.shop.money import Money

Columns = dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """A column that names a row of another table by the store's own number."""

    #: The file's column.
    field: str
    table: sa.Table
    #: The other table's column with that number.
    number: str
    #: This table's column with that row's id.
    target: str
    #: What one of them is called.
    noun: str
    #: Takes over from the row that was found what the file's row leaves out.
    finish: Callable[[Columns, Found], Columns] = lambda columns, _: columns


@dataclass(frozen=True)
class Child:
    """A list within a JSON row that holds rows of another kind."""

    kind: str
    #: The child's column that names the parent, and the parent's that has the name.
    parent_field: str
    parent_number: str


@dataclass(frozen=True)
class Kind:
    """One kind of files."""

    name: str
    model: type[rows.Row]
    table: sa.Table
    #: The file's columns that tell rows apart.
    key: tuple[str, ...]
    #: The table's columns that do.
    unique: tuple[str, ...]
    reference: Reference | None = None
    children: Mapping[str, Child] = field(default_factory=dict)
    #: The file's columns that are called otherwise in the table.
    renamed: Mapping[str, str] = field(default_factory=dict)


def _of_customer(columns: Columns, found: Found) -> Columns:
    """What an order's row leaves out is the customer's."""
    values = dict(columns)
    if values["ship_street"] is None:
        for part in ("street", "city", "region", "postcode", "country"):
            values[f"ship_{part}"] = found._mapping[part]
    for own, theirs in (("ship_name", "name"), ("ship_phone", "phone"), ("email", "email")):
        if values[own] is None:
            values[own] = found._mapping[theirs]
    return values


def _in_orders_currency(columns: Columns, found: Found) -> Columns:
    """A line's price is in its order's currency."""
    values = dict(columns)
    price = values.pop("price")
    rows.fits_currency("price", price, found.currency)
    return {**values, "price_minor": Money.of(price, found.currency).minor}


_TO_ORDER = Reference("order", tables.orders, "number", "order_id", "order")

#: Parents before what hangs on them.
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("exchange_rates", rows.RateRow, tables.exchange_rates, ("currency",), ("currency",)),
        Kind("customers", rows.CustomerRow, tables.customers, ("number",), ("number",)),
        Kind(
            "products",
            rows.ProductRow,
            tables.products,
            ("code",),
            ("code",),
            children={
                "names": Child("product_names", "product", "code"),
                "variants": Child("variants", "product", "code"),
            },
        ),
        Kind(
            "product_names",
            rows.NameRow,
            tables.product_names,
            ("product", "language"),
            ("product_id", "language"),
            Reference("product", tables.products, "code", "product_id", "product"),
        ),
        Kind(
            "variants",
            rows.VariantRow,
            tables.variants,
            ("sku",),
            ("sku",),
            Reference("product", tables.products, "code", "product_id", "product"),
        ),
        Kind(
            "orders",
            rows.OrderRow,
            tables.orders,
            ("number",),
            ("number",),
            Reference("customer", tables.customers, "number", "customer_id", "customer", _of_customer),
            children={
                "lines": Child("order_lines", "order", "number"),
                "payments": Child("payments", "order", "number"),
            },
        ),
        Kind(
            "order_lines",
            rows.LineRow,
            tables.order_lines,
            ("order", "line"),
            ("order_id", "position"),
            replace(_TO_ORDER, finish=_in_orders_currency),
            renamed={"line": "position"},
        ),
        Kind(
            "payments",
            rows.PaymentRow,
            tables.payments,
            ("order", "reference"),
            ("order_id", "reference"),
            _TO_ORDER,
        ),
        Kind(
            "shipments",
            rows.ShipmentRow,
            tables.shipments,
            ("number",),
            ("number",),
            _TO_ORDER,
            children={"events": Child("shipment_events", "shipment", "number")},
        ),
        Kind(
            "shipment_events",
            rows.EventRow,
            tables.shipment_events,
            ("shipment", "at", "code"),
            ("shipment_id", "at", "code"),
            Reference("shipment", tables.shipments, "number", "shipment_id", "shipment"),
        ),
    )
}
