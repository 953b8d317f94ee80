"""A claim's clock begins when the card can be seen, on both databases; until then a later one runs."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.desk.values.cases import ClockKind
from bot.desk.values.people import Person
from bot.settings import ShopRules
from tests.conftest import BACKENDS
from tests.desk.acting import WEDNESDAY, Acting

MINUTE = dt.timedelta(minutes=1)
#: As the shipped shop.yml has it: the card's time, and the claim's.
CARD, CLAIM = 3 * MINUTE, 3 * MINUTE


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[("slack",), ("web", "slack")], ids=["Slack", "both"])
def posting(database: Database, rules: ShopRules, clock: SetClock, request: pytest.FixtureRequest) -> Acting:
    """A store whose people are told by cards."""
    return Acting(database, rules.copy(update={"desks": request.param}), clock)


def test_at_the_web_desk_alone_the_clock_begins_at_once(desk: Acting) -> None:
    case = desk.open()
    assert (case.due_at, case.shown_at) == (WEDNESDAY + CLAIM, WEDNESDAY)
    assert not case.waits_unseen


def test_a_card_that_comes_late_takes_nothing_of_the_time_to_claim(posting: Acting, clock: SetClock) -> None:
    case = posting.open()
    assert (case.clock, case.due_at) == (ClockKind.CLAIM, WEDNESDAY + CARD + CLAIM)
    clock.advance(minutes=2)
    shown = posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack"))
    assert (shown.due_at, shown.shown_at) == (WEDNESDAY + 2 * MINUTE + CLAIM, WEDNESDAY + 2 * MINUTE)
    assert posting.kinds(case) == ["opened", "shown"]


def test_a_card_is_shown_once(posting: Acting, clock: SetClock) -> None:
    case = posting.open()
    first = posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack"))
    clock.advance(minutes=1)
    assert posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack")) == first


def test_a_card_that_never_comes_leaves_the_case_with_a_clock_that_moves_it_up(
    posting: Acting, clock: SetClock
) -> None:
    case = posting.open()
    clock.advance(seconds=(CARD + CLAIM - dt.timedelta(seconds=1)).total_seconds())
    assert posting.act(lambda cases: cases.due()) == ()
    clock.advance(seconds=1)
    assert posting.act(lambda cases: cases.due()) == (case.id,)
    again = posting.act(lambda cases: cases.expire(case.id))
    assert (again.level, again.waits_unseen) == (1, True)
    assert again.due_at == clock.now() + CARD + CLAIM


def test_a_card_after_the_clocks_end_does_not_put_it_off(posting: Acting, clock: SetClock) -> None:
    case = posting.open()
    clock.advance(seconds=(CARD + CLAIM + MINUTE).total_seconds())
    late = posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack"))
    assert late.due_at == case.due_at
    assert posting.act(lambda cases: cases.due()) == (case.id,)


def test_in_another_queue_it_is_to_be_seen_anew(posting: Acting, clock: SetClock) -> None:
    ana = posting.person("ana", "agent")
    case = posting.open()
    posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack"))
    held = posting.act(lambda cases: cases.claim(case.id, ana))
    passed = posting.act(lambda cases: cases.pass_on(case.id, ana, "wholesale", held.fence))
    assert passed.waits_unseen
    # The news of the old card come late.
    assert posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack")) == passed
    clock.advance(minutes=1)
    shown = posting.act(lambda cases: cases.shown(case.id, passed.fence, "Slack"))
    assert shown.due_at == clock.now() + CLAIM


def test_it_can_be_claimed_before_its_card_is_there(posting: Acting, clock: SetClock) -> None:
    ana = posting.person("ana", "agent")
    case = posting.open()
    clock.advance(minutes=1)
    held = posting.act(lambda cases: cases.claim(case.id, ana))
    # The owner who comes in time keeps what the buyer was told.
    assert held.due_at == WEDNESDAY + 5 * MINUTE
    assert posting.act(lambda cases: cases.shown(case.id, held.fence, "Slack")) == held


def test_the_buyer_is_told_the_same_whatever_shows_the_case(posting: Acting, desk: Acting) -> None:
    at_once, later = desk.open(), posting.open()
    assert desk.act(lambda cases: cases.promise(at_once)) == WEDNESDAY + 5 * MINUTE
    assert posting.act(lambda cases: cases.promise(later)) == WEDNESDAY + 5 * MINUTE


def test_who_claims_by_a_late_card_has_the_whole_time_to_answer(
    posting: Acting, clock: SetClock, rules: ShopRules
) -> None:
    ana: Person = posting.person("ana", "agent")
    case = posting.open()
    clock.advance(minutes=2)
    posting.act(lambda cases: cases.shown(case.id, case.fence, "Slack"))
    clock.advance(minutes=2)
    held = posting.act(lambda cases: cases.claim(case.id, ana))
    assert held.due_at == clock.now() + rules.clocks.first_answer_minutes * MINUTE
