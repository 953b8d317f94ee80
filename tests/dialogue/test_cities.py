"""Cities by what buyers call them, in ten languages."""

from __future__ import annotations

import pytest

from bot.dialogue.actions.cities import country_of_city

ANSWERS = {
    "to Berlin": "DE",
    "Berlin": "DE",
    "münchen": "DE",
    "new york city pls": "US",
    "Manchester": "GB",
    "a Barcelona": "ES",
    "são paulo": "BR",
    "para sao paulo": "BR",
    "à Lyon s'il vous plaît": "FR",
    "Genève": "CH",
    "Nice": "FR",
    "no Rio": "BR",
    "nach Rom": "IT",
    "в Москву": "RU",
    "в Казань": "RU",
    "из Санкт-Петербурга": "RU",
    "в Алматы": "KZ",
    "إلى الرياض": "SA",
    "لدبي": "AE",
    "寄到慕尼黑": "DE",
    "上海市": "CN",
    "高雄": "TW",
    "大阪まで": "JP",
    "부산으로 보내주세요": "KR",
    "오사카": "JP",
    "서울까지요": "KR",
}


@pytest.mark.parametrize(("said", "country"), ANSWERS.items())
def test_who_is_asked_where_to_may_name_a_city(said: str, country: str) -> None:
    assert country_of_city(said, asked=True) == country


@pytest.mark.parametrize(
    "said",
    [
        "", " ", "?!", "yes", "no idea", "to my home please", "das weiß ich nicht", "nach Hause", "chez moi",
        "à la maison", "no lo sé", "не знаю", "домой", "لا أعرف", "不知道", "我家", "自宅です",
        "집이요", "몰라요", "👍", "12345", "how much is it", "wie viel kostet das", "多少钱", "сколько стоит",
    ],
)  # fmt: skip
def test_what_names_no_city_has_no_country(said: str) -> None:
    assert country_of_city(said, asked=True) is None


def test_unasked_a_name_needs_its_capital() -> None:
    assert country_of_city("how much is shipping to Leeds", asked=False) == "GB"
    assert country_of_city("I want a nice jacket for reading", asked=False) is None
    assert country_of_city("Nice jacket, is it most expensive?", asked=False) is None


def test_the_longest_name_counts_and_then_the_largest_city() -> None:
    assert country_of_city("Paris", asked=True) == "FR"
    assert country_of_city("San José, Costa Rica", asked=True) in ("CR", "US")
    assert country_of_city("New York", asked=True) == "US"


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    assert country_of_city("Berlin " + "漢 foo " * 50_000, asked=True) == "DE"
    assert country_of_city("漢 foo " * 50_000 + " Berlin", asked=True) is None
