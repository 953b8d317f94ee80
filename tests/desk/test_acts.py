from __future__ import annotations

import pytest

from bot.clock import SetClock
from bot.desk.values.cases import CardField, CaseState, ClockKind, Outcome
from bot.desk.values.people import Person
from bot.errors import CaseTakenError, DeskError, ForbiddenError, NotOwnerError
from bot.mailroom.conversations import Owner
from tests.desk.acting import Acting

# Claiming


def test_who_claims_owns_the_case_and_has_the_time_of_a_first_answer(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.open()
    clock.advance(minutes=2)
    mine = desk.act(lambda cases: cases.claim(case.id, ana))
    assert (mine.state, mine.owner_id, mine.clock) == (CaseState.CLAIMED, ana.id, ClockKind.FIRST_ANSWER)
    assert mine.fence == case.fence + 1
    assert mine.due_at is not None
    assert (mine.due_at - case.opened_at).total_seconds() == 5 * 60


def test_who_claims_late_gets_the_whole_time(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = desk.open()
    clock.advance(minutes=4)
    mine = desk.act(lambda cases: cases.claim(case.id, ana))
    assert mine.due_at is not None
    assert (mine.due_at - clock.now()).total_seconds() == 5 * 60


def test_the_second_to_claim_hears_who_has_it(desk: Acting, ana: Person, ben: Person) -> None:
    case = desk.claimed(ana)
    with pytest.raises(CaseTakenError, match="Ana has this case") as caught:
        desk.act(lambda cases: cases.claim(case.id, ben))
    assert caught.value.owner == "Ana"
    assert desk.get(case) == case


def test_claiming_twice_changes_nothing(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    assert desk.act(lambda cases: cases.claim(case.id, ana)) == case


def test_a_closed_case_cannot_be_claimed(desk: Acting, ana: Person, ben: Person) -> None:
    case = desk.answered(ana)
    desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence))
    for person in (ana, ben):
        with pytest.raises(CaseTakenError, match="closed"):
            desk.act(lambda cases, person=person: cases.claim(case.id, person))


def test_nobody_claims_from_a_queue_that_they_do_not_serve(desk: Acting) -> None:
    eve = desk.person("eve", "agent", queues=["order"])
    case = desk.open()
    with pytest.raises(ForbiddenError, match="logistics"):
        desk.act(lambda cases: cases.claim(case.id, eve))


def test_the_supervisors_queue_is_for_supervisors(desk: Acting, ana: Person, sue: Person) -> None:
    case = desk.open(queue="supervisor")
    with pytest.raises(ForbiddenError):
        desk.act(lambda cases: cases.claim(case.id, ana))
    assert desk.act(lambda cases: cases.claim(case.id, sue)).owner_id == sue.id


def test_a_released_case_whose_buyer_was_answered_is_claimed_without_a_clock(
    desk: Acting, ana: Person, ben: Person
) -> None:
    case = desk.answered(ana)
    free = desk.act(lambda cases: cases.release(case.id, ana, case.fence))
    assert (free.state, free.clock) == (CaseState.OPEN, ClockKind.CLAIM)
    his = desk.act(lambda cases: cases.claim(case.id, ben))
    assert (his.state, his.due_at) == (CaseState.WAITING_BUYER, None)


def test_a_message_that_came_while_the_case_lay_in_the_queue_is_owed_an_answer(
    desk: Acting, ana: Person, ben: Person
) -> None:
    case = desk.answered(ana)
    desk.act(lambda cases: cases.release(case.id, ana, case.fence))
    desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    his = desk.act(lambda cases: cases.claim(case.id, ben))
    assert (his.state, his.clock) == (CaseState.CLAIMED, ClockKind.FIRST_ANSWER)


# Replying


def test_the_owners_words_reach_the_outbox_under_their_name(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    after = desk.act(lambda cases: cases.reply(case.id, ana, " It is at customs. ", case.fence))
    assert desk.said() == [(case.conversation_id, "It is at customs.", "Ana")]
    assert (after.state, after.clock, after.due_at) == (CaseState.WAITING_BUYER, None, None)
    assert after.first_answer_at is not None


def test_nobody_elses_words_reach_the_buyer(desk: Acting, ana: Person, ben: Person, sue: Person) -> None:
    case = desk.claimed(ana)
    for person in (ben, sue):
        with pytest.raises(NotOwnerError, match="Ana has this case now"):
            desk.act(lambda cases, person=person: cases.reply(case.id, person, "Hello", case.fence))
    unclaimed = desk.open()
    with pytest.raises(NotOwnerError, match="Claim this case first"):
        desk.act(lambda cases: cases.reply(unclaimed.id, ana, "Hello", unclaimed.fence))
    assert desk.said() == []


def test_a_late_text_never_reaches_the_buyer(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = desk.claimed(ana)
    clock.advance(minutes=5)
    desk.act(lambda cases: cases.expire(case.id))
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence))
    again = desk.act(lambda cases: cases.claim(case.id, ana))
    with pytest.raises(NotOwnerError, match="changed hands"):
        desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence))
    assert desk.said() == []
    desk.act(lambda cases: cases.reply(case.id, ana, "Hello", again.fence))
    assert len(desk.said()) == 1


