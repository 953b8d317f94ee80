"""The pipeline's third step: the intent of a message, with a probability that means something."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import (
    FEATURE_TYPE_SENTENCE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import foundation
from nlu.added import Ground
from nlu.encoder import FloatMatrix
from nlu.fingerprint import of_modules
from nlu.importer import STANDS_IN
from nlu.intent_model import STRENGTH, IntentModel, Trial
from nlu.masking import asks
from nlu.share import is_set_aside

_log = logging.getLogger(__name__)
_MODEL_FILE = "intents.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class RememberingIntentClassifier(IntentClassifier, GraphComponent):
    """Sets ``intent`` and ``intent_ranking`` from the vectors that the featurizers before it have added.

    A message without words (nothing but codes and addresses) or without vectors gets every intent with the
    same small probability: a fallback, not a guess and never an exception.
    """

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: IntentModel | None = None,
    ) -> None:
        """Keep what is learnt in `storage`."""
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model
        #: After training: what held-out examples got.
        self.trial: Trial | None = None

    @classmethod
    def required_components(cls) -> list[type]:
        """Name what must stand before it in the pipeline."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings.

        `weights` says by how much each featurizer's vectors are multiplied, so how much they count;
        `strength` is the inverse of the penalty on large weights; `ranking_length` is how many intents are
        told.
        """
        return {
            "weights": {"SentenceVectors": 4.0, "EnglishVectors": 2.0, "WordingVectors": 1.4},
            "strength": STRENGTH,
            "ranking_length": 10,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 - Rasa calls it by these names
    ) -> RememberingIntentClassifier:
        """Create the component for Rasa."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003
        **_more: Any,
    ) -> RememberingIntentClassifier:
        """Load the component for Rasa; untrained where there was nothing to learn from."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, IntentModel.load(folder / _MODEL_FILE))
        except (ValueError, OSError):
            return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:  # noqa: ARG003
        """Make Rasa's training cache notice another way of learning."""
        return of_modules("nlu.intent_model", "nlu.added", "nlu.memory", "nlu.masking", "nlu.share") + (
            foundation.mark()
        )

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples; log what held-out examples would have got."""
        examples = [
            message
            for message in training_data.intent_examples
            if message.get(TEXT) and message.get(INTENT) and not message.get(STANDS_IN)
        ]
        ground = foundation.ground()
        if ground is None:
            self._learn(examples)
        else:
            self._learn_more(Ground.load(ground), examples)
        if self._model is not None:
            with self._storage.write_to(self._resource) as folder:
                self._model.save(folder / _MODEL_FILE)
        return self._resource

    def _learn(self, examples: Sequence[Message]) -> None:
        labels = [message.get(INTENT) for message in examples]
        if len(set(labels)) < 2:
            _log.warning(
                "There are examples of fewer than two intents: nothing to tell apart, nothing learnt"
            )
            return
        vectors = self._vectors(examples)
        # What the encoder was tuned on says nothing about how sure one may be of what is new.
        aside = np.array([is_set_aside(message.get(TEXT)) for message in examples])
        self._model, trial = IntentModel.fit(vectors, labels, float(self._config["strength"]), aside)
        self.trial = trial
        _log.info(
            "%d examples of %d intents; held-out ones: accuracy %.3f, calibration error %.3f",
            *(len(labels), len(set(labels)), trial.accuracy, trial.calibration_error),
        )
        laying = foundation.being_laid()
        if laying is not None:
            Ground.of(self._model, vectors, labels).save(laying)

    def _learn_more(self, ground: Ground, examples: Sequence[Message]) -> None:
        labels = [message.get(INTENT) for message in examples]
        vectors = self._vectors(examples) if examples else np.zeros((0, len(ground.model.mean)), np.float32)
        self._model = ground.with_more(vectors, labels, float(self._config["strength"]))
        _log.info(
            "%d examples added to those of %d intents; there are %d now",
            *(len(labels), len(ground.model.labels), len(self._model.labels)),
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent of each message."""
        for message in messages:
            ranking = self._ranking(message)
            first = ranking[0] if ranking else {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}
            message.set(INTENT, dict(first), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _ranking(self, message: Message) -> list[dict[str, Any]]:
        model = self._model
        if model is None:
            return []
        count = len(model.labels)
        probabilities = np.full(count, 1 / count, dtype=np.float32)
        if asks(message):
            vectors = self._vectors([message])
            if vectors.shape[1] == len(model.mean):
                probabilities = model.probabilities(vectors)[0]
        best = np.argsort(-probabilities, kind="stable")[: int(self._config["ranking_length"])]
        return [
            {INTENT_NAME_KEY: model.labels[place], PREDICTED_CONFIDENCE_KEY: float(probabilities[place])}
            for place in best
        ]

    def _vectors(self, messages: Sequence[Message]) -> FloatMatrix:
        weights: Mapping[str, float] = self._config["weights"]
        rows = []
        for message in messages:
            blocks = [
                features.features[0] * np.float32(weights.get(features.origin, 1.0))
                for features in message.features
                if features.attribute == TEXT
                and features.type == FEATURE_TYPE_SENTENCE
                and features.is_dense()
            ]
            rows.append(np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32))
        return np.stack(rows).astype(np.float32)
