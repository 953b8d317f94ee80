from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.shared.importers.importer import TrainingDataImporter

from nlu import foundation
from nlu.added import Ground
from nlu.importer import STANDS_IN, own_count
from nlu.intent_model import IntentModel
from nlu.memory import Memory
from nlu.wording import Wording, tally
from tests.nlu.conftest import ROOT
from tests.nlu.test_intent_model import clouds

OWN = """version: "3.1"
nlu:
  - intent: service_greeting
    examples: |
      - moin moin from the coast
      - servus from the hills
"""
OWN_TEXTS = ["moin moin from the coast", "servus from the hills"]


def _lay(folder: Path) -> Path:
    with foundation.laid(folder):
        laying = foundation.being_laid()
        assert laying is not None
        (laying / "part.npz").write_bytes(b"what was learnt")
        (laying / "mood").mkdir()
        (laying / "mood" / "scales.npz").write_bytes(b"more of it")
    return folder


# --- The folder ---


def test_a_foundation_is_whole_only_as_it_was_laid(tmp_path: Path) -> None:
    folder = tmp_path / "ground"
    assert not foundation.is_whole(folder)
    _lay(folder)
    assert foundation.is_whole(folder)
    assert foundation.being_laid() is None
    (folder / "part.npz").write_bytes(b"what was")
    assert not foundation.is_whole(folder)
    _lay(folder)
    (folder / "mood" / "scales.npz").unlink()
    assert not foundation.is_whole(folder)
    _lay(folder)
    (folder / "files.json").write_text("[", encoding="utf-8")
    assert not foundation.is_whole(folder)


def test_what_a_training_leaves_that_fails_is_no_foundation(tmp_path: Path) -> None:
    folder = _lay(tmp_path / "ground")
    with pytest.raises(RuntimeError), foundation.laid(folder):
        raise RuntimeError
    assert foundation.being_laid() is None
    assert not foundation.is_whole(folder)


