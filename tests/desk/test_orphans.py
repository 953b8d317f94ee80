"""Many cases under many hands: agents claim, fall silent, go home, click twice, are late, race and die.

At every check each open case has an owner or a running clock; nobody waits past the last clock without a
supervisor being told; no remark and nobody's words but the owner's reach a buyer. Each hand is a process of
its own, and so is each of the two that turn the clocks: they die in the midst of their work, by SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.desk.clocks import SUPERVISOR, SUPERVISOR_LEVEL
from bot.desk.shifts import parse_shift
from bot.desk.tables import case_events, cases
from bot.desk.turning import watch
from bot.desk.values.cases import Case, CaseState
from bot.desk.values.history import EventKind
from bot.mailroom.tables import outbox
from bot.settings import ROOT, ShopRules, read_rules
from tests.conftest import BACKENDS
from tests.desk.acting import WEDNESDAY, Acting
from tests.desk.hands import BUSY, DONE, END, REFUSED, REMARK, STATEMENT, Job, SharedClock, live

#: Who acts, and who turns the clocks.
HANDS, TURNERS = 4, 2
#: How often something is tried in a round for each case that is worked on.
TRIES = 3
#: How many of the hands and of the turners are killed in a round.
KILLED_HANDS, KILLED_TURNERS = 2, 1
#: A process dies before it has run so many statements and commits.
LIFE = 600
#: How many rounds a case is worked on before supervisors clear it up, and how many of ten they overlook.
ROUNDS, OVERLOOKED = 2, 0.1
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
#: Forked from a process that has imported everything: a hand is replaced in a moment.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.desk.hands"])


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rules() -> ShopRules:
    return read_rules(ROOT / "shop.yml")


class Process:
    """A hand's process, and what it has told."""

    def __init__(self, given: tuple[Any, ...], dies_after: int | None = None) -> None:
        self.line, theirs = PROCESSES.Pipe()
        #: Jobs that are not done.
        self.jobs = 0
        self.left = dies_after
        self._process = PROCESSES.Process(
            target=live, args=(*given, theirs, dies_after is not None), daemon=True
        )
        self._process.start()
        theirs.close()

    def does(self, job: Job) -> None:
        self.jobs += 1
        self.line.send(job)

    def hears(self) -> bytes:
        """The next thing it tells; if that was the last of its life, it is killed while it goes on."""
        try:
            said = self.line.recv_bytes()
        except EOFError:
            raise AssertionError("a process has ended by itself: what it said is above") from None
        self.jobs -= said == END
        if self.left is not None and said == STATEMENT:
            self.left -= 1
            if self.left == 0:
                self.dies()
                assert self._process.exitcode == -signal.SIGKILL
        return said

    def dies(self) -> None:
        self._process.kill()
        self._process.join()
        self.line.close()


