"""Moods and threats told by a linear model: of the meaning, the wording, and the words that were found."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlu.encoder import FloatMatrix, SentenceEncoder
from nlu.excerpt import readable
from nlu.mood.kinds import Mood, Threat
from nlu.mood.words import CLASSES, STRONG, WEAK, IntMatrix, WordLists, clauses_of, sentences_of
from nlu.wording import Wording

#: How much each part counts: meaning, wording, words found and how it is written.
WEIGHTS = (3.0, 1.5, 1.0)
#: Sentences of a message that are looked at by themselves, beside the whole.
_SENTENCES = 3
#: In a text as long as this the encoder has enough to do: no more than two of them.
_LONG, _OF_LONG = 2_000, 2
_CAPITALS_NEED = 10
#: Without a single word of any threat in it, a text must be far likelier to be one.
_WORDLESS = 0.45
_SHOUT = re.compile("[!！]")
_FACES = re.compile("[😠😡🤬👿😤💢🖕😾🤮]")
FIGURES = len(CLASSES) + 4


@dataclass(frozen=True)
class Reading:
    """What a text's mood and threat are, with the probabilities that it is angry and that it threatens."""

    mood: Mood
    anger: float
    threat: Threat | None
    danger: float


@dataclass(frozen=True)
class Scale:
    """A linear model's weights, a column for each class, and from which probability on it says yes."""

    weights: FloatMatrix
    bias: FloatMatrix
    threshold: float = 0.5

    def logits(self, rows: FloatMatrix) -> FloatMatrix:
        """Return a row of logits for each row."""
        return np.asarray(rows @ self.weights + self.bias, dtype=np.float32)

    def chances(self, rows: FloatMatrix) -> FloatMatrix:
        """Return the probability of yes for each row."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.logits(rows)[:, 0], -30, 30))), dtype=np.float32)


class MoodModel:
    """Reads moods and threats; the same text always gives the same."""

    def __init__(
        self,
        encoder: SentenceEncoder,
        words: WordLists,
        wording: Wording,
        centre: FloatMatrix,
        scales: Mapping[str, Scale],
    ) -> None:
        """Take what `fit` has learnt, or `load` has read."""
        self._encoder = encoder
        self._words = words
        self._wording = wording
        self._centre = centre
        self._scales = scales

    @property
    def thresholds(self) -> dict[str, float]:
        """From which probability on something is said to be there."""
        return {name: self._scales[name].threshold for name in ("anger", "danger", "glance")}

    def read(self, text: str) -> Reading:
        """Read a text of any length and content."""
        if not any(letter.isalpha() for letter in text):
            return Reading(Mood.CALM, 0.0, None, 0.0)
        sentences = sentences_of(text)
        if len(text) <= _LONG:
            sentences += [clause for sentence in sentences for clause in clauses_of(sentence)]
        counts = self._words.count(sentences)
        glances = self._scales["glance"].chances(figures_of(sentences, counts))
        looked = self._worth_a_look(counts, glances, _OF_LONG if len(text) > _LONG else _SENTENCES)
        rows = self._rows(
            [text, *(sentences[place] for place in looked)],
            np.vstack([counts.sum(axis=0, keepdims=True), counts[looked]]),
        )
        anger = float(self._scales["anger"].chances(rows).max())
        dangers = self._scales["danger"].chances(rows)
        danger, least = float(dangers.max()), self._scales["danger"].threshold
        if not counts[:, : len(STRONG) + len(WEAK)].any():
            least = max(least, _WORDLESS)
        # What kind it is tells a sentence better than all that stands around it.
        places = np.flatnonzero(dangers[1:] >= least) + 1
        worst = int(places[dangers[places].argmax()]) if len(places) else int(dangers.argmax())
        threat_row = rows[worst : worst + 1]
        if danger < least:
            # What was not looked at more closely: there are its words alone to go by.
            for place in np.argsort(-glances, kind="stable"):
                if glances[place] < self._scales["glance"].threshold:
                    break
                if place not in looked and len(sentences) > 1:
                    danger = max(least, float(glances[place]))
                    threat_row = self._rows([sentences[place]], counts[place : place + 1])
                    break
        return Reading(
            Mood.ANGRY if anger >= self._scales["anger"].threshold else Mood.CALM,
            anger,
            self._kind(threat_row) if danger >= least else None,
            danger,
        )

    def _worth_a_look(self, counts: IntMatrix, glances: FloatMatrix, most: int) -> list[int]:
        if len(counts) < 2:
            return []
        telling = counts[:, : len(STRONG) + len(WEAK)].any(axis=1) | (
            counts[:, CLASSES.index("angry.strong")] > 0
        )
        # Sentences with the same words in them are worth the same look: one of each sort.
        sorts: dict[bytes, int] = {}
        for place in np.argsort(-glances, kind="stable"):
            if telling[place]:
                sorts.setdefault(counts[place].tobytes(), int(place))
        return list(sorts.values())[:most]

    def _kind(self, row: FloatMatrix) -> Threat:
        return list(Threat)[int(self._scales["kind"].logits(row)[0].argmax())]

    def _rows(self, texts: Sequence[str], counts: IntMatrix) -> FloatMatrix:
        return rows_of(
            self._encoder.encode(texts) - self._centre,
            self._wording.vectors([readable(text) for text in texts]),
            figures_of(texts, counts),
        )

    def save(self, folder: Path) -> None:
        """Write what was learnt to files in a folder."""
        self._wording.save(folder / "wording.npz")
        (folder / "words.json").write_text(json.dumps(self._words.content), encoding="utf-8")
        arrays = {"centre": self._centre}
        for name, scale in self._scales.items():
            arrays |= {
                f"{name}.weights": scale.weights,
                f"{name}.bias": scale.bias,
                f"{name}.threshold": np.array([scale.threshold], dtype=np.float32),
            }
        np.savez_compressed(folder / "scales.npz", **arrays)

    @classmethod
    def load(cls, folder: Path, encoder: SentenceEncoder) -> MoodModel:
        """Read a model from the files in a folder.

        Raises: OSError, ValueError, KeyError where they are none that `save` has written.
        """
        with np.load(folder / "scales.npz", allow_pickle=False) as stored:
            scales = {
                name: Scale(
                    stored[f"{name}.weights"], stored[f"{name}.bias"], float(stored[f"{name}.threshold"][0])
                )
                for name in ("anger", "danger", "kind", "glance")
            }
            centre = stored["centre"]
        words = WordLists(json.loads((folder / "words.json").read_text(encoding="utf-8")))
        return cls(encoder, words, Wording.load(folder / "wording.npz"), centre, scales)


def rows_of(vectors: FloatMatrix, wordings: FloatMatrix, figures: FloatMatrix) -> FloatMatrix:
    """Return the rows that the scales weigh."""
    blocks = (_of_length_one(vectors), wordings, figures)
    return np.concatenate(
        [block * np.float32(weight) for block, weight in zip(blocks, WEIGHTS, strict=True)], axis=1
    )


def figures_of(texts: Sequence[str], counts: IntMatrix) -> FloatMatrix:
    """Return what is found in each text as numbers between 0 and about 2."""
    rows = np.zeros((len(texts), FIGURES), dtype=np.float32)
    rows[:, : len(CLASSES)] = np.minimum(np.log1p(counts), 1.4)
    rows[:, : len(STRONG) + len(WEAK)] = counts[:, : len(STRONG) + len(WEAK)] > 0
    for row, text in zip(rows, texts, strict=True):
        shouts = len(_SHOUT.findall(text))
        capitals = sum(map(str.isupper, text))
        small = sum(map(str.islower, text))
        row[len(CLASSES) :] = (
            min(math.log1p(shouts), 2.0) / 2,
            shouts > 1 or "?!" in text or "???" in text or "？？" in text,
            capitals >= _CAPITALS_NEED and capitals > 2 * small,
            _FACES.search(text) is not None,
        )
    return rows


def _of_length_one(vectors: FloatMatrix) -> FloatMatrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
