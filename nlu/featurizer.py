"""The pipeline's second step: messages as vectors, of their meaning and of their wording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import foundation
from nlu.encoder import FloatMatrix, SentenceEncoder, english_encoder, shared_encoder
from nlu.excerpt import readable
from nlu.fingerprint import of_modules
from nlu.importer import LANGUAGE, STANDS_IN
from nlu.masking import meant
from nlu.wording import Wording, tally

#: What was learnt; and, of a foundation, what a store's own words are added to.
_FILE, _TALLY = "wording.npz", "wording-tally.npz"


def _add(messages: Sequence[Message], rows: FloatMatrix, origin: str) -> None:
    for message, row in zip(messages, rows, strict=True):
        message.add_features(Features(row[None, :], FEATURE_TYPE_SENTENCE, TEXT, origin))


def _worded(message: Message) -> str:
    return readable(meant(message))


def _with_text(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if isinstance(message.get(TEXT), str)]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectors(DenseFeaturizer, GraphComponent):
    """Adds the sentence vector of each message's text, looked up where it is known."""

    def __init__(self, config: dict[str, Any], encoder: SentenceEncoder) -> None:
        """Take the vectors from `encoder`."""
        super().__init__(type(self).__name__, config)
        self._encoder = encoder

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,  # noqa: ARG003 - Rasa calls it by these names
        resource: Resource,  # noqa: ARG003
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> SentenceVectors:
        """Create the component for Rasa."""
        return cls(config, shared_encoder())

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept what Rasa gives: there is nothing to set."""

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:  # noqa: ARG003
        """Make Rasa's training cache notice another encoder."""
        return shared_encoder().name + of_modules(
            "nlu.bert.graph",
            "nlu.bert.network",
            "nlu.e5.encoder",
            "nlu.e5.pieces",
            "nlu.excerpt",
            "nlu.masking",
            "nlu.cues",
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vectors to messages."""
        texts = _with_text(messages)
        _add(
            texts,
            self._encoder.encode([meant(message) for message in texts]),
            self._identifier,
        )
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the vectors to examples, encoding only what was never seen."""
        self.process(training_data.training_examples)
        return training_data


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class EnglishVectors(SentenceVectors):
    """Adds a second sentence vector to what is written in English: most is written of goods in that language.

    It is of an encoder that has learnt from English alone, and knows it better than one for all languages.
    Other messages get a vector of zeros; an example that tells no language is taken for English.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,  # noqa: ARG003 - Rasa calls it by these names
        resource: Resource,  # noqa: ARG003
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> EnglishVectors:
        """Create the component for Rasa."""
        return cls(config, english_encoder())

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:  # noqa: ARG003
        """Make Rasa's training cache notice another encoder."""
        return english_encoder().name + of_modules(
            *("nlu.bert.graph", "nlu.bert.network", "nlu.minilm.encoder", "nlu.minilm.pieces"),
            *("nlu.excerpt", "nlu.masking", "nlu.cues"),
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vectors to messages."""
        texts = _with_text(messages)
        english = [place for place, message in enumerate(texts) if _is_english(message)]
        rows = np.zeros((len(texts), self._encoder.dimension), dtype=np.float32)
        if english:
            rows[english] = self._encoder.encode([meant(texts[place]) for place in english])
        _add(texts, rows, self._identifier)
        return messages


def _is_english(message: Message) -> bool:
    # What nobody knows is answered in the store's language, but it was not written in that.
    return message.get(LANGUAGE, "en") == "en" and bool(message.get("language_known", True))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class WordingVectors(DenseFeaturizer, GraphComponent):
    """Adds a vector of each message's wording: it knows the store's own words, which the encoder may not."""

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        wording: Wording | None = None,
    ) -> None:
        """Keep what is learnt in `storage`."""
        super().__init__(type(self).__name__, config)
        self._storage = storage
        self._resource = resource
        self._wording = wording

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings: `width` is the length of the vector, for words and for characters each."""
        return {**DenseFeaturizer.get_default_config(), "width": 256}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> WordingVectors:
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
    ) -> WordingVectors:
        """Load the component for Rasa; untrained where nothing was learnt."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, Wording.load(folder / _FILE))
        except (ValueError, OSError):
            return cls(config, model_storage, resource)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Accept what Rasa gives."""

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:  # noqa: ARG003
        """Make Rasa's training cache notice another way of counting."""
        read = of_modules("nlu.wording", "nlu.excerpt", "nlu.masking", "nlu.cues")
        return read + foundation.mark()

    def train(self, training_data: TrainingData) -> Resource:
        """Learn how much each word tells."""
        examples = [
            one for one in training_data.training_examples if one.get(INTENT) and not one.get(STANDS_IN)
        ]
        texts = [_worded(message) for message in _with_text(examples)]
        ground, laying = foundation.ground(), foundation.being_laid()
        if ground is not None:
            self._wording = Wording.load(ground / _FILE)
            with np.load(ground / _TALLY, allow_pickle=False) as before:
                self._wording = self._wording.extended(before["found"], int(before["count"]), texts)
        elif texts:
            self._wording = Wording.fit(texts, int(self._config["width"]))
        if self._wording is not None:
            with self._storage.write_to(self._resource) as folder:
                self._wording.save(folder / _FILE)
            if laying is not None:
                self._wording.save(laying / _FILE)
                np.savez_compressed(laying / _TALLY, found=tally(texts), count=len(texts))
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vectors to messages."""
        if self._wording is not None:
            texts = _with_text(messages)
            rows = self._wording.vectors([_worded(message) for message in texts])
            _add(texts, rows, self._identifier)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the vectors to examples."""
        self.process(training_data.training_examples)
        return training_data
