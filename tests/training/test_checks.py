"""Bad examples are found before a training begins, and those that would spoil a model are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bot.errors import ReviewError
from bot.settings import Settings
from bot.training.checks import check
from bot.training.findings import Finding, Kind, look

KNOWN = ("product_stock", "order_state", "product_engraving")


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    """A small project: two shipped intents in two languages, and a test set."""
    rules = settings.rules.copy(
        update={
            "languages": ("en", "de"),
            "review": settings.rules.review.copy(update={"fewest_examples": 2}),
        }
    )
    root = tmp_path / "root"
    for language in ("en", "de"):
        put(
            root / "nlu" / "data" / language / "all.yml",
            "product_stock",
            f"is it there {language}",
            "in stock?",
        )
        put(
            root / "nlu" / "data" / language / "more.yml",
            "order_state",
            f"how far is it {language}",
            "my order",
        )
    put(root / "tests" / "nlu" / "data" / "en" / "all.yml", "order_state", "What about my order")
    return dataclasses.replace(settings, rules=rules, store=tmp_path / "store")


def put(path: Path, intent: str, *texts: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"    - {text}\n" for text in texts)
    path.write_text(f'version: "3.1"\nnlu:\n- intent: {intent}\n  examples: |\n{lines}', encoding="utf-8")


def learn(place: Settings, intent: str, *texts: str, language: str = "en", name: str = "learned.yml") -> None:
    put(place.store / "nlu" / language / name, intent, *texts)


def found(place: Settings, tmp_path: Path, known: tuple[str, ...] = KNOWN[:2]) -> list[Finding]:
    return check(place, known, tmp_path / "root")


def test_good_examples_are_not_complained_of(place: Settings, tmp_path: Path) -> None:
    assert found(place, tmp_path) == []
    learn(place, "product_stock", "do you have it still")
    assert found(place, tmp_path) == []


@pytest.mark.parametrize("text", ["in stock?", "IN  stock", "in stock!!"])
def test_a_text_of_another_shipped_intent_is_refused(place: Settings, tmp_path: Path, text: str) -> None:
    learn(place, "order_state", text)
    (finding,) = found(place, tmp_path)
    assert (finding.kind, finding.kind.forbids) == (Kind.TWO_INTENTS, True)
    assert "order_state and of product_stock" in finding.says


def test_a_text_under_two_intents_of_the_stores_own_is_refused(place: Settings, tmp_path: Path) -> None:
    learn(place, "order_state", "where now")
    learn(place, "product_stock", "Where now?", name="own.yml")
    assert [one.kind for one in found(place, tmp_path)] == [Kind.TWO_INTENTS]


def test_a_sentence_of_the_test_set_is_refused(place: Settings, tmp_path: Path) -> None:
    learn(place, "order_state", "what about my order?")
    (finding,) = found(place, tmp_path)
    assert (finding.kind, finding.kind.forbids) == (Kind.LEAK, True)


def test_an_unknown_intent_and_a_broken_file_are_refused(place: Settings, tmp_path: Path) -> None:
    learn(place, "product_magic", "abracadabra", "hocus pocus")
    (finding,) = found(place, tmp_path)
    assert (finding.kind, finding.kind.forbids) == (Kind.UNKNOWN, True)
    (place.store / "nlu" / "en" / "broken.yml").write_text("nlu: [", encoding="utf-8")
    (finding,) = found(place, tmp_path)
    assert (finding.kind, finding.kind.forbids) == (Kind.UNREADABLE, True)
    assert "broken.yml" in finding.says


def test_what_teaches_nothing_new_is_told_and_not_refused(place: Settings, tmp_path: Path) -> None:
    learn(place, "product_stock", "In stock", "once more", "Once more!")
    kinds = [one.kind for one in found(place, tmp_path)]
    assert kinds == [Kind.DUPLICATE, Kind.DUPLICATE]
    assert not Kind.DUPLICATE.forbids


def test_a_thin_intent_and_a_missing_language_are_told(place: Settings, tmp_path: Path) -> None:
    learn(place, "product_engraving", "engrave my name")
    told = {(one.kind, one.intent, one.language) for one in found(place, tmp_path, KNOWN)}
    assert told == {
        (Kind.THIN, "product_engraving", "en"),
        (Kind.MISSING, "product_engraving", "de"),
    }


def test_the_shipped_examples_are_good(settings: Settings, tmp_path: Path) -> None:
    from bot.training.intents import shipped

    own = dataclasses.replace(settings, store=tmp_path / "store")
    assert [one for one in check(own, shipped(own)) if one.kind.forbids] == []


def test_no_training_begins_with_bad_examples(place: Settings, database_url: str, empty_file: Path) -> None:
    from bot.cli.opening import ready_examples

    here = dataclasses.replace(place, database_url=database_url)
    ready_examples(here)
    learn(here, "product_magic", "abracadabra", name="own.yml")
    with pytest.raises(
        ReviewError, match="no training begins with such examples: there is no intent product_magic"
    ):
        ready_examples(here)


def test_what_another_process_finds_is_what_is_found_here(settings: Settings, tmp_path: Path) -> None:
    own = dataclasses.replace(settings, store=tmp_path / "store")
    learn(own, "product_<magic>", "hocus “pocus” – 你好", language="en")
    here = check(own, KNOWN)
    assert Kind.UNKNOWN in {one.kind for one in here}
    assert look(own, KNOWN) == here


def test_a_check_that_dies_is_told_and_finds_nothing(settings: Settings, tmp_path: Path) -> None:
    own = dataclasses.replace(settings, store=tmp_path / "store")
    own.store.mkdir()
    (own.store / "shop.yml").write_text("review: nonsense\n", encoding="utf-8")
    with pytest.raises(ReviewError, match="could not be checked"):
        look(own, KNOWN)
