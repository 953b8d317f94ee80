"""Exchange rates: from the database, used by pure policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ShopError
from bot.shop.tables import exchange_rates
from bot.shop.values import Money, Refusal


@dataclass(frozen=True)
class Rates:
    """Units of each currency for one unit of the reference currency."""

    per_reference: Mapping[str, Decimal]

    def convert(self, amount: Money, currency: str) -> Money:
        """The amount in another currency, rounded half to even in that currency's minor units.

        Raises:
            ShopError: ``no_rate`` if one of the two currencies has no rate.
        """
        if amount.currency == currency:
            return amount
        return Money.of(amount.major / self._rate(amount.currency) * self._rate(currency), currency)

    def _rate(self, currency: str) -> Decimal:
        try:
            return self.per_reference[currency]
        except KeyError:
            raise ShopError(f"there is no exchange rate for {currency}", code=Refusal.NO_RATE.value) from None


def read_rates(connection: Connection) -> Rates:
    """All rates that the database has."""
    rows = connection.execute(sa.select(exchange_rates.c.currency, exchange_rates.c.rate))
    return Rates({row.currency: Decimal(row.rate) for row in rows})


def write_rates(connection: Connection, per_reference: Mapping[str, Decimal], as_of: dt.date) -> None:
    """Set the rates of these currencies; others stay."""
    connection.execute(sa.delete(exchange_rates).where(exchange_rates.c.currency.in_(list(per_reference))))
    rows = [{"currency": key, "rate": str(rate), "as_of": as_of} for key, rate in per_reference.items()]
    if rows:
        connection.execute(sa.insert(exchange_rates), rows)


def convert(connection: Connection, amount: Money, currency: str) -> Money:
    """The amount in another currency, by the database's rates.

    Raises:
        ShopError: ``no_rate`` if one of the two currencies has no rate.
    """
    return amount if amount.currency == currency else read_rates(connection).convert(amount, currency)
