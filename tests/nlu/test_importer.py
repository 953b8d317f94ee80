from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.importers.importer import TrainingDataImporter

from tests.nlu.conftest import ROOT

STORE_EXAMPLES = """version: "3.1"
nlu:
  - intent: service_greeting
    examples: |
      - moin moin from the coast
"""
STORE_REPLIES = """version: "3.1"
responses:
  utter_store_only:
    - text: Only here.
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSDESK_STORE", str(tmp_path))
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu" / "mine.yml").write_text(STORE_EXAMPLES, encoding="utf-8")
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "en.yml").write_text(STORE_REPLIES, encoding="utf-8")
    return tmp_path


def importer(*data: str) -> TrainingDataImporter:
    return TrainingDataImporter.load_from_config(
        str(ROOT / "config.yml"), str(ROOT / "domain.yml"), list(data)
    )


def test_the_stores_own_examples_and_replies_are_laid_over(store: Path) -> None:
    loaded = importer(str(ROOT / "nlu" / "data" / "en" / "service.yml"))
    texts = {message.get("text") for message in loaded.get_nlu_data().intent_examples}
    assert "moin moin from the coast" in texts
    responses = loaded.get_domain().responses
    assert responses["utter_store_only"][0]["text"] == "Only here."
    assert len(responses) > 10


def test_without_a_store_the_shipped_files_stand_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_STORE", str(tmp_path / "none"))
    loaded = importer(str(ROOT / "nlu" / "data" / "en" / "service.yml"))
    assert "utter_store_only" not in loaded.get_domain().responses


def test_stock_rasas_default_folder_stands_for_the_projects_data(store: Path) -> None:
    intents = importer("data").get_nlu_data().intents
    assert {"refund_policy", "product_size", "out_of_scope"} <= intents


def test_each_example_carries_the_language_of_its_folder(store: Path) -> None:
    folders = [str(ROOT / "nlu" / "data" / name / "service.yml") for name in ("en", "de")]
    languages = {
        message.get("text"): message.get("language")
        for message in importer(*folders).get_nlu_data().intent_examples
    }
    assert set(languages.values()) == {"en", "de", None}
    assert languages["moin moin from the coast"] is None
