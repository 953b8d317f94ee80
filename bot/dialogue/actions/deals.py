"""What is bargained about, as it stands: told, moved by refusals alone, and made real once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.dialogue import ladders
from bot.dialogue.actions.change import word
from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.actions.told import fact_of
from bot.dialogue.ladders import Bargain
from bot.dialogue.turn import Turn
from bot.errors import PolicyError, ShopError
from bot.messages import Button
from bot.shop.policy import Ladder, local_day, product_ladder, standing
from bot.shop.values import CouponKind, Money, Order, Product

#: The wish for a lower price.
INTENT = "product_bargain"
#: The slots of bargaining before anything is offered.
FRESH: Slots = {"bargain": None, "bargain_answer": None, "bargain_price": None}
#: Coupons that are named.
NAMED = 2
_SUM = re.compile(r"\d+(?:[.,]\d{1,3})*")


@dataclass(frozen=True)
class Deal:
    """What is bargained about, as it stands now."""

    record: Bargain
    ladder: Ladder
    #: What the buyer would pay without a concession.
    price: Money
    order: Order | None
    product: Product | None

    @property
    def off(self) -> Money:
        """What the refusals so far have brought: by their count, and nothing else."""
        steps = self.ladder.steps
        reached = min(self.record.refusals, len(steps))
        return steps[reached - 1] if reached else Money.zero(self.price.currency)

    @property
    def offered(self) -> Money:
        """The price with it."""
        return self.price - self.off

    @property
    def beyond(self) -> bool:
        """Whether the ladder has ended."""
        return self.record.refusals > len(self.ladder.steps)

    @property
    def key(self) -> str:
        """The one concession, and the one request, that can come of it."""
        return f"bargain:{self.record.id}"


def order_deal(turn: Turn, order: Order) -> Deal:
    """An order's, begun if there is none."""
    now = turn.clock.now()
    record = ladders.of_order(turn.connection, order.number, turn.conversation.id, order.customer_id, now)
    return Deal(record, turn.shop.order_ladder(order.number), order.total, order, None)


def basket_deal(turn: Turn, product: Product) -> Deal:
    """A basket's, begun if none lasts."""
    record = ladders.of_basket(
        turn.connection,
        product.code,
        turn.conversation.id,
        turn.customer.id if turn.customer else None,
        turn.row.id,
        turn.clock.now(),
        turn.rules.bargaining.days,
    )
    return deal_of(turn, record) or _product_deal(turn, record, product)


def _product_deal(turn: Turn, record: Bargain, product: Product) -> Deal:
    return Deal(record, product_ladder(product, turn.rules, turn.shop.convert), product.price, None, product)


def deal_of(turn: Turn, record: Bargain) -> Deal | None:
    """What a ladder is about; None where it is gone from the store, or over."""
    if record.order_number is not None:
        order = turn.shop.order(record.order_number)
        if order is None:
            return None
        return Deal(record, turn.shop.order_ladder(order.number), order.total, order, None)
    product = turn.shop.product(record.product or "")
    return None if product is None else _product_deal(turn, record, product)


def offer_of(deal: Deal, *, tries: int) -> dict[str, Any]:
    """What the form keeps of an offer: its ladder, whether a price is asked for now, and how often it was."""
    return {"ladder": deal.record.id, "price": deal.beyond, "tries": tries}


def what_is(turn: Turn, deal: Deal) -> str:
    """The product or the order, in words."""
    if deal.product is not None:
        return turn.words.product(deal.product)
    return word(turn, "utter_bargain_order", number=deal.record.order_number or "")


def explain(turn: Turn, speaker: Speaker, deal: Deal) -> None:
    """What the price is for: it is the same for everybody."""
    speaker.say("utter_bargain_value", what=what_is(turn, deal), price=turn.words.money(deal.price))
    product = deal.product
    if product is None:
        return
    if product.rating is not None and product.review_count:
        rating = turn.words.number(product.rating)
        speaker.say("utter_bargain_rating", rating=rating, count=product.review_count)
    if "warranty" in product.facts:
        name = turn.words.product(product)
        speaker.say("utter_fact_warranty", product=name, fact=fact_of(turn, product, "warranty"))


def running(turn: Turn, goods: Money | None = None) -> list[str]:
    """The coupons that run now, in words; for goods of this worth, those that lower their price."""
    words, store = turn.words, turn.rules.store.currency
    told = []
    for coupon in turn.shop.running_coupons():
        is_freight = coupon.kind is CouponKind.FREE_FREIGHT
        if goods is not None and (is_freight or turn.shop.convert(coupon.minimum, store) > goods):
            continue
        off = f"{coupon.percent} %" if coupon.kind is CouponKind.PERCENT else words.money(coupon.amount)
        worth = (
            word(turn, "utter_coupon_free_freight")
            if is_freight
            else word(turn, "utter_coupon_off", worth=off)
        )
        until = words.day(coupon.valid_until)
        told.append(word(turn, "utter_bargain_coupon", code=coupon.code, worth=worth, until=until))
    return told


def promote(turn: Turn, speaker: Speaker, deal: Deal, pieces: int = 1) -> None:
    """What lowers the price for everybody: coupons that it reaches, and the threshold of free shipping."""
    words, store = turn.words, turn.rules.store.currency
    goods = turn.shop.convert(deal.ladder.price * pieces, store)
    told = running(turn, goods)
    if told:
        speaker.say("utter_bargain_coupons", coupons=words.all_of(told[:NAMED]))
    if deal.order is None and say_missing(turn, speaker, goods):
        return
    if not told:
        speaker.say("utter_bargain_no_promotion")


