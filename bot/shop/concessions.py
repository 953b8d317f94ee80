"""What a buyer who bargains may get: a lower price on an unpaid order, or a coupon for a basket."""

from __future__ import annotations

import datetime as dt
import secrets

import sqlalchemy as sa

from bot.errors import PolicyError, ShopError
from bot.shop import policy
from bot.shop.aftersales import AfterSales
from bot.shop.catalogue_reading import product_of
from bot.shop.exchange import read_rates
from bot.shop.once import Made, actions_of
from bot.shop.states import CouponKind
from bot.shop.tables import coupons, orders
from bot.shop.values import Money, Order, OrderState, Refusal, RemarkColour

#: Kind of the once-only action that lowers an order's price.
GRANT_DISCOUNT = "grant_discount"
#: Letters and digits that nobody takes for one another; eight of them cannot be guessed.
_SIGNS, _LENGTH = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 8


class Concessions(AfterSales):
    """The shop's actions, and those that concede a price."""

    def grant_discount(self, number: str, amount: Money, seen: str, approved: bool) -> tuple[int, Made]:
        """Lower what is owed for an unpaid order."""
        order = self._as_seen(number, seen)
        if order.state is not OrderState.UNPAID:
            raise PolicyError(f"{number}: its price stands", code=Refusal.TOO_LATE.value)
        given = self.conceded(order)
        ladder = self.ladder_of(order)
        self._require(amount, amount + given, ladder, approved)
        lowered = {
            "discount_minor": orders.c.discount_minor + amount.minor,
            "total_minor": orders.c.total_minor - amount.minor,
        }
        self.connection.execute(sa.update(orders).where(orders.c.id == order.id).values(lowered))
        who = "a supervisor allowed it" if approved else "within the bot's authority"
        text = f"Price lowered by {amount.major} {amount.currency} after bargaining; {who}."
        self._remark(order.id, RemarkColour(self.rules.remarks.price), text)
        return order.id, {"minor": amount.minor, "currency": amount.currency}

    def grant_coupon(
        self, product_code: str, amount: Money, customer_id: int | None, valid_until: dt.date, approved: bool
    ) -> tuple[None, Made]:
        """Make a coupon for one order that holds at least one piece of the product."""
        product = product_of(self.connection, product_code)
        if product is None:
            raise ShopError(f"there is no product {product_code}", code=Refusal.UNKNOWN_LINE.value)
        ladder = policy.product_ladder(product, self.rules, read_rates(self.connection).convert)
        self._require(amount, amount, ladder, approved)
        code = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
        made = self._insert(
            coupons,
            code=code,
            kind=CouponKind.AMOUNT.value,
            percent=0,
            amount_minor=amount.minor,
            # A basket of less would be sold below the floor.
            minimum_minor=product.price.minor,
            currency=amount.currency,
            valid_from=self.now.date(),
            valid_until=valid_until,
            customer_id=customer_id,
            uses_left=1,
        )
        # Read back: what was drawn would be another in a replay.
        kept = sa.select(coupons.c.code).where(coupons.c.id == made)
        return None, {"code": self.connection.execute(kept).scalar_one()}

    def ladder_of(self, order: Order) -> policy.Ladder:
        """What may be conceded on the order in all."""
        products = {line.sku: product_of(self.connection, line.sku) for line in order.lines}
        convert = read_rates(self.connection).convert
        return policy.order_ladder(order, products, self.rules, convert, self.conceded(order))

    def conceded(self, order: Order) -> Money:
        """What was conceded on the order so far."""
        made = [found.result["minor"] for found in actions_of(self.connection, order.id, GRANT_DISCOUNT)]
        return Money(sum(made), order.currency)

    @staticmethod
    def _require(amount: Money, in_all: Money, ladder: policy.Ladder, approved: bool) -> None:
        """Let pass what is within the authority or, with a supervisor's yes, above the floor.

        Raises:
            PolicyError: ``too_much``; ``not_positive``; ``wrong_currency``.
        """
        if amount.currency != ladder.price.currency:
            raise PolicyError("a concession in another currency", code=Refusal.WRONG_CURRENCY.value)
        if amount.minor <= 0:
            raise PolicyError("a concession of nothing", code=Refusal.NOT_POSITIVE.value)
        own = ladder.steps[-1].minor if ladder.steps else 0
        if in_all.minor > (ladder.most.minor if approved else own):
            raise PolicyError("a concession above what may be granted", code=Refusal.TOO_MUCH.value)
