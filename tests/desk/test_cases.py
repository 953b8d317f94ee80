from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from bot.clock import SetClock
from bot.desk.case_records import card_of
from bot.desk.cases import Cases
from bot.desk.values.cases import Case, CaseCard, CaseState, ClockKind, Likely, Outcome, Priority, Reason
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.errors import DeskError, NotOwnerError, UnknownCaseError
from bot.mailroom.conversations import Owner
from tests.desk.acting import CARD, Acting


def minutes(case: Case, clock: SetClock) -> float:
    assert case.due_at is not None
    return (case.due_at - clock.now()).total_seconds() / 60


def expired(desk: Acting, case: Case, clock: SetClock) -> Case:
    """The case after its clock has run out and been turned."""
    due = desk.get(case).due_at
    assert due is not None
    clock.at = due
    return desk.act(lambda cases: cases.expire(case.id))


def test_an_opened_case_lies_in_its_intents_queue_with_the_claim_clock(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    assert (case.queue, case.topic, case.state) == ("logistics", "logistics", CaseState.OPEN)
    assert (case.owner_id, case.clock, minutes(case, clock)) == (None, ClockKind.CLAIM, 3)
    assert desk.owner_of(case.conversation_id) is Owner.AGENT
    assert desk.kinds(case) == ["opened"]


def test_a_card_comes_back_as_it_was_stored(desk: Acting) -> None:
    card = dataclasses.replace(
        CARD, bot_did=("asked for the number",), likely=(Likely("refund_state", 0.4),), money_minor=4200
    )
    assert desk.get(desk.open(card=card)).card == card


def test_a_card_of_another_version_is_still_read(desk: Acting) -> None:
    assert card_of({"wants": "a refund", "from_the_future": 1}) == CaseCard(wants="a refund")


def test_a_card_number_is_never_stored(desk: Acting) -> None:
    case = desk.open(card=CaseCard(wants="my card is 4111 1111 1111 1111"))
    assert desk.get(case).card.wants == "my card is •••• 1111"


def test_a_very_long_wish_is_cut_to_a_line(desk: Acting) -> None:
    assert len(desk.open(card=CaseCard(wants="x" * 10_000)).card.wants) == 500


@pytest.mark.parametrize(
    ("about", "queue"),
    [
        ({"intent": "product_quotation"}, "wholesale"),
        ({"intent": "refund_request", "reason": Reason.WHOLESALE}, "wholesale"),
        ({"intent": "payment_methods", "reason": Reason.ALWAYS_HUMAN}, "supervisor"),
        ({"intent": "payment_methods", "queue": "order"}, "order"),
        ({"intent": "payment_methods", "queue": "misspelt"}, "payment"),
        ({"intent": "out_of_scope"}, "presales"),
    ],
)
def test_the_queue_follows_the_wish_the_reason_and_the_intent(
    desk: Acting, about: dict[str, object], queue: str
) -> None:
    assert desk.open(**about).queue == queue


def test_an_intent_without_a_topic_of_the_store_is_other(desk: Acting) -> None:
    assert desk.open(intent="out_of_scope").topic == "other"


def test_a_conversation_never_has_two_open_cases(desk: Acting) -> None:
    first = desk.open()
    second = desk.open(first.conversation_id, card=CaseCard(wants="and a refund"), priority=Priority.HIGH)
    assert second.id == first.id
    assert (second.card.wants, second.priority) == ("and a refund", Priority.HIGH)
    assert second.due_at == first.due_at
    assert desk.kinds(first) == ["opened", "added"]


def test_what_the_bot_adds_takes_nothing_from_the_card(desk: Acting) -> None:
    first = desk.open(card=dataclasses.replace(CARD, verified=True))
    failed = CaseCard(wants="(a message of ours)", why="the channel refused it")
    again = desk.open(first.conversation_id, reason=Reason.UNDELIVERED, card=failed)
    assert (again.card.wants, again.card.why) == (CARD.wants, "the channel refused it")
    assert (again.card.email, again.card.verified) == (CARD.email, True)
    assert desk.events(first)[-1].text == "undelivered: logistics where is parcel; the channel refused it"


def test_a_threat_moves_a_waiting_case_to_the_supervisor(desk: Acting) -> None:
    first = desk.open()
    assert desk.open(first.conversation_id, reason=Reason.ALWAYS_HUMAN).queue == "supervisor"


def test_what_the_bot_adds_to_an_answered_case_is_a_question_again(desk: Acting, ana: Person) -> None:
    case = desk.answered(ana)
    again = desk.open(case.conversation_id)
    assert (again.state, again.owner_id) == (CaseState.WAITING_US, ana.id)
    assert again.due_at is not None


@pytest.mark.parametrize(
    ("hours", "about", "outcome"),
    [
        (73, {}, Outcome.SOLVED),
        (1, {"intent": "payment_declined"}, Outcome.SOLVED),
        (1, {"reason": Reason.ALWAYS_HUMAN}, Outcome.SOLVED),
        (1, {}, Outcome.SPAM),
    ],
    ids=["too late", "another topic", "a threat", "spam"],
)
def test_after_closing_another_matter_is_a_new_case(
    desk: Acting, ana: Person, clock: SetClock, hours: int, about: dict[str, Any], outcome: Outcome
) -> None:
    case = desk.answered(ana)
    desk.act(lambda cases: cases.close(case.id, ana, outcome, "", case.fence))
    clock.advance(minutes=hours * 60)
    assert desk.open(case.conversation_id, **about).id != case.id


def test_the_same_matter_within_72_hours_goes_on_with_who_had_it(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.answered(ana)
    closed = desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "sent", case.fence))
    clock.advance(minutes=24 * 60)
    again = desk.open(case.conversation_id, intent="service_human")
    assert (again.id, again.state, again.owner_id) == (case.id, CaseState.CLAIMED, ana.id)
    assert (again.fence, again.closed_at, again.outcome, again.level) == (closed.fence + 1, None, None, 0)
    assert (again.clock, minutes(again, clock)) == (ClockKind.FIRST_ANSWER, 5)
    assert desk.owner_of(case.conversation_id) is Owner.AGENT
    assert desk.events(case)[-1].text == "asked_for_human: service_human; with Ana"
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence))


