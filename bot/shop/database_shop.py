"""The shop in the store's own database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.errors import NotAcceptedError, ShopError
from bot.settings import ShopRules
from bot.shop import exchange, policy
from bot.shop.actions import as_arguments
from bot.shop.catalogue_reading import (
    product_of,
    products_hinted,
    products_like,
    products_of_kind,
    products_of_material,
)
from bot.shop.choosing import Fitting, Wish, categories, fitting
from bot.shop.concessions import GRANT_DISCOUNT
from bot.shop.coupons import coupon_of, running_coupons
from bot.shop.customers import completed_orders, paid_total, read_customer
from bot.shop.decisions import Decisions
from bot.shop.feed import entries
from bot.shop.numbers import nearest, normal_number
from bot.shop.once import SETTLE, Made, actions_of, once, settled_lines
from bot.shop.order_changes import CONFIRM_RECEIPT, EXTEND_PROTECTION
from bot.shop.order_reading import read_orders, trace_of
from bot.shop.tables import orders, refunds, remarks, returns, traces
from bot.shop.values import (
    Address,
    Coupon,
    Customer,
    DoubleCharge,
    Money,
    Order,
    Product,
    Refund,
    Refusal,
    Remark,
    RemarkColour,
    Remedy,
    Return,
    ReturnReason,
    Trace,
)


class DatabaseShop:
    """Implements ``bot.shop.port.Shop`` over the caller's unit of work.

    ``tell_nothing`` are words that messages are made of whatever they are about: they find no product.
    ``language`` (BCP 47) is the buyer's: goods are looked for by what they are called in it first.
    """

    def __init__(
        self,
        connection: Connection,
        rules: ShopRules,
        clock: Clock,
        *,
        conversation_id: int | None = None,
        turn_id: int | None = None,
        tell_nothing: Collection[str] = frozenset(),
        language: str = "",
    ) -> None:
        self._connection = connection
        self._tell_nothing = tell_nothing
        self._language = language
        self._rules = rules
        self._clock = clock
        #: Who is told what the store's own system says of what is done here.
        self._conversation_id, self._turn_id = conversation_id, turn_id
        self._requested: list[str] = []

    def now(self) -> dt.datetime:
        """The moment that policies are judged at."""
        return self._clock.now()

    def product(self, code: str) -> Product | None:
        """The product of this code or SKU."""
        return product_of(self._connection, code, self._language)

    def products_named(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that are meant by these words, likeliest first."""
        return products_like(self._connection, words, limit, self._language)

    def products_hinted(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that may be meant: the words hold a part of their names."""
        return products_hinted(self._connection, words, limit, self._tell_nothing, self._language)

    def products_of_kind(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that are the goods which the words ask for."""
        store = self._rules.fallback_language
        return products_of_kind(self._connection, words, limit, store, self._language)

    def products_of_material(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that are made of what the words name."""
        return products_of_material(self._connection, words, limit, self._language)

    def fitting(self, wish: Wish, limit: int = 3) -> Fitting:
        """Products in stock that fit a wish, the best rated first."""
        return fitting(self._connection, wish, self.convert, limit, self._tell_nothing, self._language)

    def categories(self) -> Sequence[str]:
        """The catalogue's categories, those with most products first."""
        return categories(self._connection)

    def order(self, number: str) -> Order | None:
        """The order of this number, however it is written."""
        found = read_orders(self._connection, orders.c.number == self._normal(number))
        return found[0] if found else None

    def orders_of(self, customer_id: int, limit: int = 10) -> Sequence[Order]:
        """The customer's orders, newest first."""
        return read_orders(self._connection, orders.c.customer_id == customer_id, limit=limit)

    def customer(self, customer_id: int) -> Customer | None:
        """The customer."""
        return read_customer(self._connection, customer_id)

    def is_returning(self, customer_id: int, current: str | None = None) -> bool:
        """Whether an order was delivered before the current one."""
        if current is None:
            return completed_orders(self._connection, customer_id) > 0
        number = self._normal(current)
        placed = sa.select(orders.c.placed_at).where(orders.c.number == number)
        before = self._connection.execute(placed).scalar()
        return completed_orders(self._connection, customer_id, before, number) > 0

    def is_valued(self, customer_id: int) -> bool:
        """Whether the customer has paid enough, over time, to be a valued one."""
        from_here = Money.of(self._rules.store.vip_from, self._rules.store.currency)
        return paid_total(self._connection, customer_id, self._rules) >= from_here

    def nearest_order_number(self, customer_id: int, typed: str) -> str | None:
        """The one of the customer's own numbers that was meant."""
        number = normal_number(typed, self._rules.patterns)
        if number is None:
            return None
        own = self._connection.execute(sa.select(orders.c.number).where(orders.c.customer_id == customer_id))
        return nearest(number, own.scalars())

    def coupon(self, code: str) -> Coupon | None:
        """The coupon of this code."""
        return coupon_of(self._connection, code)

    def convert(self, amount: Money, currency: str) -> Money:
        """The amount in another currency."""
        return exchange.convert(self._connection, amount, currency)

    def requested(self) -> Sequence[str]:
        """What this unit of work did that the store's own system must do first."""
        return tuple(self._requested)

    def unconfirmed(self, order_number: str) -> Sequence[str]:
        """What was done to an order that the store's own system has not acknowledged."""
        if not self._rules.feed.is_on:
            return ()
        open_ones = entries.open_of(self._connection, self._normal(order_number))
        return tuple(dict.fromkeys(entry.kind for entry in open_ones))

    def stale_since(self) -> dt.datetime | None:
        """When the facts were loaded, where that is longer ago than it should be."""
        told = self._rules.feed
        read = entries.read_at(self._connection) if told.is_on else None
        fresh = self._clock.now() - dt.timedelta(minutes=told.fresh_minutes)
        return read if read is not None and read < fresh else None

    def request_return(
        self, order_number: str, line_ids: Sequence[int], reason: ReturnReason, *, key: str
    ) -> Return:
        """Open a return of whole order lines."""
        number = self._normal(order_number)
        lines = sorted(set(line_ids))
        made = self._once(
            key,
            "request_return",
            lambda actions: actions.request_return(number, lines, reason),
            number=number,
            lines=lines,
            reason=reason.value,
        )
        return self._return(made["return_id"])

    def record_return_parcel(self, return_id: int, tracking_number: str, *, key: str) -> Return:
        """Note that the buyer has sent the goods."""
        made = self._once(
            key,
            "record_return_parcel",
            lambda actions: actions.record_return_parcel(return_id, tracking_number),
            return_id=return_id,
            tracking_number=tracking_number,
        )
        return self._return(made["return_id"])

    def request_refund(
        self,
        order_number: str,
        amount: Money | None,
        reason: ReturnReason,
        *,
        key: str,
        return_id: int | None = None,
    ) -> Refund:
        """Ask for money back."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "request_refund",
            lambda actions: actions.request_refund(number, amount, reason, return_id),
            number=number,
            amount=amount,
            reason=reason.value,
            return_id=return_id,
        )
        order = self._order_with(refunds, made["refund_id"])
        return next(refund for refund in order.refunds if refund.id == made["refund_id"])

    def decide_refund(
        self, order_number: str, refund_id: int, granted: Money, *, by: str, key: str
    ) -> Refund:
        """Write down what was granted of a refund that waits for it."""
        number = self._normal(order_number)
        self._once(
            key,
            "decide_refund",
            lambda actions: actions.decide_refund(number, refund_id, granted, by),
            number=number,
            refund_id=refund_id,
            granted=granted,
            by=by,
        )
        return next(one for one in self._known(number).refunds if one.id == refund_id)

    def report_double_charge(self, order_number: str, *, key: str) -> DoubleCharge:
        """Ask finance to give back what was taken twice."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "report_double_charge",
            lambda actions: actions.report_double_charge(number),
            number=number,
        )
        order = self._order_with(refunds, made["refund_ids"][0])
        asked = tuple(refund for refund in order.refunds if refund.id in made["refund_ids"])
        paid = {refund.payment_id for refund in asked}
        extra = tuple(one for one in order.payments if one.id in paid)
        first = next(
            (first for first, later in policy.duplicate_charges(order) if later.id in paid),
            next((one for one in order.payments if one.id not in paid), extra[0]),
        )
        hours = dt.timedelta(hours=self._rules.payment.double_charge_hours)
        return DoubleCharge(order.number, first, extra, asked, min(one.requested_at for one in asked) + hours)

    def open_trace(self, shipment_id: int, *, key: str) -> Trace:
        """Ask logistics to search for a parcel."""
        made = self._once(
            key, "open_trace", lambda actions: actions.open_trace(shipment_id), shipment_id=shipment_id
        )
        found = self._connection.execute(sa.select(traces).where(traces.c.id == made["trace_id"])).one()
        return trace_of(found)

    def add_remark(
        self, order_number: str, colour: RemarkColour, author: str, text: str, *, key: str
    ) -> Remark:
        """Leave a note on an order."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "add_remark",
            lambda actions: actions.add_remark(number, colour, author, text),
            number=number,
            colour=colour.value,
            author=author,
            text=text,
        )
        order = self._order_with(remarks, made["remark_id"])
        return next(remark for remark in order.remarks if remark.id == made["remark_id"])

    def cancel_order(self, order_number: str, seen: str, *, key: str) -> Order:
        """Cancel an order that is not packed yet."""
        number = self._normal(order_number)
        self._once(key, "cancel_order", lambda actions: actions.cancel_order(number, seen), number=number)
        return self._known(number)

    def change_address(self, order_number: str, address: Address, seen: str, *, key: str) -> Order:
        """Send an order that is not packed yet to another address."""
        number = self._normal(order_number)
        self._once(
            key,
            "change_address",
            lambda actions: actions.change_address(number, address, seen),
            number=number,
            address=asdict(address),
        )
        return self._known(number)

    def swap_variant(self, order_number: str, line_id: int, sku: str, seen: str, *, key: str) -> Order:
        """Put another variant in the place of a line's."""
        number = self._normal(order_number)
        self._once(
            key,
            "swap_variant",
            lambda actions: actions.swap_variant(number, line_id, sku, seen),
            number=number,
            line_id=line_id,
            sku=sku,
        )
        return self._known(number)

    def record_wish(self, order_number: str, text: str, seen: str, *, key: str) -> Remark:
        """Leave a buyer's wish on an order."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "record_wish",
            lambda actions: actions.record_wish(number, text, seen),
            number=number,
            text=text,
        )
        order = self._order_with(remarks, made["remark_id"])
        return next(remark for remark in order.remarks if remark.id == made["remark_id"])

    def confirm_receipt(self, order_number: str, seen: str, *, key: str) -> None:
        """Note that the buyer has got everything."""
        number = self._normal(order_number)
        self._once(key, CONFIRM_RECEIPT, lambda act: act.confirm_receipt(number, seen), number=number)

    def receipt_confirmed_at(self, order_number: str) -> dt.datetime | None:
        """When the buyer confirmed to have got everything."""
        made = list(actions_of(self._connection, self._known(order_number).id, CONFIRM_RECEIPT))
        return made[0].at if made else None

    def extend_protection(self, order_number: str, seen: str, *, key: str) -> dt.date:
        """Give more days of buyer protection."""
        number = self._normal(order_number)
        made = self._once(
            key, EXTEND_PROTECTION, lambda act: act.extend_protection(number, seen), number=number
        )
        return dt.date.fromisoformat(made["until"])

    def protection_extensions(self, order_number: str) -> int:
        """How often the order's protection was extended."""
        return len(list(actions_of(self._connection, self._known(order_number).id, EXTEND_PROTECTION)))

    def settle(
        self,
        order_number: str,
        line_ids: Sequence[int],
        reason: ReturnReason,
        remedy: Remedy,
        seen: str,
        *,
        key: str,
    ) -> None:
        """Settle what is wrong with these lines for good."""
        number, lines = self._normal(order_number), sorted(set(line_ids))
        self._once(
            key,
            SETTLE,
            lambda actions: actions.settle(number, lines, reason, remedy, seen),
            number=number,
            lines=lines,
            reason=reason.value,
            remedy=remedy.value,
        )

    def settled_lines(self, order_number: str) -> frozenset[int]:
        """The lines of which that is settled."""
        return settled_lines(self._connection, self._known(order_number).id)

    def exchange(self, order_number: str, line_id: int, sku: str, seen: str, *, key: str) -> None:
        """Hold another variant until a line's goods are back."""
        number = self._normal(order_number)
        self._once(
            key,
            "exchange",
            lambda actions: actions.exchange(number, line_id, sku, seen),
            number=number,
            line_id=line_id,
            sku=sku,
        )

    def repay_freight(self, order_number: str, return_id: int, carrier: str, *, key: str) -> Refund:
        """Pay back what a way back has cost."""
        number = self._normal(order_number)
        made = self._once(
            key,
            "repay_freight",
            lambda actions: actions.repay_freight(number, return_id, carrier),
            number=number,
            return_id=return_id,
            carrier=carrier,
        )
        order = self._order_with(refunds, made["refund_id"])
        return next(refund for refund in order.refunds if refund.id == made["refund_id"])

    def order_ladder(self, order_number: str) -> policy.Ladder:
        """What may be conceded on an order in all."""
        actions = Decisions(self._connection, self._rules, self._clock.now())
        return actions.ladder_of(self._known(order_number))

    def running_coupons(self) -> Sequence[Coupon]:
        """Coupons that anybody may use today."""
        return running_coupons(self._connection, self._clock.now().date())

    def grant_discount(
        self, order_number: str, amount: Money, seen: str, *, key: str, approved: bool = False
    ) -> Order:
        """Lower what is owed for an unpaid order."""
        number = self._normal(order_number)
        self._once(
            key,
            GRANT_DISCOUNT,
            lambda act: act.grant_discount(number, amount, seen, approved),
            number=number,
            amount=amount,
        )
        return self._known(number)

    def grant_coupon(
        self,
        product_code: str,
        amount: Money,
        *,
        customer_id: int | None,
        valid_until: dt.date,
        key: str,
        approved: bool = False,
    ) -> Coupon:
        """Make a coupon for one order."""
        made = self._once(
            key,
            "grant_coupon",
            lambda act: act.grant_coupon(product_code, amount, customer_id, valid_until, approved),
            product=product_code,
            amount=amount,
        )
        coupon = self.coupon(made["code"])
        if coupon is None:
            raise ShopError("what this action made is gone", code=Refusal.UNKNOWN_LINE.value)
        return coupon

    def _once(
        self,
        key: str,
        kind: str,
        act: Callable[[Decisions], tuple[int | None, Made]],
        **arguments: Any,
    ) -> Made:
        now = self._clock.now()
        actions = Decisions(self._connection, self._rules, now)
        plain = as_arguments(arguments)

        def made() -> tuple[int | None, Made]:
            self._require_accepted(kind)
            order_id, result = act(actions)
            self._tell(key, kind, order_id, plain, result, now)
            return order_id, result

        return once(self._connection, key, kind, plain, now, made)

    def _require_accepted(self, kind: str) -> None:
        if self._rules.feed.is_on and kind not in self._rules.feed.accepts:
            raise NotAcceptedError(f"the store's own system does not do this: {kind}")

    def _tell(
        self,
        key: str,
        kind: str,
        order_id: int | None,
        arguments: Mapping[str, Any],
        result: Made,
        now: dt.datetime,
    ) -> None:
        """Have the store's own system told, if orders live there."""
        if not self._rules.feed.is_on:
            return
        body = {"arguments": dict(arguments), "result": dict(result)}
        entries.enter(
            self._connection,
            key,
            kind,
            order_id,
            body,
            now,
            conversation_id=self._conversation_id,
            turn_id=self._turn_id,
        )
        if kind not in entries.SILENT:
            self._requested.append(kind)

    def _normal(self, typed: str) -> str:
        """The number as the database has it; what looks like none is looked for as it was typed."""
        return normal_number(typed, self._rules.patterns) or typed.strip()

    def _known(self, number: str) -> Order:
        order = self.order(number)
        if order is None:
            raise ShopError(f"there is no order {number}", code=Refusal.UNKNOWN_ORDER.value)
        return order

    def _return(self, return_id: int) -> Return:
        order = self._order_with(returns, return_id)
        return next(back for back in order.returns if back.id == return_id)

    def _order_with(self, table: sa.Table, row_id: int) -> Order:
        found = read_orders(
            self._connection, orders.c.id.in_(sa.select(table.c.order_id).where(table.c.id == row_id))
        )
        if not found:
            raise ShopError("what this action made is gone", code=Refusal.UNKNOWN_ORDER.value)
        return found[0]
