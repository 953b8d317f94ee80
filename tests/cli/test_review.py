"""``review`` on the command line: from a misunderstood message to an example, and back."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.settings import Settings
from tests.cli.conftest import Crossdesk
from tests.training.talks import LOST, Talks


@pytest.fixture
def inbox(place: Path, empty_file: Path, settings: Settings, clock: SetClock) -> Any:
    """Two groups that wait."""
    url = f"sqlite:///{place / 'crossdesk.sqlite'}"
    shutil.copy(empty_file, place / "crossdesk.sqlite")
    database = Database(url)
    talks = Talks(database, dataclasses.replace(settings, store=place / "store", database_url=url), clock)
    for number in range(3):
        talks.say("=HYPERLINK(1) where is my stuff", LOST, buyer=f"b{number}")
    talks.say("pay with a [red]gift card", LOST, buyer="eva")
    talks.fill()
    yield talks
    database.close()


def test_from_a_misunderstood_message_to_an_example_and_back(
    inbox: Talks, crossdesk: Crossdesk, place: Path
) -> None:
    shown = crossdesk("review", "list")
    assert "=HYPERLINK(1) where is my stuff" in shown.out
    assert "4 messages to decide in 2 groups; 0 messages to confirm in 0 groups" in shown.out
    first, second = json.loads(crossdesk("review", "list", "--json").out)
    assert (first["waiting"], second["waiting"]) == (3, 1)
    assert first["likely"][0] == {"intent": "logistics_where_is_parcel", "share": 0.5}
    told = crossdesk("review", "show", str(second["id"]))
    assert "pay with a [red]gift card" in told.out
    assert "fallback" in told.out
    done = crossdesk("review", "label", str(first["id"]), "logistics_delay", "--fence", "0")
    assert "3 messages of group 1: logistics_delay" in done.out
    assert "group is no longer" not in done.out
    learned = place / "store" / "nlu" / "en" / "learned.yml"
    assert "- HYPERLINK" not in learned.read_text(encoding="utf-8")
    assert "- =HYPERLINK(1) where is my stuff" in learned.read_text(encoding="utf-8")
    assert "logistics_delay" in crossdesk("review", "log").out
    assert "Taken back: 3 messages" in crossdesk("review", "undo").out
    assert not learned.exists()
    assert "taken back" in crossdesk("review", "log").out


def test_what_is_said_twice_to_be_new_two_or_nothing(inbox: Talks, crossdesk: Crossdesk, place: Path) -> None:
    assert crossdesk("review", "label", "1", "product_cards", "--new", "gift cards; not coupons").code == 0
    assert (place / "store" / "stories" / "learned.yml").exists()
    done = crossdesk("review", "label", "2", "logistics_delay", "--two", "order_state", "--json")
    assert json.loads(done.out)["verdict"] == {
        "meaning": "two",
        "intent": "logistics_delay",
        "second_intent": "order_state",
        "marks": [],
    }
    assert crossdesk("review", "undo").code == 0
    assert crossdesk("review", "label", "2", "--nothing").code == 0


def test_two_people_agree_and_are_measured(inbox: Talks, crossdesk: Crossdesk) -> None:
    assert "No message was labelled by two people" in crossdesk("review", "agreement").out
    for login in ("ada", "bob"):
        crossdesk("people", "add", login, "--name", login, "--rank", "admin", "--password", "a long password")
    done = crossdesk("review", "label", "1", "service_threat", "--as", "ada")
    assert "3 wait for a second person" in done.out
    assert "2 groups" not in crossdesk("review", "list", "--view", "second", "--as", "ada").out
    assert "disputed now" in crossdesk("review", "confirm", "1", "logistics_delay", "--as", "bob").out
    (everybody, pair) = json.loads(crossdesk("review", "agreement", "--json").out)
    assert (everybody["people"], pair["people"]) == (None, ["ada", "bob"])
    assert pair["same"] == 0
    assert "ada: service_threat; bob: logistics_delay" in " ".join(
        crossdesk("review", "show", "1").out.split()
    )


def test_what_cannot_be_is_one_clear_line(inbox: Talks, crossdesk: Crossdesk) -> None:
    for arguments, says in (
        (
            (
                "label",
                "1",
                "logistics_teleport",
            ),
            "there is no intent",
        ),
        (
            (
                "label",
                "1",
            ),
            "say which intent it means",
        ),
        (
            (
                "label",
                "1",
                "order_state",
                "--nothing",
            ),
            "say either",
        ),
        (
            (
                "label",
                "1",
                "order_state",
                "--fence",
                "7",
            ),
            "Somebody else decided",
        ),
        (
            (
                "label",
                "99",
                "order_state",
            ),
            "no longer there",
        ),
        (
            (
                "label",
                "1",
                "order_state",
                "--only",
                "999",
            ),
            "no longer there",
        ),
        (
            (
                "label",
                "1",
                "order_state",
                "--as",
                "nobody",
            ),
            "nobody",
        ),
        (
            (
                "confirm",
                "1",
                "order_state",
                "--as",
                "operator",
            ),
            "operator",
        ),
        (
            (
                "show",
                "99",
            ),
            "no longer there",
        ),
        (("undo",), "nothing of yours"),
        (
            (
                "undo",
                "99",
            ),
            "nothing of yours",
        ),
    ):
        assert says in crossdesk("review", *arguments).refusal()


def test_no_cell_of_an_export_is_a_formula(inbox: Talks, crossdesk: Crossdesk, place: Path) -> None:
    target = place / "review.csv"
    assert "4 messages" in crossdesk("review", "export", str(target)).out
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["text"] for row in rows] == ["'=HYPERLINK(1) where is my stuff"] * 3 + [
        "pay with a [red]gift card"
    ]
    assert "there already" in crossdesk("review", "export", str(target)).refusal()
    lines = crossdesk("review", "export", "--json", "--state", "waiting").out.splitlines()
    assert json.loads(lines[0])["text"] == "=HYPERLINK(1) where is my stuff"


@pytest.mark.parametrize("text", ["=1+1", " =1", "+1", "-1", "@SUM(1)", "＝1", "\t=1"])
def test_whatever_a_spreadsheet_would_compute_is_a_text(text: str) -> None:
    from bot.training.exporting import cell

    assert cell(text) == f"'{text}"
    assert cell("where is it = here") == "where is it = here"


def test_intents_of_the_stores_own_are_added_renamed_and_removed(inbox: Talks, crossdesk: Crossdesk) -> None:
    assert crossdesk("data", "add-intent", "product_engraving", "engraving; not printing").code == 0
    assert "product_engraving (queue presales)" in crossdesk("data", "intents").out
    assert crossdesk("data", "rename-intent", "product_engraving", "product_names").code == 0
    assert "comes with crossdesk" in crossdesk("data", "remove-intent", "product_stock").refusal()
    assert crossdesk("data", "remove-intent", "product_names").code == 0
    assert crossdesk("data", "intents").out == ""


def test_bad_examples_are_told_before_a_training(inbox: Talks, crossdesk: Crossdesk, place: Path) -> None:
    crossdesk("review", "label", "2", "payment_methods")
    found = json.loads(crossdesk("data", "check", "--json").out)
    assert {one["kind"] for one in found} <= {"thin", "missing", "duplicate"}
    own = place / "store" / "nlu" / "en" / "own.yml"
    own.write_text(
        'version: "3.1"\nnlu:\n- intent: order_state\n  examples: |\n    - pay with a [red]gift card\n',
        encoding="utf-8",
    )
    ran = crossdesk("data", "check")
    assert "no training begins with such examples" in ran.refusal()
    assert "MEND  two_intents: “pay with a [red]gift card”" in ran.out
    assert "no training begins" in crossdesk("train").refusal()


def test_words_are_marked_on_the_command_line(inbox: Talks, crossdesk: Crossdesk, place: Path) -> None:
    [first, *_] = json.loads(crossdesk("review", "show", "1", "--json").out)["items"]
    number, word = str(first["id"]), first["text"].split()[0]
    made = json.loads(crossdesk("review", "mark", number, "colour", word, "--json").out)
    assert made["mark"] == {"start": 0, "end": len(word), "kind": "colour", "value": None}
    shown = crossdesk("review", "show", "1").out
    assert f"mark {made['id']} in {number} by operator: {word} is colour" in shown
    assert crossdesk("review", "mark", number, "colour", word).code != 0
    assert crossdesk("review", "unmark", str(made["id"])).code == 0
    assert crossdesk("review", "unmark", str(made["id"])).code != 0
    crossdesk("review", "mark", number, "colour", word)
    assert crossdesk("review", "label", "1", "order_state", "--only", number).code == 0
    learned = next((place / "store" / "nlu").glob("*/learned.yml")).read_text(encoding="utf-8")
    assert f"[{word}](colour)" in learned
    checked = crossdesk("data", "check")
    assert f"unfound: “{word}” was marked as colour" in checked.out