def test_a_reopened_case_of_somebody_who_is_away_lies_in_the_queue(
    desk: Acting, ana: Person, ben: Person
) -> None:
    case = desk.answered(ana)
    desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence))
    desk.staff(lambda people: people.set_away(ana, True))
    again = desk.open(case.conversation_id)
    assert (again.id, again.state, again.owner_id) == (case.id, CaseState.OPEN, None)
    assert again.due_at is not None
    assert again.offered_to == (ben.id,)


def test_at_night_the_claim_clock_begins_in_the_morning(desk: Acting, clock: SetClock) -> None:
    clock.at = dt.datetime(2026, 6, 10, 15, 0, tzinfo=dt.timezone.utc)  # 23:00 in Shanghai
    case = desk.open()
    assert case.due_at == dt.datetime(2026, 6, 11, 1, 3, tzinfo=dt.timezone.utc)
    promised = desk.act(lambda cases: cases.promise(case))
    assert promised == dt.datetime(2026, 6, 11, 1, 5, tzinfo=dt.timezone.utc)


def test_there_is_no_unknown_case(desk: Acting) -> None:
    with pytest.raises(UnknownCaseError, match="99"):
        desk.act(lambda cases: cases.get(99))


# The buyer writes


def test_the_bot_is_told_to_answer_where_no_case_is_open(desk: Acting, ana: Person) -> None:
    talk = desk.conversation()
    assert desk.act(lambda cases: cases.buyer_wrote(talk)) is None
    case = desk.answered(ana)
    desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence))
    assert desk.act(lambda cases: cases.buyer_wrote(case.conversation_id)) is None


