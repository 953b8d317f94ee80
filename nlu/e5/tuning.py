"""Makes the adapter that the project ships: ``make tune``. It takes an hour, and needs no GPU.

The upper half of the network learns to tell the intents of ``nlu/data`` apart, in all its languages at once:
low-rank changes beside its weights (LoRA, Hu et al. 2021), and a classifier on top of the very means that
make up a vector, which is thrown away. The lower half stays as it is, so what it makes of the examples is
worked out once.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.bert.network import filled
from nlu.e5.adapter import SHIPPED, Adapter
from nlu.e5.bundle import Bundle
from nlu.e5.encoder import LAYERS, E5Small
from nlu.e5.misspelling import misspelt
from nlu.evaluation import Labelled, read_labelled
from nlu.places import ROOT, files_folder
from nlu.share import is_set_aside

#: The first layer that is changed, counted from 0.
FIRST = 6
#: The matrices of a layer: query, key, value, output; inner and outer of the dense part.
_MATRICES = ("q", "k", "v", "ao", "fi", "fo")
_SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How the adapter is learnt."""

    rank: int = 16
    epochs: int = 5
    batch: int = 64
    #: Of Adam, at its highest; it rises over the first steps and falls to nothing in a straight line.
    rate: float = 1e-3
    warm_up: int = 100
    dropout: float = 0.1
    #: The share of certainty that is spread over all labels.
    smoothing: float = 0.1
    #: By how much the classifier's cosines are multiplied.
    scale: float = 20.0
    #: The share of examples that are read with typing errors every other time.
    misspelt: float = 0.3


