"""Presence and user groups. The emulator has neither: the edge answers in the shape that Slack documents."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from adapters.slack.desk import roster
from bot.desk.groups import Groups
from bot.desk.people import People
from bot.desk.tables import people
from bot.desk.values.people import AccountKind, Person, Rank
from tests.channels.house import until
from tests.peers.local_slack import ALICE, BOB, TEAM
from tests.slack.desk_house import DeskHouse
from tests.slack.edge import Answer, refusal

GROUP = f"{TEAM}/S01PAYMENT"
Told = dict[str, Any]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PRESENCE_EVERY", 0.1), ("GROUPS_EVERY", 0.1), ("LONG_WAIT", 0.2), ("PACE", 0.0)):
        monkeypatch.setattr(roster, name, value)


async def again(house: DeskHouse, **methods: Callable[[Told], Told]) -> None:
    """Start anew with these methods of Slack."""
    await house.stop()
    house.edge.methods = {name.replace("__", "."): answer for name, answer in methods.items()}
    await house.open()


def linked(house: DeskHouse, account: str = GROUP, **said: Any) -> None:
    with house.database.begin() as connection:
        Groups(connection, house.rules, house.clock).link(AccountKind.SLACK, account, **said)


def seen(house: DeskHouse) -> dict[str, bool | None]:
    with house.database.begin() as connection:
        return {row.login: row.present for row in connection.execute(people.select())}


def person(house: DeskHouse, login: str) -> Person:
    with house.database.begin() as connection:
        return People(connection, house.rules, house.clock).named(login)


async def test_new_cases_are_offered_to_who_is_there(house: DeskHouse) -> None:
    there = {ALICE: "away", BOB: "active"}
    await again(house, users__getPresence=lambda told: {"ok": True, "presence": there[told["user"]]})

    async def noted() -> bool:
        return seen(house) == {"ana": there[ALICE] != "away", "sue": True}

    await until(noted, "who is there")
    assert house.staff.case().offered_to == (house.sue.id,)
    there[ALICE] = "active"
    await until(noted, "that Ana is back")
    assert house.ana.id in house.staff.case().offered_to


@pytest.mark.parametrize("method", ["users.getPresence", "usergroups.users.list"])
async def test_without_the_scope_it_is_said_once_and_all_else_goes_on(
    house: DeskHouse, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    linked(house, queues=["payment"])
    refused = Answer({"ok": False, "error": "missing_scope", "needed": "some:read", "provided": "x"})
    await house.stop()
    house.edge.faults[method] = refused
    with caplog.at_level(logging.WARNING):
        await again(house)

        async def asked() -> bool:
            return house.edge.called.count(method) >= 4

        await until(asked, "four refusals")
        case = house.staff.case("Wo ist mein Paket?")
        await house.tells(case.id, "Wo ist mein Paket?")
    said = [one.getMessage() for one in caplog.records if "some:read" in one.getMessage()]
    assert len(said) == 1
    assert "add the scope 'some:read' under OAuth & Permissions" in said[0]
    assert "is not used" in said[0] or "are not looked into" in said[0]
    assert seen(house)["ana"] is None
    assert house.ana.id in case.offered_to


async def test_what_slack_says_of_somebody_strange_is_nothing(house: DeskHouse) -> None:
    def presence(told: Told) -> Told:
        return {"ok": False, "error": "user_not_found"} if told["user"] == ALICE else {"ok": True}

    await again(house, users__getPresence=presence)

    async def asked() -> bool:
        return house.edge.called.count("users.getPresence") >= 6

    await until(asked, "three rounds")
    assert seen(house) == {"ana": None, "sue": None}


async def test_a_user_group_says_what_its_people_do(
    house: DeskHouse, caplog: pytest.LogCaptureFixture
) -> None:
    linked(house, rank=Rank.AFTERSALES, queues=["payment"])
    users = [ALICE, "U66EVE"]
    with caplog.at_level(logging.WARNING):
        await again(house, usergroups__users__list=lambda told: {"ok": True, "users": users})

        async def served() -> bool:
            now = person(house, "ana")
            return (now.rank, now.queues) == (Rank.AFTERSALES, ("payment",))

        await until(served, "Ana to serve what her group serves")

        async def told_of() -> bool:
            return any(f"nobody of the desk: {TEAM}/U66EVE" in one.getMessage() for one in caplog.records)

        await until(told_of, "the operator to hear of a stranger")
    assert ("usergroups.users.list", "S01PAYMENT") in [
        (name, told.get("usergroup")) for name, told in house.edge.told
    ]
    users.remove(ALICE)

    async def left() -> bool:
        return person(house, "ana") == house.ana

    await until(left, "Ana to have what was hers")


@pytest.mark.parametrize(
    "answer", [refusal("no_such_subteam"), Answer("", 503), Answer({"ok": True, "users": None})]
)
async def test_a_group_of_which_slack_says_nothing_leaves_its_people_as_they_are(
    house: DeskHouse, answer: Answer
) -> None:
    linked(house, queues=["payment"])
    await again(house, usergroups__users__list=lambda told: {"ok": True, "users": [ALICE]})

    async def served() -> bool:
        return person(house, "ana").queues == ("payment",)

    await until(served, "Ana to serve what her group serves")
    house.edge.faults["usergroups.users.list"] = answer
    before = house.edge.called.count("usergroups.users.list")

    async def asked() -> bool:
        return house.edge.called.count("usergroups.users.list") >= before + 3

    await until(asked, "three more looks")
    assert await served()


async def test_doctor_tries_each_group_and_wants_its_scope_only_then(house: DeskHouse) -> None:
    house.edge.methods["usergroups.users.list"] = lambda told: {"ok": True, "users": [ALICE, BOB]}
    told = [one.what for one in await house.frontend.examine()]
    assert not any("group" in one for one in told)
    linked(house, queues=["payment"])
    linked(house, "T66OTHER/S02OTHER", queues=["order"])
    found = {one.what: one for one in await house.frontend.examine()}
    assert found[f"user group {GROUP}"].says == "2 in it"
    assert not found["user group T66OTHER/S02OTHER"].fine
    assert "--forget" in found["user group T66OTHER/S02OTHER"].says
