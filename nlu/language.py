"""The pipeline's first step: the language of a message."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.identifier import Guess, LanguageIdentifier
from nlu.lexicon import Lexicon, LexiconFile

__all__ = ["Guess", "LanguageDetector", "LanguageIdentifier"]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class LanguageDetector(GraphComponent):
    """Sets ``language``, ``language_confidence`` and ``language_known`` of each message.

    From the message's metadata it takes ``language_hint`` (what the channel says) and ``language`` (that of
    the conversation so far), where they are given.
    """

    def __init__(self, lexicon: LexiconFile) -> None:
        """Take the store's languages and product names from `lexicon`, as it stands at each message."""
        self._file = lexicon
        self._lexicon: Lexicon | None = None
        self._identifier: LanguageIdentifier | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],  # noqa: ARG003 - Rasa calls it by these names
        model_storage: ModelStorage,  # noqa: ARG003
        resource: Resource,  # noqa: ARG003
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> LanguageDetector:
        """Create the component for Rasa."""
        return cls(LexiconFile())

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
        return messages

    def _current(self) -> LanguageIdentifier:
        lexicon = self._file.current()
        if self._identifier is None or lexicon is not self._lexicon:
            self._lexicon = lexicon
            self._identifier = LanguageIdentifier(
                lexicon.languages, lexicon.fallback_language, proper_names=lexicon.product_words
            )
        return self._identifier


def _text(metadata: object, key: str) -> str | None:
    value = metadata.get(key) if isinstance(metadata, dict) else None
    return value if isinstance(value, str) and value else None
