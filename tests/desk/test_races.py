"""Many hands at once, on either database: exactly one wins, and nobody else's words get out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.service.board import DatabaseBoard
from bot.desk.service.desk import DatabaseDesk
from bot.desk.turning import watch
from bot.desk.values.cases import Case, CaseState, Outcome
from bot.desk.values.history import Changes
from bot.desk.values.people import Person
from bot.errors import CaseTakenError, DeskError, NotOwnerError, TryLaterError
from bot.mailroom.conversations import Owner
from tests.conftest import BACKENDS
from tests.desk.acting import CHEAP, Acting

T = TypeVar("T")

CLICKS = 50


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def at_once(works: Sequence[Callable[[], T]]) -> list[T | DeskError]:
    """Run all of them from the same moment on; what is refused is returned."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T | DeskError:
        start.wait()
        while True:
            try:
                return work()
            except DeskError as error:
                return error
            except TryLaterError:
                # So many at once on a loaded machine: who is asked to come back does so.
                continue

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def replying(case: Case, person: Person, text: str) -> Callable[[Cases], Case]:
    return lambda cases: cases.reply(case.id, person, text, case.fence)


@pytest.fixture
def crowd(desk: Acting) -> list[Person]:
    return [desk.person(f"agent{number}", "agent") for number in range(CLICKS)]


def claim_race(desk: Acting, crowd: list[Person], rounds: int) -> None:
    for _ in range(rounds):
        case = desk.open()
        done = at_once(
            [partial(desk.act, partial(Cases.claim, case_id=case.id, person=who)) for who in crowd]
        )
        winners = [one for one in done if isinstance(one, Case)]
        losers = [one for one in done if isinstance(one, CaseTakenError)]
        assert len(winners) == 1
        assert len(losers) == CLICKS - 1
        now = desk.get(case)
        owner = next(who for who in crowd if who.id == now.owner_id)
        assert (winners[0].owner_id, now.fence) == (owner.id, case.fence + 1)
        assert {one.owner for one in losers} == {owner.name}
        assert desk.kinds(case) == ["opened", "claimed"]


def test_of_fifty_clicks_at_once_one_claims_time_and_again(desk: Acting, crowd: list[Person]) -> None:
    claim_race(desk, crowd, 10)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_of_fifty_clicks_at_once_one_claims_two_hundred_times_over(desk: Acting, crowd: list[Person]) -> None:
    claim_race(desk, crowd, 200)


def test_a_reply_races_the_clock_and_only_one_of_them_has_its_way(
    desk: Acting, ana: Person, ben: Person, clock: SetClock
) -> None:
    for number in range(20):
        case = desk.claimed(ana)
        assert case.due_at is not None
        clock.at = case.due_at
        said = len(desk.said())
        answer, _ = at_once(
            [
                partial(desk.act, replying(case, ana, f"reply {number}")),
                lambda case=case: desk.act(lambda cases: cases.expire(case.id)),
            ]
        )
        now = desk.get(case)
        if isinstance(answer, Case):
            assert (now.state, now.owner_id, len(desk.said())) == (CaseState.WAITING_BUYER, ana.id, said + 1)
        else:
            assert isinstance(answer, NotOwnerError)
            assert (now.state, now.owner_id, len(desk.said())) == (CaseState.OPEN, None, said)


def test_a_take_over_stops_the_words_of_who_had_it(desk: Acting, ana: Person, sue: Person) -> None:
    for _ in range(20):
        case = desk.claimed(ana)
        texts = at_once(
            [
                *(partial(desk.act, replying(case, ana, f"reply {number}")) for number in range(5)),
                partial(desk.act, lambda cases, case=case: cases.take_over(case.id, sue)),
            ]
        )
        kinds = desk.kinds(case)
        taken = kinds.index("taken_over")
        assert "replied" not in kinds[taken:]
        sent = [one for one in texts[:-1] if isinstance(one, Case)]
        assert kinds[:taken].count("replied") == len(sent)
        mine = [text for talk, text, _ in desk.said() if talk == case.conversation_id]
        assert len(mine) == len(sent)
        assert desk.get(case).owner_id == sue.id


