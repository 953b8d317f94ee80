"""The tuner's network is the encoder's: what it learns, OpenVINO runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlu.bert.network import filled
from nlu.e5.adapter import Adapter
from nlu.e5.bundle import Bundle
from nlu.e5.encoder import E5Small
from nlu.e5.tuning import Recipe, _Network, tune
from nlu.evaluation import Labelled

TEXTS = {
    "parcel": ["where is my parcel", "wo ist mein Paket", "my package has not come", "我的快递到哪里了"],
    "refund": ["I want my money back", "refund me please", "ich will mein Geld zurück", "我要退款"],
    "card": ["my card was declined", "Karte abgelehnt", "the payment does not go through", "刷卡失败"],
}


def _vectors(network: _Network, encoder: E5Small, texts: list[str]) -> np.ndarray:
    import tensorflow as tf

    batch, mask = map(tf.constant, filled([encoder.embedded(text) for text in texts]))
    parts = network.means(network.lower(batch, mask), mask, 0.0)
    return np.concatenate([part.numpy() for part in parts], axis=1) * len(parts) ** -0.5


def test_the_network_that_is_tuned_is_the_one_that_runs(tmp_path: Path) -> None:
    encoder = E5Small(tmp_path)
    # Of different lengths: what fills up the shorter must not count.
    texts = [
        "where is it",
        "I ordered a blue backpack two weeks ago, can you look please?",
        "我的快递到哪里了",
    ]
    cosines = (_vectors(_Network(Bundle(), Recipe()), encoder, texts) * encoder.encode(texts)).sum(axis=1)
    assert cosines.min() > 0.999


def test_what_was_learnt_is_read_by_the_encoder_that_runs(tmp_path: Path) -> None:
    examples = [Labelled(text, intent) for intent, texts in TEXTS.items() for text in texts]
    kept: list[Adapter] = []
    recipe = Recipe(rank=4, epochs=5, batch=4, rate=1e-2, warm_up=1)
    tune(examples, recipe, tmp_path, kept.append)
    assert len({adapter.name for adapter in kept}) == 5
    kept[-1].save(tmp_path / "adapter.npz")
    adapter = Adapter.load(tmp_path / "adapter.npz")
    network = _Network(Bundle(), recipe)
    assert network.changes.keys() == adapter.parts.keys()
    for name, sides in adapter.parts.items():
        for variable, side in zip(network.changes[name], sides, strict=True):
            variable.assign(side)
    plain, tuned = E5Small(tmp_path), E5Small(tmp_path, adapter)
    texts = [item.text for item in examples]
    cosines = (_vectors(network, tuned, texts) * tuned.encode(texts)).sum(axis=1)
    assert cosines.min() > 0.999
    # It has learnt something: without this the comparison would show nothing.
    assert (plain.encode(texts) * tuned.encode(texts)).sum(axis=1).max() < 0.999
