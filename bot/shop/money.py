"""Money: whole minor units (cents, yen, fils) with their currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import get_currency_precision


def minor_digits(currency: str) -> int:
    """How many decimal places a currency's amounts have, by CLDR: 2 for EUR, 0 for JPY."""
    return int(get_currency_precision(currency))


@dataclass(frozen=True, order=False)
class Money:
    """An amount of money. Arithmetic and comparison between two currencies raise ``ValueError``."""

    #: Whole minor units of the currency; negative amounts are possible, policies refuse them.
    minor: int
    #: ISO 4217.
    currency: str

    @classmethod
    def of(cls, major: Decimal | str | int, currency: str) -> Money:
        """From major units (``"12.90"``, ``"EUR"``), rounded half to even in the currency's minor units."""
        scaled = Decimal(major).scaleb(minor_digits(currency))
        return cls(int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing."""
        return cls(0, currency)

    @property
    def major(self) -> Decimal:
        """In major units, with the currency's number of decimal places: ``Decimal("12.90")``."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix: convert first")
        return other
