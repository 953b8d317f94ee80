"""Groups elsewhere that say what people do, and presence, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from bot.clock import SetClock
from bot.desk.groups import Groups
from bot.desk.values.cases import CaseState
from bot.desk.values.people import AccountKind, Person, Rank
from bot.errors import DeskError
from tests.conftest import BACKENDS
from tests.desk.acting import Acting
from tests.desk.test_people import history

T = TypeVar("T")
SLACK = AccountKind.SLACK
PAYMENT, SENIORS = "T1TEST/S1PAYMENT", "T1TEST/S2SENIORS"
ANA, BEN, EVE = "T1TEST/U1ANA", "T1TEST/U2BEN", "T1TEST/U3EVE"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def linked(desk: Acting, ana: Person, ben: Person) -> Acting:
    desk.staff(lambda people: people.link(ana, SLACK, ANA))
    desk.staff(lambda people: people.link(ben, SLACK, BEN))
    return desk


def by_groups(desk: Acting, work: Callable[[Groups], T]) -> T:
    with desk.database.begin() as connection:
        return work(Groups(connection, desk.rules, desk.clock))


def now(desk: Acting, person: Person) -> Person:
    return desk.staff(lambda people: people.get(person.id))


def test_who_is_in_a_group_has_its_queues_and_its_rank(linked: Acting, ana: Person, ben: Person) -> None:
    by_groups(linked, lambda groups: groups.link(SLACK, PAYMENT.lower(), queues=["payment"]))
    by_groups(linked, lambda groups: groups.link(SLACK, SENIORS, rank=Rank.AFTERSALES, queues=["aftersales"]))
    strangers = by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, [ANA, EVE]))
    assert strangers == (EVE,)
    by_groups(linked, lambda groups: groups.set_members(SLACK, SENIORS, [ANA]))
    assert (now(linked, ana).queues, now(linked, ana).rank) == (("aftersales", "payment"), Rank.AFTERSALES)
    assert now(linked, ben) == ben
    assert (SENIORS, "groups", "aftersales; aftersales, payment") in history(linked.database, ana)


def test_who_is_in_none_any_more_has_what_was_theirs(linked: Acting, ana: Person, clock: SetClock) -> None:
    linked.staff(lambda people: people.set_work(ana, queues=["order"]))
    before = now(linked, ana)
    by_groups(linked, lambda groups: groups.link(SLACK, PAYMENT, rank=Rank.AFTERSALES, queues=["payment"]))
    by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, [ANA]))
    assert now(linked, ana) != before
    by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, []))
    assert now(linked, ana) == before
    # The operator's word counts again.
    linked.staff(lambda people: people.set_work(ana, queues=["logistics"]))
    (group,) = by_groups(linked, lambda groups: groups.list())
    assert (group.members, group.looked_at) == ((), clock.now())


def test_a_group_that_is_forgotten_or_changed_changes_its_people(linked: Acting, ana: Person) -> None:
    by_groups(linked, lambda groups: groups.link(SLACK, PAYMENT, queues=["payment"]))
    by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, [ANA]))
    by_groups(linked, lambda groups: groups.link(SLACK, PAYMENT, queues=["order"]))
    assert now(linked, ana).queues == ("order",)
    assert by_groups(linked, lambda groups: groups.unlink(SLACK, PAYMENT)) == 1
    assert now(linked, ana) == ana
    with pytest.raises(DeskError, match="is not linked"):
        by_groups(linked, lambda groups: groups.unlink(SLACK, PAYMENT))
    assert by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, [ANA])) == ()


def test_a_group_takes_no_rank_from_anybody(linked: Acting, sue: Person) -> None:
    linked.staff(lambda people: people.link(sue, SLACK, EVE))
    by_groups(linked, lambda groups: groups.link(SLACK, PAYMENT, rank=Rank.AGENT))
    by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, [EVE]))
    assert now(linked, sue).rank is Rank.SUPERVISOR


def test_what_groups_say_is_not_changed_by_hand(linked: Acting, ana: Person) -> None:
    by_groups(linked, lambda groups: groups.link(SLACK, PAYMENT, queues=["payment"]))
    by_groups(linked, lambda groups: groups.set_members(SLACK, PAYMENT, [ANA]))
    for change in (
        lambda people: people.set_rank(ana, Rank.TRAINEE),
        lambda people: people.set_work(ana, queues=["order"]),
    ):
        with pytest.raises(DeskError, match="people groups"):
            linked.staff(change)
    # A name is nobody's business but the operator's.
    assert linked.staff(lambda people: people.set_work(ana, name="Ana D.")).name == "Ana D."


def test_the_last_who_looks_after_people_stays_so(desk: Acting, sue: Person, ana: Person) -> None:
    desk.staff(lambda people: people.link(ana, SLACK, ANA))
    by_groups(desk, lambda groups: groups.link(SLACK, SENIORS, rank=Rank.SUPERVISOR))
    by_groups(desk, lambda groups: groups.set_members(SLACK, SENIORS, [ANA]))
    desk.staff(lambda people: people.deactivate(sue))
    by_groups(desk, lambda groups: groups.set_members(SLACK, SENIORS, []))
    assert now(desk, ana).rank is Rank.SUPERVISOR
    # As soon as somebody else does, it goes.
    desk.staff(lambda people: people.activate(sue))
    by_groups(desk, lambda groups: groups.set_members(SLACK, SENIORS, []))
    assert now(desk, ana) == ana


@pytest.mark.parametrize(
    ("account", "rank", "queues", "words"),
    [
        ("@payment", Rank.AGENT, [], "no user group of slack"),
        (ANA, Rank.AGENT, [], "no user group of slack"),
        (PAYMENT, None, [], "Say which rank or which queues"),
        (PAYMENT, None, ["nowhere"], "no queue 'nowhere'"),
        (PAYMENT, Rank.ADMIN, [], "give that rank by hand"),
    ],
    ids=["a name", "a user", "nothing", "no queue", "admins"],
)
def test_what_cannot_be_is_refused(
    desk: Acting, account: str, rank: Rank | None, queues: list[str], words: str
) -> None:
    with pytest.raises(DeskError, match=words):
        by_groups(desk, lambda groups: groups.link(SLACK, account, rank=rank, queues=queues))
    assert by_groups(desk, lambda groups: groups.list()) == ()


def test_a_case_is_not_offered_to_who_is_not_there(
    desk: Acting, ana: Person, ben: Person, clock: SetClock
) -> None:
    assert set(desk.open().offered_to) == {ana.id, ben.id}
    desk.staff(lambda people: people.set_presence({ana.id: False, ben.id: True, 999: True}))
    case = desk.open()
    assert case.offered_to == (ben.id,)
    # Whoever comes by all the same may have it, and keeps what they have.
    held = desk.act(lambda cases: cases.claim(case.id, now(desk, ana)))
    assert held.state is CaseState.CLAIMED
    assert desk.act(lambda cases: cases.deserted()) == ()
    desk.staff(lambda people: people.set_presence({ana.id: True}))
    assert ana.id in desk.open().offered_to
    desk.staff(lambda people: people.set_presence({ana.id: False}))
    # Nobody has looked since: nothing is known.
    clock.advance(minutes=11)
    assert ana.id in desk.open().offered_to
