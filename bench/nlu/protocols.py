"""The protocols by which each set's results are published."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.nlu.data import Texts
from bench.nlu.pipeline import Answers, Pipeline
from bot.settings import ROOT
from nlu.evaluation import read_labelled
from nlu.identifier import LanguageIdentifier
from nlu.intent_model import Trial
from nlu.letters import UNSPELT, LetterModel
from nlu.lexicon import DEFAULT_LANGUAGES

#: How HINT3 labels what is out of scope.
NO_NODES = "NO_NODES_DETECTED"
#: Of in-scope accuracy, so much may be given for the refusal of what is out of scope.
GIVEN = 0.01
HINT3_THRESHOLD = 0.1
#: Thresholds of each side, a hundredth apart, that speak for the one between them.
NEIGHBOURS = 5
LID_FILES = ("lid_singlewords", "lid_wordpairs", "lid_sentences")
#: Languages of the set that the project does not speak, and shares a script with.
FOREIGN = ("it", "nl", "pl", "tr", "id", "vi")


@dataclass(frozen=True)
class Row:
    """A line of the table; figures in percent."""

    name: str
    figures: tuple[float, ...]
    targets: tuple[float, ...]
    published: str


def banking77(sets: Mapping[str, Texts]) -> list[Row]:
    """Accuracy, with all examples and with ten a label (Casanueva et al. 2020)."""
    test = sets["banking77_test"]
    published = {
        "train": "ConvFiT 94.35, BERT-large 93.66, USE+ConveRT 93.36, Rasa 3.6.21 logistic regression 88.7",
        "fewshot10": "ICDA 89.79, CPFT 87.20, USE+ConveRT 85.19, RoBERTa 84.27, TF-IDF + LinearSVC 74.7",
    }
    rows = []
    for part, name, target in (
        ("train", "BANKING77, full", 94.0),
        ("fewshot10", "BANKING77, 10-shot", 86.0),
    ):
        answers = _trained(sets[f"banking77_{part}"], lambda _: None)[0](test)
        rows.append(Row(name, (_accuracy(answers, test),), (target,), published[part]))
    return rows


def clinc150(sets: Mapping[str, Texts]) -> list[Row]:
    """In-scope accuracy and out-of-scope recall, by a threshold chosen on validation (Larson et al. 2019)."""
    answer, _ = _trained(sets["clinc150_train"], lambda _: None)
    known, unknown = sets["clinc150_val"], sets["clinc150_oos_val"]
    validated = answer(known)
    whole = _accuracy(validated, known)
    steps = np.arange(0.0, 1.0, 0.005)
    threshold = max(step for step in steps if _accuracy(validated, known, step) >= whole - 100 * GIVEN)
    test, outside = sets["clinc150_test"], sets["clinc150_oos_test"]
    inside = answer(test)
    recall = 100 * float((answer(outside).confidences < threshold).mean())
    validation = 100 * float((answer(unknown).confidences < threshold).mean())
    return [
        Row("CLINC150, no threshold", (_accuracy(inside, test),), (), "BERT 96.9"),
        Row(
            f"CLINC150, in scope / out of scope; threshold {threshold:.3f} (validation: {validation:.1f})",
            (_accuracy(inside, test, threshold), recall),
            (95.0, 65.0),
            "BERT 96.2 / 52.3, Rasa 90.9 / 31.2 by threshold; MLP on USE 93.5 / 47.4 with examples",
        ),
    ]


def hint3(sets: Mapping[str, Texts]) -> list[Row]:
    """In-scope accuracy at 0.1, and overall by a threshold from training data alone (Arora et al. 2020)."""
    rows = []
    for name, targets, published in (
        (
            "curekart",
            (87.0, 75.0),
            "Rasa 84.1, BERT 83.6; best over all thresholds of the test set: Haptik 74.8, Dialogflow 73.2",
        ),
        (
            "sofmattress",
            (78.0, 72.0),
            "Dialogflow 73.2, BERT 73.6; best over all thresholds of the test set: Dialogflow 71.3",
        ),
    ):
        answer, threshold = _trained(sets[f"hint3v1_{name}_train"].without(NO_NODES), _threshold)
        test = sets[f"hint3v1_{name}_test"]
        inside = test.without(NO_NODES)
        at = _accuracy(answer(inside), inside, HINT3_THRESHOLD)
        overall = answer(test)
        refused = overall.confidences < threshold
        labels = np.where(refused, NO_NODES, overall.labels)
        right = 100 * float((labels == np.array(test.labels)).mean())
        rows.append(
            Row(
                f"HINT3 {name}, in scope at 0.1 / overall at {threshold:.2f}", (at, right), targets, published
            )
        )
    return rows


def languages(sets: Mapping[str, Texts]) -> list[Row]:
    """Accuracy on the messages of the project's ten languages, and on how many of others it says so.

    The spelling is learnt from the project's examples; nothing is known of the conversation.
    """
    examples = read_labelled(ROOT / "nlu" / "data")
    letters = LetterModel.learn(
        (item.language or "", item.text) for item in examples if item.intent != UNSPELT
    )
    identifier = LanguageIdentifier(DEFAULT_LANGUAGES, DEFAULT_LANGUAGES[0], letters=letters)
    shares, foreign = [], []
    for name in LID_FILES:
        own = sets[name].of(DEFAULT_LANGUAGES)
        guesses = [identifier.identify(text).language for text in own.texts]
        shares.append(100 * float((np.array(guesses) == np.array(own.labels)).mean()))
        others = sets[name].of(FOREIGN)
        foreign.append(100 * float(np.mean([not identifier.identify(text).known for text in others.texts])))
    return [
        Row(
            "languages, ten: words / pairs / sentences",
            tuple(shares),
            (82.0, 93.0, 99.5),
            "langdetect restricted to the ten, by script first: 78.5 / 88.6 / 99.7; all 17 of the set, each "
            "detector free among its own languages: lingua 75.8 / 91.1 / 98.1, langdetect 60.4 / 78.7 / 99.1",
        ),
        Row(f"languages, others ({', '.join(FOREIGN)}) recognised as such", tuple(foreign), (), "none"),
    ]


def _trained(
    examples: Texts, choose: Callable[[Pipeline], float | None]
) -> tuple[Callable[[Texts], Answers], float]:
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(Path(folder))
        pipeline.train(examples)
        threshold = choose(pipeline) or 0.0
    return lambda texts: pipeline.answer(texts.texts), threshold


def _threshold(pipeline: Pipeline) -> float:
    return threshold_of(pipeline.classifier.trial)


def threshold_of(trial: Trial) -> float:
    """Return where most is decided rightly, if a message is as likely to be of no label as of one.

    Some hundreds of examples make a ragged curve, often nearly level for a while: its neighbours speak for a
    threshold, too.
    """
    steps = np.arange(0.0, 1.0, 0.01)
    decided = [
        (trial.right & (trial.confidences >= step)).mean() + (trial.strange < step).mean() for step in steps
    ]
    near = np.pad(decided, NEIGHBOURS, mode="edge")
    return float(steps[np.convolve(near, np.ones(2 * NEIGHBOURS + 1), mode="valid").argmax()])


def _accuracy(answers: Answers, truth: Texts, threshold: float = 0.0) -> float:
    right = (answers.labels == np.array(truth.labels)) & (answers.confidences >= threshold)
    return 100 * float(right.mean())


SETS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Texts]], list[Row]]]] = {
    "banking77": (("banking77_train", "banking77_fewshot10", "banking77_test"), banking77),
    "clinc150": (
        ("clinc150_train", "clinc150_val", "clinc150_oos_val", "clinc150_test", "clinc150_oos_test"),
        clinc150,
    ),
    "lid": (LID_FILES, languages),
    "hint3": (
        tuple(f"hint3v1_{shop}_{part}" for shop in ("curekart", "sofmattress") for part in ("train", "test")),
        hint3,
    ),
}
