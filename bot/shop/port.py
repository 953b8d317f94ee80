"""The Shop port: what flows may ask of the store and what they may have done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from bot.shop.choosing import Fitting, Wish
from bot.shop.policy import Ladder
from bot.shop.values import (
    Address,
    Coupon,
    Customer,
    DoubleCharge,
    Money,
    Order,
    Product,
    Refund,
    Remark,
    RemarkColour,
    Remedy,
    Return,
    ReturnReason,
    Trace,
)


class Shop(Protocol):
    """The store within one unit of work.

    Questions change nothing and see what has been committed, and what this unit of work did itself. They
    give every fact of an order to whoever asks: *checking the buyer's identity first is the caller's duty*.

    Actions take a ``key`` and run at most once for it, for ever: called again with the same key and the same
    arguments, in this unit of work or any later one, an action changes nothing and returns what it made the
    first time (as it stands now); with other arguments it raises ``ShopError`` (``key_reused``). An action
    decides on what it reads after having taken its key, so two at the same time cannot both spend the same
    money. One that raises has changed nothing and leaves its key free. All effects belong to the caller's
    transaction: rolled back with it.

    Every action may raise ``NotAcceptedError``: the store's orders live in a system that does not do it.
    ``ShopError`` means that the data does not allow it, ``PolicyError`` that the store's rules do not; their
    ``code`` is one of ``Refusal``'s values. Every method raises ``TryLaterError`` by way of the unit of work
    when the database is away.
    """

    # --- Questions --------------------------------------------------------------------------------

    def product(self, code: str) -> Product | None:
        """The product of this code, or the one that has a variant of this SKU; case does not matter."""
        ...

    def products_named(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products whose name or alias is meant by these words, likeliest first; typing errors are forgiven.

        Empty where nothing resembles them. Never more than ``limit``.
        """
        ...

    def products_hinted(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products of whose names the words hold a part, the rarest first: ask which is meant.

        Typing errors are forgiven. Never more than ``limit``.
        """
        ...

    def products_of_kind(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that are the goods which the words ask for: a bicycle jacket is a jacket, and no bicycle.

        Typing errors are forgiven. Never more than ``limit``.
        """
        ...

    def products_of_material(self, words: str, limit: int = 3) -> Sequence[Product]:
        """Products that are made of what the words name: "merino" are shirts of merino wool.

        Never more than ``limit``.
        """
        ...

    def fitting(self, wish: Wish, limit: int = 3) -> Fitting:
        """Products in stock that fit a wish, the best rated first; never more than ``limit``."""
        ...

    def categories(self) -> Sequence[str]:
        """The catalogue's categories, those with most products first."""
        ...

    def order(self, number: str) -> Order | None:
        """The order of this number, however it is written (``cd 100123``, ``CD-100123``); None if none."""
        ...

    def orders_of(self, customer_id: int, limit: int = 10) -> Sequence[Order]:
        """The customer's orders, newest first; empty for an unknown customer."""
        ...

    def customer(self, customer_id: int) -> Customer | None:
        """The customer; None if unknown."""
        ...

    def is_returning(self, customer_id: int, current: str | None = None) -> bool:
        """Whether an order of this customer was delivered before the current one.

        ``current`` is the number of the order that is spoken about; without it any delivered order counts.
        False for an unknown customer.
        """
        ...

    def is_valued(self, customer_id: int) -> bool:
        """Whether the customer has paid ``store.vip_from`` or more, over time. False for an unknown one."""
        ...

    def nearest_order_number(self, customer_id: int, typed: str) -> str | None:
        """The one of this customer's own order numbers that was meant by a mistyped one.

        The same number, or one that differs by a single wrong digit or by two neighbours swapped; None
        where no number, or more than one, lies that near.
        """
        ...

    def coupon(self, code: str) -> Coupon | None:
        """The coupon of this code, in capitals or not; None if there is none."""
        ...

    def convert(self, amount: Money, currency: str) -> Money:
        """The amount in another currency, rounded half to even in that currency's minor units.

        Raises:
            ShopError: ``no_rate`` if the store has no exchange rate for one of the two.
        """
        ...

    def running_coupons(self) -> Sequence[Coupon]:
        """Coupons that anybody may use today, the latest to end first."""
        ...

    def order_ladder(self, order_number: str) -> Ladder:
        """What may be conceded on an order in all, what was conceded before included.

        Raises:
            ShopError: ``unknown_order``; ``no_rate``.
        """
        ...

    def receipt_confirmed_at(self, order_number: str) -> dt.datetime | None:
        """When the buyer confirmed to have got everything; None if they did not.

        Raises:
            ShopError: ``unknown_order``.
        """
        ...

    def protection_extensions(self, order_number: str) -> int:
        """How often the order's buyer protection was extended.

        Raises:
            ShopError: ``unknown_order``.
        """
        ...

    def requested(self) -> Sequence[str]:
        """The kinds of actions of this unit of work that are only requested yet.

        Orders may live in another system than this one (``feed`` in ``shop.yml``): then what an action made
        is told there, and nothing is done before that system has acknowledged it. Else this is empty.
        """
        ...

    def unconfirmed(self, order_number: str) -> Sequence[str]:
        """The kinds of actions on an order that the other system has not acknowledged, oldest first."""
        ...

    def stale_since(self) -> dt.datetime | None:
        """When the other system's facts were loaded, if that is longer ago than ``feed.fresh_minutes``."""
        ...

    # --- Actions ----------------------------------------------------------------------------------

    def request_return(
        self, order_number: str, line_ids: Sequence[int], reason: ReturnReason, *, key: str
    ) -> Return:
        """Open a return of whole order lines.

        The return is ``APPROVED`` (it is within policy; nothing else has to be decided) and says whether the
        goods must come back and by when they must be handed to a carrier. Asks for no money:
        ``request_refund`` does, with the return's id.

        Raises:
            ShopError: ``unknown_order``; ``unknown_line`` (no lines, or one that is not this order's);
                ``no_rate``; ``key_reused``.
            PolicyError: ``not_delivered``, ``window_closed``, ``already_returned``.
        """
        ...

    def record_return_parcel(self, return_id: int, tracking_number: str, *, key: str) -> Return:
        """Note that the buyer has sent the goods: the return becomes ``SENT``.

        A return whose goods have arrived keeps its state; the number is noted all the same.

        Raises:
            ShopError: ``unknown_return``; ``key_reused``.
        """
        ...

    def request_refund(
        self,
        order_number: str,
        amount: Money | None,
        reason: ReturnReason,
        *,
        key: str,
        return_id: int | None = None,
    ) -> Refund:
        """Ask for money back, to the method it was paid with.

        ``amount`` is in the order's currency; None means all that can still be given back or, with a
        ``return_id``, what the returned lines are worth. The refund is ``REQUESTED`` where the bot may grant
        it; where this one and those asked for before on this order add up to more than ``authority.refund``,
        it is ``AWAITING_APPROVAL`` and an approval is asked for (it is then the last of the order's
        ``approvals``); so it is for a parcel that the carrier delivered and the buyer did not get. A return
        whose whole worth is asked for then waits with it (``REQUESTED``). A remark in the refunds' colour is
        left on the order.

        Raises:
            ShopError: ``unknown_order``; ``unknown_return`` (or one of another order); ``no_rate``;
                ``key_reused``.
            PolicyError: ``not_paid``, ``not_delivered``, ``window_closed``, ``nothing_left``,
                ``too_much``, ``not_positive``, ``wrong_currency``; ``return_first`` where the goods were
                delivered well and are worth the way back, and no return was named; ``already_returned``
                where a refund hangs on this return already.
        """
        ...

    def decide_refund(
        self, order_number: str, refund_id: int, granted: Money, *, by: str, key: str
    ) -> Refund:
        """Write down what a person granted of a refund that is ``AWAITING_APPROVAL``; zero: it is declined.

        What is granted is ``APPROVED``, or ``REQUESTED`` again while its goods are not back. A return that
        waited with it is ``APPROVED``, or ``REFUSED`` where nothing is granted. A remark in the refunds'
        colour names ``by``.

        Raises:
            ShopError: ``unknown_order``; ``unknown_return`` if no approval was asked for it; ``key_reused``.
            PolicyError: ``changed_meanwhile`` if it was decided on; ``too_much``; ``wrong_currency``.
        """
        ...

    def report_double_charge(self, order_number: str, *, key: str) -> DoubleCharge:
        """Ask finance to give back what was taken twice (or more often), with the evidence.

        Reported once for each payment, whatever the key: a second report finds the first one's refunds. A
        remark for anything special is left on the order at the first report. Finance decides: the
        amount has no limit of authority here, and the refunds stay ``REQUESTED`` until it does.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
            PolicyError: ``no_double_charge`` if no two payments are alike.
        """
        ...

    def open_trace(self, shipment_id: int, *, key: str) -> Trace:
        """Ask logistics to search for a parcel.

        One search at a time for a parcel, whatever the key: while one is open, it is returned.

        Raises:
            ShopError: ``unknown_shipment``; ``key_reused``.
            PolicyError: ``not_shipped``.
        """
        ...

    def add_remark(
        self, order_number: str, colour: RemarkColour, author: str, text: str, *, key: str
    ) -> Remark:
        """Leave a note on an order for the store's people; buyers never see it.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
        """
        ...

    # --- Changes of an order that the buyer was asked about ---------------------------------------
    #
    # ``seen`` is ``policy.standing`` of the order as it was read back to the buyer. The order is read again
    # once it is locked: is it no longer the same, nothing is done (``changed_meanwhile``).

    def cancel_order(self, order_number: str, seen: str, *, key: str) -> Order:
        """Cancel an order that is not packed yet; asks for no money: ``request_refund`` does.

        A remark in the colour of changes before shipping is left on the order.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``too_late``.
        """
        ...

    def change_address(self, order_number: str, address: Address, seen: str, *, key: str) -> Order:
        """Send an order that is not packed yet to another address in the same country; leaves a remark.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``too_late``; ``other_country``.
        """
        ...

    def swap_variant(self, order_number: str, line_id: int, sku: str, seen: str, *, key: str) -> Order:
        """Put another variant of the same product, at the same price, in the place of a line's.

        Its pieces are held: taken from what is on hand, and those of the former one given back to it. Leaves
        a remark.

        Raises:
            ShopError: ``unknown_order``; ``unknown_line``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``too_late``; ``out_of_stock``; ``other_price``.
        """
        ...

    def record_wish(self, order_number: str, text: str, seen: str, *, key: str) -> Remark:
        """Leave a buyer's wish on an order as a remark, in the colour of changes before or after shipping.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
            PolicyError: ``changed_meanwhile``.
        """
        ...

    def confirm_receipt(self, order_number: str, seen: str, *, key: str) -> None:
        """Note that the buyer has got everything; leaves a remark.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
            PolicyError: ``changed_meanwhile``.
        """
        ...

    def extend_protection(self, order_number: str, seen: str, *, key: str) -> dt.date:
        """Give more days of buyer protection, and say until when; leaves a remark.

        Raises:
            ShopError: ``unknown_order``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``too_late`` if it is over or was extended often enough.
        """
        ...

    # --- Goods that the buyer has; ``seen`` as above ----------------------------------------------

    def settled_lines(self, order_number: str) -> frozenset[int]:
        """The ids of lines whose fault was settled by ``settle``.

        Raises:
            ShopError: ``unknown_order``.
        """
        ...

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
        """Settle a fault of these lines for good: they can be neither settled again nor returned after it.

        For a replacement the pieces are taken from what is on hand; a remark tells the warehouse. Asks for no
        money: ``request_refund`` does.

        Raises:
            ShopError: ``unknown_order``; ``unknown_line``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``already_returned``; ``window_closed``; ``out_of_stock``.
        """
        ...

    def exchange(self, order_number: str, line_id: int, sku: str, seen: str, *, key: str) -> None:
        """Hold another variant of a line's product, which costs no more, until its goods are back.

        Opens no return: ``request_return`` does. Leaves a remark.

        Raises:
            ShopError: ``unknown_order``; ``unknown_line``; ``no_rate``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``out_of_stock``; ``other_price``.
        """
        ...

    def repay_freight(self, order_number: str, return_id: int, carrier: str, *, key: str) -> Refund:
        """Pay back a way back at our cost, as ``returns.freight_back`` says for the carrier, once.

        Raises:
            ShopError: ``unknown_order``; ``unknown_return``; ``no_rate``; ``key_reused``.
            PolicyError: ``not_ours``; ``already_returned``.
        """
        ...

    # --- Concessions to a buyer who bargains ------------------------------------------------------

    def grant_discount(
        self, order_number: str, amount: Money, seen: str, *, key: str, approved: bool = False
    ) -> Order:
        """Lower what is owed for an unpaid order; leaves a remark in the colour of price changes.

        All concessions on an order together stay within the authority or, with a supervisor's yes
        (``approved``), above the floors of its goods.

        Raises:
            ShopError: ``unknown_order``; ``no_rate``; ``key_reused``.
            PolicyError: ``changed_meanwhile``; ``too_late``; ``too_much``; ``not_positive``;
                ``wrong_currency``.
        """
        ...

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
        """Make a coupon for one order of at least the product's list price.

        Raises:
            ShopError: ``unknown_line`` if there is no such product; ``no_rate``; ``key_reused``.
            PolicyError: ``too_much``; ``not_positive``; ``wrong_currency``.
        """
        ...

    def now(self) -> dt.datetime:
        """The moment that policies are judged at; aware, UTC."""
        ...
