"""``rules`` on the command line: changed, looked at, checked, released and taken back without a page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.cli.doctor import _rules
from bot.settings import Settings
from tests.cli.conftest import Crossdesk


@pytest.fixture
def rules(place: Path, empty_file: Path, crossdesk: Crossdesk) -> Crossdesk:
    """``crossdesk rules`` with a database."""
    shutil.copy(empty_file, place / "crossdesk.sqlite")

    def run(*given: str) -> object:
        return crossdesk("rules", *given)

    return run  # type: ignore[return-value]


def window() -> int:
    return Settings.load().rules.returns.window_days


def doctor() -> tuple[bool, str]:
    found = _rules(Settings.load())
    return found.fine, found.says


def test_the_whole_way_from_a_search_to_a_release_and_back(rules: Crossdesk) -> None:
    assert "returns.window_days  7" in " ".join(
        rules("list", "--find", "window_days delivery").out.split(" ")
    )
    assert "Days from delivery" in rules("show", "returns.window_days").out
    assert rules("set", "returns.window_days", "14", "--by", "ada").out == "In the draft.\n"
    assert "returns.window_days: 14  (shipped: 7)" in rules("show", "returns.window_days").out
    assert rules("check").out == "0 findings.\n"
    shown = rules("preview").out
    assert "returns.window_days: 7 → 14\n    told in utter_" in shown
    assert "1 setting would have another value." in shown
    assert "+   window_days: 14" in rules("diff").out
    assert window() == 7
    made = json.loads(rules("release", "--note", "kinder", "--by", "ada", "--json").out)
    assert made["previous"] == "shipped"
    assert window() == 14
    assert [one["place"] for one in json.loads(rules("list", "--own", "--json").out)] == [
        "returns.window_days"
    ]
    versions = json.loads(rules("versions", "--json").out)
    assert [(one["name"], one["state"]) for one in versions] == [
        (made["name"], "released"),
        ("shipped", "before"),
    ]
    assert "Released shipped" in rules("rollback", "--by", "ben").out
    assert window() == 7
    assert "Released rules-" in rules("release", made["name"][:10]).out
    log = json.loads(rules("log", "--json").out)
    assert [one["act"] for one in log] == ["release", "roll back", "release", "edit"]
    assert log[0]["changed"] == ["returns.window_days"]
    assert "kinder" in rules("log").out
    assert "kinder" in rules("versions").out


def test_what_waits_for_a_restart_is_told(rules: Crossdesk) -> None:
    rules("set", "store.name", "Other")
    assert "(after a restart: pages, letters" in rules("preview").out
    assert "is taken after a restart" in rules("show", "store.name").out
    assert json.loads(rules("preview", "--json").out)["changes"][0]["after_restart"]


def test_what_is_wrong_is_told_at_once_by_line_and_keeps_it_from_being_released(
    rules: Crossdesk, place: Path
) -> None:
    done = rules("set", "returns.window_days", "soon")
    assert done.code == 1
    assert "store/shop.yml, line 2: returns.window_days: value is not a valid integer" in done.out
    checked = rules("check", "--json")
    assert checked.code == 1
    (fault,) = json.loads(checked.out)["faults"]
    assert (fault["line"], fault["place"]) == (2, "returns.window_days")
    assert "nothing is released" in rules("release").refusal()
    assert rules("preview").code == 1
    assert rules("unset", "returns.window_days").out == "That serves already: there is no draft.\n"
    assert "there is no draft" in rules("release").refusal()
    assert not (place / "store" / "shop.yml").exists()


def test_a_whole_file_is_written_and_one_that_was_changed_by_hand_is_kept(
    rules: Crossdesk, place: Path
) -> None:
    own, written = place / "store" / "shop.yml", place / "new.yml"
    own.parent.mkdir(parents=True)
    own.write_text("stock: {low: 2}  # ours\n", encoding="utf-8")
    assert doctor() == (True, f"{own}, written by hand")
    written.write_text("stock: {low: 3}\nreturns: {window_days: 14}\n", encoding="utf-8")
    assert rules("write", str(written)).code == 0
    name = json.loads(rules("release", "--json").out)["name"]
    assert own.read_text(encoding="utf-8") == written.read_text(encoding="utf-8")
    assert doctor() == (True, name)
    own.write_text("stock: {low: 4}\n", encoding="utf-8")
    assert doctor() == (True, f"{own}, changed by hand since {name} was released")
    assert "it was changed by hand" in rules("diff").out
    assert "was changed by hand" in rules("rollback").refusal()
    assert f"Released {name}" in rules("rollback", "--over").out
    kept = [one["name"] for one in json.loads(rules("versions", "--json").out) if one["made_by"] == "by hand"]
    assert len(kept) == 2
    assert "-   low: 4" in rules("diff", kept[0]).out or "+ stock: {low: 4}" in rules("diff", kept[0]).out
    Path(place / "files" / "rules" / "current.json").write_text("{", encoding="utf-8")
    assert doctor()[0] is False


def test_what_somebody_else_is_changing_is_not_written_over(rules: Crossdesk) -> None:
    rules("set", "returns.window_days", "14", "--by", "ada")
    assert "ada is changing" in rules("set", "stock.low", "2", "--by", "ben").refusal()
    assert "ada is changing" in rules("drop", "--by", "ben").refusal()
    assert rules("set", "stock.low", "2", "--by", "ben", "--over").code == 0
    assert "There is no draft any more." in rules("drop", "--by", "ben").out


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("show", "nothing.at.all"), "there is no setting 'nothing.at.all'"),
        (("set", "store.name.x", "1"), "'store.name' holds no others"),
        (("set", "a..b", "1"), "is no setting"),
        (("set", "stock.low", "[1"), "this is not YAML"),
        (("unset", "stock.low"), "say nothing of 'stock.low'"),
        (("write", "/nowhere/shop.yml"), "cannot be read"),
        (("drop",), "there is no draft"),
        (("release", "rules-1"), "there are no rules 'rules-1'"),
        (("release", "../current"), "there are no rules"),
        (("diff", "nothing"), "there are no rules"),
        (("rollback",), "nothing to go back to"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(rules: Crossdesk, given: tuple[str, ...], why: str) -> None:
    assert why in rules(*given).refusal()
