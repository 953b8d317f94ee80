"""A small model, trained through Rasa on some of the shipped examples, once for all tests here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
INTENTS = (
    "logistics_where_is_parcel",
    "refund_policy",
    "service_greeting",
    "product_size",
    "payment_methods",
    "order_cancel",
    "service_threat",
    "out_of_scope",
)
CONFIG = """
recipe: default.v1
assistant_id: small
language: en
pipeline:
  - name: nlu.language.LanguageDetector
  - name: nlu.featurizer.SentenceVectors
  - name: nlu.featurizer.EnglishVectors
  - name: nlu.featurizer.WordingVectors
  - name: nlu.classifier.RememberingIntentClassifier
  - name: nlu.entities.EntityExtractor
  - name: nlu.mood.detector.MoodDetector
  - name: FallbackClassifier
    threshold: 0.45
    ambiguity_threshold: 0.05
"""

Parse = Callable[..., dict[str, Any]]


def small_data(per_intent: int = 20) -> str:
    """Some of the shipped examples, as a Rasa NLU file."""
    from ruamel.yaml import YAML

    lines = ['version: "3.1"', "nlu:"]
    for path in sorted((ROOT / "nlu" / "data" / "en").glob("*.yml")):
        for block in YAML(typ="safe").load(path.read_text(encoding="utf-8"))["nlu"]:
            if block["intent"] in INTENTS:
                lines += [f"  - intent: {block['intent']}", "    examples: |"]
                lines += [f"      {line}" for line in block["examples"].splitlines()[:per_intent]]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A files folder of its own, with a lexicon in it, named by the environment."""
    folder = tmp_path_factory.mktemp("files")
    lexicon = {
        "languages": ["en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko"],
        "products": [{"code": "JKT-001", "names": ["Alpine rain jacket"]}],
    }
    (folder / "lexicon.json").write_text(json.dumps(lexicon), encoding="utf-8")
    patch = pytest.MonkeyPatch()
    patch.setenv("CROSSDESK_FILES", str(folder))
    patch.delenv("CROSSDESK_LEXICON", raising=False)
    yield folder
    patch.undo()


@pytest.fixture(scope="session")
def small_model(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rasa.model_training import train_nlu

    folder = tmp_path_factory.mktemp("training")
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "nlu.yml").write_text(small_data(), encoding="utf-8")
    # Rasa keeps its cache below the working folder: two trainings in one would break each other.
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    model = train_nlu("config.yml", "data", str(folder / "models"))
    patch.undo()
    assert model is not None
    return Path(model)


@pytest.fixture(scope="session")
def parse(small_model: Path) -> Iterator[Parse]:
    """Parse a text with the small model: ``parse(text, **metadata)``."""
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage

    agent = Agent.load(str(small_model))
    loop = asyncio.new_event_loop()

    def run(text: str, **metadata: Any) -> dict[str, Any]:
        message = UserMessage(text, metadata=metadata)
        return loop.run_until_complete(agent.processor.parse_message(message))

    yield run
    loop.close()
