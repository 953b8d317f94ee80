"""A threat or harm told of while people have the case: on top, before the supervisors, once for each kind."""

from __future__ import annotations

import pytest

from bot.clock import SetClock
from bot.desk.values.cases import Case, CaseState, Priority
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from tests.conftest import BACKENDS
from tests.desk.acting import Acting

HURT = "the kettle exploded and my hand is burnt"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(desk: Acting, case: Case, threat: str | None = "injury", words: str = HURT) -> Case:
    """The buyer writes, and the message tells of this."""
    found = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id, threat, words))
    assert found is not None
    return found


def test_a_case_that_nobody_has_goes_to_the_supervisors_at_once(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    assert (case.queue, case.priority) != ("supervisor", Priority.URGENT)
    raised = told(desk, case)
    assert (raised.queue, raised.priority, raised.state) == ("supervisor", Priority.URGENT, CaseState.OPEN)
    assert raised.due_at is not None
    assert raised.due_at > clock.now()
    assert "speaks of an injury or danger" in raised.card.why
    assert "alarmed" in desk.kinds(case)


def test_who_has_it_keeps_it_is_told_and_has_little_time(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = desk.claimed(ana)
    raised = told(desk, case, "chargeback", "I will take the money back through my bank")
    assert (raised.owner_id, raised.queue, raised.priority) == (ana.id, "supervisor", Priority.URGENT)
    within = (raised.due_at - clock.now()).total_seconds() / 60 if raised.due_at else None
    assert within == desk.rules.clocks.first_answer_minutes
    # Their words still reach the buyer.
    desk.act(lambda cases: cases.reply(case.id, ana, "I am with you.", raised.fence))


def test_where_its_owner_stays_silent_it_falls_to_the_supervisors(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    raised = told(desk, desk.claimed(ana))
    assert raised.due_at is not None
    clock.at = raised.due_at
    lapsed = desk.act(lambda cases: cases.expire(raised.id))
    assert (lapsed.owner_id, lapsed.queue) == (None, "supervisor")


def test_a_supervisor_who_has_it_keeps_it_where_it_is(desk: Acting, sue: Person) -> None:
    case = desk.claimed(sue)
    raised = told(desk, case)
    assert (raised.owner_id, raised.queue, raised.priority) == (sue.id, case.queue, Priority.URGENT)


def test_the_same_is_told_once_and_another_kind_again(desk: Acting) -> None:
    case = desk.open()
    told(desk, case)
    told(desk, case, words="it hurts!")
    assert desk.kinds(case).count("alarmed") == 1
    raised = told(desk, case, "self_harm", "I do not want to live any more")
    assert desk.kinds(case).count("alarmed") == 2
    assert "self-harm" in raised.card.why


def test_plain_words_raise_nothing(desk: Acting) -> None:
    case = desk.open()
    after = told(desk, case, None, "thank you")
    assert (after.queue, after.priority) == (case.queue, case.priority)
    assert "alarmed" not in desk.kinds(case)


def test_what_is_told_of_it_holds_no_card_number(desk: Acting) -> None:
    case = desk.open()
    told(desk, case, "lawyer", "my lawyer has my card 4111 1111 1111 1111")
    (alarm,) = [event for event in desk.events(case) if event.kind is EventKind.ALARMED]
    assert "4111" not in alarm.text