async def test_what_is_committed_after_a_later_act_is_noticed_all_the_same(
    desk: Acting, ana: Person, clock: SetClock, backend: str
) -> None:
    if backend == "sqlite":
        # One writer: nothing is committed out of its order, and the first would hold up the second.
        return
    slow, fast = desk.claimed(ana), desk.claimed(ana)
    board = DatabaseBoard(desk.database, desk.rules, clock)
    cursor = (await board.changes((await board.changes(None)).cursor, wait=0)).cursor
    with desk.database.begin() as connection:
        Cases(connection, desk.rules, clock).note(slow.id, ana, "numbered first")
        desk.act(lambda cases: cases.note(fast.id, ana, "numbered second"))
        found = await board.changes(cursor)
        assert found.case_ids == (fast.id,)
    late = await board.changes(found.cursor, wait=30)
    assert late == Changes(found.cursor, (slow.id,))
    # Each is told once.
    assert await board.changes(late.cursor, wait=1.2) == Changes(found.cursor, ())


async def test_each_page_hears_once_of_what_is_committed_after_a_later_act(
    desk: Acting, ana: Person, ben: Person, clock: SetClock, backend: str
) -> None:
    if backend == "sqlite":
        # One writer: nothing is committed out of its order, and the first would hold up the second.
        return
    slow, fast = desk.claimed(ana), desk.claimed(ana)
    service = DatabaseDesk(desk.database, desk.rules, clock, lambda: None, CHEAP)
    cursor = (await service.changes(ana, None)).cursor
    with desk.database.begin() as connection:
        Cases(connection, desk.rules, clock).note(slow.id, ana, "numbered first")
        desk.act(lambda cases: cases.note(fast.id, ana, "numbered second"))
        pages = [await service.changes(who, cursor) for who in (ana, ben)]
        assert [page.case_ids for page in pages] == [(fast.id,), (fast.id,)]
    late = await asyncio.gather(
        *(service.changes(who, page.cursor) for who, page in zip((ana, ben), pages, strict=True))
    )
    assert [page.case_ids for page in late] == [(slow.id,), (slow.id,)]
    # Whoever comes now hears of nothing that was before.
    new = await service.changes(ana, None)
    for cursor in (late[0].cursor, new.cursor):
        assert (await service.changes(ana, cursor, wait=1.2)).case_ids == ()


def test_a_case_that_goes_on_races_the_leaving_of_who_had_it(desk: Acting, sue: Person) -> None:
    for number in range(20):
        eve = desk.person(f"eve{number}", "agent")
        case = desk.answered(eve)
        desk.act(lambda cases, case=case, eve=eve: cases.close(case.id, eve, Outcome.SOLVED, "", case.fence))
        at_once(
            [
                lambda case=case: desk.open(case.conversation_id),
                lambda eve=eve: desk.staff(lambda people: people.deactivate(eve)),
            ]
        )
        now = desk.get(case)
        assert (now.state, now.owner_id) == (CaseState.OPEN, None)
        assert watch(desk.database, desk.clock) == ()


@pytest.mark.parametrize("act", ["closes it", "has it taken over"])
def test_who_goes_away_gives_up_nothing_that_they_no_longer_have(
    desk: Acting, ana: Person, sue: Person, clock: SetClock, act: str, backend: str
) -> None:
    if backend == "sqlite":
        # One writer: nothing can change between the look for cases and their lock.
        return
    case = desk.claimed(ana)
    with desk.database.begin() as connection, ThreadPoolExecutor(1) as pool:
        known = Cases(connection, desk.rules, clock)
        if act == "closes it":
            known.close(case.id, ana, Outcome.SOLVED, "", case.fence)
        else:
            known.take_over(case.id, sue)
        going = pool.submit(desk.staff, lambda people: people.set_away(ana, True))
        # It has found the case and waits for it.
        while not _waiting(desk):
            assert not going.done()
        connection.commit()
        going.result(60)
    now = desk.get(case)
    if act == "closes it":
        assert (now.state, desk.owner_of(case.conversation_id)) == (CaseState.CLOSED, Owner.BOT)
    else:
        assert (now.state, now.owner_id) == (CaseState.CLAIMED, sue.id)
    assert watch(desk.database, desk.clock) == ()


