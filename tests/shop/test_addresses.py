"""Addresses as people type them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.shop.addresses import TypedAddress, one_line, read_address
from bot.shop.values import Address

BERLIN = Address("Lena Vogt", "Goetheweg 1", "Berlin", "", "10115", "DE", "+4915223432001")
LONDON = replace(BERLIN, postcode="SW1A 1AA", city="London", country="GB")


@pytest.mark.parametrize(
    ("typed", "known", "street", "postcode", "city", "region"),
    [
        ("Lindenstr. 5, 10117 Berlin", BERLIN, "Lindenstr. 5", "10117", "Berlin", ""),
        ("Lindenstr. 5\n10117 Berlin", BERLIN, "Lindenstr. 5", "10117", "Berlin", ""),
        ("Anna Vogt, Lindenstr. 5, 10117 Berlin", BERLIN, "Lindenstr. 5", "10117", "Berlin", ""),
        ("Lindenstr. 5, Berlin, 10117", BERLIN, "Lindenstr. 5", "10117", "Berlin", ""),
        ("Lindenstr. 5 10117 Berlin", BERLIN, "Lindenstr. 5", "10117", "Berlin", ""),
        ("Lindenstr. 5, Hof 2, 10117 Berlin", BERLIN, "Lindenstr. 5, Hof 2", "10117", "Berlin", ""),
        ("7 Mill Lane, London SW1A 2AA", LONDON, "7 Mill Lane", "SW1A 2AA", "London", ""),
        ("7 Mill Lane, London, SW1A 2AA", LONDON, "7 Mill Lane", "SW1A 2AA", "London", ""),
        ("5 Oak Road, Springfield, IL 62704", BERLIN, "5 Oak Road", "62704", "Springfield", "IL"),
        ("Villa 9, Palm Street, Dubai", BERLIN, "Villa 9", "", "Palm Street", "Dubai"),
        ("文三路5号，310012 杭州", BERLIN, "文三路5号", "310012", "杭州", ""),
        ("서울시 강남구 테헤란로 12, 06234", LONDON, "강남구 테헤란로 12", "06234", "서울시", ""),
        ("06234 서울특별시 강남구 테헤란로 12", LONDON, "강남구 테헤란로 12", "06234", "서울특별시", ""),
        ("〒150-0001 東京都渋谷区神宮前1-2-3", LONDON, "渋谷区神宮前1-2-3", "150-0001", "東京都", ""),
        ("浙江省杭州市西湖区文三路5号 310012", LONDON, "杭州市西湖区文三路5号", "310012", "浙江省", ""),
        ("〒604-8571 京都府京都市中京区1-2", LONDON, "京都市中京区1-2", "604-8571", "京都府", ""),
        ("上海市静安区南京西路100号", LONDON, "静安区南京西路100号", "", "上海市", ""),
        ("改到上海市徐汇区漕溪北路100号 200030", LONDON, "徐汇区漕溪北路100号", "200030", "上海市", ""),
        ("深圳市南山区科技园18号502 邮编518057", LONDON, "南山区科技园18号502", "518057", "深圳市", ""),
        ("Невский пр. 88, кв. 12, Москва, 191025", LONDON, "Невский пр. 88, кв. 12", "191025", "Москва", ""),
        ("Тула, Невский пр. 88, кв. 12, 191025", LONDON, "Невский пр. 88, кв. 12", "191025", "Тула", ""),
        ("Москва, ул. Тверская 12 кв 45, 125009", LONDON, "ул. Тверская 12 кв 45", "125009", "Москва", ""),
        ("دبي، مارينا، برج كيان، شقة 1203", LONDON, "مارينا, برج كيان, شقة 1203", "", "دبي", ""),
        ("Lindenstr. 5, Wohnung 12", LONDON, "Lindenstr. 5, Wohnung 12", "", "", ""),
        ("Lindenstr. 5, PLZ: 10117 Berlin", BERLIN, "Lindenstr. 5", "10117", "Berlin", ""),
        ("5 Elm Row", BERLIN, "5 Elm Row", "", "", ""),
        ("12 rue des Lilas 69003 Lyon", LONDON, "12 rue des Lilas", "69003", "Lyon", ""),
        ("Rua Augusta 900 01310-100 São Paulo", BERLIN, "Rua Augusta 900", "01310-100", "São Paulo", ""),
        ("ul. Długa 5 00-238 Warszawa", BERLIN, "ul. Długa 5", "00-238", "Warszawa", ""),
        ("Kungsgatan 1200", BERLIN, "Kungsgatan 1200", "", "", ""),
    ],
)
def test_an_address_is_taken_apart(typed, known, street, postcode, city, region) -> None:
    assert read_address(typed, known) == TypedAddress(street, postcode, city, region)


@pytest.mark.parametrize(
    ("typed", "postcode", "city", "region"),
    [
        ("10117 Berlin", "10117", "Berlin", ""),
        ("Berlin 10117", "10117", "Berlin", ""),
        ("Berlin, 10117", "10117", "Berlin", ""),
        ("10117, Berlin", "10117", "Berlin", ""),
        ("100-0001 Tokyo", "100-0001", "Tokyo", ""),
        ("São Paulo 01310-100, SP", "01310-100", "São Paulo", "SP"),
        ("Dubai", "", "Dubai", ""),
        ("5 elm row 10117 Berlin", "10117", "Berlin", ""),
        ("5 Elm Row, 10117 Berlin", "10117", "Berlin", ""),
    ],
)
def test_the_place_follows_the_street(typed, postcode, city, region) -> None:
    before = TypedAddress(street="5 Elm Row")
    found = read_address(typed, BERLIN, before)
    assert found is not None
    assert (found.street.casefold(), found.postcode, found.city, found.region) == (
        "5 elm row", postcode, city, region,
    )  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " , \n ; ",
        "yes please",
        "hello, how are you",
        "5" * 300,
        "10115 where is it " * 6_000,
        "10115 " * 20_000,
        "东西到了吗",
        "市场很大",
    ],
)
def test_what_is_no_address_is_none(typed) -> None:
    assert read_address(typed, BERLIN) is None


def test_an_address_is_read_back_in_one_line() -> None:
    told = TypedAddress("5 Elm Row", "10117", "Berlin").over(BERLIN)
    assert one_line(told) == "Lena Vogt, 5 Elm Row, 10117 Berlin"
    assert (told.country, told.phone) == (BERLIN.country, BERLIN.phone)