def test_nothing_is_said_in_a_closed_case(desk: Acting, ana: Person) -> None:
    case = desk.answered(ana)
    closed = desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence))
    for fence in (case.fence, closed.fence):
        with pytest.raises(NotOwnerError, match="closed"):
            desk.act(lambda cases, fence=fence: cases.reply(case.id, ana, "One more thing", fence))
    assert len(desk.said()) == 1


def test_a_form_sent_twice_says_it_once(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    for _ in range(3):
        desk.act(lambda cases: cases.reply(case.id, ana, "It is at customs.", case.fence, key="form 1"))
    assert len(desk.said()) == 1
    desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    late = desk.act(lambda cases: cases.reply(case.id, ana, "It is at customs.", case.fence, key="form 1"))
    assert late.state is CaseState.WAITING_US
    desk.act(lambda cases: cases.reply(case.id, ana, "It is at customs.", case.fence, key="form 2"))
    assert len(desk.said()) == 2


def test_a_refused_reply_does_not_use_up_its_key(desk: Acting, ana: Person, ben: Person) -> None:
    case = desk.claimed(ana)
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.reply(case.id, ben, "Hello", case.fence, key="form 1"))
    desk.act(lambda cases: cases.release(case.id, ana, case.fence))
    his = desk.act(lambda cases: cases.claim(case.id, ben))
    desk.act(lambda cases: cases.reply(case.id, ben, "Hello", his.fence, key="form 1"))
    assert [text for _, text, _ in desk.said()] == ["Hello"]


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "x" * 10_001])
def test_an_empty_or_endless_text_is_refused(desk: Acting, ana: Person, text: str) -> None:
    case = desk.claimed(ana)
    with pytest.raises(DeskError, match=r"There is no text|10,001 characters"):
        desk.act(lambda cases: cases.reply(case.id, ana, text, case.fence))
    assert desk.get(case) == case


