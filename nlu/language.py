"""The pipeline's first step: the language of a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import foundation
from nlu.fingerprint import of_modules
from nlu.identifier import Guess, LanguageIdentifier
from nlu.importer import LANGUAGE
from nlu.letters import UNSPELT, LetterModel
from nlu.lexicon import Lexicon, LexiconFile

__all__ = ["Guess", "LanguageDetector", "LanguageIdentifier"]

_FILE = "letters.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LanguageDetector(GraphComponent):
    """Sets ``language``, ``language_confidence``, ``language_known`` and ``language_tag`` of each message.

    The tag is BCP 47's: the language, and the script where a language has two and the text tells which
    (``zh-Hant``). How the store's languages are spelt is learnt from its examples; without any (the importer
    marks each with its folder's language) langdetect's profiles are all there is.

    From the message's metadata it takes ``language_hint`` (what the channel says) and ``language`` (that of
    the conversation so far), where they are given.
    """

    def __init__(
        self,
        lexicon: LexiconFile,
        model_storage: ModelStorage,
        resource: Resource,
        letters: LetterModel | None = None,
    ) -> None:
        """Take the store's languages and product names from `lexicon`, as it stands at each message."""
        self._file = lexicon
        self._letters = letters
        self._storage = model_storage
        self._resource = resource
        self._lexicon: Lexicon | None = None
        self._identifier: LanguageIdentifier | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],  # noqa: ARG003 - Rasa calls it by these names
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> LanguageDetector:
        """Create the component for Rasa."""
        return cls(LexiconFile(), model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],  # noqa: ARG003
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003
        **_kwargs: Any,
    ) -> LanguageDetector:
        """Load what was learnt; a model of before there was anything to learn does without."""
        try:
            with model_storage.read_from(resource) as folder:
                letters = LetterModel.load(Path(folder) / _FILE)
        except (ValueError, FileNotFoundError):
            # Rasa's storage raises ValueError where the component has stored nothing.
            letters = None
        return cls(LexiconFile(), model_storage, resource, letters)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:  # noqa: ARG003
        """Make Rasa's training cache notice another way of learning."""
        return of_modules("nlu.letters", "nlu.scripts") + foundation.mark()

    def train(self, training_data: TrainingData) -> Resource:
        """Learn how each language is spelt; on a foundation, that is known."""
        ground = foundation.ground()
        letters = self._learnt(training_data) if ground is None else LetterModel.load(ground / _FILE)
        self._letters = letters if letters.languages else None
        self._identifier = None
        with self._storage.write_to(self._resource) as folder:
            letters.save(Path(folder) / _FILE)
        laying = foundation.being_laid()
        if laying is not None:
            letters.save(laying / _FILE)
        return self._resource

    @staticmethod
    def _learnt(training_data: TrainingData) -> LetterModel:
        return LetterModel.learn(
            (message.get(LANGUAGE), message.get(TEXT))
            for message in training_data.training_examples
            if message.get(LANGUAGE) and message.get(TEXT) and message.get(INTENT) != UNSPELT
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the language of each message."""
        for message in messages:
            metadata = message.get(METADATA)
            guess = self._current().identify(
                message.get(TEXT) or "",
                hint=_text(metadata, "language_hint"),
                previous=_text(metadata, "language"),
            )
            message.set("language", guess.language, add_to_output=True)
            message.set("language_confidence", round(guess.confidence, 4), add_to_output=True)
            message.set("language_known", guess.known, add_to_output=True)
            message.set("language_tag", guess.tag, add_to_output=True)
        return messages

    def _current(self) -> LanguageIdentifier:
        lexicon = self._file.current()
        if self._identifier is None or lexicon is not self._lexicon:
            self._lexicon = lexicon
            self._identifier = LanguageIdentifier(
                lexicon.languages,
                lexicon.fallback_language,
                proper_names=lexicon.product_words,
                letters=self._letters,
            )
        return self._identifier


def _text(metadata: object, key: str) -> str | None:
    value = metadata.get(key) if isinstance(metadata, dict) else None
    return value if isinstance(value, str) and value else None
