"""What is taken over from a training before, and when all is learnt anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.errors import ModelError
from bot.settings import Settings
from bot.training import learning
from bot.training.learning import Learnt, learn
from bot.training.progress import Teller
from nlu import foundation

EXAMPLES = 'version: "3.1"\nnlu:\n- intent: product_stock\n  examples: |\n'


@pytest.fixture
def place(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # A training tells Rasa by its environment where things are.
    for name in ("CROSSDESK_STORE", "CROSSDESK_FILES", "RASA_CACHE_DIRECTORY", "LOG_LEVEL"):
        monkeypatch.setenv(name, "")
    (tmp_path / "out").mkdir()
    return dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")


class Rasa:
    """Stands in for the minutes of a training: notes what it was to learn from."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.fails = False

    def __call__(
        self, folder: Path, name: str, _progress: object, _teller: object, *, anew: bool = False
    ) -> Path:
        laying, ground = foundation.being_laid(), foundation.ground()
        if self.fails:
            raise ModelError("training failed")
        if laying is not None:
            assert anew
            (laying / "part").write_text("learnt", encoding="utf-8")
        if ground is not None:
            assert foundation.is_whole(ground)
        self.runs.append("shipped" if laying else "own" if ground else "anew" if anew else "together")
        path = folder / name
        path.write_bytes(b"model")
        return path


@pytest.fixture
def rasa(monkeypatch: pytest.MonkeyPatch) -> Rasa:
    made = Rasa()
    monkeypatch.setattr(learning, "_rasa_train", made)
    return made


def _own(place: Settings, count: int) -> None:
    path = place.store / "nlu" / "en" / "learned.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXAMPLES + "".join(f"    - is number {one} there\n" for one in range(count)), "utf-8")


def _learn(place: Settings, told: list[str] | None = None, *, whole: bool = False) -> Learnt:
    told = [] if told is None else told
    out = place.files.parent / "out"
    return learn(place, out, "model.tar.gz", told.append, Teller(place, "ada"), whole=whole)


def test_a_store_without_examples_learns_the_shipped_ones_once(place: Settings, rasa: Rasa) -> None:
    first = _learn(place)
    assert rasa.runs == ["shipped"]
    assert (first.foundation, first.taken_over) == (foundation.digest(), False)
    assert first.path.exists()


def test_what_the_shipped_ones_teach_is_taken_over_where_only_the_stores_own_change(
    place: Settings, rasa: Rasa
) -> None:
    _own(place, 50)
    told: list[str] = []
    assert not _learn(place, told).taken_over
    _own(place, 51)
    assert _learn(place, told).taken_over
    assert rasa.runs == ["shipped", "own", "own"]
    assert "taken over from before" in told[-2]
    assert told[-1] == "The store's own examples are learnt: 51."


@pytest.mark.parametrize("wrong", ["cut", "missing", "other"])
def test_without_a_whole_foundation_of_these_very_files_the_shipped_ones_are_learnt_again(
    place: Settings, rasa: Rasa, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    _own(place, 3)
    _learn(place)
    (folder,) = (place.files / learning.FOUNDATIONS).iterdir()
    if wrong == "cut":
        (folder / "part").write_text("lea", encoding="utf-8")
    elif wrong == "missing":
        (folder / "part").unlink()
    else:
        monkeypatch.setattr(foundation, "digest", lambda: "of-a-changed-file")
    assert not _learn(place).taken_over
    assert rasa.runs == ["shipped", "own"] * 2
    # The one before is of no use to anybody.
    (left,) = (place.files / learning.FOUNDATIONS).iterdir()
    assert foundation.is_whole(left)


def test_a_training_that_fails_leaves_no_foundation(place: Settings, rasa: Rasa) -> None:
    rasa.fails = True
    with pytest.raises(ModelError):
        _learn(place)
    rasa.fails = False
    assert not _learn(place).taken_over
    assert rasa.runs == ["shipped"]


def test_many_examples_of_the_stores_own_are_learnt_together_with_all(
    place: Settings, rasa: Rasa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foundation, "MOST", 10)
    _own(place, 11)
    told: list[str] = []
    assert _learn(place, told) == Learnt(place.files.parent / "out" / "model.tar.gz")
    assert rasa.runs == ["together"]
    assert "11 of its own" in told[0]


def test_whoever_asks_for_it_learns_everything_from_nothing(place: Settings, rasa: Rasa) -> None:
    _learn(place)
    assert _learn(place, whole=True).foundation == ""
    assert rasa.runs == ["shipped", "anew"]


def test_a_file_of_examples_that_cannot_be_read_is_told(place: Settings, rasa: Rasa) -> None:
    _own(place, 1)
    (place.store / "nlu" / "en" / "broken.yml").write_text("nlu: [{intent: broken", encoding="utf-8")
    with pytest.raises(ModelError, match=r"training failed: .*broken\.yml"):
        _learn(place)
    assert rasa.runs == []