def test_a_message_in_an_answered_case_starts_the_clock_of_an_open_question(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.answered(ana)
    asked = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    assert asked is not None
    assert (asked.state, asked.owner_id, asked.clock) == (
        CaseState.WAITING_US,
        ana.id,
        ClockKind.OPEN_QUESTION,
    )
    assert minutes(asked, clock) == 24 * 60


def test_a_second_message_does_not_put_off_the_clock(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = desk.answered(ana)
    first = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    clock.advance(hours=5)
    second = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    assert first is not None
    assert second is not None
    assert (second.due_at, second.waiting_since) == (first.due_at, first.waiting_since)


def test_an_open_question_is_due_in_hours_when_somebody_is_there(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    clock.at = dt.datetime(2026, 6, 13, 2, 0, tzinfo=dt.timezone.utc)  # Saturday; logistics rests on Sunday
    case = desk.answered(ana)
    asked = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    assert asked is not None
    assert asked.due_at == dt.datetime(2026, 6, 15, 1, 5, tzinfo=dt.timezone.utc)


def test_a_message_to_somebody_away_goes_back_to_the_queue(desk: Acting, ana: Person) -> None:
    case = desk.answered(ana)
    desk.staff(lambda people: people.set_away(ana, True))
    assert desk.get(case).owner_id == ana.id
    asked = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    assert asked is not None
    assert (asked.state, asked.owner_id, asked.clock) == (CaseState.OPEN, None, ClockKind.CLAIM)
    assert desk.kinds(case)[-1] == "lapsed"


def test_a_buyer_who_waits_no_longer_closes_only_what_nobody_has(desk: Acting, ana: Person) -> None:
    case = desk.open()
    left = desk.act(lambda cases: cases.buyer_left(case.conversation_id))
    assert left is not None
    assert (left.state, left.outcome, left.due_at) == (CaseState.CLOSED, Outcome.NO_ANSWER_NEEDED, None)
    assert desk.act(lambda cases: cases.buyer_left(case.conversation_id)) is None
    with pytest.raises(DeskError, match="closed"):
        desk.act(lambda cases: cases.claim(case.id, ana))
    for kept in (desk.claimed(ana), desk.answered(ana), desk.open(reason=Reason.ALWAYS_HUMAN)):
        assert desk.act(lambda cases, kept=kept: cases.buyer_left(kept.conversation_id)) is None
        assert desk.get(kept) == kept


def test_a_buyer_may_leave_what_nobody_answers_and_nothing_that_people_must_see(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    def may(case: Case) -> bool:
        return desk.act(lambda cases: cases.may_be_left(cases.get(case.id)))

    late = desk.open()
    for _ in range(3):
        late = expired(desk, late, clock)
    assert late.queue == "supervisor"
    silent = expired(desk, desk.claimed(ana), clock)
    assert (silent.state, may(late), may(silent)) == (CaseState.OPEN, True, True)
    answered = desk.answered(ana)
    desk.act(lambda cases: cases.release(answered.id, ana, answered.fence))
    undelivered, threatened = desk.open(), desk.open()
    desk.open(undelivered.conversation_id, reason=Reason.UNDELIVERED)
    desk.act(lambda cases: cases.buyer_wrote(threatened.conversation_id, "injury", "it burnt me"))
    failed = desk.open(reason=Reason.FAILED)
    assert [may(case) for case in (answered, undelivered, threatened, failed)] == [False] * 4


def test_two_hundred_messages_make_one_case_and_put_nothing_off(desk: Acting) -> None:
    case = desk.open()

    def write(cases: Cases) -> None:
        for _ in range(200):
            cases.buyer_wrote(case.conversation_id)

    desk.act(write)
    assert desk.get(case).due_at == case.due_at
    assert len(desk.act(lambda cases: cases.list())) == 1


# The clock runs out


def test_a_case_that_nobody_claims_is_asked_again_then_goes_to_the_supervisor_then_to_the_operator(
    desk: Acting, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    case = desk.open()
    again = expired(desk, case, clock)
    assert (again.queue, again.level, minutes(again, clock)) == ("logistics", 1, 3)
    up = expired(desk, case, clock)
    assert (up.queue, up.level, minutes(up, clock)) == ("supervisor", 2, 3)
    assert desk.told() == []
    assert not caplog.records
    beyond = expired(desk, case, clock)
    assert (beyond.queue, beyond.level) == ("supervisor", 3)
    assert desk.kinds(case) == [
        "opened", "asked_again", "escalated", "asked_again", "operator_told",
    ]  # fmt: skip
    assert f"case {case.id} in queue supervisor" in caplog.text
    kind, payload = desk.told()[-1]
    assert kind == "case_late"
    assert payload["cause"] == "nobody_there"
    assert dt.datetime.fromisoformat(payload["until"]) > clock.now()


def test_a_night_of_silence_does_not_bury_the_buyer_in_new_dates(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    waits = []
    for _ in range(9):
        before = clock.now()
        expired(desk, case, clock)
        waits.append(round((clock.now() - before).total_seconds() / 60))
    # 768 working minutes from 14:21 end at 14:09 the next day; nothing takes more than a day.
    assert waits == [3, 3, 3, 12, 48, 192, 1428, 1440, 1440]
    assert len(desk.told()) == 7


def test_an_owner_who_is_silent_loses_the_case_and_the_buyer_hears_of_it(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.claimed(ana)
    lapsed = expired(desk, case, clock)
    assert (lapsed.state, lapsed.owner_id, lapsed.queue, lapsed.level) == (
        CaseState.OPEN,
        None,
        "logistics",
        1,
    )
    assert lapsed.fence > case.fence
    kind, payload = desk.told()[-1]
    assert (kind, payload["cause"]) == ("case_late", "owner_silent")
    event = desk.events(case)[-1]
    assert (event.kind, event.actor, event.text) == (EventKind.LAPSED, "the clock", "Ana was silent")


def test_a_second_silent_owner_brings_it_to_the_supervisor(
    desk: Acting, ana: Person, ben: Person, clock: SetClock
) -> None:
    case = desk.claimed(ana)
    expired(desk, case, clock)
    desk.act(lambda cases: cases.claim(case.id, ben))
    up = expired(desk, case, clock)
    assert (up.queue, up.level) == ("supervisor", 2)
    assert desk.kinds(case)[-2:] == ["lapsed", "escalated"]


def test_an_answer_ends_the_way_up(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = desk.open()
    expired(desk, case, clock)
    mine = desk.act(lambda cases: cases.claim(case.id, ana))
    assert mine.level == 1
    answered = desk.act(lambda cases: cases.reply(case.id, ana, "It is at customs.", mine.fence))
    assert (answered.level, answered.due_at) == (0, None)


def test_a_clock_that_has_not_run_out_moves_nothing(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    clock.advance(minutes=2, seconds=59)
    assert desk.act(lambda cases: cases.due()) == ()
    assert desk.act(lambda cases: cases.expire(case.id)) == case
    clock.advance(seconds=1)
    assert desk.act(lambda cases: cases.due()) == (case.id,)


def test_two_that_turn_the_same_clock_turn_it_once(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    clock.advance(minutes=3)
    assert [desk.act(lambda cases: cases.expire(case.id)).level for _ in range(2)] == [1, 1]


def test_a_case_of_a_queue_that_was_removed_moves_up_all_the_same(desk: Acting, clock: SetClock) -> None:
    case = desk.open()
    queues = {name: queue for name, queue in desk.rules.queues.items() if name != "logistics"}
    desk.rules = desk.rules.copy(update={"queues": queues})
    expired(desk, case, clock)
    assert expired(desk, case, clock).queue == "supervisor"


# Lists


def test_the_most_pressing_case_comes_first(desk: Acting, ana: Person, clock: SetClock) -> None:
    answered = desk.answered(ana)
    late = desk.open()
    clock.advance(minutes=3)
    desk.act(lambda cases: cases.expire(late.id))
    old = desk.open()
    clock.advance(minutes=1)
    young = desk.open()
    urgent = desk.open(priority=Priority.URGENT)
    closed = desk.answered(ana)
    desk.act(lambda cases: cases.close(closed.id, ana, Outcome.SOLVED, "", closed.fence))
    found = desk.act(lambda cases: cases.list(closed=True))
    assert [case.id for case in found] == [urgent.id, late.id, old.id, young.id, answered.id, closed.id]
    assert closed.id not in [case.id for case in desk.act(lambda cases: cases.list())]


def test_cases_are_listed_by_queue_state_and_owner(desk: Acting, ana: Person) -> None:
    mine = desk.claimed(ana, intent="order_cancel")
    desk.open(intent="order_cancel")
    desk.open(intent="payment_declined")
    by = desk.act(lambda cases: cases.list(queue="order"))
    assert len(by) == 2
    assert [case.id for case in desk.act(lambda cases: cases.list(owner_id=ana.id))] == [mine.id]
    assert [case.id for case in desk.act(lambda cases: cases.list(state=CaseState.CLAIMED))] == [mine.id]
    assert len(desk.act(lambda cases: cases.list(limit=1))) == 1


# Suggested replies


def test_suggested_replies_come_from_the_card(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    assert desk.act(lambda cases: cases.suggested_replies(case, ana)) == ("It is at customs.",)


def test_a_late_answer_opens_with_a_name_and_the_buyers_question(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.open()
    expired(desk, case, clock)
    mine = desk.act(lambda cases: cases.claim(case.id, ana))
    (text,) = desk.act(lambda cases: cases.suggested_replies(mine, ana))
    assert text.startswith("This is Ana from Meridian Goods. You asked: “Where is my parcel?")
    assert text.endswith("It is at customs.")
    assert "anna@example.com" not in text
