"""``models`` on the command line: a version's figures and pictures, and what would change with it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.database import Database
from bot.settings import Settings
from bot.training import models, outcomes
from bot.training.values import Difference, Outcome
from tests.cli.conftest import Crossdesk
from tests.training.judged import figures
from tests.training.test_versions import make


@pytest.fixture
def kept(place: Path, settings: Settings) -> Settings:
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    models.models_folder(own).mkdir(parents=True, exist_ok=True)
    make(own, 1, figures=figures(wrong=["logistics_delay 1"]))
    make(own, 2)
    return own


def test_a_version_is_told_and_drawn(kept: Settings, crossdesk: Crossdesk, tmp_path: Path) -> None:
    shown = crossdesk("models", "show", "m1", "--pictures", str(tmp_path / "drawn"))
    assert shown.code == 0
    assert "logistics_delay is taken for order_state: 13" in shown.out
    assert "ar 95.0" in shown.out
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "confusion.svg",
        "languages.svg",
        "reliability.svg",
    ]
    assert "logistics_delay" in (tmp_path / "drawn" / "confusion.svg").read_text(encoding="utf-8")
    told = json.loads(crossdesk("models", "show", "m1", "--json").out)
    assert told["figures"]["confusions"] == [["logistics_delay", "order_state", 13]]


def test_a_version_that_nobody_judged_has_no_pictures(
    kept: Settings, crossdesk: Crossdesk, tmp_path: Path
) -> None:
    refused = crossdesk("models", "show", "m2", "--pictures", str(tmp_path / "drawn"))
    assert refused.code == 2
    assert "nobody has judged m2.tar.gz" in refused.err
    assert not (tmp_path / "drawn").exists()


# --- Changed outcomes ---

BEFORE = Outcome("payment_methods", "payment_methods", ("By card or PayPal.",), (), ("action_pay",), True)
AFTER = Outcome("service_greeting", "greeting", ("Hello, I am Meri.",), (), ("action_greet",), True)


@pytest.fixture
def compared(place: Path, settings: Settings, crossdesk: Crossdesk) -> Settings:
    """A released version, and one that changes what two buyers hear."""
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    models.models_folder(own).mkdir(parents=True, exist_ok=True)
    assert crossdesk("db", "upgrade").code == 0
    known = {**figures(), "scripts": {"digest": "s", "played": 1, "broken": []}}
    assert crossdesk("models", "release", make(own, 1, figures=known)).code == 0
    make(own, 2, figures=known, fingerprint="other")
    database = Database(f"sqlite:///{place / 'crossdesk.sqlite'}")
    found = [Difference(number, number, f"PayPal? {number}", BEFORE, AFTER) for number in (2, 1)]
    with database.begin() as connection:
        pair = ("m2.tar.gz", "m1.tar.gz")
        outcomes.keep(connection, *pair, found, conversations=200, by="ada", at=SystemClock().now())
    database.close()
    return own


def test_changed_outcomes_are_ruled_on_until_nothing_stands_against_the_release(
    compared: Settings, crossdesk: Crossdesk
) -> None:
    told = crossdesk("models", "changes", "m2").out
    assert "change 1: waits" in told
    assert "released : payment_methods, flow payment_methods: By card or PayPal." in told
    assert "candidate: service_greeting, flow greeting: Hello, I am Meri." in told
    assert "2 are neither approved nor turned down" in crossdesk("models", "release", "m2").refusal()
    assert crossdesk("models", "approve", "1", "2", "--by", "ada").out == "2 approved.\n"
    assert crossdesk("models", "undo", "m2", "--by", "ada").out == "Change 2 waits again.\n"
    assert crossdesk("models", "turn-down", "2", "--by", "ben").code == 0
    said = json.loads(crossdesk("models", "changes", "m2", "--json").out)
    assert [(one["ruling"], one["ruled_by"]) for one in said] == [("approved", "ada"), ("turned down", "ben")]
    assert json.loads(crossdesk("models", "changes", "m2", "--waiting", "--json").out) == []
    assert crossdesk("models", "release", "m2").code == 0
    assert crossdesk("models", "rollback").code == 0


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("approve", "9"), "no longer there"),
        (("undo", "m2"), "nothing of yours to undo"),
        (("changes", "m9"), "there is no model 'm9'"),
    ],
)
def test_what_cannot_be_ruled_on_is_refused(
    compared: Settings, crossdesk: Crossdesk, command: tuple[str, ...], says: str
) -> None:
    assert says in crossdesk("models", *command).refusal()


# --- Tried beside the released version ---


def test_a_candidate_is_tried_told_and_withdrawn(compared: Settings, crossdesk: Crossdesk) -> None:
    assert "No version is tried now." in crossdesk("models", "trial").out
    assert crossdesk("models", "shadow", "m2", "--by", "ada").code == 0
    told = crossdesk("models", "trial").out
    assert "m2.tar.gz is tried in shadow beside m1.tar.gz, by ada." in told
    assert "of 0 messages 0 would have gone otherwise" in told
    # Buyers would hear it: what stands against a release stands against a share.
    assert "2 are neither approved nor turned down" in crossdesk("models", "share", "m2", "10").refusal()
    assert crossdesk("models", "share", "m2", "10", "--reason", "a quiet week").code == 0
    said = json.loads(crossdesk("models", "trial", "--json").out)
    assert (said["tried"]["version"], said["tried"]["share"]) == ("m2.tar.gz", 10)
    assert [side["messages"] for side in said["sides"]] == [0, 0]
    assert crossdesk("models", "withdraw").code == 0
    assert "no version is tried" in crossdesk("models", "withdraw").refusal()
