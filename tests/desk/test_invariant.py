"""Whatever people, buyers and the clock do in whatever order: a case has an owner or a running clock."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from bot.clock import SetClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.health import health
from bot.desk.people import People
from bot.desk.tables import case_events
from bot.desk.tables import cases as cases_table
from bot.desk.turning import turn_clocks
from bot.desk.values.cases import Case, CaseState, ClockKind, Outcome, Reason
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.errors import DeskError
from bot.mailroom import conversations
from bot.mailroom.conversations import Owner
from bot.settings import ShopRules
from tests.desk.acting import CHEAP, WEDNESDAY, Acting, fast

RANKS = ("trainee", "agent", "aftersales", "supervisor", "supervisor")
INTENTS = ("order_cancel", "payment_declined", "out_of_scope", "product_quotation")
REASONS = (Reason.ASKED_FOR_HUMAN, Reason.ANGRY, Reason.ALWAYS_HUMAN)
STATES = {
    CaseState.OPEN: (False, ClockKind.CLAIM),
    CaseState.CLAIMED: (True, ClockKind.FIRST_ANSWER),
    CaseState.WAITING_US: (True, ClockKind.OPEN_QUESTION),
    CaseState.WAITING_BUYER: (True, None),
    CaseState.SNOOZED: (True, ClockKind.SNOOZE),
}


def draft_of(cases: Cases, case: Case) -> int:
    drafts = cases.drafts(case.id)
    return drafts[0].id if drafts else 0


def last_reply(cases: Cases, case: Case) -> int:
    said = [one.position for one in cases.deliveries(case) if one.position is not None]
    return said[-1] if said else 0


#: What can be done with a case, by its name: by whom, and with the fence of which page.
ACTS: dict[str, Callable[[Cases, Case, Person, int], Case]] = {
    "claim": lambda cases, case, who, fence: cases.claim(case.id, who),
    "take_over": lambda cases, case, who, fence: cases.take_over(case.id, who),
    "reply": lambda cases, case, who, fence: cases.reply(case.id, who, "Hello", fence),
    "note": lambda cases, case, who, fence: cases.note(case.id, who, "Seen."),
    "release": lambda cases, case, who, fence: cases.release(case.id, who, fence),
    "pass_on": lambda cases, case, who, fence: cases.pass_on(case.id, who, "wholesale", fence),
    "close": lambda cases, case, who, fence: cases.close(case.id, who, Outcome.SOLVED, "", fence),
    "hand_back": lambda cases, case, who, fence: cases.hand_back(case.id, who, Outcome.SOLVED, "", fence),
    "approve": lambda cases, case, who, fence: cases.approve_reply(case.id, who, draft_of(cases, case)),
    "decline": lambda cases, case, who, fence: cases.decline_reply(case.id, who, draft_of(cases, case), "no"),
    "snooze": lambda cases, case, who, fence: cases.snooze(
        case.id, who, cases.clock.now() + dt.timedelta(minutes=90), fence
    ),
    "wake": lambda cases, case, who, fence: cases.wake(case.id, who, fence),
    "withdraw": lambda cases, case, who, fence: cases.withdraw_reply(
        case.id, who, last_reply(cases, case), fence
    ),
}
CHANGES: dict[str, Callable[[People, Person], Person]] = {
    "goes away": lambda people, who: people.set_away(who, True),
    "comes back": lambda people, who: people.set_away(who, False),
    "leaves for good": lambda people, who: people.deactivate(who),
    "is taken on again": lambda people, who: people.activate(who),
}


MINUTES = (1, 2, 5, 60, 36 * 60)

#: What may happen next, and how often beside the others.
STEPS = {
    "the bot hands over": 2,
    "somebody comes with it again": 6,
    "the buyer writes": 6,
    "the buyer threatens": 1,
    "the buyer leaves": 1,
    "somebody claims": 8,
    "a trainee answers": 5,
    "somebody decides": 5,
    "the owner's reply": 8,
    **{f"the owner's {act}": 1 for act in ("release", "pass_on", "close", "hand_back", "withdraw")},
    "the owner's snooze": 10,
    **{f"anybody's {act}": 1 for act in ACTS},
    **{f"anybody's late {act}": 1 for act in ACTS},
    "a card is shown": 3,
    "time passes": 4,
    "somebody goes away": 1,
    "somebody comes back": 2,
    "somebody leaves for good": 1,
    "somebody is taken on again": 2,
}


class Store:
    """Three buyers, five people and a clock, who do what they are told."""

    def __init__(self, empty: Path, rules: ShopRules) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(empty, self.folder / "desk.sqlite")
        database = Database(f"sqlite:///{self.folder / 'desk.sqlite'}")
        fast(database)
        # A clock that begins late, or never, must not leave a case without one.
        rules = rules.copy(update={"desks": ("web", "slack")})
        self.desk = Acting(database, rules, SetClock(WEDNESDAY))
        self.people = [self.desk.person(f"p{number}", rank) for number, rank in enumerate(RANKS)]
        self.talks = [self.desk.conversation() for _ in range(3)]
        self.happened: set[str] = set()
        # The buyers to whom nobody has answered, told apart from what the desk believes of them.
        self.owed = set(self.talks)

    def step(self, chance: Random) -> None:
        """Do one thing, with some buyer's case, by somebody."""
        name = chance.choices(list(STEPS), list(STEPS.values()))[0]
        talk, who = chance.randrange(3), chance.randrange(len(RANKS))
        note(f"{name}: buyer {talk}, person {who}")
        words = name.split(" ", 1)
        if name == "the bot hands over":
            about = {"intent": chance.choice(INTENTS), "reason": chance.choice(REASONS)}
            self.desk.open(self.talks[talk], **about)
            self.owed.add(self.talks[talk])
        elif name == "somebody comes with it again":
            closed = [one for one in self.talks if self.desk.owner_of(one) is Owner.BOT]
            if closed:
                again = chance.choice(closed)
                self.desk.open(again, intent="service_human")
                self.owed.add(again)
        elif name == "a card is shown":
            known = self.desk.act(lambda cases: cases.open_case_of(self.talks[talk]))
            if known is not None:
                # Sometimes as it was before it changed hands.
                fence = known.fence - chance.randrange(2)
                self.desk.act(lambda cases: cases.shown(known.id, fence, "Slack"))
        elif name == "the buyer writes":
            if self.desk.act(lambda cases: cases.buyer_wrote(self.talks[talk])):
                self.owed.add(self.talks[talk])
        elif name == "the buyer threatens":
            threat, talked_of = chance.choice(("chargeback", "injury")), self.talks[talk]
            if self.desk.act(lambda cases: cases.buyer_wrote(talked_of, threat, "or else")):
                self.owed.add(talked_of)
        elif name == "the buyer leaves":
            if self.desk.act(lambda cases: cases.buyer_left(self.talks[talk])):
                self.owed.discard(self.talks[talk])
                self.happened.add(name)
        elif name == "somebody claims":
            self._try("claim", talk, who)
        elif name == "a trainee answers":
            self._try("claim", talk, 0)
            self._try("reply", talk, 0)
        elif name == "somebody decides":
            self._try(chance.choice(["approve", "approve", "decline"]), talk, who)
        elif name == "time passes":
            asleep = self._asleep()
            self.desk.clock.advance(minutes=chance.choice(MINUTES))
            turn_clocks(self.desk.database, self.desk.rules, self.desk.clock)
            # Who laid a case aside has promised to take it up again.
            self.owed |= asleep - self._asleep()
        elif words[0] == "the":
            self._try(name.rsplit(" ", 1)[1], talk, self._owner(talk))
        elif words[0] == "anybody's":
            self._try(name.rsplit(" ", 1)[1], talk, who, late="late" in name)
        else:
            # The last of the supervisors stays.
            person = self.people[min(who, len(RANKS) - 2)]
            self.desk.staff(lambda people: CHANGES[words[1]](people, people.get(person.id)))

    def check(self) -> None:
        """Hold the desk to what must always be so."""
        with self.desk.database.begin() as connection:
            open_cases = Cases(connection, self.desk.rules, self.desk.clock).list(limit=500)
            people = People(connection, self.desk.rules, self.desk.clock, CHEAP).list()
            owners = [conversations.get(connection, talk).owner for talk in self.talks]
            assert health(connection, self.desk.clock) == []
        active = {one.id for one in people if one.active}
        for case in open_cases:
            owned = case.owner_id is not None
            assert owned or case.due_at is not None
            assert not owned or case.owner_id in active
            assert (owned, case.clock) == STATES[case.state]
            assert (case.clock is None) == (case.due_at is None)
            assert (case.waiting_since is not None) == (case.conversation_id in self.owed)
            # For an owner, a clock runs exactly as long as an answer is owed.
            asleep = case.state is CaseState.SNOOZED
            assert not owned or (case.waiting_since is not None) == (case.due_at is not None and not asleep)
            assert owned or not case.direct
        with_desk = {case.conversation_id for case in open_cases}
        assert len(with_desk) == len(open_cases)
        for talk, owner in zip(self.talks, owners, strict=True):
            assert (owner is Owner.AGENT) == (talk in with_desk)
        self.happened.update(case.state.value for case in open_cases)

    def close(self) -> None:
        """Look back at what happened, and let go."""
        with self.desk.database.begin() as connection:
            self.happened.update(connection.execute(sa.select(case_events.c.kind)).scalars())
        self.desk.database.close()
        shutil.rmtree(self.folder)

    def _asleep(self) -> set[int]:
        known = self.desk.act(lambda cases: cases.list(state=CaseState.SNOOZED))
        return {case.conversation_id for case in known}

    def _case(self, talk: int) -> Case | None:
        return self.desk.act(lambda cases: cases.open_case_of(self.talks[talk]))

    def _owner(self, talk: int) -> int:
        case = self._case(talk)
        owners = [n for n, one in enumerate(self.people) if case is not None and one.id == case.owner_id]
        return owners[0] if owners else 0

    def _try(self, act: str, talk: int, who: int, *, late: bool = False) -> None:
        case = self._case(talk)
        if case is None:
            return
        person = self.desk.staff(lambda people: people.get(self.people[who].id))
        fence = case.fence - late
        before = self.desk.said()
        try:
            self.desk.act(lambda cases: ACTS[act](cases, case, person, fence))
        except DeskError:
            self.happened.add(f"{act} refused")
            assert self._case(talk) == case, "what is refused changes nothing"
            assert self.desk.said() == before, "what is refused says nothing"
            return
        after = self.desk.said()
        if len(after) > len(before) or act in ("close", "hand_back"):
            self.owed.discard(case.conversation_id)
        if act == "withdraw":
            self.owed.add(case.conversation_id)
            assert len(after) == len(before) - 1
            return
        if act == "reply" and len(after) > len(before):
            assert case.owner_id == person.id, "only the owner's words get out"
            assert not late, "late words do not get out"
        elif act != "approve":
            assert after == before, "nothing else says anything to the buyer"


