"""The desk as a frontend meets it: async, in threads, one unit of work for each act."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.desk.port.desk import Desk as DeskPort
from bot.desk.requests import Requests
from bot.desk.service.desk import DatabaseDesk
from bot.desk.tables import people_events
from bot.desk.turning import turn_clocks
from bot.desk.values.cases import CardField, CaseCard, CaseState, Likely, Outcome
from bot.desk.values.history import Changes
from bot.desk.values.people import AccountKind, Person
from bot.desk.values.views import Act
from bot.errors import (
    CaseTakenError,
    ConfigurationError,
    DeskError,
    ForbiddenError,
    NotOwnerError,
    SignInError,
    TryLaterError,
    UnknownCaseError,
)
from bot.mailroom import conversations, inbox
from bot.messages import Author, Inbound
from bot.shop.money import Money
from tests.desk.acting import CARD, CHEAP, PASSWORD, Acting


class Bell:
    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def service(desk: Acting, bell: Bell) -> DeskPort:
    return DatabaseDesk(desk.database, desk.rules, desk.clock, bell, CHEAP)


def said_by_buyer(desk: Acting, conversation_id: int, text: str) -> None:
    with desk.database.begin() as connection:
        talk = conversations.get(connection, conversation_id)
        inbox.accept(
            connection,
            Inbound(talk.channel, talk.account, text[:40], talk.sender, text, desk.clock.now()),
            language="de",
            now=desk.clock.now(),
        )


async def test_a_whole_case_from_the_queue_to_the_hand_back(
    service: DeskPort, desk: Acting, ana: Person, bell: Bell
) -> None:
    opened = desk.open()
    said_by_buyer(desk, opened.conversation_id, "Where is my parcel?")
    token = await service.sign_in("ana", PASSWORD, "net")
    person = await service.person(token)
    assert person == ana
    (line,) = await service.cases(person)
    assert (line.id, line.state, line.channel, line.buyer) == (opened.id, CaseState.OPEN, "web", "Anna")
    assert line.wants == "Where is my parcel? Write to ••••"
    view = await service.claim(person, line.id)
    assert (view.summary.owner, view.fence) == ("Ana", 2)
    view = await service.note(person, line.id, "Customs again.")
    view = await service.reply(person, line.id, view.fence, "It is at customs.")
    assert [(said.author, said.text) for said in view.transcript] == [
        (Author.BUYER, "Where is my parcel?"),
        (Author.AGENT, "It is at customs."),
    ]
    view = await service.hand_back(person, line.id, view.fence, Outcome.ANSWERED, "at customs")
    assert (view.summary.state, view.summary.outcome, view.summary_text) == (
        CaseState.CLOSED, Outcome.ANSWERED, "at customs",
    )  # fmt: skip
    assert bell.rings == 4
    assert await service.cases(person) == ()
    assert [one.id for one in await service.cases(person, closed=True)] == [line.id]
    await service.sign_out(token)
    assert await service.person(token) is None


async def test_a_view_shows_what_the_person_may_do(
    service: DeskPort, desk: Acting, ana: Person, ben: Person, tim: Person, sue: Person
) -> None:
    case = desk.open()

    async def acts(person: Person) -> set[Act]:
        return set((await service.case(person, case.id)).acts)

    assert await acts(ana) == {Act.CLAIM, Act.NOTE}
    view = await service.claim(tim, case.id)
    assert view.reply_needs_approval
    assert set(view.acts) == {Act.REPLY, Act.NOTE, Act.RELEASE, Act.PASS_ON, Act.REVEAL}
    assert await acts(ben) == {Act.NOTE}
    await service.reply(tim, case.id, view.fence, "It is at customs.")
    assert await acts(ben) == {Act.NOTE, Act.APPROVE}
    assert (await service.cases(ben))[0].awaiting_approval
    assert await acts(sue) == {Act.NOTE, Act.APPROVE, Act.TAKE_OVER, Act.PASS_ON, Act.REVEAL}
    view = await service.take_over(sue, case.id)
    assert set(view.acts) == {
        Act.REPLY, Act.NOTE, Act.CLOSE, Act.HAND_BACK, Act.RELEASE, Act.PASS_ON, Act.REVEAL, Act.DIRECT,
    }  # fmt: skip
    assert view.drafts == ()
    await service.close(sue, case.id, view.fence, Outcome.SPAM)
    assert await acts(sue) == {Act.NOTE, Act.REVEAL}
    assert await acts(tim) == {Act.NOTE}


async def test_what_a_view_offers_is_what_the_desk_allows(
    service: DeskPort, desk: Acting, ana: Person, ben: Person, tim: Person, sue: Person
) -> None:
    tries: dict[Act, Callable[[Person, int, int, int], Awaitable[Any]]] = {
        Act.CLAIM: lambda who, case, fence, draft: service.claim(who, case),
        Act.REPLY: lambda who, case, fence, draft: service.reply(who, case, fence, "Hello"),
        Act.NOTE: lambda who, case, fence, draft: service.note(who, case, "Seen."),
        Act.CLOSE: lambda who, case, fence, draft: service.close(who, case, fence, Outcome.SOLVED),
        Act.HAND_BACK: lambda who, case, fence, draft: service.hand_back(who, case, fence, Outcome.SOLVED),
        Act.RELEASE: lambda who, case, fence, draft: service.release(who, case, fence),
        Act.PASS_ON: lambda who, case, fence, draft: service.pass_on(who, case, fence, "wholesale"),
        Act.TAKE_OVER: lambda who, case, fence, draft: service.take_over(who, case),
        Act.REVEAL: lambda who, case, fence, draft: service.reveal(who, case, CardField.PHONE),
        Act.APPROVE: lambda who, case, fence, draft: service.approve_reply(who, case, draft),
        Act.SNOOZE: lambda who, case, fence, draft: service.snooze(who, case, fence, later),
        Act.WAKE: lambda who, case, fence, draft: service.wake(who, case, fence),
        Act.DIRECT: lambda who, case, fence, draft: service.set_direct(who, case, fence, True),
    }
    later = desk.clock.now() + dt.timedelta(hours=20)
    assert set(tries) == set(Act)
    states: dict[str, Callable[[], int]] = {
        "open": lambda: desk.open().id,
        "open for supervisors": lambda: desk.open(queue="supervisor").id,
        "claimed": lambda: desk.claimed(ana).id,
        "answered": lambda: desk.answered(ana).id,
        "snoozed": lambda: snoozed(desk, ana),
        "drafted": lambda: drafted(desk, tim),
        "closed": lambda: closed(desk, ana),
    }
    for state, make in states.items():
        for person in (ana, ben, tim, sue):
            for act, attempt in tries.items():
                case_id = make()
                view = await service.case(person, case_id)
                draft = view.drafts[0].id if view.drafts else 0
                try:
                    await attempt(person, case_id, view.fence, draft)
                    done = True
                except DeskError:
                    done = False
                own = view.summary.owner_id == person.id and view.summary.state is not CaseState.CLOSED
                if own and act in (Act.CLAIM, Act.TAKE_OVER):
                    continue  # idempotent for the owner, and not offered
                if own and act is Act.WAKE:
                    continue  # idempotent
                if act is Act.TAKE_OVER and view.summary.state is CaseState.OPEN:
                    continue  # claiming is offered instead
                assert done is (act in view.acts), f"{person.login}: {act.value} when {state}"


def drafted(desk: Acting, tim: Person) -> int:
    case = desk.claimed(tim)
    return desk.act(lambda cases: cases.reply(case.id, tim, "It is at customs.", case.fence)).id


def snoozed(desk: Acting, ana: Person) -> int:
    case, later = desk.answered(ana), desk.clock.now() + dt.timedelta(hours=1)
    return desk.act(lambda cases: cases.snooze(case.id, ana, later, case.fence)).id


def closed(desk: Acting, ana: Person) -> int:
    case = desk.answered(ana)
    return desk.act(lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence)).id


async def test_nothing_that_a_frontend_gets_shows_personal_data(
    service: DeskPort, desk: Acting, ana: Person
) -> None:
    case = desk.claimed(ana)
    view = await service.case(ana, case.id)
    shown = repr((view, await service.cases(ana)))
    for secret in ("anna@", "901820", "Ringstraße"):
        assert secret not in shown
    assert view.masked == set(CardField)
    assert await service.reveal(ana, case.id, CardField.ADDRESS) == CARD.address
    assert (await service.case(ana, case.id)).events[-1].text == "address"


async def test_a_card_number_in_the_conversation_is_masked(
    service: DeskPort, desk: Acting, ana: Person
) -> None:
    case = desk.open()
    said_by_buyer(desk, case.conversation_id, "my card is 4111 1111 1111 1111")
    view = await service.case(ana, case.id)
    assert view.transcript[0].text == "my card is •••• 1111"


async def test_all_that_was_said_since_a_case_was_opened_is_shown_and_of_what_was_before_the_newest(
    service: DeskPort, desk: Acting, ana: Person, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def shown() -> list[str]:
        return [line.text for line in (await service.case(ana, case.id)).transcript]

    monkeypatch.setattr("bot.desk.views.LINES_SHOWN", 5)
    case = desk.open()
    clock.advance(seconds=-60)
    for number in range(4):
        said_by_buyer(desk, case.conversation_id, f"before {number}")
    clock.advance(seconds=60)
    for number in range(10):
        said_by_buyer(desk, case.conversation_id, f"since {number}")
    assert await shown() == [f"since {number}" for number in range(10)]
    monkeypatch.setattr("bot.desk.views.LINES_SHOWN", 12)
    assert (await shown())[:3] == ["before 2", "before 3", "since 0"]
    monkeypatch.setattr("bot.desk.views.LINES_SHOWN", 5)
    monkeypatch.setattr("bot.desk.views.MOST_LINES", 8)
    assert await shown() == [f"since {number}" for number in range(2, 10)]


async def test_only_what_says_something_is_told_as_likely_and_offered_as_what_it_was_about(
    service: DeskPort, desk: Acting, ana: Person
) -> None:
    ranked = (("out_of_scope", 0.6), ("inform", 0.3), ("refund_state", 0.08), ("service_bot", 0.004))
    likely = tuple(Likely(intent, sure) for intent, sure in ranked)
    case = desk.open(card=dataclasses.replace(CARD, likely=likely), intent="out_of_scope")
    view = await service.case(ana, case.id)
    assert [one.intent for one in view.card.likely] == ["out_of_scope", "refund_state"]
    assert view.likely_intents == ("refund_state", "service_bot")


async def test_the_buyers_time_of_day_is_shown_if_known(service: DeskPort, desk: Acting, ana: Person) -> None:
    for timezone, hour in (
        ("America/New_York", 22),
        ("Nowhere/Land", None),
        ("../etc/passwd", None),
        (None, None),
    ):
        case = desk.open(card=dataclasses.replace(CARD, timezone=timezone))
        local = (await service.case(ana, case.id)).local_time
        assert (local and local.hour) == hour


async def test_a_refused_act_is_written_down(
    service: DeskPort, desk: Acting, ana: Person, ben: Person
) -> None:
    case = desk.claimed(ana)
    with pytest.raises(NotOwnerError):
        await service.reply(ben, case.id, case.fence, "Hello")
    event = desk.events(case)[-1]
    assert (event.kind.value, event.actor, event.text) == ("refused", "Ben", "reply")
    assert desk.said() == []


async def test_an_old_session_of_a_person_grants_nothing(
    service: DeskPort, desk: Acting, sue: Person
) -> None:
    boss = desk.person("boss", "admin")
    case = desk.open()
    desk.staff(lambda people: people.deactivate(sue))
    for attempt in (
        service.claim(sue, case.id),
        service.cases(sue),
        service.case(sue, case.id),
        service.queues(sue),
        service.set_away(sue, True),
        service.changes(sue, 0),
    ):
        with pytest.raises(ForbiddenError, match="no longer"):
            await attempt
    forged = dataclasses.replace(boss, id=desk.person("eve", "trainee").id)
    with pytest.raises(ForbiddenError, match="trainee"):
        await service.take_over(forged, case.id)


async def test_the_queues_are_counted_in_the_order_of_the_rules(
    service: DeskPort, desk: Acting, ana: Person, clock: SetClock
) -> None:
    desk.open()
    clock.advance(minutes=10)
    desk.open(), desk.answered(ana), closed(desk, ana)
    counts = await service.queues(ana)
    assert [count.queue for count in counts] == list(desk.rules.queues)
    logistics = next(count for count in counts if count.queue == "logistics")
    assert (logistics.open, logistics.owned, logistics.late, logistics.in_hours) == (2, 1, 1, True)
    clock.at += dt.timedelta(hours=12)
    assert not any(count.in_hours for count in await service.queues(ana))


async def test_there_is_no_unknown_case(service: DeskPort, ana: Person) -> None:
    for attempt in (service.case(ana, 99), service.claim(ana, 99), service.note(ana, 99, "x")):
        with pytest.raises(UnknownCaseError):
            await attempt


async def test_who_waits_for_changes_hears_of_them_and_only_once(
    service: DeskPort, desk: Acting, ana: Person, ben: Person
) -> None:
    now = await service.changes(ana, None)
    assert now.case_ids == ()
    waiting = [asyncio.create_task(service.changes(who, now.cursor)) for who in (ana, ben) for _ in range(10)]
    case = await asyncio.to_thread(desk.open)
    heard = await asyncio.gather(*waiting)
    assert {one.case_ids for one in heard} == {(case.id,)}
    assert (await service.changes(ana, heard[0].cursor, wait=0)).case_ids == ()
    await asyncio.to_thread(desk.act, lambda cases: cases.buyer_wrote(case.conversation_id))
    assert (await service.changes(ana, heard[0].cursor)).case_ids == (case.id,)


async def test_who_waits_for_changes_and_is_no_longer_at_the_desk_hears_of_none(
    service: DeskPort, desk: Acting, ana: Person, ben: Person
) -> None:
    now = await service.changes(ana, None)
    waiting = [asyncio.create_task(service.changes(who, now.cursor)) for who in (ana, ben)]
    await asyncio.to_thread(desk.staff, lambda people: people.deactivate(ben))
    case = await asyncio.to_thread(desk.open)
    heard, refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(heard, Changes)
    assert heard.case_ids == (case.id,)
    assert isinstance(refused, ForbiddenError)


async def test_who_comes_with_a_cursor_of_another_time_is_told_of_all_open_cases(
    service: DeskPort, desk: Acting, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await service.changes(ana, None)
    monkeypatch.setattr("bot.desk.changes.KEPT", 2)
    cases = [desk.open() for _ in range(4)]
    for cursor in (first.cursor, -1, 10**9):
        told = await service.changes(ana, cursor)
        assert sorted(told.case_ids) == [case.id for case in cases]
    desk.act(lambda known: known.note(cases[0].id, ana, "a remark"))
    assert (await service.changes(ana, told.cursor)).case_ids == (cases[0].id,)


async def test_who_waits_in_vain_is_told_so(service: DeskPort, ana: Person) -> None:
    now = await service.changes(ana, None)
    assert await service.changes(ana, now.cursor, wait=0) == now


async def test_fifty_claims_through_the_service_have_one_winner(service: DeskPort, desk: Acting) -> None:
    crowd = [desk.person(f"agent{number}", "agent") for number in range(50)]
    for _ in range(3):
        case = desk.open()
        done = await asyncio.gather(*(service.claim(who, case.id) for who in crowd), return_exceptions=True)
        assert len([one for one in done if not isinstance(one, Exception)]) == 1
        assert len([one for one in done if isinstance(one, CaseTakenError)]) == 49


async def test_a_locked_database_says_try_later_and_nothing_was_done(
    desk: Acting, service: DeskPort, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = desk.open()
    monkeypatch.setattr("bot.database.SQLITE_BUSY_SECONDS", 0.05)
    impatient = Database(str(desk.database.url))
    other = DatabaseDesk(impatient, desk.rules, desk.clock, lambda: None, CHEAP)
    with desk.database.begin() as holder:
        holder.exec_driver_sql("UPDATE people SET away = 0")
        with pytest.raises(TryLaterError):
            await other.claim(ana, case.id)
    assert desk.get(case) == case
    assert (await other.claim(ana, case.id)).summary.owner_id == ana.id
    impatient.close()


async def test_a_wrong_password_is_refused(service: DeskPort, ana: Person) -> None:
    with pytest.raises(SignInError):
        await service.sign_in("ana", "wrong horse", "net")
    assert await service.person("made up") is None


async def test_a_password_can_be_changed(service: DeskPort, ana: Person) -> None:
    old = await service.sign_in("ana", PASSWORD, "net")
    fresh = await service.change_password(ana, PASSWORD, "another horse")
    assert await service.person(old) is None
    assert await service.person(fresh) == ana


async def test_going_away_and_coming_back(service: DeskPort, desk: Acting, ana: Person) -> None:
    case = desk.claimed(ana)
    assert (await service.set_away(ana, True)).away
    assert desk.get(case).owner_id is None
    assert not (await service.set_away(ana, False)).away


def test_a_desk_that_cannot_work_is_not_built(desk: Acting) -> None:
    rules = desk.rules.copy(update={"queues": {}})
    with pytest.raises(ConfigurationError, match="no queue 'supervisor'"):
        DatabaseDesk(desk.database, rules, desk.clock, lambda: None)


async def test_a_turned_clock_is_a_change(
    service: DeskPort, desk: Acting, ana: Person, clock: SetClock
) -> None:
    case = desk.open(card=CaseCard(wants="?"))
    now = await service.changes(ana, None)
    clock.advance(minutes=3)
    assert turn_clocks(desk.database, desk.rules, clock) == (case.id,)
    assert (await service.changes(ana, now.cursor)).case_ids == (case.id,)


# Accounts elsewhere, strangers, looking for cases


async def test_who_clicks_elsewhere_is_known_by_their_account(
    service: DeskPort, desk: Acting, ana: Person, ben: Person
) -> None:
    desk.staff(lambda people: people.link(ana, AccountKind.SLACK, "t01abc/u02def"))
    assert await service.person_by_account(AccountKind.SLACK, "T01ABC/U02DEF") == ana
    assert await service.person_by_account(AccountKind.SLACK, "T01ABC/U02DEX") is None
    assert await service.person_by_account(AccountKind.SLACK, "' OR 1=1 --") is None
    assert await service.accounts(AccountKind.SLACK) == {ana.id: "T01ABC/U02DEF"}
    with pytest.raises(DeskError, match="is linked with ana"):
        desk.staff(lambda people: people.link(ben, AccountKind.SLACK, "T01ABC/U02DEF"))
    desk.staff(lambda people: people.deactivate(ana))
    assert await service.person_by_account(AccountKind.SLACK, "T01ABC/U02DEF") is None
    assert await service.accounts(AccountKind.SLACK) == {}


async def test_a_stranger_is_written_down_and_moves_nothing(service: DeskPort, desk: Acting) -> None:
    case = desk.open()
    await service.refuse_stranger(AccountKind.SLACK, "T01/U0\x0099", "claim", case_id=case.id)
    await service.refuse_stranger(AccountKind.SLACK, "T01/U099", "claim", case_id=case.id + 1)
    await service.refuse_stranger(AccountKind.SLACK, "T01/U099", "the home page")
    assert desk.get(case) == case
    event = desk.events(case)[-1]
    assert (event.kind.value, event.actor, event.text) == ("refused", "slack T01/U099", "claim")


async def test_a_refused_decision_on_a_request_is_written_down(
    service: DeskPort, desk: Acting, ana: Person
) -> None:
    with desk.database.begin() as connection:
        asked = Requests(connection, desk.rules, desk.clock).ask_approval(
            conversations.open_for(
                connection, channel="web", account="store", sender="x", sender_name=None, language="de",
                now=desk.clock.now(),
            ).conversation.id,
            "bargain", Money(1_900, "EUR"), key="k", most=Money(3_000, "EUR"), limit_kind="discount",
            question="less?", language="de",
        )  # fmt: skip
    with pytest.raises(ForbiddenError):
        await service.approve_request(ana, asked.id)
    with desk.database.begin() as connection:
        row = connection.execute(sa.select(people_events).order_by(people_events.c.id.desc())).first()
    assert row is not None
    assert (row.person_id, row.kind, row.text) == (ana.id, "refused", f"approve request {asked.id}")


async def test_the_day_is_summed_up_from_midnight_at_the_store(
    service: DeskPort, desk: Acting, ana: Person
) -> None:
    yesterday = desk.answered(ana)
    desk.act(lambda cases: cases.close(yesterday.id, ana, Outcome.SOLVED, "", yesterday.fence))
    desk.clock.advance(minutes=24 * 60)
    case = desk.claimed(ana)
    desk.clock.advance(minutes=2)
    desk.act(lambda cases: cases.reply(case.id, ana, "It is at customs.", case.fence))
    desk.open()
    today = await service.today(ana)
    assert (today.opened, today.answered, today.first_answer_seconds) == (2, 1, 120.0)
    assert (today.closed, today.late, today.satisfaction, today.ratings) == (0, 0, None, 0)