class Floor:
    """The people, their processes, and what has been seen of them."""

    def __init__(self, database: Database, rules: ShopRules) -> None:
        self._moment = PROCESSES.Value("d", WEDNESDAY.timestamp(), lock=False)
        self.desk = desk = Acting(database, rules, SharedClock(self._moment))
        self.staff = [desk.person(login, rank) for login, rank, _ in STAFF]
        for person, (_, _, hours) in zip(tuple(self.staff), STAFF, strict=True):
            shift = parse_shift([hours] if hours else [], "Asia/Shanghai")
            desk.staff(lambda people, person=person, shift=shift: people.set_shift(person, shift))
        self.seen: Counter[bytes] = Counter()
        self.killed = 0
        self._hands = [self._begin() for _ in range(HANDS)]
        self._turners = [self._begin() for _ in range(TURNERS)]
        self._doomed: list[Process] = []

    def close(self) -> None:
        for process in [*self._hands, *self._turners, *self._doomed]:
            process.dies()

    def shift(self, talks: Sequence[int], old: Sequence[int], chance: Random) -> None:
        """Many hands at once, none of which waits for another, while clocks run out and processes die."""
        board = self._board(talks)
        cleared = [case for case in self._board(old) if chance.random() >= OVERLOOKED]
        for number, hand in enumerate(self._hands):
            tries = len(talks) * TRIES // HANDS
            hand.does(Job(chance.random(), board, cleared[number::HANDS], tries))
        for turner in self._turners:
            turner.does(Job(chance.random(), clocks="on"))
        for number in range(KILLED_HANDS + KILLED_TURNERS):
            doomed = self._begin(chance.randrange(1, LIFE))
            # What it clears up another does, too.
            clocks = None if number < KILLED_HANDS else "on"
            doomed.does(Job(chance.random(), board, cleared[number::HANDS], None, clocks))
            self._doomed.append(doomed)
        self._listen(lambda: not self._hands[0].jobs)
        # In the midst of it all time passes, and somebody looks.
        self.desk.clock.advance(minutes=chance.choice([1, 4, 7, 45]))
        check_now(self.desk.database, self.desk.clock)
        self._listen(lambda: not self._doomed and not any(hand.jobs for hand in self._hands))
        self.time_passes(0)

    def time_passes(self, minutes: int) -> None:
        """Two processes turn the clocks until nothing is due."""
        self.desk.clock.advance(minutes=minutes)
        for turner in self._turners:
            turner.does(Job(0, clocks="once"))
        self._listen(lambda: not any(turner.jobs for turner in self._turners))

    def _begin(self, dies_after: int | None = None) -> Process:
        url = self.desk.database.url.render_as_string(hide_password=False)
        return Process((url, self.desk.rules, self._moment, self.staff), dies_after)

    def _board(self, talks: Sequence[int]) -> Sequence[Case]:
        found = self.desk.act(lambda known: [known.latest_of(talk) for talk in talks])
        return [case for case in found if case is not None]

    def _listen(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            speaking = {one.line: one for one in [*self._hands, *self._turners, *self._doomed]}
            for line in wait(list(speaking)):
                process = speaking[line]
                said = process.hears()
                self.seen[said] += 1
                if process.left == 0:
                    self._doomed.remove(process)
                    self.killed += 1


def check_now(database: Database, clock: Clock) -> None:
    """Hold every case to what must be so at any instant, whatever is being done."""
    # Clocks that have just been moved may wait for their turn.
    assert [line for line in watch(database, clock) if "its clock ran out" not in line] == []
    with database.begin() as connection:
        assert _count(connection, cases.c.owner_id.is_(None), cases.c.due_at.is_(None)) == 0, (
            "no owner and no clock"
        )
        waits = cases.c.waiting_since.is_not(None)
        assert _count(connection, waits, cases.c.due_at.is_(None)) == 0, "a buyer without a clock"
        nobody = cases.c.owner_id.is_(None)
        assert _count(connection, cases.c.direct, nobody) == 0, "direct writing without an owner"


def check(database: Database, clock: Clock) -> None:
    """Hold every case there is to what must be so once the clocks were turned."""
    check_now(database, clock)
    assert watch(database, clock) == ()
    told = sa.exists().where(
        case_events.c.case_id == cases.c.id, case_events.c.kind == EventKind.ESCALATED.value
    )
    with database.begin() as connection:
        late = cases.c.due_at <= clock.now()
        assert _count(connection, late) == 0, "a clock that ran out and moved nothing"
        up = cases.c.level >= SUPERVISOR_LEVEL
        assert _count(connection, up, cases.c.queue != SUPERVISOR, ~told) == 0, (
            "late, and no supervisor was told"
        )


def _count(connection: Connection, *conditions: Any) -> int:
    is_open = cases.c.state != CaseState.CLOSED.value
    query = sa.select(sa.func.count()).select_from(cases).where(is_open, *conditions)
    return int(connection.execute(query).scalar_one())


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
        assert one.text.startswith(f"words of {one.author_name}")
    return len(said)


@pytest.fixture
def floor(database: Database, rules: ShopRules) -> Iterator[Floor]:
    floor = Floor(database, rules)
    yield floor
    floor.close()


def whole_story(floor: Floor, number: int, batch: int) -> None:
    """``batch`` cases are opened in a round."""
    desk, chance = floor.desk, Random(7)
    names = {one.id: one.name for one in floor.staff}
    talks: list[int] = []
    rounds = 0
    while len(talks) < number or rounds <= ROUNDS:
        fresh = [
            desk.open(intent=chance.choice(["logistics_where_is_parcel", "payment_declined"]))
            for _ in range(batch if len(talks) < number else 0)
        ]
        talks += [case.conversation_id for case in fresh]
        worked_on = ROUNDS * batch
        floor.shift(talks[-worked_on:], talks[-worked_on - batch : -worked_on], chance)
        check(desk.database, desk.clock)
        floor.time_passes(chance.choice([1, 4, 7, 45]))
        check(desk.database, desk.clock)
        rounds += 1
    assert floor.killed == rounds * (KILLED_HANDS + KILLED_TURNERS)
    # Everybody falls silent: whoever still waits lies with the supervisors, and the operator has been told.
    # Queues that are closed at weekends and on holidays take some days.
    for _ in range(20):
        floor.time_passes(12 * 60)
        check(desk.database, desk.clock)
    with desk.database.begin() as connection:
        waits = cases.c.waiting_since.is_not(None)
        told = sa.exists().where(
            case_events.c.case_id == cases.c.id, case_events.c.kind == EventKind.OPERATOR_TOLD.value
        )
        waiting = _count(connection, waits)
        assert waiting > number / 20, "some wait in vain"
        assert _count(connection, waits, ~told) == 0
        assert _count(connection, waits, cases.c.queue != SUPERVISOR) == 0
    said = check_words(desk.database, names)
    assert said > number / 5
    print(
        f"{len(talks)} cases, {floor.seen[DONE]} acts done, {floor.seen[REFUSED]} refused, "
        f"{floor.seen[BUSY]} busy, {floor.killed} processes killed, {said} replies, {waiting} waited in vain"
    )


def test_no_case_is_orphaned_whatever_agents_do(floor: Floor) -> None:
    whole_story(floor, 40, batch=20)
    assert floor.seen[DONE] > 40
    assert floor.seen[REFUSED]


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_of_ten_thousand_cases_none_is_orphaned(floor: Floor) -> None:
    whole_story(floor, 10_000, batch=100)
    assert floor.seen[DONE] > 10_000
