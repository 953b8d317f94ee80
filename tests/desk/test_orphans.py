"""Many cases under many hands: agents claim, fall silent, go home, click twice, are late, race and die.

At every check each open case has an owner or a running clock; nobody waits past the last clock without a
supervisor being told; no remark and nobody's words but the owner's reach a buyer.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.clocks import SUPERVISOR, SUPERVISOR_LEVEL
from bot.desk.people import People
from bot.desk.service import turn_clocks, watch
from bot.desk.shifts import parse_shift
from bot.desk.tables import case_events, cases
from bot.desk.values import Case, CaseState, EventKind, Outcome, Person
from bot.errors import DeskError, TryLaterError
from bot.mailroom.tables import outbox
from bot.settings import ROOT, ShopRules, read_rules
from tests.conftest import BACKENDS
from tests.desk.acting import Acting

REMARK = "REMARK"
HANDS = 4
#: Cases that are opened in one round, and what is tried in it for each.
BATCH, TRIES = 50, 7
STAFF = (
    ("tim", "trainee", None),
    ("tom", "trainee", "mon-sun 09:00-13:00"),
    ("ana", "agent", None),
    ("ben", "agent", "mon-sun 10:00-12:00"),
    ("cho", "agent", "mon-sun 08:00-11:00"),
    ("dee", "agent", None),
    ("eve", "aftersales", None),
    ("sue", "supervisor", None),
    ("sam", "supervisor", None),
)
#: Events after which nobody has a case.
LET_GO = {
    EventKind.LAPSED.value,
    EventKind.RELEASED.value,
    EventKind.PASSED_ON.value,
    EventKind.ASKED_AGAIN.value,
}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rules() -> ShopRules:
    return read_rules(ROOT / "shop.yml")


class KilledError(Exception):
    """The process died before its unit of work was committed."""


def claims(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del fence, chance
    known.claim(case.id, who)


def replies(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    # A few keys only: many of these forms are sent twice.
    known.reply(case.id, who, f"words of {who.name}", fence, key=f"{fence}:{chance.randrange(3)}")


def remarks(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    known.note(case.id, who, f"{REMARK} of {who.name}", key=f"{fence}:{chance.randrange(2)}")


def decides(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del fence
    drafts = known.drafts(case.id)
    number = drafts[0].id if drafts else 0
    if chance.random() < 0.7:
        known.approve_reply(case.id, who, number)
    else:
        known.decline_reply(case.id, who, number, f"{REMARK}: no")


def snoozes(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    known.snooze(case.id, who, known.clock.now() + dt.timedelta(minutes=chance.randrange(1, 90)), fence)


def takes_back(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del chance
    places = [one.position for one in known.deliveries(case) if one.position is not None]
    known.withdraw_reply(case.id, who, places[-1] if places else 0, fence)


def passes_on(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    known.pass_on(case.id, who, chance.choice(["payment", "aftersales", "logistics"]), fence)


def closes(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    end = chance.choice([known.close, known.hand_back])
    end(case.id, who, Outcome.SOLVED, f"{REMARK} for colleagues", fence)


def comes_again(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    """The buyer writes; the bot hands over if the case is closed."""
    del who, fence, chance
    if known.buyer_wrote(case.conversation_id) is None:
        known.open(
            case.conversation_id, intent="service_human", reason=case.reason, card=case.card, language="de"
        )


ACTS: dict[Callable[[Cases, Case, Person, int, Random], None], int] = {
    claims: 30,
    replies: 40,
    remarks: 8,
    decides: 10,
    snoozes: 6,
    takes_back: 3,
    passes_on: 3,
    closes: 8,
    comes_again: 20,
    lambda known, case, who, fence, chance: known.take_over(case.id, who) and None: 3,
    lambda known, case, who, fence, chance: known.release(case.id, who, fence) and None: 3,
    lambda known, case, who, fence, chance: known.set_direct(case.id, who, True, fence) and None: 3,
}


class Floor:
    """The people, and what they have been seen to do."""

    def __init__(self, desk: Acting) -> None:
        self.desk = desk
        self.staff = [desk.person(login, rank) for login, rank, _ in STAFF]
        for person, (_, _, hours) in zip(tuple(self.staff), STAFF, strict=True):
            shift = parse_shift([hours] if hours else [], "Asia/Shanghai")
            desk.staff(lambda people, person=person, shift=shift: people.set_shift(person, shift))
        self.seen: Counter[str] = Counter()

    def shift(self, talks: Sequence[int], chance: Random) -> None:
        """Many hands at once, none of which waits for another; some click on what they saw long ago."""
        with self.desk.database.begin() as connection:
            known = Cases(connection, self.desk.rules, self.desk.clock)
            board = [case for case in map(known.latest_of, talks) if case is not None]
        seeds = [chance.random() for _ in range(HANDS)]
        with ThreadPoolExecutor(HANDS) as pool:
            list(pool.map(lambda seed: self._work(board, Random(seed)), seeds))

    def _work(self, board: Sequence[Case], chance: Random) -> None:
        for _ in range(len(board) * TRIES // HANDS):
            case, act = chance.choice(board), chance.choices(list(ACTS), list(ACTS.values()))[0]
            for _ in range(chance.choice([1, 1, 2])):
                self.seen[self._try(act, case, chance)] += 1
            if chance.random() < 0.01:
                person, away = chance.choice(self.staff[:-1]), chance.random() < 0.4
                self.desk.staff(lambda people, who=person, away=away: people.set_away(who, away))

    def _try(self, act: Callable[..., None], case: Case, chance: Random) -> str:
        who = chance.choice(self.staff)
        try:
            with self.desk.database.begin() as connection:
                known = Cases(connection, self.desk.rules, self.desk.clock)
                now = known.get(case.id) if chance.random() < 0.8 else case
                if now.owner_id is not None and chance.random() < 0.7:
                    who = next(one for one in self.staff if one.id == now.owner_id)
                who = People(connection, self.desk.rules, self.desk.clock).locked(who.id)
                act(known, now, who, now.fence, chance)
                if chance.random() < 0.02:
                    raise KilledError
        except DeskError:
            return "refused"
        except KilledError:
            return "killed"
        except TryLaterError:
            return "busy"
        return "done"

    def time_passes(self, minutes: int) -> None:
        """Two processes turn the clocks."""
        self.desk.clock.advance(minutes=minutes)
        with ThreadPoolExecutor(2) as pool:
            for _ in pool.map(lambda _: self._turn(), range(2)):
                pass

    def _turn(self) -> None:
        while turn_clocks(self.desk.database, self.desk.rules, self.desk.clock):
            pass


def check(database: Database, clock: SetClock) -> None:
    """Hold every case there is to what must always be so."""
    assert watch(database, clock) == ()
    is_open = cases.c.state != CaseState.CLOSED.value
    with database.begin() as connection:

        def count(*conditions: Any) -> int:
            query = sa.select(sa.func.count()).select_from(cases).where(is_open, *conditions)
            return int(connection.execute(query).scalar_one())

        assert count(cases.c.owner_id.is_(None), cases.c.due_at.is_(None)) == 0, "no owner and no clock"
        assert count(cases.c.waiting_since.is_not(None), cases.c.due_at.is_(None)) == 0, (
            "a buyer without a clock"
        )
        assert count(cases.c.due_at <= clock.now()) == 0, "a clock that ran out and moved nothing"
        assert count(cases.c.direct, cases.c.owner_id.is_(None)) == 0, "direct writing without an owner"
        told = sa.exists().where(
            case_events.c.case_id == cases.c.id, case_events.c.kind == EventKind.ESCALATED.value
        )
        up = cases.c.level >= SUPERVISOR_LEVEL
        assert count(up, cases.c.queue != SUPERVISOR, ~told) == 0, "late, and no supervisor was told"


def check_words(database: Database, names: dict[int, str]) -> int:
    """Nobody's words but the owner's have got out, and no remark; how many words there are."""
    with database.begin() as connection:
        said = connection.execute(sa.select(outbox.c.key, outbox.c.text, outbox.c.author_name)).all()
        events = connection.execute(sa.select(case_events).order_by(case_events.c.id)).all()
    owner: dict[int, str | None] = {}
    owner_at: dict[str, str | None] = {}
    for event in events:
        if event.kind in (EventKind.CLAIMED.value, EventKind.TAKEN_OVER.value):
            owner[event.case_id] = names[event.actor_id]
        elif event.kind == EventKind.REOPENED.value:
            _, with_, name = event.text.partition("; with ")
            owner[event.case_id] = name if with_ else None
        elif event.kind in LET_GO:
            owner[event.case_id] = None
        owner_at[f"desk-{event.id}"] = owner.get(event.case_id)
    for one in said:
        assert REMARK not in one.text, "a remark has leaked"
        assert one.author_name == owner_at[one.key], "somebody else's words got out"
        assert one.text == f"words of {one.author_name}"
    return len(said)


def whole_story(desk: Acting, number: int) -> Counter[str]:
    floor, chance = Floor(desk), Random(7)
    names = {one.id: one.name for one in floor.staff}
    talks: list[int] = []
    while len(talks) < number:
        fresh = [
            desk.open(intent=chance.choice(["logistics_where_is_parcel", "payment_declined"]))
            for _ in range(BATCH)
        ]
        talks += [case.conversation_id for case in fresh]
        floor.shift(talks[-2 * BATCH :], chance)
        check(desk.database, desk.clock)
        floor.time_passes(chance.choice([1, 4, 7, 45]))
        check(desk.database, desk.clock)
    # Everybody falls silent: whoever still waits lies with the supervisors, and the operator has been told.
    for _ in range(10):
        floor.time_passes(8 * 60)
        check(desk.database, desk.clock)
    with desk.database.begin() as connection:
        waiting = sa.and_(cases.c.state != CaseState.CLOSED.value, cases.c.waiting_since.is_not(None))
        told = sa.exists().where(
            case_events.c.case_id == cases.c.id, case_events.c.kind == EventKind.OPERATOR_TOLD.value
        )
        lost = connection.execute(sa.select(cases.c.id).where(waiting, ~told)).scalars().all()
        elsewhere = connection.execute(
            sa.select(cases.c.id).where(waiting, cases.c.queue != SUPERVISOR)
        ).scalars()
        assert lost == []
        assert list(elsewhere) == []
    assert check_words(desk.database, names) > number / 5
    return floor.seen


def test_no_case_is_orphaned_whatever_agents_do(desk: Acting) -> None:
    seen = whole_story(desk, BATCH)
    assert {"done", "refused", "killed"} <= set(seen)


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_of_ten_thousand_cases_none_is_orphaned(desk: Acting) -> None:
    seen = whole_story(desk, 10_000)
    assert seen["done"] > 10_000
