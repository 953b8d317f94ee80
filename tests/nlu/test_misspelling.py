from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from nlu.e5.misspelling import misspelt


def test_words_get_small_errors_and_stay_recognisable() -> None:
    draw = np.random.default_rng(1)
    text = "Where exactly is that wonderful parcel which somebody promised yesterday"
    made = [misspelt(text, draw) for _ in range(50)]
    assert len(set(made)) > 30
    assert max(OSA.distance(text.lower(), one.lower()) for one in made) <= 8


def test_accents_go_from_latin_letters_and_from_no_others() -> None:
    draw = np.random.default_rng(2)
    made = {misspelt("où", draw) for _ in range(50)}
    assert made == {"où", "ou"}
    assert {misspelt("мой が", draw) for _ in range(50)} == {"мой が"}


def test_characters_that_are_syllables_or_words_are_left_alone() -> None:
    draw = np.random.default_rng(3)
    for text in ("我的快递到哪里了", "荷物はどこですか", "택배가안와요"):
        assert {misspelt(text, draw) for _ in range(50)} == {text}


@given(st.text(), st.integers(0, 2**32 - 1))
def test_any_text_is_taken(text: str, seed: int) -> None:
    assert isinstance(misspelt(text, np.random.default_rng(seed)), str)
