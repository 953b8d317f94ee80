from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.desk.tables import people as people_table
from bot.desk.tables import people_events
from bot.desk.values.cases import CaseState, Outcome
from bot.desk.values.people import Person, Rank
from bot.errors import DeskError, ForbiddenError
from tests.desk.acting import PASSWORD, Acting


def history(database: Database, person: Person) -> list[tuple[str, str, str]]:
    with database.begin() as connection:
        rows = connection.execute(
            sa.select(people_events)
            .where(people_events.c.person_id == person.id)
            .order_by(people_events.c.id)
        ).all()
    return [(row.actor, row.kind, row.text) for row in rows]


def test_a_person_is_added_with_rank_languages_and_queues(desk: Acting) -> None:
    added = desk.staff(
        lambda people: people.add(
            " Ana ", "Ana  María", Rank.AGENT, PASSWORD, languages=["es", "en"], queues=["order"]
        )
    )
    assert (added.login, added.name, added.rank) == ("ana", "Ana María", Rank.AGENT)
    assert (added.languages, added.queues, added.active, added.away) == (
        ("en", "es"),
        ("order",),
        True,
        False,
    )
    assert desk.staff(lambda people: people.list()) == (added,)
    assert desk.staff(lambda people: people.named("ANA")) == added


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"login": ""}, "no login"),
        ({"login": "ana maria"}, "no login"),
        ({"login": "x" * 65}, "no login"),
        ({"login": "ana\n"}, None),
        ({"name": "  "}, "name"),
        ({"name": "Ana\u202e"}, "printable"),
        ({"password": "short"}, "10 to 200 characters, not 5"),
        ({"password": "x" * 201}, "10 to 200"),
        ({"password": "aaaaaaaaaaaa"}, "too easy"),
        ({"login": "anamariasol", "password": "AnaMariaSol"}, "too easy"),
        ({"queues": ["nowhere"]}, "no queue 'nowhere'"),
        ({"languages": ["english"]}, "language code"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    desk: Acting, values: dict[str, Any], words: str | None
) -> None:
    given: dict[str, Any] = {"login": "ana", "name": "Ana", "password": PASSWORD, **values}

    def add() -> Person:
        return desk.staff(
            lambda people: people.add(
                given.pop("login"), given.pop("name"), Rank.AGENT, given.pop("password"), **given
            )
        )

    if words is None:
        assert add().login == "ana"
    else:
        with pytest.raises(DeskError, match=words):
            add()


def test_a_login_is_taken_whatever_its_case(desk: Acting, ana: Person) -> None:
    with pytest.raises(DeskError, match="taken"):
        desk.person("ANA", "agent")


def test_no_password_is_in_the_database(desk: Acting, ana: Person, database: Database) -> None:
    with database.begin() as connection:
        stored = connection.execute(sa.select(people_table.c.password_hash)).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_the_first_supervisor_gets_a_random_password_once(desk: Acting) -> None:
    first = desk.staff(lambda people: people.add_first_supervisor())
    assert first is not None
    login, password = first
    assert login == "supervisor"
    assert len(password) >= 16
    assert desk.staff(lambda people: people.named(login)).rank is Rank.SUPERVISOR
    assert desk.staff(lambda people: people.add_first_supervisor()) is None


def test_no_supervisor_is_made_up_where_there_are_people(desk: Acting, tim: Person) -> None:
    assert desk.staff(lambda people: people.add_first_supervisor()) is None


def test_nobody_gives_or_touches_a_rank_above_their_own(desk: Acting, ana: Person, sue: Person) -> None:
    boss = desk.person("boss", "admin")
    for change in (
        lambda people: people.set_rank(ana, Rank.ADMIN, by=sue),
        lambda people: people.set_rank(boss, Rank.AGENT, by=sue),
        lambda people: people.set_password(boss, "another horse", by=sue),
        lambda people: people.deactivate(boss, by=sue),
        lambda people: people.add("new", "New", Rank.ADMIN, PASSWORD, by=sue),
        lambda people: people.set_rank(ana, Rank.AFTERSALES, by=ana),
    ):
        with pytest.raises(ForbiddenError):
            desk.staff(change)
    assert desk.staff(lambda people: people.set_rank(ana, Rank.SUPERVISOR, by=sue)).rank is Rank.SUPERVISOR


def test_the_last_who_looks_after_people_cannot_be_lost(desk: Acting, ana: Person, sue: Person) -> None:
    for change in (
        lambda people: people.deactivate(sue),
        lambda people: people.set_rank(sue, Rank.AGENT),
    ):
        with pytest.raises(DeskError, match="last who may look after people"):
            desk.staff(change)
    desk.person("kim", "supervisor")
    assert not desk.staff(lambda people: people.deactivate(sue)).active


def test_who_leaves_gives_up_every_case(desk: Acting, ana: Person, sue: Person) -> None:
    claimed, answered, closed = desk.claimed(ana), desk.answered(ana), desk.answered(ana)
    desk.act(lambda cases: cases.close(closed.id, ana, Outcome.SOLVED, "", closed.fence))
    desk.staff(lambda people: people.deactivate(ana, by=sue))
    for case in (claimed, answered):
        left = desk.get(case)
        assert (left.state, left.owner_id) == (CaseState.OPEN, None)
        assert left.due_at is not None
    assert desk.get(closed).state is CaseState.CLOSED


def test_who_goes_away_gives_up_what_waits_for_an_answer(desk: Acting, ana: Person) -> None:
    claimed, answered = desk.claimed(ana), desk.answered(ana)
    desk.staff(lambda people: people.set_away(ana, True))
    assert desk.get(claimed).owner_id is None
    assert desk.get(answered).owner_id == ana.id
    assert desk.staff(lambda people: people.get(ana.id)).away


def test_every_change_of_a_person_is_written_down(desk: Acting, database: Database, sue: Person) -> None:
    ana = desk.person("ana", "agent")
    desk.staff(lambda people: people.set_rank(ana, Rank.AFTERSALES, by=sue))
    desk.staff(lambda people: people.set_work(ana, name="Ana B.", queues=["order"], by=sue))
    desk.staff(lambda people: people.set_password(ana, "another horse"))
    desk.staff(lambda people: people.deactivate(ana, by=sue))
    desk.staff(lambda people: people.activate(ana, by=sue))
    assert history(database, ana) == [
        ("operator", "added", "agent"),
        ("sue", "rank", "aftersales"),
        ("sue", "work", "name, queues"),
        ("operator", "password", ""),
        ("sue", "deactivated", ""),
        ("sue", "activated", ""),
    ]


def test_there_is_nobody_by_a_wrong_name(desk: Acting) -> None:
    with pytest.raises(DeskError, match="nobody with the login 'zoe'"):
        desk.staff(lambda people: people.named("zoe"))
