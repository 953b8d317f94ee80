"""The steps of ``config.yml`` that lead to an intent, trained and run without a server around them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import class_from_module_path
from ruamel.yaml import YAML

from bench.nlu.data import Texts
from bot.settings import ROOT
from nlu.classifier import RememberingIntentClassifier


@dataclass(frozen=True)
class Answers:
    """What was made of messages: the likeliest label of each, and its probability."""

    labels: npt.NDArray[np.str_]
    confidences: npt.NDArray[np.float64]


class Pipeline:
    """The project's own pipeline on somebody else's data: every setting is the one of ``config.yml``."""

    def __init__(self, folder: Path) -> None:
        """Keep what is learnt in `folder`."""
        content = YAML(typ="safe").load((ROOT / "config.yml").read_text(encoding="utf-8"))
        storage = LocalModelStorage(folder)
        context = ExecutionContext(GraphSchema({}))
        self._steps: list[Any] = []
        for number, step in enumerate(content["pipeline"]):
            kind = class_from_module_path(step["name"])
            settings = {**kind.get_default_config(), **{key: step[key] for key in step if key != "name"}}
            self._steps.append(kind.create(settings, storage, Resource(f"step{number}"), context))
            if kind is RememberingIntentClassifier:
                # What follows looks for entities and applies the store's thresholds.
                self.classifier = self._steps[-1]
                return
        raise RuntimeError("config.yml names no RememberingIntentClassifier")

    def train(self, examples: Texts) -> None:
        """Learn from the examples."""
        pairs = zip(examples.texts, examples.labels, strict=True)
        data = TrainingData([Message({TEXT: text, INTENT: label}) for text, label in pairs])
        for step in self._steps:
            if hasattr(step, "train"):
                step.train(data)
            if hasattr(step, "process_training_data"):
                step.process_training_data(data)

    def answer(self, texts: tuple[str, ...]) -> Answers:
        """Read messages."""
        messages = [Message({TEXT: text}) for text in texts]
        for step in self._steps:
            messages = step.process(messages)
        first = [message.get(INTENT_RANKING_KEY)[0] for message in messages]
        return Answers(
            np.array([item["name"] for item in first]),
            np.array([float(item["confidence"]) for item in first]),
        )