def _waiting(desk: Acting) -> bool:
    """Whether somebody waits for a lock."""
    with desk.database.begin() as connection:
        asked = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(connection.execute(asked).scalar_one())


def test_a_form_sent_by_many_clicks_says_it_once(desk: Acting, ana: Person) -> None:
    for _ in range(10):
        case = desk.claimed(ana)
        before = len(desk.said())
        at_once(
            [
                lambda case=case: desk.act(
                    lambda cases: cases.reply(case.id, ana, "Hello", case.fence, key=f"form {case.id}")
                )
            ]
            * 10
        )
        assert len(desk.said()) == before + 1


def test_a_conversation_handed_over_by_many_turns_has_one_case(desk: Acting) -> None:
    for _ in range(10):
        talk = desk.conversation()
        opened = at_once([lambda talk=talk: desk.open(talk)] * 10)
        assert len({one.id for one in opened if isinstance(one, Case)}) == 1
        assert len(opened) == 10


def test_a_message_races_the_closing_and_is_never_lost_between_bot_and_desk(
    desk: Acting, ana: Person
) -> None:
    for _ in range(20):
        case = desk.answered(ana)
        told, _ = at_once(
            [
                lambda case=case: desk.act(lambda cases: cases.buyer_wrote(case.conversation_id)),
                lambda case=case: desk.act(
                    lambda cases: cases.close(case.id, ana, Outcome.SOLVED, "", case.fence)
                ),
            ]
        )
        # Either the desk saw the message before it closed, or the bot was told to answer.
        assert desk.get(case).state is CaseState.CLOSED
        assert desk.owner_of(case.conversation_id) is Owner.BOT
        assert ("buyer_wrote" in desk.kinds(case)) is (told is not None)


def test_a_buyer_who_leaves_races_who_claims_and_only_one_of_them_has_its_way(
    desk: Acting, crowd: list[Person]
) -> None:
    for _ in range(20):
        case = desk.open()
        left, *claims = at_once(
            [
                lambda case=case: desk.act(lambda cases: cases.buyer_left(case.conversation_id)),
                *(partial(desk.act, partial(Cases.claim, case_id=case.id, person=who)) for who in crowd[:5]),
            ]
        )
        now = desk.get(case)
        claimed = [one for one in claims if isinstance(one, Case)]
        if left is None:
            assert (now.state, len(claimed)) == (CaseState.CLAIMED, 1)
            assert desk.owner_of(case.conversation_id) is Owner.AGENT
        else:
            assert (now.state, now.owner_id, claimed) == (CaseState.CLOSED, None, [])
            assert desk.owner_of(case.conversation_id) is Owner.BOT


def test_of_many_decisions_on_a_draft_one_counts(desk: Acting, tim: Person, crowd: list[Person]) -> None:
    case = desk.claimed(tim)
    desk.act(lambda cases: cases.reply(case.id, tim, "It is at customs.", case.fence))
    (draft,) = desk.act(lambda cases: cases.drafts(case.id))
    done = at_once(
        [
            lambda who=who: desk.act(lambda cases: cases.approve_reply(case.id, who, draft.id))
            for who in crowd[:10]
        ]
        + [
            lambda who=who: desk.act(lambda cases: cases.decline_reply(case.id, who, draft.id, "no"))
            for who in crowd[10:20]
        ]
    )
    assert len([one for one in done if isinstance(one, Case)]) == 1
    assert len(desk.said()) <= 1
    assert desk.kinds(case).count("approved") + desk.kinds(case).count("declined") == 1
    assert desk.kinds(case).count("approved") == len(desk.said())


def test_who_is_sent_away_in_the_middle_owns_nothing_afterwards(desk: Acting, sue: Person) -> None:
    for number in range(10):
        eve = desk.person(f"eve{number}", "agent")
        case = desk.open()

        def claim(eve: Person = eve, case: Case = case) -> Case:
            with desk.database.begin() as connection:
                who = People(connection, desk.rules, desk.clock).locked(eve.id)
                return Cases(connection, desk.rules, desk.clock).claim(case.id, who)

        at_once([claim, lambda eve=eve: desk.staff(lambda people: people.deactivate(eve))])
        assert desk.get(case).owner_id is None
