"""Policy on money: what was received, what may go back, who must agree and when it arrives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.settings import ShopRules
from bot.shop.exchange import Rates
from bot.shop.policy.days import local_day
from bot.shop.policy.returns import OUR_FAULT, goods_must_come_back, is_in_window
from bot.shop.values import (
    Money,
    Order,
    OrderState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Refusal,
    Return,
    ReturnReason,
)


@dataclass(frozen=True)
class RefundDecision:
    """What policy says to a wish for money back."""

    #: Why not; None where it is allowed.
    refusal: Refusal | None
    #: What would be given back.
    amount: Money
    #: The most that can still be given back.
    refundable: Money
    #: A person above the bot must say yes.
    needs_approval: bool
    #: What the bot may grant by itself for one order, in the store's currency.
    limit: Money

    @property
    def allowed(self) -> bool:
        """Whether it may be asked for at all."""
        return self.refusal is None


def received(order: Order) -> tuple[Payment, ...]:
    """The payments that reached us in the order's currency, oldest first, whether given back or not."""
    taken = (PaymentState.CAPTURED, PaymentState.REFUNDED)
    return tuple(
        sorted(
            (one for one in order.payments if one.state in taken and one.amount.currency == order.currency),
            key=lambda one: (one.at, one.id),
        )
    )


def duplicate_charges(order: Order) -> tuple[tuple[Payment, Payment], ...]:
    """Pairs of a payment and a later one that took the same sum again, beyond what was owed.

    Two equal instalments are no pair. Pairs stay pairs after they were reported or given back.
    """
    linked = {refund.payment_id for refund in order.refunds if refund.payment_id is not None}
    standing = [one for one in received(order) if one.state is PaymentState.CAPTURED or one.id in linked]
    surplus = sum(one.amount.minor for one in standing) - order.total.minor
    pairs: list[tuple[Payment, Payment]] = []
    for later in reversed(standing):
        earlier = next((one for one in standing if one.amount == later.amount and one is not later), None)
        if earlier is None or (earlier.at, earlier.id) > (later.at, later.id):
            continue
        if 0 < later.amount.minor <= surplus:
            surplus -= later.amount.minor
            pairs.append((earlier, later))
    return tuple(reversed(pairs))


def refundable(order: Order) -> Money:
    """What was paid for the order less what was given back or is about to be.

    Double charges are apart: they go back through finance, whole; so is the freight of a way back.
    """
    doubles = {later.id for _, later in duplicate_charges(order)}
    paid = [one for one in received(order) if one.id not in doubles]
    asked = sum(
        refund.amount.minor
        for refund in order.refunds
        if refund.state is not RefundState.DECLINED
        and refund.payment_id not in doubles
        # Paid beside the goods, never out of what they cost.
        and refund.reason is not ReturnReason.RETURN_FREIGHT
    )
    # A payment may be marked as refunded without a refund of ours (imported data): whichever is more counts.
    marked = sum(one.amount.minor for one in paid if one.state is PaymentState.REFUNDED)
    left = sum(one.amount.minor for one in paid) - max(asked, marked)
    return Money(max(left, 0), order.currency)


def authority_limit(rules: ShopRules) -> Money:
    """What the bot may refund for one order by itself."""
    return Money.of(rules.authority.refund, rules.store.currency)


def refund_decision(
    order: Order,
    amount: Money | None,
    reason: ReturnReason,
    rules: ShopRules,
    rates: Rates,
    now: dt.datetime,
    *,
    goods: Return | None = None,
) -> RefundDecision:
    """Whether the amount (None: all that is left) may be given back, and whether a person must agree.

    With ``goods``, the return that it is for: it is then worth what they are worth at most, and the window is
    not looked at again. Without, goods that were delivered well must be on their way back first, unless they
    are not worth it. That a parcel was not received, though the carrier says so, only a person can grant.

    Raises:
        ShopError: ``no_rate`` if the order's currency cannot be compared with the limit.
    """
    left = refundable(order)
    most = left if goods is None else min(left, goods.value)
    wanted = most if amount is None else amount
    limit = authority_limit(rules)
    in_window = goods is not None or is_in_window(order, rules, now, reason)
    refusal = _refusal(order, wanted, most, in_window=in_window)
    if refusal is not None:
        return RefundDecision(refusal, wanted, left, False, limit)
    # Several small ones must walk around neither the way back nor the limit.
    before = sum(
        refund.amount.minor
        for refund in order.refunds
        if refund.payment_id is None and refund.state is not RefundState.DECLINED
    )
    in_all = Money(before + wanted.minor, order.currency)
    keeps_goods = order.state is OrderState.DELIVERED and goods is None and reason not in OUR_FAULT
    if keeps_goods and goods_must_come_back(in_all, rules, rates):
        return RefundDecision(Refusal.RETURN_FIRST, wanted, left, False, limit)
    needs_approval = rates.convert(in_all, limit.currency) > limit or reason is ReturnReason.NOT_RECEIVED
    return RefundDecision(None, wanted, left, needs_approval, limit)


def _refusal(order: Order, wanted: Money, most: Money, *, in_window: bool) -> Refusal | None:
    if wanted.currency != order.currency:
        return Refusal.WRONG_CURRENCY
    if not received(order):
        return Refusal.NOT_PAID
    if order.state not in (OrderState.DELIVERED, OrderState.RETURNED, OrderState.CANCELLED):
        return Refusal.NOT_DELIVERED
    if not most:
        return Refusal.NOTHING_LEFT
    if order.state is OrderState.DELIVERED and not in_window:
        return Refusal.WINDOW_CLOSED
    if wanted.minor <= 0:
        return Refusal.NOT_POSITIVE
    return Refusal.TOO_MUCH if wanted > most else None


def refund_method(order: Order) -> str:
    """The way the money goes back: as the largest received payment came."""
    paid = received(order)
    return max(paid, key=lambda one: one.amount.minor).method if paid else ""


def refund_arrival(method: str, start: dt.date, rules: ShopRules, *, checking: bool = False) -> dt.date:
    """The last day on which the money should arrive.

    ``start`` is the day on which it was sent or, with ``checking``, the day on which the goods or the
    question reached us: the days for checking are then added.
    """
    known = rules.returns.refund_days
    days = known.get(method, max(known.values(), default=0))
    return start + dt.timedelta(days=days + (rules.returns.check_days if checking else 0))


def refund_due(refund: Refund, order: Order, rules: ShopRules) -> dt.date | None:
    """The last day on which this refund's money should arrive.

    None where it has arrived or was declined, or while it waits for goods that are not here yet.
    """
    if refund.state in (RefundState.ARRIVED, RefundState.DECLINED):
        return None
    if refund.sent_at is not None:
        return refund_arrival(refund.method, local_day(refund.sent_at, order.timezone), rules)
    start = refund.approved_at
    if start is None:
        goods = next((back for back in order.returns if back.id == refund.return_id), None)
        if goods is not None and goods.goods_come_back:
            start = goods.arrived_at
            if start is None:
                return None
        else:
            start = refund.requested_at
    return refund_arrival(refund.method, local_day(start, order.timezone), rules, checking=True)


def is_refund_late(refund: Refund, order: Order, rules: ShopRules, now: dt.datetime) -> bool:
    """Whether the money should be there by now."""
    due = refund_due(refund, order, rules)
    return due is not None and due < local_day(now, order.timezone)
