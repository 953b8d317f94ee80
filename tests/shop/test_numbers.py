from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.shop.contact import is_same_contact, plain_email, plain_phone
from bot.shop.numbers import nearest, neighbours, normal_number


@pytest.mark.parametrize(
    "typed",
    [
        "CD-100123",
        "cd100123",
        " cd 100123 ",
        "100123",
        "#100123",
        "№ 100123",
        "no. 100123",
        "CD–100123",
        "CD-１００１２３",
        "CD-١٠٠١٢٣",
    ],
)
def test_an_order_number_is_understood_however_it_is_written(typed: str, rules) -> None:
    assert normal_number(typed, rules.patterns) == "CD-100123"


@pytest.mark.parametrize(
    "typed", ["", "hello", "CD-10012", "CD-1001234", "AB-100123", "9" * 5000, "CD-10012x"]
)
def test_what_looks_like_no_order_number_is_none(typed: str, rules) -> None:
    assert normal_number(typed, rules.patterns) is None


@given(typed=st.text(max_size=80))
def test_no_text_breaks_the_reading_of_numbers(typed: str, rules) -> None:
    found = normal_number(typed, rules.patterns)
    assert found is None or found.startswith("CD-")


@given(st.integers(100000, 999999), st.integers(0, 5), st.integers(0, 9))
def test_one_wrong_digit_is_repaired(number: int, place: int, digit: int) -> None:
    typed = list(str(number))
    typed[place] = str(digit)
    assert nearest("CD-" + "".join(typed), [f"CD-{number}", "CD-555"]) == f"CD-{number}"


@given(st.integers(100000, 999999), st.integers(0, 4))
def test_two_swapped_neighbours_are_repaired(number: int, place: int) -> None:
    typed = list(str(number))
    typed[place], typed[place + 1] = typed[place + 1], typed[place]
    assert nearest("CD-" + "".join(typed), [f"CD-{number}"]) == f"CD-{number}"


def test_two_near_numbers_are_not_guessed_between() -> None:
    assert nearest("CD-100125", ["CD-100123", "CD-100124"]) is None
    assert nearest("CD-100124", ["CD-100123", "CD-100124"]) == "CD-100124"
    assert nearest("CD-999999", ["CD-100123"]) is None


def test_the_prefix_is_never_repaired_into() -> None:
    assert all(number.startswith("CD-") and len(number) == 9 for number in neighbours("CD-100123"))


@pytest.mark.parametrize(
    ("typed", "region", "same"),
    [
        ("+49 1522 3432001", "DE", True),
        ("0049 1522-3432001", "FR", True),
        ("01522 3432001", "DE", True),
        ("(01522) 34 32 001", "DE", True),
        ("＋49 1522 3432001", "DE", True),
        ("01522 3432002", "DE", False),
        ("01522 3432001", "FR", False),
        ("", "DE", False),
        ("call me", "DE", False),
        ("1" * 5000, "DE", False),
    ],
)
def test_a_phone_number_counts_in_any_common_form(typed: str, region: str, same: bool) -> None:
    assert is_same_contact(typed, "x@mail.example", "+4915223432001", region) is same


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Lena.Vogt@Mail.Example", True),
        (" <lena.vogt@mail.example>, ", True),
        ("mailto:lena.vogt@mail.example", True),
        ("lena.vogt＠mail.example", True),
        ("lena.vogt@mail.example.org", False),
        ("lenavogt@mail.example", False),
        ("@", False),
    ],
)
def test_an_address_counts_whatever_its_case_and_wrapping(typed: str, same: bool) -> None:
    assert is_same_contact(typed, "lena.vogt@mail.example", "", "DE") is same


def test_an_order_without_contact_fits_nothing() -> None:
    assert not is_same_contact("", "", "", "DE")
    assert not is_same_contact("@", "", "", "DE")


@given(st.text(max_size=400))
def test_no_text_breaks_the_reading_of_contacts(typed: str) -> None:
    assert isinstance(plain_email(typed), str)
    assert plain_phone(typed, "DE") == "" or plain_phone(typed, "DE").startswith("+")