def basket_told(turn: Turn) -> Money | None:
    """What the message says that the goods come to, in the store's currency; None where it names no sum."""
    named = turn.understanding.first("money")
    return _converted(turn, named, turn.rules.store.currency) if isinstance(named, Mapping) else None


def say_missing(turn: Turn, speaker: Speaker, goods: Money) -> bool:
    """How much more makes standard shipping free for goods of this worth; whether there was such a sum."""
    missing = Money.of(turn.rules.shipping.free_from, goods.currency) - goods
    if missing.minor <= 0:
        return False
    speaker.say("utter_bargain_free_freight", missing=turn.words.money(missing))
    return True


def concede(turn: Turn, speaker: Speaker, deal: Deal, amount: Money, *, approved: bool) -> None:
    """Make it real, once: a lower price on the order, or a coupon."""
    order, off = deal.order, turn.words.money(amount)
    if order is None:
        until = _until(turn)
        coupon = turn.shop.grant_coupon(
            deal.record.product or "",
            amount,
            customer_id=turn.customer.id if turn.customer else None,
            valid_until=until,
            key=deal.key,
            approved=approved,
        )
        ladders.granted(turn.connection, deal.record, amount.minor, coupon.code)
        turn.confirms = True
        _say_coupon(turn, speaker, coupon.code)
        return
    try:
        with turn.connection.begin_nested():
            lowered = turn.shop.grant_discount(
                order.number, amount, standing(order), key=deal.key, approved=approved
            )
    except PolicyError as refusal:
        turn.read("refused", code=refusal.code)
        if turn.customer is not None:
            speaker.say("utter_bargain_paid", number=order.number)
        return
    ladders.granted(turn.connection, deal.record, amount.minor, None)
    turn.confirms = True
    if still_theirs(turn, deal):
        total = turn.words.money(lowered.total)
        speaker.say("utter_bargain_order_made", number=order.number, price=total, off=off)


def say_stands(turn: Turn, speaker: Speaker, deal: Deal, reply: str) -> None:
    """Nothing more is given: what was offered stays on the table."""
    take = word(turn, "utter_bargain_take", price=turn.words.money(deal.offered))
    buttons = [Button(take, f"/{INTENT}")] if deal.off else []
    until = turn.words.day(_until(turn) if deal.record.ends_at is None else _day(turn, deal.record.ends_at))
    price = turn.words.money(deal.offered)
    speaker.say(reply, buttons, what=what_is(turn, deal), price=price, until=until)


def say_already(turn: Turn, speaker: Speaker, deal: Deal) -> None:
    """What was conceded stands, and nothing more comes of it."""
    off = Money(deal.record.granted_minor or 0, deal.price.currency)
    speaker.say("utter_bargain_already", what=what_is(turn, deal), off=turn.words.money(off))
    if deal.record.coupon is not None:
        _say_coupon(turn, speaker, deal.record.coupon)


def _say_coupon(turn: Turn, speaker: Speaker, code: str) -> None:
    coupon = turn.shop.coupon(code)
    if coupon is None:
        return
    speaker.say(
        "utter_bargain_coupon_made",
        code=code,
        off=turn.words.money(coupon.amount),
        minimum=turn.words.money(coupon.minimum),
        until=turn.words.day(coupon.valid_until),
    )


def still_theirs(turn: Turn, deal: Deal) -> bool:
    """Whether what is said of an order is said to its buyer."""
    order = deal.order
    return order is None or (turn.customer is not None and order.customer_id == turn.customer.id)


def _until(turn: Turn) -> dt.date:
    return _day(turn, turn.clock.now() + dt.timedelta(days=turn.rules.bargaining.days))


def _day(turn: Turn, moment: dt.datetime) -> dt.date:
    return local_day(moment, turn.rules.store.timezone)


def wish_of(turn: Turn, currency: str) -> Money | None:
    """The one price that a message names, in the money that is bargained in."""
    named = turn.understanding.first("money")
    if isinstance(named, Mapping):
        return _converted(turn, named, currency)
    return sum_of(turn.understanding.text, currency)


def _converted(turn: Turn, named: Mapping[str, Any], currency: str) -> Money | None:
    """A sum of money as it was read, in another currency; None where there is no rate."""
    try:
        return turn.shop.convert(Money(int(named["amount_minor"]), str(named["currency"])), currency)
    except (ShopError, KeyError, TypeError, ValueError):
        return None


def sum_of(text: str, currency: str) -> Money | None:
    """The only number in a text as a sum of money: "110", "9,50", "1.200"."""
    found = _SUM.findall(text.translate({ord(thin): None for thin in "\u00a0\u202f'"}))
    if len(found) != 1 or len(found[0]) > 12:
        return None
    digits = found[0]
    # Three digits behind the last sign are thousands.
    whole, sign, rest = digits.rpartition("," if digits.rfind(",") > digits.rfind(".") else ".")
    plain = digits if not sign or len(rest) == 3 else f"{whole}|{rest}"
    try:
        return Money.of(Decimal(re.sub(r"[.,]", "", plain).replace("|", ".")), currency)
    except InvalidOperation:
        return None
