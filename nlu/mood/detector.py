"""A step of the pipeline beside the intent: a message's mood, and whether it threatens or tells of harm."""

from __future__ import annotations

import json
import logging
import shutil
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import foundation
from nlu.encoder import shared_encoder
from nlu.fingerprint import of_files, of_modules
from nlu.masking import is_bare_code, without_names
from nlu.mood import examples, words
from nlu.mood.kinds import Mood
from nlu.mood.learning import learn, tells, used_of
from nlu.mood.model import MoodModel, Reading

_log = logging.getLogger(__name__)
#: Of a foundation: what was learnt; and the intents' examples that it was learnt from.
_FOLDER, _USED = "mood", "mood-used.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class MoodDetector(GraphComponent):
    """Sets ``mood`` (`Mood`) and ``threat`` (`Threat`, or None), with their probabilities.

    It looks at the whole text, whatever its intent is, and never at the intent. It stands anywhere in the
    pipeline; after the featurizers, a message's vector is at hand already.
    """

    def __init__(
        self,
        config: dict[str, Any],  # noqa: ARG002 - as Rasa's own components
        storage: ModelStorage,
        resource: Resource,
        model: MoodModel | None = None,
    ) -> None:
        """Keep what is learnt in `storage`."""
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 - Rasa calls it by these names
    ) -> MoodDetector:
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
    ) -> MoodDetector:
        """Load the component for Rasa: a model that was trained without it finds every message calm."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, MoodModel.load(folder, shared_encoder()))
        except (ValueError, OSError):
            return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:  # noqa: ARG003
        """Make Rasa's training cache notice other examples, words, ways of learning, or another encoder."""
        return (
            shared_encoder().name
            + of_files(examples.FOLDER, words.FOLDER)
            + of_modules(
                *(f"nlu.mood.{name}" for name in ("examples", "kinds", "learning", "model", "words")),
                *("nlu.excerpt", "nlu.wording"),
            )
            + foundation.mark()
        )

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples of moods, and beside them from those of the intents.

        On a foundation, that is done again only where the store itself has examples of threats or complaints.
        """
        intents = [
            (message.get(TEXT), message.get(INTENT))
            for message in training_data.intent_examples
            if message.get(TEXT) and message.get(INTENT)
        ]
        ground, laying = foundation.ground(), foundation.being_laid()
        if ground is not None:
            intents = [one for one in intents if tells(one[1])]
            if not intents:
                with self._storage.write_to(self._resource) as folder:
                    shutil.copytree(ground / _FOLDER, folder, dirs_exist_ok=True)
                self._model = MoodModel.load(ground / _FOLDER, shared_encoder())
                return self._resource
            intents = [*map(tuple, json.loads((ground / _USED).read_text(encoding="utf-8"))), *intents]
        learnt = learn(shared_encoder(), examples.read_examples(), intents)
        self._model = learnt.model
        for name, (recall, precision) in learnt.held_out.items():
            _log.info("%s in held-out examples: recall %.3f, precision %.3f", name, recall, precision)
        with self._storage.write_to(self._resource) as folder:
            learnt.model.save(folder)
        if laying is not None:
            (laying / _FOLDER).mkdir()
            learnt.model.save(laying / _FOLDER)
            (laying / _USED).write_text(json.dumps(used_of(intents)), encoding="utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set mood and threat of each message."""
        for message in messages:
            text = message.get(TEXT)
            read = Reading(Mood.CALM, 0.0, None, 0.0)
            if self._model is not None and isinstance(text, str) and not is_bare_code(text):
                read = self._model.read(without_names(message))
            message.set("mood", read.mood.value, add_to_output=True)
            message.set("mood_confidence", round(_sureness(read), 4), add_to_output=True)
            message.set("threat", read.threat.value if read.threat else None, add_to_output=True)
            message.set("threat_confidence", round(read.danger, 4), add_to_output=True)
        return messages


def _sureness(read: Reading) -> float:
    return read.anger if read.mood is Mood.ANGRY else 1 - read.anger
