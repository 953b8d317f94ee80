"""The channel over a real database, with the real SDK, against Telegram's Bot API."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.telegram import intake
from adapters.telegram.poll import PLACE
from bot import logs
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom import outbox
from bot.mailroom.tables import conversations, inbox
from bot.messages import Attachment, Author, Button, Outbound, Weight
from bot.sharing.doors import DoorState
from tests.channels.house import House, until
from tests.peers.telegram_api import ANA, BAD_GATEWAY, BLOCKED, BotApi, Fault, flood
from tests.telegram.reading import NOW

GROUP = {"id": -1001900000001, "type": "supergroup", "title": "Family"}


def said(api: BotApi, text: str, sender: int = ANA["id"], **more: Any) -> Outbound:  # type: ignore[assignment]
    told = {"key": f"k{len(api.calls)}", "position": 1, "author": Author.BOT, **more}
    return Outbound(
        channel="telegram", account=api.bot, sender=str(sender), text=text, created_at=NOW, **told
    )


def called(api: BotApi, method: str) -> list[dict[str, Any]]:
    return [arguments for name, arguments in api.calls if name == method]


async def reached(api: BotApi, method: str, times: int = 1) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]]:
        found = called(api, method)
        return found if len(found) >= times else []

    return await until(enough, f"{times} of {method}")


# --- What comes ---


async def test_an_update_is_confirmed_only_when_it_is_committed(house: House, api: BotApi) -> None:
    update = await api.says("hello")
    await house.has(1)

    async def confirmed() -> bool:
        return int(called(api, "getUpdates")[-1].get("offset", 0)) > update["update_id"]

    await until(confirmed, "the update to be confirmed")
    place = await house.front.place("telegram", api.bot, PLACE)
    assert place is not None
    assert int(place.split()[0]) == update["update_id"] + 1


async def test_an_offset_that_is_a_week_old_is_not_said(house: House, api: BotApi) -> None:
    await api.says("hello")
    await house.has(1)
    await reached(api, "getUpdates", 2)
    await house.close()
    await house.front.set_place("telegram", api.bot, PLACE, "999999999 1700000000")
    before = len(called(api, "getUpdates"))
    await house.open()
    await api.says("I am back, and numbered anew")
    await house.has(2)
    assert "offset" not in called(api, "getUpdates")[before]


async def test_an_album_is_one_message(house: House, api: BotApi) -> None:
    for number in range(3):
        api.files[f"p{number}"] = b"\xff\xd8\xff" + bytes(100 + number)
    for number in range(3):
        photo = [{"file_id": f"p{number}", "file_unique_id": f"u{number}", "file_size": 103 + number}]
        caption = {"caption": "all three are torn"} if number == 0 else {}
        await api.shares(photo=photo, media_group_id="a1", **caption)
    await api.says("and now?")
    album, after = await house.has(2)
    assert (album.text, [one.size for one in album.attachments]) == ("all three are torn", [103, 104, 105])
    assert after.text == "and now?"


async def test_a_file_that_telegram_gives_to_no_bot_is_not_passed_over(house: House, api: BotApi) -> None:
    video = {"file_id": "v", "file_unique_id": "uv", "file_size": 26_000_000, "mime_type": "video/mp4"}
    await api.shares(video=video, caption="look")
    (received,) = await house.has(1)
    assert [(one.size, one.path) for one in received.attachments] == [(26_000_000, "")]
    assert called(api, "getFile") == []


async def test_a_file_that_is_away_for_a_moment_is_fetched(
    house: House, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "WAITS", (0.0, 0.0))
    api.files["p"] = b"\xff\xd8\xff"
    api.faults["file"] = [BAD_GATEWAY, Fault(0, cut=True)]
    await api.shares(photo=[{"file_id": "p", "file_unique_id": "up"}])
    (received,) = await house.has(1)
    assert received.attachments[0].size == 3


async def test_a_file_that_stays_away_does_not_hold_up_its_message(
    house: House, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "WAITS", (0.0, 0.0))
    api.faults["file"] = BAD_GATEWAY
    api.files["p"] = b"x"
    await api.shares(photo=[{"file_id": "p", "file_unique_id": "up"}], caption="torn")
    await api.shares(photo=[{"file_id": "gone", "file_unique_id": "ug"}])
    first, second = await house.has(2)
    assert (first.text, first.attachments[0].path, second.attachments[0].path) == ("torn", "", "")
    assert len(called(api, "getFile")) == 4


async def test_a_long_payload_survives_a_restart(house: House, api: BotApi) -> None:
    payload = '/inform{"return_reason": "' + "x" * 100 + '"}'
    await api.says("hello")
    await house.has(1)
    with house.database.begin() as connection:
        talk = connection.execute(sa.select(conversations.c.id)).scalar_one()
        outbox.post(connection, talk, "Why?", now=house.clock.now(), buttons=[Button("Because", payload)])
    house.front.new_mail.set()

    async def seen() -> str:
        found = [
            button for one in api.shown for row in one["reply_markup"]["inline_keyboard"] for button in row
        ]
        return found[0]["callback_data"] if found else ""

    data = await until(seen, "the button")
    assert len(data) < 64
    await house.close()
    await house.open()
    await api.presses(data)
    _, pressed = await house.has(2)
    assert pressed.button == payload


async def test_every_press_is_acknowledged_even_a_stale_one(house: House, api: BotApi) -> None:
    api.faults["answerCallbackQuery"] = [Fault(400, "Bad Request: query is too old and response timeout")]
    await api.presses("#999999.3")
    await api.presses("/service_human")
    stale, pressed = await house.has(2)
    assert (stale.button, pressed.button) == ("#999999.3", "/service_human")
    await reached(api, "answerCallbackQuery", 2)
    await api.says("and on")
    await house.has(3)


async def test_a_buyer_who_blocked_the_bot_gets_nothing_of_what_waits(house: House, api: BotApi) -> None:
    await api.says("hello")
    await house.has(1)
    api.faults["sendMessage"] = flood(3000)
    await house.replies("one")
    await house.replies("two")
    await until(house.refused, "the flood")
    member = {"user": {"id": int(api.bot), "is_bot": True, "first_name": "M"}}
    chat = {"id": ANA["id"], "type": "private"}
    await api.happens(
        {
            "my_chat_member": {
                "chat": chat,
                "from": ANA,
                "date": 1_795_334_400,
                "old_chat_member": {**member, "status": "member"},
                "new_chat_member": {**member, "status": "kicked", "until_date": 0},
            }
        }
    )

    async def given_up() -> bool:
        return list(await house.states()) == ["failed", "failed"]

    await until(given_up, "what waits to be given up")


async def test_a_group_is_declined_once_in_its_language_and_left(house: House, api: BotApi) -> None:
    for _ in range(3):
        await api.shares(
            who={**ANA, "language_code": "de"}, chat=GROUP, text="/start@meridian_bot", entities=[]
        )
    await api.says("hello")
    await house.has(1)
    await reached(api, "leaveChat", 3)
    (declined,) = called(api, "sendMessage")
    assert (declined["chat_id"], declined["text"][:10]) == (str(GROUP["id"]), "Bestellung")
    assert [one.text for one in await house.received()] == ["hello"]


async def test_what_waits_at_the_start_is_taken_in_order(house: House, api: BotApi) -> None:
    await house.close()
    for number in range(150):
        await api.shares(who={**ANA, "id": 100 + number % 30}, text=f"{number}")
    await house.open()
    received = await house.has(150)
    by_chat: dict[str, list[int]] = {}
    for one in received:
        by_chat.setdefault(one.message_id.partition(":")[0], []).append(int(one.text))
    assert all(numbers == sorted(numbers) for numbers in by_chat.values())
    assert sorted(number for numbers in by_chat.values() for number in numbers) == list(range(150))


async def test_typing_is_shown_while_the_bot_thinks(house: House, api: BotApi) -> None:
    await api.says("hello")
    (shown,) = await reached(api, "sendChatAction")
    assert shown == {"chat_id": str(ANA["id"]), "action": "typing"}


async def test_no_typing_is_shown_for_what_waited_long(house: House, api: BotApi) -> None:
    await api.shares(text="an hour ago", date=1_795_334_400)
    await api.says("now")
    await house.has(2)
    await reached(api, "sendChatAction")
    await house.close()
    assert len(called(api, "sendChatAction")) == 1


async def test_what_telegram_says_of_the_buyer_arrives(house: House, api: BotApi) -> None:
    await api.says("oi", {**ANA, "language_code": "pt-br"})
    await house.has(1)
    with house.database.begin() as connection:
        talk = connection.execute(sa.select(conversations)).one()
        row = connection.execute(sa.select(inbox)).one()
    assert (talk.sender, talk.sender_name, talk.language) == ("5501", "Ana Souza", "pt")
    assert row.language_hint == "pt"


# --- What goes ---


@pytest.mark.parametrize(
    ("fault", "ours"),
    [
        (flood(7), TryLaterError),
        (Fault(500, "Internal Server Error"), TryLaterError),
        (Fault(401, "Unauthorized"), OperatorError),
        (BLOCKED, NeverError),
        (Fault(400, "Bad Request: chat not found"), NeverError),
        (BAD_GATEWAY, UnknownOutcomeError),
        (Fault(0, cut=True), UnknownOutcomeError),
        (Fault(0, cut=True, done=True), UnknownOutcomeError),
        (Fault(200, body=b"{"), UnknownOutcomeError),
    ],
    ids=repr,
)
async def test_a_refusal_is_what_it_is(house: House, api: BotApi, fault: Fault, ours: type) -> None:
    api.faults["sendMessage"] = fault
    with pytest.raises(ours) as told:
        await house.channel.send(said(api, "hello"))
    assert api.token not in str(told.value)


async def test_a_server_that_is_not_there_has_sent_nothing(house: House, api: BotApi) -> None:
    await house.close()
    await api.stop()
    channel = house.rig.open(house.settings, house.front)
    with pytest.raises(TryLaterError):
        await (await channel).send(said(api, "hello"))


async def test_one_chat_in_a_flood_stands_for_itself_two_for_the_account(house: House, api: BotApi) -> None:
    api.faults["sendMessage"] = flood(30)
    whole = []
    for sender in (1, 1, 2):
        with pytest.raises(TryLaterError) as told:
            await house.channel.send(said(api, "hello", sender))
        assert told.value.retry_after == 30.0
        whole.append(told.value.whole_account)
    assert whole == [False, False, True]


async def test_after_a_failure_only_the_parts_that_are_left_are_sent(house: House, api: BotApi) -> None:
    message = said(api, "a" * 5000 + " " + "b" * 3000)
    api.faults["sendMessage"] = [Fault(500, "Internal Server Error")]
    with pytest.raises(TryLaterError):
        await house.channel.send(message)
    assert api.shown == []
    ok = await house.channel.send(message)
    assert ok == str(api.shown[-1]["message_id"])
    assert "".join(one["text"] for one in api.shown).replace(" ", "") == "a" * 5000 + "b" * 3000
    api.shown.clear()

    second = said(api, "a" * 5000)
    really = api._sendMessage

    async def once(asked: dict[str, Any]) -> Any:
        api.faults["sendMessage"] = [flood(1)]
        return await really(asked)

    api._sendMessage = once  # type: ignore[method-assign]
    with pytest.raises(TryLaterError):
        await house.channel.send(second)
    api._sendMessage = really  # type: ignore[method-assign]
    await house.channel.send(second)
    assert [len(one["text"]) for one in api.shown] == [4096, 904]


async def test_pictures_are_shown_and_papers_attached(house: House, api: BotApi) -> None:
    photo = await house.keeps("cup.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(50))
    paper = await house.keeps("invoice é.pdf", "application/pdf", b"%PDF-1.4")
    await house.channel.send(said(api, "Here.", attachments=(photo, paper)))
    text, first, second = api.shown
    assert text["text"] == "Here."
    assert (first["file"]["kind"], second["file"]["kind"]) == ("photo", "document")
    assert second["file"]["name"] == "invoice é.pdf"
    assert second["file"]["content"] == b"%PDF-1.4"


async def test_a_file_that_is_not_where_it_should_be_is_the_operators(house: House, api: BotApi) -> None:
    missing = Attachment("a.pdf", "application/pdf", 5, "attachments/00/nothing")
    with pytest.raises(OperatorError, match="CROSSDESK_FILES"):
        await house.channel.send(said(api, "Here.", attachments=(missing,)))
    assert api.shown == []


async def test_nothing_to_say_is_never_sent(house: House, api: BotApi) -> None:
    with pytest.raises(NeverError):
        await house.channel.send(said(api, " "))


async def test_what_an_account_that_is_gone_must_send_waits_for_the_operator(
    house: House, api: BotApi
) -> None:
    message = said(api, "hello")
    other = Outbound(**{**vars(message), "account": "42"})
    with pytest.raises(OperatorError, match="bots"):
        await house.channel.send(other)


async def test_a_confirmation_whose_answer_is_lost_is_never_repeated(house: House, api: BotApi) -> None:
    await api.says("hello")
    await house.has(1)
    api.faults["sendMessage"] = [Fault(0, cut=True, done=True)]
    with house.database.begin() as connection:
        talk = connection.execute(sa.select(conversations.c.id)).scalar_one()
        outbox.post(connection, talk, "Refunded.", now=house.clock.now(), weight=Weight.CONFIRMATION)
    house.front.new_mail.set()

    async def unknown() -> bool:
        return list(await house.states()) == ["unknown"]

    await until(unknown, "the outcome to be unknown")
    assert await house.cases() == 1
    assert [one["text"] for one in api.shown] == ["Refunded."]


# --- The operator ---


async def test_no_log_line_holds_the_token(
    house: House, api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.set_up()
        logging.getLogger().addHandler(caplog.handler)
        api.faults["sendMessage"] = [BAD_GATEWAY, Fault(0, cut=True), Fault(200, body=b"{")]
        api.faults["getUpdates"] = [BAD_GATEWAY, Fault(0, cut=True), Fault(401, "Unauthorized")]
        await api.says("hello")
        for _ in range(3):
            with pytest.raises(UnknownOutcomeError):
                await house.channel.send(said(api, "PAPAYA"))
        await house.has(1)
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        logging.captureWarnings(False)
    assert "telegram" in caplog.text
    assert api.token not in caplog.text
    assert "PAPAYA" not in caplog.text


async def test_another_program_that_polls_is_told_to_the_operator(house: House, api: BotApi) -> None:
    api.faults["getUpdates"] = Fault(409, "Conflict: terminated by other getUpdates request")
    await api.says("hello")

    async def told() -> bool:
        return house.door()[0] is DoorState.WAITING

    await until(told, "the operator to be told")
    assert "another program" in house.door()[1]
    api.faults.clear()
    await house.has(1)


async def test_doctor_names_the_bot_and_how_updates_come(house: House, api: BotApi) -> None:
    token, updates = await house.channel.examine()  # type: ignore[attr-defined]
    assert (token.fine, "@meridian_bot" in token.says) == (True, True)
    assert (updates.fine, updates.says[:6]) == (True, "polled")
    api.webhook = {"url": "https://elsewhere.example/hook"}
    *_, updates = await house.channel.examine()  # type: ignore[attr-defined]
    assert not updates.fine
    api.faults["getMe"] = Fault(401, "Unauthorized")
    (token,) = await house.channel.examine()  # type: ignore[attr-defined]
    assert not token.fine
    assert "CROSSDESK_TELEGRAM_TOKEN" in token.says


async def test_a_webhook_that_somebody_set_is_taken_away_at_the_start(house: House, api: BotApi) -> None:
    await house.close()
    api.webhook = {"url": "https://elsewhere.example/hook"}
    await house.open()
    assert api.webhook == {}
    assert called(api, "deleteWebhook")[-1].get("drop_pending_updates", "false") == "false"