def test_a_card_number_that_an_agent_pastes_is_masked(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    desk.act(lambda cases: cases.reply(case.id, ana, "Was it 4111 1111 1111 1111?", case.fence))
    desk.act(lambda cases: cases.note(case.id, ana, "card 4111 1111 1111 1111"))
    assert desk.said()[0][1] == "Was it •••• 1111?"
    assert desk.events(case)[-1].text == "card •••• 1111"


def test_hostile_text_is_sent_as_text(desk: Acting, ana: Person) -> None:
    text = "<script>alert(1)</script> '); DROP TABLE cases; -- \u202e ع 👩‍👩‍👧"
    case = desk.claimed(ana)
    desk.act(lambda cases: cases.reply(case.id, ana, text, case.fence))
    assert desk.said()[0][1] == text


# A trainee's reply


def test_a_trainees_reply_waits_for_a_yes(desk: Acting, tim: Person, ana: Person) -> None:
    case = desk.claimed(tim)
    after = desk.act(lambda cases: cases.reply(case.id, tim, "It is at customs.", case.fence))
    assert desk.said() == []
    assert (after.state, after.due_at) == (CaseState.CLAIMED, case.due_at)
    assert desk.kinds(case)[-1] == "awaiting_approval"
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    sent = desk.act(lambda cases: cases.approve_reply(case.id, ana, draft.id))
    assert desk.said() == [(case.conversation_id, "It is at customs.", "Tim")]
    assert (sent.state, sent.owner_id) == (CaseState.WAITING_BUYER, tim.id)
    assert desk.events(case)[-1].actor == "Ana"


def test_an_agent_may_correct_what_a_trainee_wrote(desk: Acting, tim: Person, ana: Person) -> None:
    case = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(case.id, tim, "It is at custom.", case.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    desk.act(lambda cases: cases.approve_reply(case.id, ana, draft.id, text="It is at customs."))
    assert desk.said() == [(case.conversation_id, "It is at customs.", "Tim")]
    assert desk.events(case)[-1].text == "with corrections"


def test_a_declined_draft_is_never_sent_and_the_trainee_reads_why(
    desk: Acting, tim: Person, ana: Person
) -> None:
    case = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(case.id, tim, "No idea.", case.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    desk.act(lambda cases: cases.decline_reply(case.id, ana, draft.id, "Look at the tracking first."))
    with pytest.raises(DeskError, match="decided already"):
        desk.act(lambda cases: cases.approve_reply(case.id, ana, draft.id))
    assert desk.said() == []
    assert desk.events(case)[-1].text == "Look at the tracking first."


def test_the_first_decision_counts(desk: Acting, tim: Person, ana: Person, ben: Person) -> None:
    case = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(case.id, tim, "It is at customs.", case.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    desk.act(lambda cases: cases.approve_reply(case.id, ana, draft.id))
    for decide in (
        lambda cases: cases.approve_reply(case.id, ben, draft.id),
        lambda cases: cases.decline_reply(case.id, ben, draft.id, "no"),
    ):
        with pytest.raises(DeskError, match="decided already"):
            desk.act(decide)
    assert len(desk.said()) == 1


def test_a_trainee_cannot_say_yes(desk: Acting, tim: Person) -> None:
    other = desk.person("tom", "trainee")
    case = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(case.id, tim, "It is at customs.", case.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    for trainee in (tim, other):
        with pytest.raises(ForbiddenError):
            desk.act(lambda cases, trainee=trainee: cases.approve_reply(case.id, trainee, draft.id))
    assert desk.said() == []


def test_a_newer_draft_takes_the_place_of_an_older_one(desk: Acting, tim: Person) -> None:
    case = desk.claimed(tim)
    for text in ("First.", "Second."):
        desk.act(lambda cases, text=text: cases.reply(case.id, tim, text, case.fence))
    assert [draft.text for draft in desk.act(lambda cases: cases.drafts(case.id))] == ["Second."]


def test_a_draft_lapses_when_the_case_changes_hands(
    desk: Acting, tim: Person, ana: Person, sue: Person
) -> None:
    case = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(case.id, tim, "It is at customs.", case.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    desk.act(lambda cases: cases.take_over(case.id, sue))
    with pytest.raises(DeskError, match="changed hands"):
        desk.act(lambda cases: cases.approve_reply(case.id, ana, draft.id))
    assert desk.said() == []


# Notes


def test_a_private_note_never_reaches_the_buyer(desk: Acting, ana: Person, ben: Person) -> None:
    case = desk.claimed(ana)
    desk.act(lambda cases: cases.note(case.id, ben, "The buyer is right."))
    assert desk.said() == []
    assert desk.told() == []
    event = desk.events(case)[-1]
    assert (event.actor, event.text) == ("Ben", "The buyer is right.")


def test_a_note_sent_twice_is_written_once(desk: Acting, ana: Person) -> None:
    case = desk.open()
    for _ in range(2):
        desk.act(lambda cases: cases.note(case.id, ana, "Seen.", key="form 1"))
    assert desk.kinds(case) == ["opened", "noted"]


# Ending


def test_closing_gives_the_conversation_back_and_tells_the_bot(desk: Acting, ana: Person) -> None:
    case = desk.answered(ana)
    closed = desk.act(lambda cases: cases.close(case.id, ana, Outcome.REFUNDED, "12 EUR back", case.fence))
    assert (closed.state, closed.outcome, closed.summary) == (
        CaseState.CLOSED,
        Outcome.REFUNDED,
        "12 EUR back",
    )
    assert (closed.due_at, closed.clock) == (None, None)
    assert desk.owner_of(case.conversation_id) is Owner.BOT
    assert desk.told() == [
        (
            "case_closed",
            {
                "case_id": case.id,
                "outcome": "refunded",
                "summary": "12 EUR back",
                "intent": "logistics_where_is_parcel",
                "agent": "Ana",
            },
        )
    ]
    assert len(desk.said()) == 1


def test_handing_back_lets_the_bot_go_on(desk: Acting, ana: Person) -> None:
    case = desk.answered(ana)
    desk.act(lambda cases: cases.hand_back(case.id, ana, Outcome.SOLVED, "", case.fence))
    assert desk.owner_of(case.conversation_id) is Owner.BOT
    assert [kind for kind, _ in desk.told()] == ["handed_back"]
    assert desk.kinds(case)[-1] == "handed_back"


def test_only_the_owner_with_the_present_fence_ends_a_case(desk: Acting, ana: Person, ben: Person) -> None:
    case = desk.answered(ana)
    for person, fence in ((ben, case.fence), (ana, case.fence - 1)):
        for end in ("close", "hand_back"):
            with pytest.raises(NotOwnerError):
                desk.act(
                    lambda cases, person=person, fence=fence, end=end: getattr(cases, end)(
                        case.id, person, Outcome.SOLVED, "", fence
                    )
                )
    assert desk.get(case) == case
    assert desk.told() == []


def test_a_trainee_can_neither_close_nor_hand_back(desk: Acting, tim: Person) -> None:
    case = desk.claimed(tim)
    for end in ("close", "hand_back"):
        with pytest.raises(ForbiddenError):
            desk.act(lambda cases, end=end: getattr(cases, end)(case.id, tim, Outcome.SOLVED, "", case.fence))


# Changing hands


def test_a_supervisor_takes_over_and_the_agents_words_stop(desk: Acting, ana: Person, sue: Person) -> None:
    case = desk.claimed(ana)
    hers = desk.act(lambda cases: cases.take_over(case.id, sue))
    assert hers.owner_id == sue.id
    assert desk.events(case)[-1].text == "from Ana"
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence))
    assert desk.act(lambda cases: cases.take_over(case.id, sue)) == hers
    assert desk.said() == []


def test_an_agent_cannot_take_over(desk: Acting, ana: Person, ben: Person) -> None:
    case = desk.claimed(ana)
    with pytest.raises(ForbiddenError):
        desk.act(lambda cases: cases.take_over(case.id, ben))


def test_a_case_passed_on_lies_in_the_other_queue_with_a_clock(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    passed = desk.act(lambda cases: cases.pass_on(case.id, ana, "payment", case.fence))
    assert (passed.queue, passed.state, passed.owner_id) == ("payment", CaseState.OPEN, None)
    assert passed.clock is ClockKind.CLAIM
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence))


def test_passing_on_does_not_reset_the_way_up(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = desk.open()
    clock.advance(minutes=3)
    desk.act(lambda cases: cases.expire(case.id))
    mine = desk.act(lambda cases: cases.claim(case.id, ana))
    passed = desk.act(lambda cases: cases.pass_on(case.id, ana, "payment", mine.fence))
    clock.advance(minutes=3)
    assert desk.act(lambda cases: cases.expire(passed.id)).queue == "supervisor"


def test_passing_on_needs_a_real_and_another_queue(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    for queue, words in (("nowhere", "There is no queue"), ("logistics", "already")):
        with pytest.raises(DeskError, match=words):
            desk.act(lambda cases, queue=queue: cases.pass_on(case.id, ana, queue, case.fence))


def test_only_the_owner_or_a_supervisor_passes_on(
    desk: Acting, ana: Person, ben: Person, sue: Person
) -> None:
    case = desk.claimed(ana)
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.pass_on(case.id, ben, "payment", case.fence))
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.pass_on(case.id, sue, "payment", case.fence - 1))
    assert desk.act(lambda cases: cases.pass_on(case.id, sue, "payment", case.fence)).queue == "payment"


# Personal data


def test_a_field_is_revealed_to_the_owner_and_that_is_written_down(desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    phone = desk.act(lambda cases: cases.reveal(case.id, ana, CardField.PHONE))
    assert phone == "+49 30 901820"
    event = desk.events(case)[-1]
    assert (event.kind.value, event.actor, event.text) == ("revealed", "Ana", "phone")


def test_who_has_no_business_with_a_case_sees_no_personal_data(
    desk: Acting, ana: Person, ben: Person
) -> None:
    case = desk.claimed(ana)
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.reveal(case.id, ben, CardField.EMAIL))
    assert "revealed" not in desk.kinds(case)


def test_every_act_is_in_the_history_with_who_and_when(
    desk: Acting, ana: Person, sue: Person, clock: SetClock
) -> None:
    case = desk.claimed(ana)
    clock.advance(minutes=1)
    desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence))
    hers = desk.act(lambda cases: cases.take_over(case.id, sue))
    desk.act(lambda cases: cases.hand_back(case.id, sue, Outcome.ANSWERED, "told where it is", hers.fence))
    events = desk.events(case)
    assert [(event.kind.value, event.actor) for event in events] == [
        ("opened", "the bot"),
        ("claimed", "Ana"),
        ("replied", "Ana"),
        ("taken_over", "Sue"),
        ("handed_back", "Sue"),
    ]
    assert events[-1].at == clock.now()
    assert events[-1].text == "answered: told where it is"
