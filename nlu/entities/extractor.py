"""The pipeline's fourth step: what a message names."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.entities.finder import EntityFinder
from nlu.lexicon import Lexicon, LexiconFile


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityExtractor(GraphComponent, EntityExtractorMixin):
    """Sets ``entities`` of each message: kind, place in the text, and a normal form that JSON can hold.

    From the message's metadata it takes ``now`` (ISO 8601, for relative days) and ``region`` (ISO 3166, for
    phone numbers and the order of figures in dates), where they are given.
    """

    def __init__(self, lexicon: LexiconFile) -> None:
        """Take the store's words from `lexicon`, as it stands at each message."""
        self._file = lexicon
        self._lexicon: Lexicon | None = None
        self._finder: EntityFinder | None = None
        # What takes long is prepared here, not when the first buyer waits.
        self._current()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],  # noqa: ARG003 - Rasa calls it by these names
        model_storage: ModelStorage,  # noqa: ARG003
        resource: Resource,  # noqa: ARG003
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> EntityExtractor:
        """Create the component for Rasa."""
        return cls(LexiconFile())

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the entities of each message."""
        for message in messages:
            metadata = message.get(METADATA)
            known = metadata if isinstance(metadata, dict) else {}
            text = message.get(TEXT) or ""
            finder, lexicon = self._current()
            language = message.get("language") if message.get("language_known") else None
            region = known.get("region")
            spans = finder.find(
                text,
                language=language or lexicon.fallback_language,
                now=_moment(known.get("now")),
                region=region if isinstance(region, str) and region else None,
            )
            entities = [
                {"entity": span.kind.value, "start": span.start, "end": span.end, "value": span.value}
                for span in spans
            ]
            message.set(
                ENTITIES, message.get(ENTITIES, []) + self.add_extractor_name(entities), add_to_output=True
            )
        return messages

    def _current(self) -> tuple[EntityFinder, Lexicon]:
        lexicon = self._file.current()
        if self._finder is None or lexicon is not self._lexicon:
            self._lexicon = lexicon
            self._finder = EntityFinder(lexicon)
        return self._finder, lexicon


def _moment(value: object) -> dt.datetime:
    if isinstance(value, str):
        try:
            moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            moment = None
        if moment is not None:
            return moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
    return dt.datetime.now(dt.timezone.utc)
