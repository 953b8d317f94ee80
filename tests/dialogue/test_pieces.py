"""How many pieces a buyer wants, in figures and in words."""

from __future__ import annotations

import pytest

from bot.dialogue.actions.leads import MOST_PIECES, pieces_in

LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        *(
            ("200", 200),
            ("about 200 please", 200),
            ("1,200", 1_200),
            ("1.200", 1_200),
            ("٢٠٠", 200),
            ("三百", 300),
        ),
        *(("5k", 5_000), ("two thousand", 2_000), ("dos mil", 2_000), ("cien", 100), ("오백", 500)),
        *(("a million", 1_000_000), ("2 million pieces", 2_000_000), ("un millón", 1_000_000)),
        *(("eine Million", 1_000_000), ("un million", 1_000_000), ("dois milhões", 2_000_000)),
        *(("миллион", 1_000_000), ("مليون قطعة", 1_000_000), ("一百万", 1_000_000), ("100万", 1_000_000)),
        *(("백만 개", 1_000_000), (str(MOST_PIECES), MOST_PIECES)),
    ],
)
def test_a_number_of_pieces_is_read(text: str, pieces: int) -> None:
    assert pieces_in(text, LANGUAGES) == pieces


@pytest.mark.parametrize(
    "text", ["0", "zero", "keine", "cero", "ноль", "صفر", "零", "ゼロ", str(MOST_PIECES + 1), "9" * 400]
)
def test_none_and_more_than_anybody_means_are_no_pieces(text: str) -> None:
    assert pieces_in(text, LANGUAGES) == 0


@pytest.mark.parametrize(
    "text",
    ["a million thanks", "-5", "between 100 and 200", "no idea", "Acme GmbH", "k", "", "a million " * 2_000],
)
def test_what_tells_no_one_number_is_none(text: str) -> None:
    assert pieces_in(text, LANGUAGES) is None
