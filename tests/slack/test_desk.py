"""People work in Slack: cards, claims, words to the buyer and words that stay inside."""

from __future__ import annotations

import pytest

from adapters.slack.desk.case_showing import EARLIER
from bot.desk.values.cases import CaseState
from bot.mailroom.outbox import OutboxState
from tests.channels.house import until
from tests.peers.local_slack import ALICE, BOB, DESK, UPSTAIRS
from tests.slack.desk_house import DeskHouse, said


async def test_whoever_presses_claim_has_it_and_the_card_says_so(house: DeskHouse) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    card = await house.shows(case.id, "Ana has it")
    assert house.staff.now(case).owner_id == house.ana.id
    assert "Claim" not in said(card).split()


async def test_a_plain_message_is_a_remark_and_one_with_the_sign_goes_to_the_buyer(house: DeskHouse) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    await house.shows(case.id, "Ana has it")
    await house.writes(case.id, "He has asked twice, be kind")
    await house.writes(case.id, ">> Your parcel is at customs & moves on <today>.")
    await house.shows(case.id, "waiting buyer")
    assert house.sent(case) == ["Your parcel is at customs & moves on <today>."]
    noted = [event.text for event in (await house.desk.case(house.ana, case.id)).events if event.text]
    assert "He has asked twice, be kind" in noted
    await house.quiet()
    # What was said in the thread is there already.
    assert not [one for one in await house.thread(case.id) if "be kind" in one or "customs" in one]


async def test_what_the_buyer_writes_appears_in_the_thread_in_order(house: DeskHouse) -> None:
    case = house.staff.case("Wo ist mein Paket?")
    await house.tells(case.id, "Wo ist mein Paket?")
    for number in range(3):
        house.hears(case, f"Frage {number}")
    await house.tells(case.id, "Frage 2")
    words = " ".join(await house.thread(case.id))
    assert "Lena Fischer (German)" in words
    assert words.index("Frage 0") < words.index("Frage 1") < words.index("Frage 2")


@pytest.mark.parametrize(
    ("state", "mark"), [(OutboxState.SENT, "white_check_mark"), (OutboxState.FAILED, "warning")], ids=str
)
async def test_a_replys_way_is_shown_at_its_message(house: DeskHouse, state: OutboxState, mark: str) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    await house.shows(case.id, "Ana has it")
    ts = await house.writes(case.id, ">> It is on its way")
    await house.shows(case.id, "waiting buyer")
    house.settles(state, None if state is OutboxState.SENT else "the mailbox is full")

    async def marked() -> bool:
        return ("reactions.add", mark, ts) in [
            (method, told.get("name"), told.get("timestamp")) for method, told in house.edge.told
        ]

    await until(marked, mark)
    if state is OutboxState.FAILED:
        await house.tells(case.id, "the mailbox is full")


async def test_a_case_that_is_passed_on_moves_to_the_other_channel(house: DeskHouse) -> None:
    case = house.staff.case("Wo ist mein Paket?")
    await house.presses(await house.card(case.id), "Pass on…", user=BOB)
    await house.submits(await house.modal(), {"queue": "supervisor"}, user=BOB)
    await house.card(case.id, UPSTAIRS)
    await house.tells(case.id, "Wo ist mein Paket?", UPSTAIRS)

    async def moved() -> bool:
        return any("now in the queue supervisor" in said(one) for one in await house.messages(DESK))

    await until(moved, "the old card to say so")


async def test_a_case_that_moves_takes_all_that_was_said_and_remarked_with_it_and_back(
    house: DeskHouse,
) -> None:
    case = house.staff.case("Frage 0")
    await house.presses(await house.card(case.id), "Claim", user=BOB)
    await house.shows(case.id, "Sue has it")
    said_in_all = ["Frage 0"]
    for number in range(1, EARLIER + 10):
        said_in_all.append(f"Frage {number}.")
        house.hears(case, said_in_all[-1])
        await house.tells(case.id, said_in_all[-1])
        if number == 5:
            # In the thread: as a remark, and to the buyer; and at the web desk.
            await house.writes(case.id, "remark five", user=BOB)
            await house.writes(case.id, ">> answer five", user=BOB)

            async def went() -> bool:
                return "answer five" in house.sent(case)

            await until(went, "the answer on its way")
            view = await house.desk.case(house.sue, case.id)
            await house.desk.reply(house.sue, case.id, view.fence, "answer six")
            await house.tells(case.id, "answer six")
            said_in_all += ["remark five", "answer five", "answer six"]
    for queue, channel in (("supervisor", UPSTAIRS), ("logistics", DESK)):
        view = await house.desk.case(house.sue, case.id)
        await house.desk.pass_on(house.sue, case.id, view.fence, queue)
        await house.tells(case.id, f"to {queue}", channel)
        await house.quiet()
        words = " ".join(await house.thread(case.id, channel))
        assert [text for text in said_in_all if words.count(text) != 1] == []
        places = [words.index(text) for text in said_in_all]
        assert places == sorted(places)
    assert house.edge.limited == []