@pytest.mark.parametrize("changed", ["nlu/data/en/order.yml", "nlu/memory.py", "config.yml"])
def test_every_file_that_it_is_made_from_makes_another_one(tmp_path: Path, changed: str) -> None:
    for name in ("nlu/data/en/order.yml", "nlu/memory.py", "config.yml", "requirements/run.txt", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    before = foundation.digest(tmp_path)
    (tmp_path / "README.md").write_text("other words", encoding="utf-8")
    (tmp_path / "nlu" / "__pycache__").mkdir()
    (tmp_path / "nlu" / "__pycache__" / "memory.pyc").write_bytes(b"compiled")
    assert foundation.digest(tmp_path) == before
    (tmp_path / changed).write_text("changed", encoding="utf-8")
    assert foundation.digest(tmp_path) != before


def test_rasas_cache_is_told_which_foundation_is_built_on(tmp_path: Path) -> None:
    assert foundation.mark() == ""
    marks = set()
    for name in ("one", "other"):
        folder = _lay(tmp_path / name)
        (folder / "files.json").write_text(name, encoding="utf-8")
        with foundation.built_on(folder):
            marks.add(foundation.mark())
    assert len(marks) == 2
    assert foundation.ground() is None


# --- What is given to learn from ---


def test_the_shipped_examples_are_given_to_lay_and_the_stores_own_to_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_STORE", str(tmp_path / "store"))
    (tmp_path / "store" / "nlu" / "en").mkdir(parents=True)
    (tmp_path / "store" / "nlu" / "en" / "learned.yml").write_text(OWN, encoding="utf-8")
    folder = _lay(tmp_path / "ground")

    def given() -> tuple[list[str], int]:
        data = TrainingDataImporter.load_from_config(
            str(ROOT / "config.yml"),
            str(ROOT / "domain.yml"),
            [str(ROOT / "nlu" / "data" / "en" / "service.yml")],
        ).get_nlu_data()
        # Without any, Rasa would train no part that understands.
        assert data.intent_examples
        texts = [one.get("text") for one in data.intent_examples if not one.get(STANDS_IN)]
        return [text for text in texts if text in OWN_TEXTS], len(texts)

    own, together = given()
    assert own == OWN_TEXTS
    with foundation.laid(tmp_path / "laid"):
        assert given() == ([], together - 2)
    with foundation.built_on(folder):
        assert given() == (own, 2)
    assert own_count() == 2


# --- What is learnt on top ---


def test_what_is_added_is_learnt_and_nothing_is_forgotten(tmp_path: Path) -> None:
    vectors, labels = clouds(12, 100, 1.6)
    names = np.array(labels)
    late = names == "intent_03"
    # The last quarter is what buyers write once it serves.
    first = ~late & (np.arange(len(names)) < 900)
    model, _ = IntentModel.fit(vectors[first], list(names[first]))
    Ground.of(model, vectors[first], list(names[first])).save(tmp_path)

    def right(what: IntentModel, places: np.ndarray) -> np.ndarray:
        read = np.array(what.labels)[what.probabilities(vectors[places]).argmax(axis=1)]
        return read == names[places]

    later = np.flatnonzero(~late & ~first)
    mistaken = later[~right(model, later)]
    assert len(mistaken) > 5
    taught = np.concatenate([np.flatnonzero(late)[:40], mistaken])
    more = Ground.load(tmp_path).with_more(vectors[taught], list(names[taught]), strength=10.0)
    assert more.labels == tuple(sorted(set(labels)))
    assert right(more, np.flatnonzero(late)[40:]).mean() > 0.6
    assert right(more, mistaken).mean() > 0.8
    assert right(more, np.setdiff1d(later, mistaken)).mean() > 0.9
    # What confidence is due stays as it was judged.
    assert (more.pull, more.temperature, more.unknown) == (model.pull, model.temperature, model.unknown)


def test_the_same_examples_on_the_same_ground_give_the_same_model_and_none_the_one_before(
    tmp_path: Path,
) -> None:
    vectors, labels = clouds(6, 30, 1.0)
    model, _ = IntentModel.fit(vectors, labels)
    ground = Ground.of(model, vectors, labels)
    ground.save(tmp_path)
    once, again = (
        one.with_more(vectors[:5] + 0.1, ["new"] * 5, 10.0) for one in (ground, Ground.load(tmp_path))
    )
    np.testing.assert_array_equal(once.weights, again.weights)
    np.testing.assert_array_equal(once.memory.rows, again.memory.rows)
    assert ground.with_more(vectors[:0], [], 10.0) is model


def test_a_memory_with_more_is_as_near_as_one_that_was_made_of_all() -> None:
    vectors, labels = clouds(5, 40, 1.0)
    targets = np.array([int(label[-2:]) for label in labels])
    first = np.arange(len(targets)) < 150
    # The label 2 is new, and those behind it move.
    early = first & (targets != 2)
    numbers = np.array([0, 1, 3, 4])
    memory = Memory.of(vectors[early], np.searchsorted(numbers, targets[early]), 4)
    more = memory.extended(vectors[~early], targets[~early], numbers, 5)
    assert list(np.diff(more.starts)) == [40] * 5
    alike = more.nearness(vectors)
    assert (alike.argmax(axis=1) == targets).mean() > 0.9
    np.testing.assert_allclose(alike[np.arange(len(targets)), targets] > 0.5, True)


def test_new_words_tell_something_and_old_ones_what_they_told() -> None:
    before = ["where is my parcel", "where is my order", "refund my money", "my money back"]
    added = ["engrave my name", "please engrave a date", "engrave it"]
    wording = Wording.fit(before, 256)
    more = wording.extended(tally(before), len(before), added)
    np.testing.assert_array_equal(more.vectors(before[:2])[:, :256], wording.vectors(before[:2])[:, :256])
    name, date = more.vectors(["engrave the name", "engrave the date"])
    old_name, old_date = wording.vectors(["engrave the name", "engrave the date"])
    assert name[:256] @ date[:256] > old_name[:256] @ old_date[:256] + 0.3


def test_a_store_without_words_of_its_own_leaves_them_as_they_are() -> None:
    before = ["where is my parcel", "refund my money"]
    wording = Wording.fit(before, 64)
    more = wording.extended(tally(before), len(before), [])
    np.testing.assert_array_equal(more.vectors(before), wording.vectors(before))
    assert more.vectors([]).shape == (0, 128)
