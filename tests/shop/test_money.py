from __future__ import annotations

from decimal import Decimal

import pytest

from bot.errors import ShopError
from bot.shop.exchange import Rates, convert, read_rates, write_rates
from bot.shop.values import Money


@pytest.mark.parametrize(
    ("major", "currency", "minor"),
    [
        ("12.90", "EUR", 1290),
        ("1500", "JPY", 1500),
        ("0.005", "EUR", 0),
        ("0.015", "EUR", 2),
        ("12.5", "KRW", 12),
    ],
)
def test_major_units_become_whole_minor_units_half_to_even(major: str, currency: str, minor: int) -> None:
    assert Money.of(major, currency) == Money(minor, currency)


def test_an_amount_shows_as_many_places_as_its_currency_has() -> None:
    assert str(Money(1290, "EUR").major) == "12.90"
    assert str(Money(1500, "JPY").major) == "1500"


def test_two_currencies_never_mix() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(ValueError, match="do not mix"):
        _ = Money(1, "EUR") < Money(1, "USD")


def test_an_amount_is_converted_half_to_even_in_the_targets_minor_units(rates: Rates) -> None:
    assert rates.convert(Money(1000, "EUR"), "USD") == Money(1250, "USD")
    # 0.02 USD are 0.016 EUR; 0.10 EUR are 0.125 USD, half way, to the even 0.12.
    assert rates.convert(Money(2, "USD"), "EUR") == Money(2, "EUR")
    assert rates.convert(Money(10, "EUR"), "USD") == Money(12, "USD")
    assert rates.convert(Money(1000, "JPY"), "EUR") == Money(625, "EUR")


def test_a_currency_without_a_rate_is_refused_by_name(rates: Rates) -> None:
    with pytest.raises(ShopError, match="CHF") as refused:
        rates.convert(Money(1, "CHF"), "EUR")
    assert refused.value.code == "no_rate"


def test_an_amount_in_its_own_currency_needs_no_rate() -> None:
    assert Rates({}).convert(Money(5, "CHF"), "CHF") == Money(5, "CHF")


def test_rates_are_kept_exactly_and_replaced_one_by_one(database, clock) -> None:
    with database.begin() as connection:
        write_rates(connection, {"EUR": Decimal(1), "KRW": Decimal("1487.4000000001")}, clock.now().date())
        write_rates(connection, {"KRW": Decimal("1500.1")}, clock.now().date())
        assert read_rates(connection).per_reference == {"EUR": Decimal(1), "KRW": Decimal("1500.1")}
        assert convert(connection, Money(100, "EUR"), "KRW") == Money(1500, "KRW")
