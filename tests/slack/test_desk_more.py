"""What else people do in Slack: requests, second thoughts, drafts, files, the command and the home page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.clock import SystemClock
from bot.desk.values.cases import CaseState
from bot.desk.values.requests import RequestState
from bot.mailroom.outbox import OutboxState
from bot.messages import Attachment
from tests.channels.house import until
from tests.peers.local_slack import ALICE, BOB, DESK, TEAM, UPSTAIRS
from tests.slack.desk_house import DeskHouse, names, said


async def request_card(house: DeskHouse, request_id: int, words: str, channel: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        for one in await house.messages(channel):
            if names(one, f"request:{request_id}.0") and words in said(one):
                return one
        return None

    found = await until(look, f"'{words}' on request {request_id}")
    assert found is not None
    return found


async def claimed(house: DeskHouse) -> Any:
    case = house.staff.case()
    await house.desk.claim(house.ana, case.id)
    await house.shows(case.id, "Ana has it")
    return case


# --- Requests ---


async def test_an_approval_is_decided_by_a_click_and_the_card_says_by_whom(house: DeskHouse) -> None:
    asked = house.staff.approval()
    card = await request_card(house, asked.id, "110.00 EUR", UPSTAIRS)
    await house.presses(card, "Approve")
    await house.whispered("rank")
    assert house.staff.request(asked).state is RequestState.PENDING
    await house.presses(card, "Approve", user=BOB)
    await request_card(house, asked.id, "approved", UPSTAIRS)
    assert house.staff.request(asked).decided_by == "Sue"
    # Somebody who has not seen it yet.
    await house.presses(card, "Decline…", user=BOB)
    answer = await house.submits(await house.modal(), {"reason": "no"}, user=BOB)
    assert "settled already by Sue" in answer["errors"]["reason"]


async def test_another_amount_is_granted(house: DeskHouse) -> None:
    asked = house.staff.approval()
    card = await request_card(house, asked.id, "Another amount", UPSTAIRS)
    await house.presses(card, "Another amount…", user=BOB)
    view = await house.modal()
    answer = await house.submits(view, {"amount": "much"}, user=BOB)
    assert "sum of money" in answer["errors"]["amount"]
    await house.submits(view, {"amount": "12.50"}, user=BOB)
    await request_card(house, asked.id, "countered", UPSTAIRS)
    assert house.staff.request(asked).granted_minor == 1_250


async def test_a_department_answers_its_question(house: DeskHouse) -> None:
    asked = house.staff.question()
    card = await request_card(house, asked.id, "zip", DESK)
    await house.presses(card, "Answer…")
    await house.submits(await house.modal(), {"answer": "Ja, aus Metall."})
    await request_card(house, asked.id, "Ja, aus Metall.", DESK)
    assert house.staff.request(asked).state is RequestState.ANSWERED


# --- Words ---


async def test_send_to_buyer_sends_ones_own_remark_and_nobody_elses(house: DeskHouse) -> None:
    case = await claimed(house)
    ts = await house.writes(case.id, "It is at customs.")
    card = await house.card(case.id)
    payload = {
        "type": "message_action",
        "callback_id": "desk:send",
        "team": {"id": TEAM},
        "user": {"id": ALICE, "team_id": TEAM},
        "channel": {"id": DESK},
        "trigger_id": "1.2.3",
        "message": {"ts": ts, "thread_ts": card["ts"], "user": BOB, "text": "It is at customs."},
    }
    await house.brings({"type": "interactive", "payload": payload})
    await house.whispered("Only your own words")
    assert house.sent(case) == []
    payload["message"]["user"] = ALICE  # type: ignore[index]
    for _ in range(2):
        await house.brings({"type": "interactive", "payload": payload})
    assert house.sent(case) == ["It is at customs."]


async def test_a_reply_is_changed_and_taken_back_also_after_it_has_gone(house: DeskHouse) -> None:
    case = await claimed(house)
    ts = await house.writes(case.id, ">> It is at custom")
    await house.shows(case.id, "waiting buyer")
    await house.act(house.slack.edits, DESK, ts, "&gt;&gt; It is at customs")
    await house.whispered("the buyer gets the new words")
    assert house.sent(case) == ["It is at customs"]
    house.settles(OutboxState.SENT)
    await house.act(house.slack.edits, DESK, ts, "&gt;&gt; It is in Leipzig")
    await house.whispered("their channel is asked to change that")
    assert house.sent(case) == ["It is at customs", "It is in Leipzig"]
    house.settles(OutboxState.FAILED, "it is too late for that")
    await house.tells(case.id, "The buyer still sees the earlier message: it is too late for that")
    await house.act(house.slack.deletes, DESK, ts)
    await house.tells(case.id, "taking back an earlier message")


async def test_direct_mode_sends_all_that_the_owner_writes_until_the_owner_changes(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.presses(await house.card(case.id), "Direct mode")
    await house.shows(case.id, "Direct mode: all that Ana writes")
    house.hears(case, "Hallo?")
    await house.tells(case.id, "direct mode")
    await house.writes(case.id, "Good morning")
    await house.writes(case.id, "She seems patient", user=BOB)
    await house.shows(case.id, "waiting buyer")
    assert house.sent(case) == ["Good morning"]
    await house.desk.take_over(house.sue, case.id)
    await house.shows(case.id, "Sue has it")
    await house.writes(case.id, "A remark", user=BOB)
    await house.quiet()
    assert house.sent(case) == ["Good morning"]


async def test_a_trainees_reply_waits_for_a_yes_that_is_given_by_a_click(house: DeskHouse) -> None:
    with house.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM people_accounts WHERE account LIKE '%ALICE'")
    tim = house.linked("tim", "trainee", ALICE)
    case = house.staff.case()
    await house.desk.claim(tim, case.id)
    await house.writes(case.id, ">> Es ist beim Zoll.")
    await house.whispered("An agent's yes is asked for")
    await house.tells(case.id, "Tim would like to send")
    (post,) = [one for one in await house.messages() if "Tim would like to send" in said(one)]
    assert house.sent(case) == []
    await house.presses(post, "Send it", user=BOB)
    await house.tells(case.id, "said yes")
    assert house.sent(case) == ["Es ist beim Zoll."]


async def test_what_looks_like_markup_or_a_ping_stays_text_and_is_cut_to_slacks_limits(
    house: DeskHouse,
) -> None:
    case = house.staff.case("<!channel> @here <https://evil.example|your bank> *bold* :tada:")
    house.hears(case, "x" * 9_990 + " the end")
    await house.tells(case.id, "the end")
    words = " ".join(await house.thread(case.id))
    assert "<!channel> @here <https://evil.example|your bank> *bold*" in words
    for method, told in house.edge.told:
        if method == "chat.postMessage":
            assert "<" not in str(told["text"])
            assert str(told.get("link_names")).lower() in ("0", "false")
            assert str(told.get("unfurl_links")).lower() in ("0", "false")


async def test_who_pastes_a_card_number_is_told_to_delete_it(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.writes(case.id, ">> You paid with 4111 1111 1111 1111")
    await house.whispered("payment card")
    await house.shows(case.id, "waiting buyer")
    assert "4111 1111" not in house.sent(case)[0]


async def test_the_reply_box_shows_a_card_number_as_the_buyer_will_read_it_and_says_so(
    house: DeskHouse,
) -> None:
    case = await claimed(house)
    await house.presses(await house.card(case.id), "Reply…")
    answer = await house.submits(await house.modal(), {"text": "You paid with 4111 1111 1111 1111"})
    preview = answer["view"]
    assert "4111 1111" not in str(preview)
    assert "•••• 1111" in said(preview)
    assert "payment card" in said(preview)
    assert await house.submits(preview, {}) in (None, {})
    assert house.sent(case) == ["You paid with •••• 1111"]


async def test_a_card_number_in_a_summary_is_masked_and_that_is_said(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.presses(await house.card(case.id), "Close…")
    values = {"outcome": "solved", "summary": "paid with 4111 1111 1111 1111"}
    answer = await house.submits(await house.modal(), values)
    assert "payment card" in said(answer["view"])
    assert house.staff.now(case).summary == "paid with •••• 1111"


async def test_the_owner_is_warned_before_a_clock_ends(house: DeskHouse) -> None:
    case = await claimed(house)
    due = house.staff.now(case).due_at
    assert due is not None
    house.clock.ahead = due - SystemClock().now() - dt.timedelta(seconds=40)
    await house.tells(case.id, "ends in a minute")
    (post,) = [one for one in await house.messages() if "ends in a minute" in said(one)]
    assert {"type": "user", "user_id": ALICE} in post["blocks"][0]["elements"][0]["elements"]


async def test_a_ready_text_is_put_into_the_reply_box(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.presses(await house.card(case.id), "Reply…")
    view = await house.modal()
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": ALICE, "team_id": TEAM},
        "trigger_id": "1.2.3",
        "view": {**view, "id": "V7", "hash": "h"},
        "actions": [{"action_id": f"desk:use:{case.id}:0", "type": "button", "value": "x"}],
    }
    await house.brings({"type": "interactive", "payload": payload})
    filled = await house.modal("views.update")
    field = next(block for block in filled["blocks"] if block["type"] == "input")
    assert field["element"]["initial_value"] == "We have opened a trace and will write to you by Friday."
    # Slack keeps what is typed in a field of the same name.
    assert field["block_id"] not in {block.get("block_id") for block in view["blocks"]}


async def test_an_answered_case_is_laid_aside_and_taken_up_again(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.writes(case.id, ">> We look into it.")
    await house.presses(await house.shows(case.id, "Snooze…"), "Snooze…")
    view = await house.modal()
    answer = await house.submits(view, {"until": "1000000000"})
    assert "until" in answer["errors"]
    later = int(house.clock.now().timestamp()) + 3_600
    await house.submits(view, {"until": str(later)})
    assert house.staff.now(case).state is CaseState.SNOOZED
    await house.presses(await house.shows(case.id, "Wake"), "Wake")
    await house.shows(case.id, "waiting buyer")


async def test_a_reply_that_did_not_arrive_is_sent_again_by_a_click(house: DeskHouse) -> None:
    case = await claimed(house)
    await house.writes(case.id, ">> It is on its way")
    await house.shows(case.id, "waiting buyer")
    house.settles(OutboxState.FAILED, "the mailbox is full")
    await house.tells(case.id, "the mailbox is full")
    (post,) = [one for one in await house.messages() if "the mailbox is full" in said(one)]
    await house.presses(post, "Try again")
    await house.tells(case.id, "has it sent again")
    house.settles(OutboxState.SENT)

    async def marked() -> bool:
        return "white_check_mark" in [told.get("name") for method, told in house.edge.told]

    await until(marked, "the mark of what was sent")


async def test_a_buyers_file_is_put_into_the_thread(house: DeskHouse) -> None:
    folder = house.frontend._showing._posting._folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "photo.png").write_bytes(b"\x89PNG")
    case = house.staff.case()
    house.hears(case, "Look", attachments=(Attachment("photo.png", "image/png", 4, "photo.png"),))
    await house.tells(case.id, "Files: photo.png")

    async def there() -> bool:
        found = await house.act(house.slack.messages, DESK)
        return any(one.get("files") for one in found)

    await until(there, "the file")


# --- The command and the home page ---


async def test_the_command_tells_and_moves_cases(house: DeskHouse) -> None:
    case = await claimed(house)

    async def asks(text: str, user: str = ALICE) -> str:
        payload = {"command": "/desk", "text": text, "team_id": TEAM, "user_id": user, "trigger_id": "1.2"}
        answer = await house.brings({"type": "slash_commands", "payload": payload})
        assert answer["response_type"] == "ephemeral"
        return f"{answer['text']} {said(answer)} {answer['blocks']}"

    mine = await asks("")
    assert "Lena Fischer" in mine
    card = await house.card(case.id)
    thread = f"http://test.slack.local/archives/{DESK}/p{card['ts'].replace('.', '')}"
    assert thread in mine
    assert "Lena Fischer" in await asks("find CD-104233")
    assert "opened 1" in await asks("stats")
    assert "none" in await asks("queue")
    assert "/desk transfer CASE QUEUE" in await asks("what?")
    assert "no queue" in await asks(f"transfer {case.id} nowhere")
    assert "supervisor now" in await asks(f"transfer #{case.id} supervisor")
    assert "There is no case" in await asks("transfer 999999 supervisor")
    assert "away" in await asks("away")
    assert "Only members of the desk" in await asks("stats", user="U66EVE")


async def test_the_home_page_has_ones_cases_queues_and_figures(house: DeskHouse) -> None:
    await claimed(house)
    event = {"type": "app_home_opened", "user": ALICE, "tab": "home"}
    payload = {"type": "event_callback", "team_id": TEAM, "event": event}
    await house.brings({"type": "events_api", "payload": payload})
    page = said(await house.modal("views.publish"))
    assert "Lena Fischer" in page
    assert "logistics" in page
    assert "opened 1" in page


async def test_whatever_is_in_a_form_nothing_is_done_by_one_that_is_not_ours(house: DeskHouse) -> None:
    case = house.staff.case()
    await house.card(case.id)
    await house.quiet()
    before = house.staff.now(case)
    for told in ("{}", "[]", "null", '{"case": "1", "fence": []}', '{"case": -1}', "\x00", "9" * 5_000):
        for act in ("reply", "close", "pass_on", "reveal", "counter", "snooze", "decline_draft", "nonsense"):
            view = {"type": "modal", "callback_id": f"desk:{act}", "private_metadata": told}
            view["state"] = {"values": {"text": {"x": {"value": "hello"}}, "until": {"x": {"value": "1"}}}}
            payload = {
                "type": "view_submission",
                "team": {"id": TEAM},
                "user": {"id": BOB, "team_id": TEAM},
                "view": {**view, "id": "V1"},
            }
            # Not even an error: whoever raised would be brought the same again.
            await house.frontend.take(payload)
    assert house.staff.now(case) == before
    assert house.sent(case) == []