async def test_a_case_is_closed_with_its_outcome_and_what_it_was_about(house: DeskHouse) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    await house.presses(await house.shows(case.id, "Ana has it"), "Close…")
    view = await house.modal()
    values = {"outcome": "solved", "intent": "logistics_where_is_parcel", "summary": "Found it."}
    assert await house.submits(view, values) in (None, {})
    # Slack may bring it twice.
    assert await house.submits(view, values) in (None, {})
    await house.shows(case.id, "solved")
    closed = house.staff.now(case)
    assert closed.state is CaseState.CLOSED
    assert closed.true_intent == "logistics_where_is_parcel"
    assert closed.summary == "Found it."


async def test_the_reply_box_shows_what_the_buyer_will_read_and_sends_it_once(house: DeskHouse) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    await house.presses(await house.shows(case.id, "Ana has it"), "Reply…")
    answer = await house.submits(await house.modal(), {"text": "It is at customs."})
    assert answer["response_action"] == "update"
    assert house.sent(case) == []
    preview = answer["view"]
    assert "from Ana" in said(preview)
    for _ in range(2):
        assert await house.submits(preview, {}) in (None, {})
    assert house.sent(case) == ["It is at customs."]


async def test_a_reply_box_of_an_hour_ago_sends_nothing_for_who_is_no_longer_the_owner(
    house: DeskHouse,
) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    await house.presses(await house.shows(case.id, "Ana has it"), "Reply…")
    preview = (await house.submits(await house.modal(), {"text": "Late words"}))["view"]
    await house.desk.take_over(house.sue, case.id)
    answer = await house.submits(preview, {})
    assert answer["response_action"] == "errors"
    assert house.sent(case) == []


async def test_hidden_data_is_shown_to_the_owner_alone_and_that_is_written_down(house: DeskHouse) -> None:
    case = house.staff.case()
    await house.presses(await house.card(case.id), "Claim")
    await house.presses(await house.shows(case.id, "Ana has it"), "Show data…")
    answer = await house.submits(await house.modal(), {"data": "email"})
    assert "lena.fischer@example.com" in said(answer["view"])
    await house.tells(case.id, "looked at")
    assert "lena.fischer@example.com" not in " ".join(map(said, await house.messages()))


async def test_a_stranger_is_refused_and_that_is_written_down(house: DeskHouse) -> None:
    case = house.staff.case()
    with house.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM people_accounts")
    card = await house.card(case.id)
    await house.presses(card, "Claim")
    await house.whispered("Only members of the desk")
    await house.writes(case.id, ">> Hello", user=ALICE)
    await house.tells(case.id, "was refused")
    assert house.staff.now(case).owner_id is None
    assert house.sent(case) == []


async def test_somebody_of_another_workspace_is_a_stranger(house: DeskHouse) -> None:
    house.linked("eve", "supervisor", "U66EVE", team="T66OTHER")
    case = house.staff.case()
    card = await house.card(case.id)
    payload = {
        "type": "block_actions",
        "team": {"id": "T01TEST"},
        "user": {"id": "U66EVE", "team_id": "T66OTHER"},
        "trigger_id": "1.2.3",
        "channel": {"id": DESK},
        "message": {"ts": card["ts"]},
        "actions": [{"action_id": f"desk:claim:{case.id}", "type": "button", "value": "x"}],
    }
    await house.brings({"type": "interactive", "payload": payload})
    await house.whispered("Only members of the desk")
    assert house.staff.now(case).owner_id is None