class _Network:
    """The encoder in TensorFlow, from embeddings of words to the means of some layers."""

    def __init__(self, bundle: Bundle, recipe: Recipe, begin: Adapter | None = None) -> None:
        import tensorflow as tf

        self._tf = tf
        self._shape = bundle.shape
        self._bundle = bundle
        tf.random.set_seed(_SEED)
        self.changes: dict[str, tuple[Any, Any]] = {}
        self._dense = {}
        for layer in range(self._shape.layers):
            for part in _MATRICES:
                name = f"l{layer}.{part}"
                self._dense[name] = self._matrix(name)
                if layer >= FIRST:
                    inputs, outputs = self._dense[name][0].shape
                    down = tf.random.normal((inputs, recipe.rank), stddev=inputs**-0.5)
                    up = tf.zeros((recipe.rank, outputs))
                    if begin is not None:
                        down, up = begin.parts[name]
                    self.changes[name] = tf.Variable(down), tf.Variable(up)
        norms = [f"l{layer}.{part}" for layer in range(self._shape.layers) for part in ("aln", "oln")]
        self._norms = {name: self._vectors(name) for name in ("emb.ln", *norms)}

    def _matrix(self, name: str) -> tuple[Any, Any]:
        weights = self._bundle.matrix(name)
        bias = self._bundle.vector(f"{name}.b", len(weights))[0]
        return self._tf.constant(np.ascontiguousarray(weights.T)), self._tf.constant(bias)

    def _vectors(self, name: str) -> tuple[Any, Any]:
        width = self._shape.hidden
        return tuple(self._tf.constant(self._bundle.vector(f"{name}.{side}", width)[0]) for side in "wb")

    def lower(self, words: Any, mask: Any) -> Any:
        """Return the tokens after the layers that stay as they are."""
        tokens = self._normalise(words, "emb.ln")
        for layer in range(FIRST):
            tokens = self._layer(tokens, mask, layer, 0.0)
        return tokens

    def means(self, tokens: Any, mask: Any, dropout: float) -> list[Any]:
        """Return the unit vectors of which a sentence vector is made up, from what `lower` gave."""
        outputs = {FIRST: tokens}
        for layer in range(FIRST, self._shape.layers):
            tokens = self._layer(tokens, mask, layer, dropout)
            outputs[layer + 1] = tokens
        count = self._tf.reduce_sum(mask, 1, keepdims=True)
        sums = [self._tf.reduce_sum(outputs[layer] * mask[:, :, None], 1) for layer in LAYERS]
        return [self._tf.nn.l2_normalize(total / count, -1) for total in sums]

    def _layer(self, tokens: Any, mask: Any, layer: int, dropout: float) -> Any:
        tf, name = self._tf, f"l{layer}."
        size = tf.shape(tokens)
        heads, hidden = self._shape.heads, self._shape.hidden
        split = (size[0], size[1], heads, hidden // heads)
        query, key, value = (
            tf.transpose(tf.reshape(self._product(tokens, name + part), split), (0, 2, 1, 3))
            for part in "qkv"
        )
        scores = tf.matmul(query, key, transpose_b=True) * (hidden // heads) ** -0.5
        chances = tf.nn.softmax(scores - 1e9 * (1 - mask)[:, None, None, :])
        seen = tf.reshape(tf.transpose(tf.matmul(chances, value), (0, 2, 1, 3)), tf.shape(tokens))
        seen = self._dropped(self._product(seen, name + "ao"), dropout)
        between = self._normalise(tokens + seen, name + "aln")
        thought = self._product(tf.nn.gelu(self._product(between, name + "fi")), name + "fo")
        return self._normalise(between + self._dropped(thought, dropout), name + "oln")

    def _product(self, inputs: Any, name: str) -> Any:
        weights, bias = self._dense[name]
        result = self._tf.matmul(inputs, weights) + bias
        if name in self.changes:
            down, up = self.changes[name]
            result += self._tf.matmul(self._tf.matmul(inputs, down), up)
        return result

    def _normalise(self, tokens: Any, name: str) -> Any:
        weights, bias = self._norms[name]
        mean, variance = self._tf.nn.moments(tokens, -1, keepdims=True)
        return (tokens - mean) * self._tf.math.rsqrt(variance + self._shape.epsilon) * weights + bias

    def _dropped(self, values: Any, share: float) -> Any:
        return self._tf.nn.dropout(values, share) if share else values


def tune(
    examples: Sequence[Labelled],
    recipe: Recipe,
    folder: Path,
    kept: Callable[[Adapter], None],
    begin: Adapter | None = None,
) -> Adapter:
    """Learn an adapter from examples, going on from the one in `begin`.

    `folder` keeps what the encoder needs; `kept` gets what each epoch has learnt.
    """
    import tensorflow as tf

    # Twice as fast where the processor can; elsewhere it changes nothing.
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})
    network = _Network(Bundle(), recipe, begin)
    labels, targets = np.unique([item.intent for item in examples], return_inverse=True)
    draw = np.random.default_rng(_SEED)
    texts = [item.text for item in examples]
    chosen = np.flatnonzero(draw.random(len(texts)) < recipe.misspelt)
    tokens = _lower(network, E5Small(folder), [*texts, *(misspelt(texts[place], draw) for place in chosen)])
    with_errors = dict(zip(chosen, tokens[len(texts) :], strict=True))
    width = tokens[0].shape[1] * len(LAYERS)
    head = tf.Variable(tf.random.normal((width, len(labels)), stddev=0.05))
    bias = tf.Variable(tf.zeros(len(labels)))
    learnt = [*(side for pair in network.changes.values() for side in pair), head, bias]
    rate = tf.Variable(0.0)
    optimiser = tf.keras.optimizers.legacy.Adam(rate)

    @tf.function(reduce_retracing=True)
    def step(batch: Any, mask: Any, truth: Any) -> Any:
        with tf.GradientTape() as tape:
            vector = tf.concat(network.means(batch, mask, recipe.dropout), -1) * len(LAYERS) ** -0.5
            logits = tf.matmul(tf.nn.dropout(vector, recipe.dropout), head) * recipe.scale + bias
            hoped = tf.one_hot(truth, len(labels)) * (1 - recipe.smoothing) + recipe.smoothing / len(labels)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(hoped, logits))
        slopes, _ = tf.clip_by_global_norm(tape.gradient(loss, learnt), 1.0)
        # TensorFlow makes graph code of this, and knows no `strict` there.
        optimiser.apply_gradients(zip(slopes, learnt))  # noqa: B905
        return loss

    def adapter() -> Adapter:
        changes = network.changes.items()
        return Adapter({name: (down.numpy(), up.numpy()) for name, (down, up) in changes})

    steps = recipe.epochs * -(-len(texts) // recipe.batch)
    started = time.monotonic()
    losses: list[float] = []
    for epoch in range(recipe.epochs):
        read = tokens[: len(texts)]
        for place, row in with_errors.items():
            if draw.random() < 0.5:
                read[place] = row
        for chosen in _batches(read, recipe.batch, draw):
            done = len(losses)
            rate.assign(recipe.rate * min(1.0, (done + 1) / recipe.warm_up) * max(0.02, 1 - done / steps))
            batch, mask = filled([read[place] for place in chosen])
            truth = tf.constant(targets[chosen], dtype=tf.int32)
            losses.append(float(step(tf.constant(batch), tf.constant(mask), truth)))
            if len(losses) % 100 == 0:
                left = (time.monotonic() - started) / len(losses) * (steps - len(losses)) / 60
                _say(f"epoch {epoch + 1}, loss {np.mean(losses[-100:]):.3f}, {left:.0f} minutes left")
        kept(adapter())
    return adapter()


def _lower(network: _Network, encoder: E5Small, texts: Sequence[str]) -> list[npt.NDArray[np.float16]]:
    import tensorflow as tf

    run = tf.function(network.lower, reduce_retracing=True)
    words = [encoder.embedded(text) for text in texts]
    order = sorted(range(len(words)), key=lambda place: len(words[place]))
    found: dict[int, npt.NDArray[np.float16]] = {}
    for start in range(0, len(order), 64):
        places = order[start : start + 64]
        batch, mask = filled([words[place] for place in places])
        rows = run(tf.constant(batch), tf.constant(mask)).numpy().astype(np.float16)
        found |= {place: row[: len(words[place])] for place, row in zip(places, rows, strict=True)}
        if start % 6_400 == 0:
            _say(f"lower layers: {start:,} of {len(order):,}")
    return [found[place] for place in range(len(words))]


def _batches(
    tokens: Sequence[npt.NDArray[Any]], size: int, draw: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """Deal all out in batches of like length, in random order."""
    lengths = np.array([len(row) for row in tokens])
    order = draw.permutation(len(tokens))
    batches = []
    for start in range(0, len(order), size * 16):
        chunk = order[start : start + size * 16]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches += [chunk[at : at + size] for at in range(0, len(chunk), size)]
    for place in draw.permutation(len(batches)):
        yield batches[place]


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn from nlu/data and write the adapter."""
    parser = argparse.ArgumentParser(prog="tune", description=__doc__)
    add = parser.add_argument
    add("--epochs", type=int, default=Recipe.epochs)
    add("--output", type=Path, default=SHIPPED)
    add("--begin", type=Path, help="an adapter of the same rank to go on from")
    chosen = parser.parse_args(arguments)
    examples = [item for item in read_labelled(ROOT / "nlu" / "data") if not is_set_aside(item.text)]
    _say(f"{len(examples):,} examples")
    begin = Adapter.load(chosen.begin) if chosen.begin else None
    recipe = Recipe(epochs=chosen.epochs)
    tune(examples, recipe, files_folder() / "cache", lambda adapter: adapter.save(chosen.output), begin)
    _say(f"{chosen.output}: adapter {Adapter.load(chosen.output).name}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