def walk(empty: Path, rules: ShopRules, chance: Random, steps: int) -> set[str]:
    store = Store(empty, rules)
    try:
        for talk in store.talks:
            store.desk.open(talk)
        for _ in range(steps):
            store.step(chance)
            store.check()
    finally:
        store.close()
    return store.happened


def test_a_case_always_has_an_owner_or_a_running_clock(empty: Path, rules: ShopRules) -> None:
    happened: set[str] = set()

    @settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.randoms(use_true_random=True))
    def whatever_happens(chance: Random) -> None:
        happened.update(walk(empty, rules, chance, 200))

    whatever_happens()
    elsewhere = {
        EventKind.REVEALED,
        EventKind.REPAIRED,
        EventKind.REFUSED,
        EventKind.DIRECT_ON,
        EventKind.DIRECT_OFF,
        EventKind.RETRIED,
        EventKind.CHANGED,
        EventKind.RATED,
        EventKind.COMMENTED,
    }
    everything = {kind.value for kind in set(EventKind) - elsewhere} | {
        f"{act} refused" for act in ACTS if act != "note"
    }
    everything |= {state.value for state in STATES} | {"the buyer leaves"}
    assert everything <= happened, "the walk has been everywhere"


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_it_always_has_whatever_else_is_tried(empty: Path, rules: ShopRules) -> None:
    @settings(max_examples=200, deadline=None, phases=[Phase.generate])
    @given(st.randoms(use_true_random=True))
    def whatever_happens(chance: Random) -> None:
        walk(empty, rules, chance, 500)

    whatever_happens()


def test_the_database_itself_refuses_a_case_without_owner_and_clock(desk: Acting) -> None:
    case = desk.open()
    with pytest.raises(IntegrityError, match="answered_for"), desk.database.begin() as connection:
        connection.execute(sa.update(cases_table).values(due_at=None, clock=None))
    with pytest.raises(IntegrityError, match="clock_has_end"), desk.database.begin() as connection:
        connection.execute(sa.update(cases_table).values(clock=None))
    assert desk.get(case) == case


def test_the_database_itself_refuses_a_second_open_case(desk: Acting) -> None:
    case = desk.open()
    with desk.database.begin() as connection:
        row = dict(connection.execute(sa.select(cases_table)).mappings().one())
    row.pop("id")
    with pytest.raises(IntegrityError), desk.database.begin() as connection:
        connection.execute(cases_table.insert().values(**row))
    assert desk.get(case) == case
