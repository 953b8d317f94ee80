"""Changed outcomes: kept masked, ruled on once each, taken back, and in the way of a release until then."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.tables import turns
from bot.errors import ErasedError, GateError, ReviewError, StaleReviewError
from bot.operations.buyers import find
from bot.operations.erase import erase
from bot.settings import Settings
from bot.training import models, outcomes
from bot.training.comparing import Comparisons
from bot.training.outcomes import Ruling
from bot.training.releasing import Releases
from bot.training.tables import model_changes
from bot.training.values import Difference, Outcome
from tests.training.talks import Talks
from tests.training.test_versions import make

BEFORE = Outcome("payment_methods", "payment_methods", ("We take cards.",), ("Talk",), ("action_pay",), True)
AFTER = dataclasses.replace(BEFORE, intent="service_greeting", flow="greeting", said=("Hello Ana",))


@pytest.fixture
def place(settings: Settings, tmp_path: Path, database: Database) -> Settings:
    own = dataclasses.replace(
        settings,
        files=tmp_path / "files",
        store=tmp_path / "store",
        database_url=database.url.render_as_string(hide_password=False),
    )
    models.models_folder(own).mkdir(parents=True)
    return own


@pytest.fixture
def releases(place: Settings, database: Database, clock: SetClock) -> Releases:
    """One version serves, and another that differs waits."""
    found = Releases(place, database, clock)
    figures = {"test_set": "t", "right": {"en": "++++"}, "missed": []}
    scripts = {"digest": "s", "played": 3, "broken": []}
    found.release(make(place, 1, figures={**figures, "scripts": scripts}), "ada")
    make(place, 2, fingerprint="other", figures={**figures, "scripts": scripts})
    return found


@pytest.fixture
def comparisons(releases: Releases) -> Comparisons:
    return Comparisons(releases.settings, releases.database, releases.clock)


def difference(talk: int, text: str = "can I pay with PayPal?", **after: Any) -> Difference:
    return Difference(talk, 10 * talk, text, BEFORE, dataclasses.replace(AFTER, **after))


def keep(releases: Releases, found: Sequence[Difference], conversations: int = 200) -> None:
    with releases.database.begin() as connection:
        outcomes.keep(
            connection,
            "m2.tar.gz",
            "m1.tar.gz",
            found,
            conversations=conversations,
            by="ada",
            at=releases.clock.now(),
        )


def refusals(releases: Releases) -> list[str]:
    with pytest.raises(GateError) as refused:
        releases.release("m2", "ada")
    return list(refused.value.gates)


def test_a_release_waits_for_the_conversations_to_be_taken_again(releases: Releases, talks: Talks) -> None:
    talks.say("hello", tape=b"something")
    assert refusals(releases) == ["nobody has taken the latest conversations again with it: compare it first"]


def test_where_nobody_has_written_yet_nothing_is_taken_again(releases: Releases) -> None:
    assert releases.release("m2", "ada").name == "m2.tar.gz"


def test_a_release_waits_until_every_changed_outcome_is_ruled_on(
    releases: Releases, comparisons: Comparisons
) -> None:
    keep(releases, [difference(2), difference(1)])
    assert refusals(releases) == [
        "2 of 200 conversations would have gone otherwise, of which 2 are neither approved nor turned down"
    ]
    first, second = comparisons.of("m2").changed
    comparisons.rule(first.id, Ruling.APPROVED, "ada")
    assert "of which 1 is neither" in refusals(releases)[0]
    comparisons.rule(second.id, Ruling.TURNED_DOWN, "ben")
    # One of two hundred is within the store's margin.
    assert releases.release("m2", "ada").name == "m2.tar.gz"


def test_more_than_the_margin_turned_down_refuses_the_release_and_a_reason_is_kept(
    releases: Releases, comparisons: Comparisons
) -> None:
    keep(releases, [difference(number) for number in (3, 2, 1)])
    for one in comparisons.of("m2").changed:
        comparisons.rule(one.id, Ruling.TURNED_DOWN, "ada")
    says = "3 changes of 200 conversations turned down; 2 may be"
    assert refusals(releases) == [says]
    releases.release("m2", "ada", reason="these three were tests of ours")
    entry = releases.log(1)[0]
    assert (entry.reason, entry.gates[0]["gate"]) == ("these three were tests of ours", "turned down")
    assert entry.gates[0]["says"] == says


def test_who_ruled_and_when_is_kept_and_a_second_word_is_refused(
    releases: Releases, comparisons: Comparisons, clock: SetClock
) -> None:
    keep(releases, [difference(1)])
    change = comparisons.of("m2").changed[0].id
    clock.advance(minutes=5)
    comparisons.rule(change, Ruling.APPROVED, "ada")
    ruled = comparisons.of("m2").changed[0]
    assert (ruled.ruling, ruled.ruled_by, ruled.ruled_at) == (Ruling.APPROVED, "ada", clock.now())
    with pytest.raises(StaleReviewError):
        comparisons.rule(change, Ruling.TURNED_DOWN, "ben")
    assert comparisons.of("m2").changed[0] == ruled
    with pytest.raises(ErasedError):
        comparisons.rule(change + 1, Ruling.APPROVED, "ben")


def test_ones_own_last_ruling_is_taken_back(
    releases: Releases, comparisons: Comparisons, clock: SetClock
) -> None:
    keep(releases, [difference(number) for number in (3, 2, 1)])
    first, second, third = (one.id for one in comparisons.of("m2").changed)
    for change, by in ((third, "ada"), (first, "ada"), (second, "ben")):
        clock.advance(seconds=1)
        comparisons.rule(change, Ruling.TURNED_DOWN, by)
    assert [comparisons.undo("m2", "ada") for _ in range(2)] == [first, third]
    assert [one.ruled_by for one in comparisons.of("m2").changed] == [None, "ben", None]
    with pytest.raises(ReviewError, match="nothing of yours"):
        comparisons.undo("m2", "ada")


def test_what_was_said_of_a_change_holds_when_it_is_found_again_just_so(
    releases: Releases, comparisons: Comparisons
) -> None:
    keep(releases, [difference(2), difference(1)])
    for one in comparisons.of("m2").changed:
        comparisons.rule(one.id, Ruling.APPROVED, "ada")
    keep(releases, [difference(3), difference(2, flow="about_bot"), difference(1)])
    found = comparisons.of("m2").changed
    assert [(one.difference.conversation_id, one.ruling) for one in found] == [
        (3, None),
        (2, None),
        (1, Ruling.APPROVED),
    ]


def test_a_comparison_with_what_served_before_counts_no_more(
    releases: Releases, comparisons: Comparisons, talks: Talks, place: Settings
) -> None:
    talks.say("hello", tape=b"something")
    keep(releases, [])
    releases.release("m2", "ada")
    make(place, 3, fingerprint="third", figures=releases_figures(place))
    with pytest.raises(GateError, match="nobody has taken the latest conversations again"):
        releases.release("m3", "ada")
    assert comparisons.of("m3").tally is None


def releases_figures(place: Settings) -> dict[str, Any]:
    from bot.training import versions

    return dict(versions.find(place, "m2").figures)


def test_what_tells_who_wrote_is_masked_and_goes_when_they_are_erased(
    releases: Releases, comparisons: Comparisons, talks: Talks
) -> None:
    talks.say("I am Ana Lindqvist, ana@mail.example", buyer="ana")
    with releases.database.begin() as connection:
        talk = connection.execute(sa.select(turns.c.conversation_id)).scalar_one()
    keep(releases, [difference(talk, "I am Ana Lindqvist, ana@mail.example, 07400 123893")])
    kept = comparisons.of("m2").changed[0].difference
    for word in ("Lindqvist", "mail.example", "123893"):
        assert word not in f"{kept}"
    with releases.database.begin() as connection:
        connection.execute(sa.text("UPDATE inbox SET state = 'done'"))
        erase(
            connection, find(connection, f"conversation:{talk}"), releases.settings.files, talks.clock.now()
        )
    with releases.database.begin() as connection:
        assert connection.execute(sa.select(model_changes)).all() == []
    assert comparisons.of("m2").changed == ()
