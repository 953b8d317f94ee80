"""The shop's tables. Amounts are whole minor units; where no currency stands beside, the order's counts."""

from __future__ import annotations

import sqlalchemy as sa

from bot.database import UTCDateTime, metadata

products = sa.Table(
    "products",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(60), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("category", sa.String(60), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    # {"material": "…"}
    sa.Column("facts", sa.JSON, nullable=False),
    # [{"name": "CE", "countries": ["DE"]}]
    sa.Column("certificates", sa.JSON, nullable=False),
    # [{"size": "M", "body": {"chest": [88, 94]}, "equivalents": {"US": "8"}}]
    sa.Column("size_chart", sa.JSON, nullable=False),
    sa.Column("aliases", sa.JSON, nullable=False),
    sa.Column("goes_with", sa.JSON, nullable=False),
    # What buyers call such goods, beside its names: ["coat", "anorak"]
    sa.Column("kinds", sa.JSON(none_as_null=True)),
    # In tenths of a star.
    sa.Column("rating_tenths", sa.Integer),
    sa.Column("review_count", sa.Integer, nullable=False),
)

product_names = sa.Table(
    "product_names",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.ForeignKey("products.id"), nullable=False),
    # ISO 639-1.
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("aliases", sa.JSON, nullable=False),
    # As in ``products``; what is not here is told as it stands there.
    sa.Column("description", sa.Text),
    sa.Column("facts", sa.JSON(none_as_null=True)),
    sa.Column("kinds", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("product_id", "language"),
)

variants = sa.Table(
    "variants",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.ForeignKey("products.id"), nullable=False, index=True),
    sa.Column("sku", sa.String(60), nullable=False, unique=True),
    sa.Column("colour", sa.String(60), nullable=False),
    sa.Column("size", sa.String(60), nullable=False),
    sa.Column("price_minor", sa.Integer, nullable=False),
    sa.Column("floor_minor", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("stock", sa.Integer, nullable=False),
    sa.Column("restock_on", sa.Date),
)

exchange_rates = sa.Table(
    "exchange_rates",
    metadata,
    sa.Column("currency", sa.String(3), primary_key=True),
    # Units of this currency for one unit of the reference currency, which has rate 1; decimal text, because
    # SQLite would make a float of it.
    sa.Column("rate", sa.String(30), nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(60), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("email", sa.String(254), nullable=False, index=True),
    # E.164
    sa.Column("phone", sa.String(20), nullable=False, index=True),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("timezone", sa.String(60), nullable=False),
    sa.Column("street", sa.String(200), nullable=False),
    sa.Column("city", sa.String(100), nullable=False),
    sa.Column("region", sa.String(100), nullable=False),
    sa.Column("postcode", sa.String(20), nullable=False),
    sa.Column("consents_to_notices", sa.Boolean, nullable=False),
    sa.Column("consents_to_marketing", sa.Boolean, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
)

coupons = sa.Table(
    "coupons",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(60), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.Integer, nullable=False),
    sa.Column("minimum_minor", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_until", sa.Date, nullable=False),
    sa.Column("customer_id", sa.ForeignKey("customers.id"), index=True),
    sa.Column("uses_left", sa.Integer),
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("customer_id", sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("placed_at", UTCDateTime, nullable=False),
    sa.Column("promised_on", sa.Date),
    sa.Column("paid_at", UTCDateTime),
    sa.Column("packed_at", UTCDateTime),
    sa.Column("cancelled_at", UTCDateTime),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("total_minor", sa.Integer, nullable=False),
    sa.Column("discount_minor", sa.Integer, nullable=False),
    sa.Column("freight_minor", sa.Integer, nullable=False),
    sa.Column("coupon", sa.String(60), nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("ship_name", sa.String(200), nullable=False),
    sa.Column("ship_street", sa.String(200), nullable=False),
    sa.Column("ship_city", sa.String(100), nullable=False),
    sa.Column("ship_region", sa.String(100), nullable=False),
    sa.Column("ship_postcode", sa.String(20), nullable=False),
    sa.Column("ship_country", sa.String(2), nullable=False),
    # E.164
    sa.Column("ship_phone", sa.String(20), nullable=False),
    sa.Index("ix_orders_customer_id_placed_at", "customer_id", "placed_at"),
)

order_lines = sa.Table(
    "order_lines",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    # No foreign key: what was sold once may have left the catalogue.
    sa.Column("sku", sa.String(60), nullable=False, index=True),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("price_minor", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.UniqueConstraint("order_id", "position"),
)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("reference", sa.String(100), nullable=False),
    sa.Column("method", sa.String(40), nullable=False),
    sa.Column("label", sa.String(60), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("amount_minor", sa.Integer, nullable=False),
    # A payment may have been taken in another currency than the order's.
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("decline_reason", sa.String(60)),
    sa.UniqueConstraint("order_id", "reference"),
)

shipments = sa.Table(
    "shipments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(60), nullable=False, unique=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False, index=True),
    sa.Column("carrier", sa.String(60), nullable=False),
    sa.Column("tracking_number", sa.String(60), nullable=False, index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("shipped_at", UTCDateTime),
    sa.Column("expected_on", sa.Date),
    sa.Column("delivered_at", UTCDateTime),
    sa.Column("delay_cause", sa.String(40)),
    sa.Column("proof", sa.String(200), nullable=False),
    sa.Index("ix_shipments_delivered_at", "delivered_at"),
)

shipment_events = sa.Table(
    "shipment_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("shipment_id", sa.ForeignKey("shipments.id"), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("text", sa.String(500), nullable=False),
    sa.UniqueConstraint("shipment_id", "at", "code"),
)

traces = sa.Table(
    "traces",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("shipment_id", sa.ForeignKey("shipments.id"), nullable=False, index=True),
    sa.Column("opened_at", UTCDateTime, nullable=False),
    sa.Column("answer_by", sa.Date, nullable=False),
    sa.Column("closed_at", UTCDateTime),
    sa.Column("outcome", sa.String(200)),
)

returns = sa.Table(
    "returns",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False, index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(30), nullable=False),
    sa.Column("requested_at", UTCDateTime, nullable=False),
    sa.Column("goods_come_back", sa.Boolean, nullable=False),
    sa.Column("value_minor", sa.Integer, nullable=False),
    sa.Column("send_by", sa.Date),
    sa.Column("tracking_number", sa.String(60), nullable=False),
    sa.Column("arrived_at", UTCDateTime),
)

return_lines = sa.Table(
    "return_lines",
    metadata,
    sa.Column("return_id", sa.ForeignKey("returns.id"), primary_key=True),
    sa.Column("line_id", sa.ForeignKey("order_lines.id"), primary_key=True),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False, index=True),
    sa.Column("return_id", sa.ForeignKey("returns.id")),
    # Unique: a payment that was taken twice is given back once.
    sa.Column("payment_id", sa.ForeignKey("payments.id"), unique=True),
    sa.Column("amount_minor", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(30), nullable=False),
    sa.Column("method", sa.String(40), nullable=False),
    sa.Column("requested_at", UTCDateTime, nullable=False),
    sa.Column("approved_at", UTCDateTime),
    sa.Column("sent_at", UTCDateTime),
    sa.Column("arrived_at", UTCDateTime),
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False, index=True),
    sa.Column("refund_id", sa.ForeignKey("refunds.id"), nullable=False),
    sa.Column("amount_minor", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("asked_at", UTCDateTime, nullable=False),
    sa.Column("decided_at", UTCDateTime),
    sa.Column("decided_by", sa.String(200)),
)

remarks = sa.Table(
    "remarks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("orders.id"), nullable=False, index=True),
    sa.Column("colour", sa.String(10), nullable=False),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

shop_actions = sa.Table(
    "shop_actions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),
    # A digest of what was asked for: the same key for another act is a mistake.
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("order_id", sa.ForeignKey("orders.id"), index=True),
    # The ids of what it made; NULL only while the action's own transaction is open.
    sa.Column("result", sa.JSON),
    sa.Column("at", UTCDateTime, nullable=False),
)

identity_codes = sa.Table(
    "identity_codes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # Digests of the channel identity that asked for it and of the address that it was sent to.
    sa.Column("asker", sa.String(64), nullable=False, index=True),
    sa.Column("address", sa.String(64), nullable=False, index=True),
    # NULL where no customer has the address: then nothing was sent.
    sa.Column("customer_id", sa.ForeignKey("customers.id")),
    # A salted digest that takes long to make.
    sa.Column("code", sa.String(200), nullable=False),
    sa.Column("sent_at", UTCDateTime, nullable=False, index=True),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    # When it was used, or another took its place.
    sa.Column("ended_at", UTCDateTime),
)

identity_tries = sa.Table(
    "identity_tries",
    metadata,
    # `order`, `contact`, `channel` or `network`.
    sa.Column("kind", sa.String(10), primary_key=True),
    # A digest: who tried what is nobody's business.
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("last_at", UTCDateTime, nullable=False, index=True),
    sa.Column("locked_until", UTCDateTime),
)
