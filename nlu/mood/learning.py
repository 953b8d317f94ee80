"""How moods and threats are learnt: from examples of their own, and from those of the intents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.encoder import FloatMatrix, SentenceEncoder
from nlu.excerpt import readable
from nlu.mood.examples import MoodExample
from nlu.mood.kinds import Mood, Threat
from nlu.mood.model import FIGURES, MoodModel, Scale, figures_of, rows_of
from nlu.mood.words import CLASSES, WordLists
from nlu.wording import Wording

Labels = npt.NDArray[np.int8]

THREAT_INTENT = "service_threat"
COMPLAINT_INTENT = "service_complaint"
#: Intents whose examples may be angry or not: nobody has judged them.
_HEATED = (
    *(
        "refund_",
        "service_complaint",
        "service_threat",
        "service_rating",
        "logistics_delay",
        "logistics_lost",
    ),
    *("logistics_not_shipped", "logistics_delivered_not_received", "payment_charged_twice"),
    *("payment_wrong_amount", "payment_declined"),
)
#: Of the intents' examples so many in 256 are used: they are many, and much alike here. Of mere talk more:
#: the examples of moods have few that are so short, and "who is that?" is not angry for being it.
_SHARE = 28
_TALK_SHARE = 72
_TALK = frozenset(
    {
        *("service_greeting", "service_thanks", "service_goodbye", "service_affirm", "service_deny"),
        *("service_bot", "service_praise", "service_capabilities", "service_leave"),
    }
)
_WIDTH = 512
_STRENGTH = {"anger": 0.5, "danger": 0.5, "kind": 1.0, "glance": 1.0}
_FOLDS = 3
#: Recall and precision that are wanted: a threat overlooked costs more than a person asked for nothing.
_WANTED = {"anger": (0.99, 0.69), "danger": (0.97, 0.91), "glance": (0.95, 0.93)}
_UNKNOWN = -1


@dataclass(frozen=True)
class Learnt:
    """A model, and how it did on examples that it had not been trained on: (recall, precision) by name."""

    model: MoodModel
    held_out: Mapping[str, tuple[float, float]]


def learn(
    encoder: SentenceEncoder,
    examples: Sequence[MoodExample],
    intents: Sequence[tuple[str, str]] = (),
    words: WordLists | None = None,
) -> Learnt:
    """Train on `examples`, and on texts with their intents where there are any."""
    words = words or WordLists.shipped()
    chosen = used_of(intents)
    texts = [example.text for example in examples] + [text for text, _ in chosen]
    threatens = np.array(
        [example.threat is not None for example in examples]
        + [intent == THREAT_INTENT for _, intent in chosen], dtype=np.int8,
    )  # fmt: skip
    angry = np.array(
        [_UNKNOWN if example.mood is None else example.mood is Mood.ANGRY for example in examples]
        + [_UNKNOWN if intent.startswith(_HEATED) else 0 for _, intent in chosen], dtype=np.int8,
    )  # fmt: skip
    counts = words.count([readable(text) for text in texts])
    # A complaint is angry where its words are; another example may be so by the way.
    outspoken = counts[:, CLASSES.index("angry.strong")] > 0
    complaints = np.array([False] * len(examples) + [intent == COMPLAINT_INTENT for _, intent in chosen])
    angry[complaints & outspoken] = 1
    angry[(np.arange(len(texts)) >= len(examples)) & ~complaints & outspoken] = _UNKNOWN
    vectors = encoder.encode(texts)
    centre = vectors.mean(axis=0)
    wording = Wording.fit([readable(text) for text in texts], _WIDTH)
    figures = figures_of(texts, counts)
    rows = rows_of(vectors - centre, wording.vectors([readable(text) for text in texts]), figures)
    # Each example once more without the words found in it: the lists were written by whoever wrote the
    # examples, and know them better than they will know a buyer's.
    blind = rows.copy()
    blind[:, -FIGURES : -FIGURES + len(CLASSES)] = 0
    scales, held_out = {}, {}
    for name, both, known in (
        ("anger", (rows, blind), angry),
        ("danger", (rows, blind), threatens),
        ("glance", (figures,), threatens),
    ):
        used = known != _UNKNOWN
        scales[name], held_out[name] = _told_apart([part[used] for part in both], known[used], name)
    kinds = np.array([example.threat is not None for example in examples] + [False] * len(chosen))
    order = list(Threat)
    named = np.array([order.index(example.threat) for example in examples if example.threat is not None])
    scales["kind"] = _fitted(
        np.vstack([rows[kinds], blind[kinds]]), np.concatenate([named, named]), _STRENGTH["kind"]
    )
    return Learnt(MoodModel(encoder, words, wording, centre, scales), held_out)


def used_of(intents: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return which texts with their intents tell of moods: threats, complaints, and a part of all others."""
    return [one for one in intents if tells(one[1]) or _is_drawn(*one)]


def tells(intent: str) -> bool:
    """Whether each example of an intent tells of moods."""
    return intent in (THREAT_INTENT, COMPLAINT_INTENT)


def _is_drawn(text: str, intent: str) -> bool:
    share = _TALK_SHARE if intent in _TALK else _SHARE
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] < share


def _told_apart(both: Sequence[FloatMatrix], truth: Labels, name: str) -> tuple[Scale, tuple[float, float]]:
    """Fit, with a threshold chosen on examples held out in turn."""
    strength = _STRENGTH[name]
    folds = np.random.default_rng(0).integers(0, _FOLDS, len(truth))
    chances = np.zeros((len(both), len(truth)), dtype=np.float32)
    for fold in range(_FOLDS):
        kept = folds != fold
        scale = _together([part[kept] for part in both], truth[kept], strength)
        for number, part in enumerate(both):
            chances[number, ~kept] = scale.chances(part[~kept])
    threshold, *measured = _threshold(chances.mean(axis=0), truth == 1, *_WANTED[name])
    scale = _together(both, truth, strength)
    return Scale(scale.weights, scale.bias, threshold), (measured[0], measured[1])


def _together(both: Sequence[FloatMatrix], truth: Labels, strength: float) -> Scale:
    """Fit to each part by itself and go the middle way: one model would rely on the words too little."""
    scales = [_fitted(part, truth, strength) for part in both]
    return Scale(
        np.mean([scale.weights for scale in scales], axis=0),
        np.mean([scale.bias for scale in scales], axis=0),
    )


def _threshold(
    chances: FloatMatrix, truth: npt.NDArray[np.bool_], wanted_recall: float, wanted_precision: float
) -> tuple[float, float, float]:
    """Return the threshold that comes closest to what is wanted, with its recall and precision."""
    best = (-1.0, 0.5, 0.0, 0.0)
    for least in np.arange(0.05, 0.96, 0.01):
        told = chances >= least
        recall = float((told & truth).sum() / max(truth.sum(), 1))
        precision = float((told & truth).sum() / max(told.sum(), 1))
        best = max(
            best, (min(recall / wanted_recall, precision / wanted_precision), float(least), recall, precision)
        )
    return best[1:]


def _fitted(rows: FloatMatrix, truth: Labels | npt.NDArray[np.int64], strength: float) -> Scale:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=300)
    model.fit(rows, truth)
    return Scale(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))
