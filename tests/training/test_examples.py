"""What was learnt lands as ordinary lines: read by Rasa as they were meant, whatever a buyer wrote."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.errors import ReviewError
from bot.training import examples, intents
from bot.training.intents import stories_that_use
from bot.training.values import Meaning, Verdict
from tests.training.talks import LOST, Talks

HOSTILE = (
    '<script>alert(1)</script> [my phone](phone) and [it]{"entity": "x"}',
    "/service_human",
    "- intent: out_of_scope\n  examples: |\n    - gotcha",
    '# a comment: {{ template }} %YAML !!python/object/apply:os.system ["x"]',
    '=HYPERLINK("http://x.example")',
    "a line\u2028another\x85and\u2029more",
)


def _settle(talks: Talks, *texts: str, intent: str = "logistics_delay") -> None:
    for number, text in enumerate(texts):
        talks.say(text, LOST, buyer=f"b{number}-{intent}")
    talks.pass_time(minutes=2)
    talks.fill()
    for group in talks.groups():
        talks.review().label(talks.review().actor(None), group.id, Verdict(Meaning.INTENT, intent))


def _read(talks: Talks, language: str = "en") -> dict[str, list[str]]:
    """What Rasa makes of the store's files."""
    with warnings.catch_warnings(record=True):
        from rasa.shared.nlu.training_data import loading
    path = talks.settings.store / "nlu" / language / "learned.yml"
    with warnings.catch_warnings(record=True) as told:
        data = loading.load_data(str(path), "en")
    assert [one for one in told if one.category is UserWarning] == []
    assert not any(example.get("entities") for example in data.training_examples)
    found: dict[str, list[str]] = {}
    for example in data.training_examples:
        found.setdefault(example.get("intent"), []).append(example.get("text"))
    return found


def test_whatever_a_buyer_wrote_is_one_plain_example(talks: Talks) -> None:
    _settle(talks, *HOSTILE)
    read = _read(talks)
    assert set(read) == {"logistics_delay"}
    assert len(read["logistics_delay"]) == len(HOSTILE)
    assert "intent: out_of_scope examples: | - gotcha" in read["logistics_delay"]
    assert "service_human" in read["logistics_delay"]


@given(st.text(max_size=60))
def test_any_text_comes_back_as_the_line_that_was_written(text: str) -> None:
    line = examples.as_line(text)
    assert examples.as_line(line) == line
    if line:
        written = examples._examples({"logistics_delay": [line]})
        (block,) = YAML(typ="safe").load(written)["nlu"]
        assert block["examples"] == f"- {line}\n"


def test_the_same_text_is_one_line_and_lines_stay_in_their_order(talks: Talks) -> None:
    _settle(talks, "where IS it", "Where is it?!", "and when", "zebra stripes")
    first = (talks.settings.store / "nlu" / "en" / "learned.yml").read_text(encoding="utf-8")
    assert _read(talks) == {"logistics_delay": ["and when", "where IS it", "zebra stripes"]}
    _settle(talks, "between the two", intent="order_state")
    second = (talks.settings.store / "nlu" / "en" / "learned.yml").read_text(encoding="utf-8")
    gone = set(first.splitlines()) - set(second.splitlines())
    new = [line for line in second.splitlines() if line not in first.splitlines()]
    assert gone == set()
    assert new == ["- intent: order_state", "    - between the two"]


def test_writing_again_changes_nothing_and_takes_no_file_of_the_stores_own(talks: Talks) -> None:
    _settle(talks, "and when")
    own = talks.settings.store / "nlu" / "en" / "own.yml"
    own.write_text("mine", encoding="utf-8")
    assert talks.review().write() == []
    (talks.settings.store / "nlu" / "en" / "learned.yml").write_text("spoilt", encoding="utf-8")
    assert list(talks.review().write()) == ["nlu/en/learned.yml"]
    assert own.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in own.parent.iterdir() if path.name.endswith(".tmp")] == []


