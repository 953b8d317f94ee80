from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.masking import mask_card, mask_text, masked_fields, storable
from bot.desk.values.cases import CardField, CaseCard
from bot.privacy import mask_cards

VISA = "4111111111111111"


@pytest.mark.parametrize(
    "written",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111 1111\n1111 1111",
        "٤١١١ ١١١١ ١١١١ ١١١١",
        "my card 4111 1111 1111 1111 12/27 123",
        "card:4111111111111111.",
        "3782 822463 10005",
        "order 12 and 5555 5555 5555 4444",
    ],
)
def test_a_card_number_is_hidden_however_it_is_written(written: str) -> None:
    masked = mask_cards(written)
    digits = "".join(char for char in masked if char.isdigit())
    assert "••••" in masked
    assert len(digits) < 13
    assert VISA not in digits


@pytest.mark.parametrize(
    "written",
    [
        "CD-123456",
        "JD0123456789",
        "1Z999AA10123456784",
        "4111111111111112",  # its check digit is wrong
        "2026-06-10 14:30",
        "0000000000000000",
        "1,299.00 EUR",
    ],
)
def test_other_numbers_stay(written: str) -> None:
    assert mask_cards(written) == written


@given(st.text())
def test_masking_takes_any_text(text: str) -> None:
    assert isinstance(mask_text(text, "DE"), str)


@given(st.text(alphabet="0123456789 -4", max_size=60))
def test_masking_cards_twice_changes_nothing_more(text: str) -> None:
    once = mask_cards(text)
    assert mask_cards(once) == once


@pytest.mark.parametrize(
    ("written", "country", "masked"),
    [
        ("write to anna.b+shop@mail.example.com!", None, "write to a••••@mail.example.com!"),
        ("call +49 30 901820 today", None, "call •••• 20 today"),
        ("call 030 901820 today", "DE", "call •••• 20 today"),
        ("ring 0171-2345678-9", None, "ring •••• 89"),
    ],
)
def test_addresses_and_phones_in_text_are_hidden(written: str, country: str | None, masked: str) -> None:
    assert mask_text(written, country) == masked


@pytest.mark.parametrize(
    "written",
    [
        "order CD-123456",
        "parcel JD0123456789",
        "expected on 2026-06-12",
        "seen 2026-06-12 10:15 UTC",
        "paid 1,299.00 EUR",
    ],
)
def test_what_an_agent_needs_stays_readable(written: str) -> None:
    assert mask_text(written, "DE") == written


@pytest.mark.parametrize("piece", ["1", "1 ", "4111 ", "a@", "a.", "+49 ", "(", "@a", "12-", "0"])
@pytest.mark.timeout(20)
def test_a_long_hostile_text_is_masked_to_its_end(piece: str) -> None:
    # A pattern that went back and forth would take minutes.
    assert len(mask_text((piece * 10_000)[:10_000], "DE")) > 0


def test_a_card_shows_no_personal_data() -> None:
    card = CaseCard(
        wants=f"I live at Ringstraße 5, mail anna@example.com, card {VISA}",
        why="wrote from anna@example.com",
        name="Anna",
        email="anna@example.com",
        phone="+49 30 901820",
        address="Ringstraße 5, 10115 Berlin",
        country="DE",
        bot_did=("asked for the number, got 030 901820",),
        suggested_replies=("Write to help@meridian-goods.example.",),
    )
    shown = repr(mask_card(card))
    for secret in ("Ringstraße", "anna@", "901820", VISA, "10115"):
        assert secret not in shown
    assert "Anna" in shown
    assert "help@meridian-goods.example" in shown
    assert masked_fields(card, mask_card(card)) == set(CardField)


def test_a_card_without_personal_data_has_nothing_to_reveal() -> None:
    plain = CaseCard(wants="Where is order CD-123456?")
    assert masked_fields(plain, mask_card(plain)) == set()


def test_what_is_stored_holds_no_card_number_and_nothing_a_database_refuses() -> None:
    kept = storable(CaseCard(wants=f"pay {VISA}\x00\ud800", bot_did=(VISA,), address=VISA, name=VISA))
    assert VISA not in repr(kept)
    assert kept.wants == "pay •••• 1111?"
