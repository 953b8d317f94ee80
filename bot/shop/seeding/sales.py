"""The made-up orders: planned by scenario, put in the order of time, numbered and noted."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.shop.exchange import Rates
from bot.shop.seeding.book import Book
from bot.shop.seeding.data import read
from bot.shop.seeding.goods import Item
from bot.shop.seeding.histories import (
    PARCEL_STATES,
    Placed,
    write_parcels,
    write_payments,
    write_way_back,
)
from bot.shop.seeding.journeys import Journey, carrier_for, promised_days, travel
from bot.shop.seeding.people import Buyer
from bot.shop.seeding.scenarios import Paying, Scenario, Worth, scenarios
from bot.shop.tables import order_lines, orders, remarks
from bot.shop.values import DelayCause, LineState, Money, OrderState, ReturnState, ShipmentState

#: What the parcel's state makes of the order's.
_ORDER_STATES = {
    ShipmentState.PENDING: OrderState.PACKED,
    ShipmentState.SHIPPED: OrderState.SHIPPED,
    ShipmentState.IN_TRANSIT: OrderState.IN_TRANSIT,
    ShipmentState.AT_CUSTOMS: OrderState.AT_CUSTOMS,
    ShipmentState.OUT_FOR_DELIVERY: OrderState.OUT_FOR_DELIVERY,
    ShipmentState.DELIVERED: OrderState.DELIVERED,
}

#: Limits of an order's worth in euros, lowest and highest.
_WORTH = {Worth.TINY: (0, 7), Worth.MODEST: (12, 42), Worth.DEAR: (70, 10_000)}


@dataclass(frozen=True)
class _Plan:
    scenario: Scenario
    buyer: Buyer
    placed_at: dt.datetime
    #: When the last thing happened.
    last_at: dt.datetime
    journeys: tuple[Journey, ...]


class Till:
    """Notes orders, one after the other."""

    def __init__(self, book: Book, rng: random.Random, items: Sequence[Item], today: dt.date) -> None:
        store = read("store")
        self._book = book
        self._rng = rng
        self._items = items
        self._by_price = sorted(items, key=lambda item: (item.price.minor, item.sku))
        self._today = today
        self._now = dt.datetime.combine(today, dt.time(), dt.timezone.utc)
        self._rates = Rates({code: Decimal(rate) for code, rate in store["rates"].items()})
        self._number = 100_100

    def write_orders(self, buyers: Sequence[Buyer], count: int) -> None:
        """Note so many orders of these buyers."""
        rng = self._rng
        # Few buy often, many buy once.
        weights = [rng.paretovariate(1.6) for _ in buyers]
        drawn = rng.choices(buyers, weights, k=count)
        table = scenarios()
        plans = []
        for place, buyer in enumerate(drawn):
            plans.append(self._plan(_of_share(table, place, count), buyer))
        plans.sort(key=lambda plan: plan.placed_at)
        for plan in plans:
            self._write(plan)

    def _plan(self, scenario: Scenario, buyer: Buyer) -> _Plan:
        rng = self._rng
        hours = rng.uniform(*scenario.age)
        last_at = (self._now - dt.timedelta(hours=hours)).replace(microsecond=0)
        if scenario.reached is None:
            return _Plan(scenario, buyer, last_at, last_at, ())
        made = [travel(rng, buyer, scenario.reached, last_at, scenario.cause)]
        if scenario.parcels > 1:
            # The other parcel of the same order has arrived already.
            made.insert(0, travel(rng, buyer, "delivered", made[0].scans[-1].at - dt.timedelta(hours=30)))
        return _Plan(scenario, buyer, min(one.placed_at for one in made), last_at, tuple(made))

    def _write(self, plan: _Plan) -> None:
        rng, scenario, buyer = self._rng, plan.scenario, plan.buyer
        self._number += rng.randrange(1, 14)
        picked = self._pick(scenario)
        store = read("store")
        goods = sum((item.price * quantity for item, quantity in picked), Money.zero(store["currency"]))
        has_coupon = rng.random() < 0.12 and goods >= Money.of("30.00", store["currency"])
        discount = Money(goods.minor // 10 if has_coupon else 0, goods.currency)
        is_free = goods >= Money.of(store["free_from"], goods.currency)
        freight = Money.zero(goods.currency) if is_free else Money.of(store["freight"], goods.currency)
        lines = [(item, quantity, self._local(item.price, buyer)) for item, quantity in picked]
        local_discount, local_freight = self._local(discount, buyer), self._local(freight, buyer)
        worth = sum((price * quantity for _, quantity, price in lines), Money.zero(buyer.currency))
        total = worth - local_discount + local_freight
        promised_on, expected_on = self._dates(plan)
        state = self._state(plan)
        # An id of its own: payments need the order's, and the order's row needs when it was paid.
        order = Placed(
            id=len(self._book.rows[orders.name]) + 1,
            total=total,
            freight=local_freight,
            placed_at=plan.placed_at,
            line_ids=self._write_lines(lines, len(self._book.rows[orders.name]) + 1, state, scenario),
        )
        method, paid_at = write_payments(self._book, rng, scenario, order, self._now)
        self._book.add(
            orders,
            number=f"CD-{self._number}",
            customer_id=buyer.id,
            state=state.value,
            placed_at=plan.placed_at,
            promised_on=promised_on,
            paid_at=paid_at,
            packed_at=plan.journeys[0].packed_at if plan.journeys else None,
            cancelled_at=self._cancelled_at(plan),
            currency=buyer.currency,
            total_minor=total.minor,
            discount_minor=local_discount.minor,
            freight_minor=local_freight.minor,
            coupon="WELCOME10" if has_coupon else "",
            email=buyer.row["email"],
            ship_name=buyer.row["name"],
            ship_street=buyer.row["street"],
            ship_city=buyer.row["city"],
            ship_region=buyer.row["region"],
            ship_postcode=buyer.row["postcode"],
            ship_country=buyer.row["country"],
            ship_phone="" if scenario.cause is DelayCause.PHONE_MISSING else buyer.row["phone"],
        )
        carrier = carrier_for(rng, buyer)
        write_parcels(self._book, rng, scenario, order, plan.journeys, carrier, expected_on)
        since = plan.journeys[-1].delivered_at if plan.journeys else self._cancelled_at(plan)
        if since is not None and (scenario.returned or scenario.refunded):
            write_way_back(self._book, rng, scenario, order, method, since, self._now)
        self._write_remark(plan, order)

    def _pick(self, scenario: Scenario) -> list[tuple[Item, int]]:
        rng = self._rng
        if scenario.worth is Worth.ANY:
            count = rng.choices([1, 2, 3, 4], [50, 30, 14, 6])[0]
            chosen = {rng.randrange(len(self._items)) for _ in range(count)}
            picked = [
                (self._items[place], rng.choices([1, 2, 3], [80, 15, 5])[0]) for place in sorted(chosen)
            ]
            if scenario.oversold:
                out = [item for item in self._items if item.stock == 0]
                picked = [(rng.choice(out), 1), *picked[1:]]
            return picked
        low, high = _WORTH[scenario.worth]
        fitting = [item for item in self._by_price if low * 100 <= item.price.minor <= high * 100]
        return [(rng.choice(fitting), 1)]

    def _write_lines(
        self, lines: Sequence[tuple[Item, int, Money]], order_id: int, state: OrderState, scenario: Scenario
    ) -> tuple[int, ...]:
        known = {
            OrderState.DELIVERED: LineState.DELIVERED,
            OrderState.RETURNED: LineState.RETURNED,
            OrderState.CANCELLED: LineState.CANCELLED,
            OrderState.UNPAID: LineState.ORDERED,
            OrderState.PAID: LineState.ORDERED,
            OrderState.PACKED: LineState.ORDERED,
        }
        line_ids = []
        for position, (item, quantity, price) in enumerate(lines, start=1):
            line_state = known.get(state, LineState.SHIPPED)
            if scenario.oversold and position == 1:
                line_state = LineState.BACKORDERED
            line_ids.append(
                self._book.add(
                    order_lines,
                    order_id=order_id,
                    position=position,
                    sku=item.sku,
                    title=item.title,
                    quantity=quantity,
                    price_minor=price.minor,
                    state=line_state.value,
                )
            )
        return tuple(line_ids)

    def _local(self, amount: Money, buyer: Buyer) -> Money:
        return self._rates.convert(amount, buyer.currency)

    def _state(self, plan: _Plan) -> OrderState:
        if not plan.journeys:
            return plan.scenario.state
        came_back = plan.scenario.returned in (ReturnState.ARRIVED, ReturnState.CLOSED)
        if came_back and plan.scenario.refunded is not None and plan.scenario.refunded.value == "arrived":
            return OrderState.RETURNED
        return _ORDER_STATES[PARCEL_STATES[plan.journeys[-1].reached]]

    def _cancelled_at(self, plan: _Plan) -> dt.datetime | None:
        if plan.journeys or plan.scenario.state is not OrderState.CANCELLED:
            return None
        return (plan.placed_at + (self._now - plan.placed_at) * 0.2).replace(microsecond=0)

    def _dates(self, plan: _Plan) -> tuple[dt.date, dt.date | None]:
        """The promised day, and the one that is expected now: both fit to what has happened."""
        rng, scenario, today = self._rng, plan.scenario, self._today
        zone = ZoneInfo(str(plan.buyer.row["timezone"]))
        promised = plan.placed_at.astimezone(zone).date() + dt.timedelta(days=promised_days(plan.buyer))
        if scenario.state in (OrderState.UNPAID, OrderState.CANCELLED) and not plan.journeys:
            return promised, None
        delivered = plan.journeys[-1].delivered_at if plan.journeys else None
        if delivered is not None:
            return max(promised, delivered.astimezone(zone).date()), delivered.astimezone(zone).date()
        if scenario.late:
            promised = min(promised, today - dt.timedelta(days=rng.randrange(1, 6)))
            known = scenario.cause is not None
            return promised, today + dt.timedelta(days=rng.randrange(2, 7)) if known else promised
        if scenario.paying is Paying.CAPTURED and scenario.cause is DelayCause.WAREHOUSE_MISSED:
            return promised, None
        promised = max(promised, today + dt.timedelta(days=rng.randrange(2, 6)))
        near = plan.journeys and plan.journeys[-1].reached == "out_for_delivery"
        return promised, today if near else today + (promised - today) * 0.8

    def _write_remark(self, plan: _Plan, order: Placed) -> None:
        rng, store = self._rng, read("store")
        if rng.random() >= 0.06:
            return
        colour, text = rng.choice(store["remarks"])
        at = (plan.placed_at + (self._now - plan.placed_at) * 0.05).replace(microsecond=0)
        author = rng.choice(store["agents"])
        self._book.add(remarks, order_id=order.id, colour=colour, author=author, at=at, text=text)


def _of_share(table: Sequence[Scenario], place: int, count: int) -> Scenario:
    """The scenario of one of ``count`` orders: each has exactly its share."""
    whole = sum(scenario.share for scenario in table)
    mark = (place + 0.5) * whole / count
    for scenario in table:
        mark -= scenario.share
        if mark < 0:
            return scenario
    return table[-1]
