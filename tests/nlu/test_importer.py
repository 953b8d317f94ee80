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


def test_marked_words_and_synonyms_beside_plain_examples_are_read_too(store: Path) -> None:
    (store / "nlu" / "marked.yml").write_text(
        'version: "3.1"\nnlu:\n  - intent: product_stock\n    examples: |\n'
        '      - is the [blue kite]{"entity": "product", "value": "KITE-1"} there\n'
        "  - synonym: KITE-1\n    examples: |\n      - kite\n",
        encoding="utf-8",
    )
    data = importer(str(ROOT / "nlu" / "data" / "en" / "service.yml")).get_nlu_data()
    (marked,) = [one for one in data.intent_examples if one.get("text") == "is the blue kite there"]
    assert [(one["start"], one["end"], one["value"]) for one in marked.get("entities")] == [(7, 16, "KITE-1")]
    assert data.entity_synonyms["kite"] == "KITE-1"


def test_an_example_that_is_there_twice_counts_once_and_examples_have_stable_fingerprints(
    store: Path,
) -> None:
    path = str(ROOT / "nlu" / "data" / "en" / "service.yml")
    (store / "nlu" / "again.yml").write_text(STORE_EXAMPLES, encoding="utf-8")
    first, second = importer(path).get_nlu_data(), importer(path).get_nlu_data()
    texts = [message.get("text") for message in first.intent_examples]
    assert texts.count("moin moin from the coast") == 1
    assert first.fingerprint() == second.fingerprint()
    first.training_examples[0].set("intent", "other")
    assert first.fingerprint() != second.fingerprint()
