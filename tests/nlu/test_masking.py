from __future__ import annotations

import pytest

from nlu.masking import has_words, without_addresses


@pytest.mark.parametrize(
    "text",
    [
        "CD-134296",
        "cd134296",
        "CD 134296",
        "#104233",
        "ana@example.com",
        "CD-1, ana.b@example.co.uk, +49 30 123",
        "12:30",
        "🙏",
        "",
    ],
)
def test_codes_and_addresses_alone_say_nothing(text: str) -> None:
    assert not has_words(text)


@pytest.mark.parametrize(
    "text", ["where is CD-134296", "M", "size M", "الطلب 12", "注文 104233", "3 pairs", "no"]
)
def test_a_word_beside_them_is_a_word(text: str) -> None:
    assert has_words(text)


def test_addresses_are_taken_out_and_the_rest_is_left() -> None:
    text = "it's ana.b+shop@example.com, see https://example.com/a?b=c or www.example.com, where is CD-1"
    assert without_addresses(text).split() == ["it's", ",", "see", "or", "where", "is", "CD-1"]


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a." * 50_000, "@" * 100_000, "1-" * 50_000, "A " * 50_000, "a@a." * 25_000]
)
def test_long_texts_do_not_cost_their_square(text: str) -> None:
    # The square of their length would take the test's whole time.
    assert has_words(text) in (True, False)
