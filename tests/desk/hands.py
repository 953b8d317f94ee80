"""The people of a desk and what turns its clocks, each hand a process that can be killed at any instant.

A hand does one job after the other that comes down its line, and tells of each try by a letter. One that is
to die tells of each of its statements too, so that whoever kills it strikes in the midst of a unit of work.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection as Line
from random import Random
from typing import Any

import sqlalchemy as sa

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.turning import turn_clocks
from bot.desk.values.cases import Case, Outcome
from bot.desk.values.people import Person
from bot.errors import DeskError, TryLaterError
from bot.settings import ShopRules
from tests.desk.acting import Acting, fast

REMARK = "REMARK"

#: What a hand tells: what came of a try, that a statement is about to run, that the job is done.
DONE, REFUSED, BUSY, STATEMENT, END = b"d", b"r", b"b", b".", b"e"


class SharedClock(SetClock):
    """One moment for many processes: whoever sets it sets it for all."""

    def __init__(self, moment: Any) -> None:
        self._moment = moment

    @property  # type: ignore[override]
    def at(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._moment.value, dt.timezone.utc)

    @at.setter
    def at(self, moment: dt.datetime) -> None:
        self._moment.value = moment.timestamp()


@dataclass(frozen=True)
class Job:
    """What a hand is to do next."""

    seed: float
    #: The cases as they were when the hand last looked.
    board: Sequence[Case] = ()
    #: Those of them that supervisors answer and close first.
    cleared: Sequence[Case] = ()
    #: How often something is tried; ``None``: until it is killed.
    tries: int | None = 0
    #: Turn the clocks instead: ``"once"``, until nothing is due, or ``"on"``, until another job comes.
    clocks: str | None = None


def claims(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del fence, chance
    known.claim(case.id, who)


def takes_over(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del fence, chance
    known.take_over(case.id, who)


def releases(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del chance
    known.release(case.id, who, fence)


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


def writes_directly(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    known.set_direct(case.id, who, chance.random() < 0.8, fence)


def _last_place(known: Cases, case: Case) -> int:
    places = [one.position for one in known.deliveries(case) if one.position is not None]
    return places[-1] if places else 0


def changes(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del chance
    known.change_reply(case.id, who, _last_place(known, case), f"words of {who.name}, changed", fence)


def takes_back(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del chance
    known.withdraw_reply(case.id, who, _last_place(known, case), fence)


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


def threatens(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    del who, fence
    known.buyer_wrote(case.conversation_id, chance.choice(["chargeback", "injury"]), "or else")


def leaves(known: Cases, case: Case, who: Person, fence: int, chance: Random) -> None:
    """The buyer waits no longer."""
    del who, fence, chance
    known.buyer_left(case.conversation_id)


Act = Callable[[Cases, Case, Person, int, Random], None]

ACTS: dict[Act, int] = {
    claims: 30,
    replies: 40,
    remarks: 8,
    decides: 10,
    snoozes: 6,
    changes: 3,
    takes_back: 3,
    passes_on: 3,
    closes: 8,
    comes_again: 20,
    threatens: 1,
    leaves: 2,
    takes_over: 3,
    releases: 3,
    writes_directly: 3,
}


class Hand:
    """Whoever clicks: anybody, about anything, without waiting for anybody."""

    def __init__(self, desk: Acting, staff: Sequence[Person], line: Line) -> None:
        self.desk, self.staff, self.line = desk, staff, line
        self._bosses = [one for one in staff if one.rank.value == "supervisor"]

    def works(self, job: Job) -> None:
        """Do one job to its end, if it has one."""
        chance = Random(job.seed)
        if job.clocks:
            self._turns_clocks(job)
        for case in job.cleared:
            boss = chance.choice(self._bosses)
            for act in (takes_over, replies, closes):
                self._tries(act, case, chance, boss)
        for _ in count() if job.tries is None else range(job.tries):
            case, act = chance.choice(job.board), chance.choices(list(ACTS), list(ACTS.values()))[0]
            for _ in range(chance.choice([1, 1, 2])):
                self._tries(act, case, chance)
            if chance.random() < 0.01:
                # The last of the supervisors stays.
                person, away = chance.choice(self.staff[:-1]), chance.random() < 0.4
                self._tells(lambda who=person, away=away: self._goes(who, away))

    def _turns_clocks(self, job: Job) -> None:
        def turn() -> bool:
            return bool(turn_clocks(self.desk.database, self.desk.rules, self.desk.clock))

        while turn() or (job.clocks == "on" and not self.line.poll(0.05)):
            pass

    def _goes(self, who: Person, away: bool) -> None:
        self.desk.staff(lambda people: people.set_away(who, away))

    def _tries(self, act: Act, case: Case, chance: Random, who: Person | None = None) -> None:
        self._tells(lambda: self._does(act, case, chance, who))

    def _does(self, act: Act, case: Case, chance: Random, boss: Person | None) -> None:
        who = boss or chance.choice(self.staff)
        with self.desk.database.begin() as connection:
            known = Cases(connection, self.desk.rules, self.desk.clock)
            now = known.get(case.id) if boss or chance.random() < 0.8 else case
            if not boss and now.owner_id is not None and chance.random() < 0.7:
                who = next(one for one in self.staff if one.id == now.owner_id)
            who = People(connection, self.desk.rules, self.desk.clock).locked(who.id)
            act(known, now, who, now.fence, chance)

    def _tells(self, work: Callable[[], None]) -> None:
        try:
            work()
        except DeskError:
            self.line.send_bytes(REFUSED)
        except TryLaterError:
            self.line.send_bytes(BUSY)
        else:
            self.line.send_bytes(DONE)


def live(url: str, rules: ShopRules, moment: Any, staff: Sequence[Person], line: Line, doomed: bool) -> None:
    """A hand's life: jobs come down its line until that is cut."""
    logging.disable(logging.CRITICAL)
    database = Database(url)
    fast(database)
    if doomed:
        sa.event.listen(database.engine, "before_cursor_execute", lambda *_: line.send_bytes(STATEMENT))
        sa.event.listen(database.engine, "commit", lambda *_: line.send_bytes(STATEMENT))
    hand = Hand(Acting(database, rules, SharedClock(moment)), staff, line)
    try:
        while True:
            hand.works(line.recv())
            line.send_bytes(END)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
