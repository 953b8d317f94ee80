"""Intents as they are shown: what each is, what is confused with it, its examples and flows."""

from __future__ import annotations

import pytest

from bot.errors import ReviewError
from bot.settings import Settings
from bot.training import intents, models
from bot.training.browsing import Intents
from bot.training.releasing import Releases
from bot.training.values import OPERATOR
from tests.conftest import BACKENDS
from tests.training.judged import figures
from tests.training.talks import Talks
from tests.training.test_versions import make


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shown(talks: Talks) -> Intents:
    return Intents(talks.settings, talks.database)


def released(talks: Talks) -> None:
    models.models_folder(talks.settings).mkdir(parents=True)
    make(talks.settings, 1, figures=figures(wrong=["logistics_delay 1"]))
    Releases(talks.settings, talks.database, talks.clock).release("m1", "ada")


def test_every_intent_is_listed_with_its_queue_and_examples(shown: Intents, talks: Talks) -> None:
    released(talks)
    by_name = {one.name: one for one in shown.lines()}
    delay = by_name["logistics_delay"]
    assert (delay.queue, delay.own, delay.judged) == ("logistics", 0, 35)
    assert delay.shipped > 100
    assert delay.found == pytest.approx(1 - 13 / 35)
    assert by_name["payment_tax"].found is None
    assert {one.name: one for one in shown.lines("de")}["logistics_delay"].shipped < delay.shipped


def test_an_intent_is_told_whole(shown: Intents, talks: Talks) -> None:
    released(talks)
    delay = shown.portrait("logistics_delay")
    assert delay.taken_for == [("order_state", 13)]
    assert delay.mistaken == []
    assert "logistics_lost" in delay.is_not
    assert any("insales" in flow for flow in delay.flows)
    assert shown.portrait("order_state").mistaken == [("logistics_delay", 13)]
    assert shown.portrait("order_state").precision == pytest.approx(35 / 48)


def test_the_stores_own_intent_says_what_its_people_said(shown: Intents, talks: Talks) -> None:
    with talks.database.begin() as connection:
        intents.add(
            connection, talks.settings, talks.clock, OPERATOR, "product_engraving", "wants a name on it"
        )
    own = shown.portrait("product_engraving")
    assert (own.about, own.added, own.line.shipped) == ("wants a name on it", True, 0)
    assert shown.examples("product_engraving") == []


@pytest.mark.parametrize("name", ["order_fly", "", "../secrets", "<script>"])
def test_what_is_no_intent_is_refused(shown: Intents, name: str) -> None:
    with pytest.raises(ReviewError, match="there is no intent"):
        shown.portrait(name)


def test_every_shipped_intent_is_written_down(shown: Intents, settings: Settings) -> None:
    assert [name for name in intents.shipped(settings) if not shown.portrait(name).about] == []