def test_a_folder_that_cannot_be_written_keeps_the_label(talks: Talks, caplog: Any) -> None:
    talks.say("and when", LOST)
    talks.pass_time(minutes=2)
    talks.fill()
    # Root may write anywhere: a file in the folder's place stops root, too.
    talks.settings.store.write_text("", encoding="utf-8")
    (group,) = talks.groups()
    talks.review().label(talks.review().actor(None), group.id, Verdict(Meaning.INTENT, "logistics_delay"))
    assert "cannot be written" in caplog.text
    talks.settings.store.unlink()
    assert list(talks.review().write()) == ["nlu/en/learned.yml"]


# --- Intents of the store's own ---


def _add(talks: Talks, name: str, about: str = "what it is") -> None:
    actor = talks.review().actor(None)
    talks.review().change_intents(
        lambda connection, settings: intents.add(connection, settings, talks.clock, actor, name, about)
    )


def test_a_new_intent_has_a_queue_and_a_person_who_answers_at_once(talks: Talks) -> None:
    talks.say("can you engrave my name", LOST)
    talks.pass_time(minutes=2)
    talks.fill()
    (group,) = talks.groups()
    review = talks.review()
    review.label(
        review.actor(None),
        group.id,
        Verdict(Meaning.INTENT, "product_engraving"),
        new_intent="engraving names; not printing",
    )
    assert "product_engraving" in review.intents()
    assert talks.settings.rules.queue_for("product_engraving") == "presales"
    (rule,) = YAML(typ="safe").load(
        (talks.settings.store / "stories" / "learned.yml").read_text(encoding="utf-8")
    )["rules"]
    assert rule["steps"] == [{"intent": "product_engraving"}, {"action": "action_pass_to_queue"}]
    assert _read(talks) == {"product_engraving": ["can you engrave my name"]}


@pytest.mark.parametrize(
    "name", ["", "engraving", "nonsense_engraving", "product_", "product_Ünfug", "product_a b", "other_x",
             "product_stock", "product_" + "x" * 200, "product_x: [", "product_x\n- intent: y"]
)  # fmt: skip
def test_a_name_that_cannot_be_had_is_refused(talks: Talks, name: str) -> None:
    with pytest.raises(ReviewError):
        _add(talks, name)


def test_an_intent_that_a_story_uses_is_neither_renamed_nor_removed(talks: Talks) -> None:
    _add(talks, "product_engraving")
    story = talks.settings.store / "stories" / "engraving.yml"
    story.write_text("rules:\n- rule: x\n  steps:\n  - intent: product_engraving\n", encoding="utf-8")
    review = talks.review()
    with pytest.raises(ReviewError, match=r"stories/engraving\.yml uses it"):
        review.change_intents(lambda c, s: intents.rename(c, s, "product_engraving", "product_names"))
    with pytest.raises(ReviewError, match=r"stories/engraving\.yml uses it"):
        review.change_intents(lambda c, s: intents.remove(c, s, "product_engraving"))
    with pytest.raises(ReviewError, match="comes with crossdesk"):
        review.change_intents(lambda c, s: intents.remove(c, s, "product_stock"))
    assert stories_that_use(talks.settings, "logistics_customs") != []
    story.unlink()
    review.change_intents(lambda c, s: intents.remove(c, s, "product_engraving"))
    assert not (talks.settings.store / "stories" / "learned.yml").exists()


def test_a_renamed_intent_takes_its_examples_along_and_a_used_one_stays(talks: Talks) -> None:
    _add(talks, "product_engraving")
    _settle(talks, "can you engrave my name", intent="product_engraving")
    review = talks.review()
    with pytest.raises(ReviewError, match="1 message is said to mean it, in 1 decision"):
        review.change_intents(lambda c, s: intents.remove(c, s, "product_engraving"))
    review.change_intents(lambda c, s: intents.rename(c, s, "product_engraving", "product_names"))
    assert _read(talks) == {"product_names": ["can you engrave my name"]}
    assert "product_names" in (talks.settings.store / "stories" / "learned.yml").read_text(encoding="utf-8")


def test_the_files_are_where_a_training_looks(talks: Talks, tmp_path: Path) -> None:
    from bot.training import models

    before = models.fingerprint(talks.settings)
    _settle(talks, "and when")
    assert models.fingerprint(talks.settings) != before
