"""Why the bot said something, asked in a case's thread: for members with business there, in a modal."""

from __future__ import annotations

from typing import Any

from adapters.slack.desk.modals import why
from bot.desk.values.cases import Case
from bot.desk.values.history import EventKind
from bot.dialogue.grounds import version_of
from tests.channels.house import until
from tests.peers.local_slack import ALICE, BOB, DESK, TEAM
from tests.slack.desk_house import EVE, DeskHouse, said, taken

ORDER = {"what": "order", "at": "2026-06-10T02:00:00+00:00", "number": "CD-104233", "state": "delivered"}
PRIVATE = {"what": "contact", "email": "lena.fischer@example.com", "phone": "+49 30 1234567"}
REPLY = "utter_return_window_closed"


async def told(house: DeskHouse, *facts: dict[str, Any]) -> tuple[Case, dict[str, Any]]:
    """A case in which the bot said something, and the message of its thread that shows it."""
    case = house.staff.case()
    house.staff.explains(case, REPLY, *facts)
    house.hears(case, "Warum nicht?")
    await house.tells(case.id, "Nein, leider.")
    shown = [one for one in await house.messages() if "Nein, leider." in said(one)]
    return case, shown[-1]


async def asks(house: DeskHouse, message: dict[str, Any], user: str = ALICE) -> None:
    payload = {
        "type": "message_action",
        "callback_id": "desk:why",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "channel": {"id": DESK},
        "trigger_id": "1.2.3",
        "message": message,
    }
    await house.brings({"type": "interactive", "payload": payload})


async def test_the_owner_reads_flow_rule_clause_version_and_facts(house: DeskHouse) -> None:
    case, message = await told(house, ORDER)
    await house.desk.claim(house.ana, case.id)
    await asks(house, message)
    view = await house.modal()
    for words in (
        "Nein, leider.",
        "refund return (93%)",
        "action_start_return",
        "returns.window_days = 7",
        version_of(house.rules),
        "number=CD-104233, state=delivered",
        "20260601-a.tar.gz",
    ):
        assert words in said(view), words
    assert "submit" not in view


async def test_personal_data_stays_masked(house: DeskHouse) -> None:
    _, message = await told(house, PRIVATE)
    await asks(house, message, BOB)
    shown = said(await house.modal())
    assert "contact" in shown
    for secret in ("lena.fischer", "1234567"):
        assert secret not in shown


async def test_who_has_no_business_with_the_case_is_refused_and_a_stranger_too(house: DeskHouse) -> None:
    case, message = await told(house, ORDER)
    await house.desk.claim(house.sue, case.id)
    await asks(house, message, ALICE)
    await house.whispered("Only the owner of the case and supervisors may see this.")
    await asks(house, message, EVE)
    await house.whispered("Only members of the desk can do this")

    async def recorded() -> bool:
        events = (await house.desk.case(house.sue, case.id)).events
        found = [event for event in events if event.kind is EventKind.REFUSED]
        return [event.text for event in found] == ["see why", "see why"]

    await until(recorded, "two refusals written down")
    assert "views.open" not in house.edge.called


async def test_what_the_bot_did_not_say_is_not_explained(house: DeskHouse) -> None:
    case, message = await told(house, ORDER)
    await house.desk.claim(house.ana, case.id)
    other = {**message, "blocks": [{"block_id": f"{case.id}:l1.0"}, {"block_id": f"{case.id + 1}:l3.0"}]}
    for strange in (other, {**message, "blocks": []}, {**message, "blocks": None}):
        await asks(house, strange)
        await house.whispered("The bot did not say this.")
        house.edge.told.clear()
    await asks(house, {**message, "thread_ts": "17.1", "ts": "17.2"})
    await house.whispered("no case's thread")


async def test_a_turn_that_is_no_longer_kept_is_said_to_be_gone(house: DeskHouse) -> None:
    case, message = await told(house, ORDER)
    await house.desk.claim(house.ana, case.id)
    with house.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM turns")
    await asks(house, message)
    assert "Nobody knows why" in said(await house.modal())


def test_however_much_there_is_to_tell_slack_takes_it() -> None:
    many = why(12, [("x" * 9_000, "y" * 2_000)] * 5, left_out=35)
    taken(many["blocks"])
    assert "35 more" in said(many)
