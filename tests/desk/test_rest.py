"""Cases that rest, whom they are offered to, how many one person may have, and owners who go home."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.desk.offers import offered_to
from bot.desk.shifts import in_shift, is_at_work, parse_shift, told
from bot.desk.turning import turn_clocks, watch
from bot.desk.values.cases import Case, CaseState, ClockKind, Outcome
from bot.desk.values.people import Person, Rank, Shift
from bot.errors import DeskError, ForbiddenError, NotOwnerError
from bot.mailroom import outbox as mailroom
from bot.mailroom.outbox import OutboxState
from bot.mailroom.tables import outbox
from bot.settings import ShopRules
from tests.desk.acting import WEDNESDAY, Acting

HOUR = dt.timedelta(hours=1)


def snoozed(desk: Acting, person: Person, hours: int = 2) -> Case:
    case, until = desk.answered(person), desk.clock.now() + hours * HOUR
    return desk.act(lambda cases: cases.snooze(case.id, person, until, case.fence))


def turn(desk: Acting) -> Sequence[int]:
    return turn_clocks(desk.database, desk.rules, desk.clock)


# Laying aside


def test_a_snooze_ends_at_its_time_and_its_owner_must_act(desk: Acting, ana: Person, clock: SetClock) -> None:
    case = snoozed(desk, ana)
    assert (case.state, case.clock, case.owner_id) == (CaseState.SNOOZED, ClockKind.SNOOZE, ana.id)
    assert watch(desk.database, clock) == ()
    clock.advance(minutes=119)
    assert turn(desk) == ()
    clock.advance(minutes=1)
    assert turn(desk) == (case.id,)
    woken = desk.get(case)
    assert (woken.state, woken.owner_id, woken.waiting_since) == (CaseState.WAITING_US, ana.id, clock.now())
    assert woken.due_at == clock.now() + dt.timedelta(minutes=5)
    clock.advance(minutes=5)
    turn(desk)
    assert desk.get(case).owner_id is None


def test_the_buyers_next_message_ends_a_snooze(desk: Acting, ana: Person) -> None:
    case = snoozed(desk, ana)
    asked = desk.act(lambda cases: cases.buyer_wrote(case.conversation_id))
    assert asked is not None
    assert (asked.state, asked.clock, asked.owner_id) == (
        CaseState.WAITING_US,
        ClockKind.OPEN_QUESTION,
        ana.id,
    )


def test_whoever_waits_for_an_answer_is_not_laid_aside(desk: Acting, ana: Person, ben: Person) -> None:
    case, until = desk.claimed(ana), desk.clock.now() + HOUR
    with pytest.raises(DeskError, match="reply first"):
        desk.act(lambda cases: cases.snooze(case.id, ana, until, case.fence))
    answered = desk.answered(ana)
    for person, fence in ((ben, answered.fence), (ana, answered.fence - 1)):
        with pytest.raises(NotOwnerError):
            desk.act(
                lambda cases, person=person, fence=fence: cases.snooze(answered.id, person, until, fence)
            )


@pytest.mark.parametrize("after", [dt.timedelta(0), -HOUR, dt.timedelta(days=30, minutes=1)])
def test_a_snooze_is_for_a_moment_to_come_and_not_for_ever(
    desk: Acting, ana: Person, after: dt.timedelta
) -> None:
    case = desk.answered(ana)
    with pytest.raises(DeskError, match="within the next 30 days"):
        desk.act(lambda cases: cases.snooze(case.id, ana, desk.clock.now() + after, case.fence))
    assert desk.get(case) == case


def test_a_snoozed_case_of_somebody_who_left_lies_in_the_queue(
    desk: Acting, ana: Person, sue: Person
) -> None:
    case = snoozed(desk, ana)
    desk.staff(lambda people: people.deactivate(ana, by=sue))
    assert (desk.get(case).state, desk.get(case).owner_id) == (CaseState.OPEN, None)


# Writing directly


def test_direct_writing_ends_with_the_owner(desk: Acting, ana: Person, sue: Person, tim: Person) -> None:
    assert not desk.open().direct
    case = desk.claimed(ana)
    on = desk.act(lambda cases: cases.set_direct(case.id, ana, True, case.fence))
    assert on.direct
    hers = desk.act(lambda cases: cases.take_over(case.id, sue))
    assert not hers.direct
    desk.act(lambda cases: cases.set_direct(case.id, sue, True, hers.fence))
    queued = desk.act(lambda cases: cases.release(case.id, sue, hers.fence))
    assert not queued.direct
    his = desk.act(lambda cases: cases.claim(case.id, tim))
    with pytest.raises(ForbiddenError, match="cannot write to buyers directly"):
        desk.act(lambda cases: cases.set_direct(case.id, tim, True, his.fence))


# Going home


def test_a_case_lapses_with_its_owners_shift_and_its_buyer_gets_a_new_date(
    desk: Acting, ana: Person, ben: Person, clock: SetClock
) -> None:
    shift = parse_shift(["mon-fri 09:00-18:00"], "Asia/Shanghai")
    ana = desk.staff(lambda people: people.set_shift(ana, shift))
    clock.at = dt.datetime(2026, 6, 10, 9, 58, tzinfo=dt.timezone.utc)
    owed, answered = desk.claimed(ana), desk.answered(ana)
    clock.advance(minutes=1)
    assert turn(desk) == ()
    clock.advance(minutes=1)
    assert turn(desk) == (owed.id,)
    lapsed = desk.get(owed)
    assert (lapsed.state, lapsed.owner_id, lapsed.offered_to) == (CaseState.OPEN, None, (ben.id,))
    assert desk.events(owed)[-1].text == "the shift of Ana has ended"
    (told_late,) = desk.told()
    assert told_late[0] == "case_late"
    assert told_late[1]["cause"] == "owner_away"
    assert desk.get(answered).owner_id == ana.id
    desk.act(lambda cases: cases.buyer_wrote(answered.conversation_id))
    assert desk.get(answered).owner_id is None


def test_who_claims_outside_of_their_shift_keeps_what_they_claim(
    desk: Acting, ana: Person, clock: SetClock
) -> None:
    shift = parse_shift(["mon 09:00-10:00"], "Asia/Shanghai")
    desk.staff(lambda people: people.set_shift(ana, shift))
    case = desk.claimed(ana)
    assert turn(desk) == ()
    clock.advance(minutes=5)
    assert turn(desk) == (case.id,)
    assert desk.events(case)[-1].text == "Ana was silent"


def test_a_buyer_whose_agent_goes_away_gets_a_new_date(desk: Acting, ana: Person) -> None:
    desk.claimed(ana), desk.answered(ana)
    desk.staff(lambda people: people.set_away(ana, True))
    assert [(kind, payload["cause"]) for kind, payload in desk.told()] == [("case_late", "owner_away")]


@pytest.mark.parametrize(
    ("parts", "moment", "at_work"),
    [
        (["mon-fri 09:00-17:00"], "2026-06-10 08:59", False),
        (["mon-fri 09:00-17:00"], "2026-06-10 09:00", True),
        (["mon-fri 09:00-17:00"], "2026-06-10 17:00", False),
        (["fri-mon 09:00-17:00"], "2026-06-14 12:00", True),
        (["fri-mon 09:00-17:00"], "2026-06-10 12:00", False),
        (["wed 22:00-02:00"], "2026-06-11 01:59", True),
        (["wed 22:00-02:00"], "2026-06-10 01:00", False),
        (["sun 00:00-24:00"], "2026-06-14 23:59", True),
        # The night in which summer time begins in Berlin.
        (["sat 22:00-06:00"], "2026-03-29 05:30", True),
    ],
)
def test_a_shift_is_told_by_its_own_wall_clock(parts: list[str], moment: str, at_work: bool) -> None:
    shift = parse_shift(parts, "Europe/Berlin")
    assert shift is not None
    at = dt.datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert in_shift(shift, at.astimezone(dt.timezone.utc)) is at_work


@pytest.mark.parametrize(
    "part", ["", "always", "mon", "mon 9-17", "mon 09:00-25:00", "day 09:00-17:00", "mon-xyz 09:00-10:00"]
)
def test_what_is_no_shift_is_refused_with_an_example(part: str) -> None:
    with pytest.raises(DeskError, match="such as 'mon-fri 09:00-17:00'"):
        parse_shift([part], "Europe/Berlin")


def test_no_shift_is_always() -> None:
    assert parse_shift([], "Europe/Berlin") is None
    assert told(None) == "always"


# Offers and the cap


def somebody(number: int, **values: Any) -> Person:
    about: dict[str, Any] = {"rank": Rank.AGENT, **values}
    return Person(number, f"p{number}", f"P{number}", **about)


def test_a_case_is_offered_by_language_then_load_and_to_supervisors_last(rules: ShopRules) -> None:
    staff = [
        somebody(1, rank=Rank.SUPERVISOR),
        somebody(2, languages=("en",)),
        somebody(3, languages=("de", "en")),
        somebody(4, languages=("de",)),
    ]
    about: dict[str, Any] = {"queue": "logistics", "now": WEDNESDAY}
    assert offered_to(rules, staff, {3: 2}, language="de-AT", **about) == (4, 3, 2)
    assert offered_to(rules, staff, {3: 2, 4: 5}, language="de", **about) == (3, 4, 2)
    assert offered_to(rules, staff, {2: 1, 3: 1, 4: 1}, language="fr", **about) == (1, 2, 3)


def test_a_case_is_offered_to_nobody_who_cannot_take_it(rules: ShopRules) -> None:
    night = Shift("Asia/Shanghai", {"wed": ("22:00", "06:00")})
    staff = [
        somebody(1, away=True),
        somebody(2, active=False),
        somebody(3, shift=night),
        somebody(4, queues=("payment",)),
        somebody(5),
    ]
    most = {5: rules.cases.most_open}
    assert [is_at_work(one, WEDNESDAY) for one in staff] == [False, False, False, True, True]
    assert offered_to(rules, staff, {}, queue="logistics", language="de", now=WEDNESDAY) == (5,)
    assert offered_to(rules, staff, most, queue="logistics", language="de", now=WEDNESDAY) == ()
    assert offered_to(rules, staff, {}, queue="supervisor", language="de", now=WEDNESDAY) == ()


def test_nobody_claims_more_than_they_can_answer(desk: Acting, ana: Person, sue: Person) -> None:
    desk.rules = desk.rules.copy(update={"cases": desk.rules.cases.copy(update={"most_open": 2})})
    desk.answered(ana), desk.answered(ana)
    mine = [desk.claimed(ana), desk.claimed(ana)]
    third = desk.open()
    assert ana.id not in third.offered_to
    with pytest.raises(DeskError, match="You have 2 cases that wait for your answer"):
        desk.act(lambda cases: cases.claim(third.id, ana))
    desk.act(lambda cases: cases.claim(mine[0].id, ana))
    desk.act(lambda cases: cases.reply(mine[0].id, ana, "Hello", mine[0].fence))
    assert desk.act(lambda cases: cases.claim(third.id, ana)).owner_id == ana.id
    for _ in range(3):
        assert desk.claimed(sue).owner_id == sue.id


# What became of replies


def test_a_reply_is_known_by_the_key_of_who_wrote_it(
    desk: Acting, ana: Person, ben: Person, tim: Person
) -> None:
    case = desk.claimed(ana)
    desk.act(lambda cases: cases.reply(case.id, ana, "Hello", case.fence, key="1718.01"))

    def of(person: Person, key: str, one: Case = case) -> str | None:
        found = desk.act(lambda cases: cases.delivery(one.id, person, key))
        return None if found is None else found.state.value

    assert (of(ana, "1718.01"), of(ben, "1718.01"), of(ana, "1718.02")) == ("queued", None, None)
    his = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(his.id, tim, "A draft", his.fence, key="1718.03"))
    assert of(tim, "1718.03", his) == "awaiting_approval"
    (draft,) = desk.act(lambda cases: cases.drafts(his.id))
    desk.act(lambda cases: cases.approve_reply(his.id, ana, draft.id))
    assert of(tim, "1718.03", his) == "queued"


def test_a_reply_that_was_sent_is_corrected_in_order_and_once(
    desk: Acting, ana: Person, database: Database
) -> None:
    case = desk.answered(ana)
    (sent,) = desk.act(lambda cases: cases.deliveries(case))
    where = sent.position or 0

    def settle(state: OutboxState) -> None:
        with database.begin() as connection:
            for row in connection.execute(outbox.select().where(outbox.c.state == "queued")).all():
                told = f"shown {row.position}"
                mailroom.settle(connection, row.id, state, now=WEDNESDAY, channel_message_id=told)

    def change(text: str) -> None:
        desk.act(lambda cases: cases.change_reply(case.id, ana, where, text, case.fence))

    def corrections() -> list[tuple[str, Any]]:
        with database.begin() as connection:
            rows = connection.execute(outbox.select().where(outbox.c.corrects.is_not(None))).all()
        return [(row.text, row.corrects) for row in sorted(rows, key=lambda row: row.position)]

    settle(OutboxState.SENDING)
    with pytest.raises(DeskError, match="on its way at this moment"):
        change("It is in Leipzig.")
    with database.begin() as connection:
        connection.execute(outbox.update().values(state="queued"))
    settle(OutboxState.SENT)
    for text in ("It is in Leipzig.", "It is in Leipzig.", "It is in Halle."):
        change(text)
    former = {"position": where, "message_id": f"shown {where}", "text": sent.text, "deletes": False}
    assert corrections() == [("It is in Leipzig.", former), ("It is in Halle.", former)]
    desk.act(lambda cases: cases.withdraw_reply(case.id, ana, where, case.fence))
    assert corrections()[-1] == ("", {**former, "deletes": True})
    # Without it the buyer has no answer: the clock runs again.
    owed = desk.get(case)
    assert (owed.state, owed.clock) == (CaseState.WAITING_US, ClockKind.OPEN_QUESTION)
    with pytest.raises(DeskError, match="taken back already"):
        change("It is there.")
    # What could not be taken back stands, and can be changed again.
    settle(OutboxState.FAILED)
    change("It is there.")
    assert corrections()[-1] == ("It is there.", former)


def test_a_trainees_approved_reply_stays_as_it_was_approved(desk: Acting, ana: Person, tim: Person) -> None:
    his = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(his.id, tim, "A draft", his.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(his.id))
    desk.act(lambda cases: cases.approve_reply(his.id, ana, draft.id))
    (sent,) = desk.act(lambda cases: cases.deliveries(desk.get(his)))
    with pytest.raises(ForbiddenError, match="as it was approved"):
        desk.act(lambda cases: cases.change_reply(his.id, tim, sent.position or 0, "Else", his.fence))


def test_a_reply_that_waits_is_changed_and_only_the_new_words_go(
    desk: Acting, ana: Person, ben: Person
) -> None:
    case = desk.answered(ana)
    (sent,) = desk.act(lambda cases: cases.deliveries(case))
    assert sent.position is not None
    where: int = sent.position
    with pytest.raises(NotOwnerError):
        desk.act(lambda cases: cases.change_reply(case.id, ben, where, "Hi", case.fence))
    desk.act(lambda cases: cases.change_reply(case.id, ana, where, "It is in Leipzig.", case.fence))
    assert [text for _, text, _ in desk.said()] == ["It is in Leipzig."]
    with pytest.raises(DeskError, match="no such reply"):
        desk.act(lambda cases: cases.change_reply(case.id, ana, where + 1, "Hi", case.fence))
    desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence))
    with pytest.raises(NotOwnerError, match="closed"):
        desk.act(lambda cases: cases.withdraw_reply(case.id, ana, where, case.fence))
