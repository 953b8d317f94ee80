"""Buyers on Slack, over Socket Mode: who is heard where, in which order, and what becomes of our words."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.slack import backfill, files
from bot.channels import Sighting
from bot.errors import OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom.tables import conversations
from bot.messages import Attachment, Author, Button, Outbound
from tests.channels.house import until
from tests.peers.local_slack import ALICE, BOB, BOT, SHOP, TEAM
from tests.slack.conftest import Shop
from tests.slack.edge import Answer, limited, refusal

NAMED = f"<@{BOT}>"


def ours(shop: Shop, sender: str, text: str = "Hello", **more: Any) -> Outbound:
    """A message of ours, as delivery hands it to the channel."""
    return Outbound(
        key=more.pop("key", "out-1"),
        channel="slack",
        account=TEAM,
        sender=sender,
        text=text,
        author=Author.BOT,
        position=9,
        created_at=shop.clock.now() - dt.timedelta(minutes=1),
        **more,
    )


def senders(shop: Shop) -> dict[str, tuple[str | None, str]]:
    """Every conversation's sender, with the buyer's name and language."""
    with shop.database.begin() as connection:
        rows = connection.execute(sa.select(conversations)).all()
    return {row.sender: (row.sender_name, row.language) for row in rows}


# --- Who is heard ---


async def test_somebody_who_names_us_in_a_channel_is_answered_in_a_thread_there(shop: Shop) -> None:
    ts = await shop.says(SHOP, f"{NAMED} is it in stock?")
    await shop.says(SHOP, "lunch, anyone?")
    # Named, and therefore told twice: as a message and as a mention.
    assert await shop.texts(1) == ["is it in stock?"]
    await shop.replies("It is.")
    (post,) = await shop.posted(SHOP, 1)
    assert post["thread_ts"] == ts
    assert senders(shop) == {f"{TEAM}/{SHOP}/{ts}/{ALICE}": ("alice", "en")}


async def test_whoever_has_named_us_once_is_heard_in_that_thread_and_nobody_else_is(shop: Shop) -> None:
    ts = await shop.says(SHOP, f"{NAMED} is it in stock?")
    await shop.has(1)
    await shop.says(SHOP, "in red, I mean", thread=ts)
    await shop.has(2)
    await shop.says(SHOP, "I like red", user=BOB, thread=ts)
    await shop.says(SHOP, f"<@{BOB}> do you?", thread=ts)
    await shop.says(SHOP, "and in blue?", thread=ts)
    assert await shop.texts(3) == ["is it in stock?", "in red, I mean", "and in blue?"]


async def test_two_people_in_one_thread_have_a_conversation_each(shop: Shop) -> None:
    ts = await shop.says(SHOP, f"{NAMED} is it in stock?")
    await shop.says(SHOP, f"{NAMED} and mine?", user=BOB, thread=ts)
    await shop.has(2)
    assert set(senders(shop)) == {f"{TEAM}/{SHOP}/{ts}/{ALICE}", f"{TEAM}/{SHOP}/{ts}/{BOB}"}


async def test_a_button_in_a_thread_is_for_whom_it_was_offered(shop: Shop) -> None:
    ts = await shop.says(SHOP, f"{NAMED} cancel it")
    await shop.has(1)
    await shop.replies("Really?", ["Yes"])
    (post,) = await shop.posted(SHOP, 1)
    await shop.act(shop.slack.presses, SHOP, post, "Yes", user=BOB)
    await shop.act(shop.slack.presses, SHOP, post, "Yes")
    await shop.has(2)
    assert set(senders(shop)) == {f"{TEAM}/{SHOP}/{ts}/{ALICE}"}


async def test_a_reply_to_a_thread_in_direct_messages_is_posted_there(shop: Shop) -> None:
    direct = shop.rig.direct
    first = await shop.says(direct, "Hello")
    await shop.has(1)
    await shop.replies("Hello Alice")
    await shop.posted(direct, 1)
    await shop.says(direct, "about this", thread=first)
    await shop.has(2)
    await shop.replies("Yes?")
    one, two = await shop.posted(direct, 2)
    assert one.get("thread_ts") is None
    assert two["thread_ts"] == first
    assert set(senders(shop)) == {f"{TEAM}/{direct}//{ALICE}"}


async def test_our_own_words_are_not_heard(shop: Shop) -> None:
    await shop.says(shop.rig.direct, "Hello")
    await shop.has(1)
    await shop.replies("Hello")
    await shop.posted(shop.rig.direct, 1)
    await shop.says(shop.rig.direct, "end")
    assert await shop.texts(2) == ["Hello", "end"]


async def test_a_name_and_a_language_come_from_slack_where_it_tells_them(shop: Shop) -> None:
    profile = {"id": ALICE, "profile": {"display_name": "", "real_name": "Alice A."}, "locale": "pt-BR"}
    shop.edge.faults["users.info"] = Answer({"ok": True, "user": profile})
    await shop.says(shop.rig.direct, "1")
    await shop.has(1)
    assert list(senders(shop).values()) == [("Alice A.", "pt")]


async def test_a_buyer_is_heard_without_a_name_if_the_scope_is_missing(shop: Shop) -> None:
    shop.edge.faults["users.info"] = refusal("missing_scope")
    await shop.says(shop.rig.direct, "one")
    await shop.says(shop.rig.direct, "two")
    await shop.has(2)
    assert list(senders(shop).values()) == [(None, "en")]
    assert shop.edge.called.count("users.info") == 1


# --- Nothing twice, nothing lost, in order ---


async def test_an_envelope_brought_again_is_acknowledged_and_taken_once(shop: Shop) -> None:
    ts = await shop.says(shop.rig.direct, "only once")
    await shop.has(1)
    again = await shop.edge.bring(shop.edge.envelope_of(ts))

    async def acknowledged() -> bool:
        return again in shop.edge.acknowledged

    await until(acknowledged, "the acknowledgement")
    await shop.says(shop.rig.direct, "next")
    assert await shop.texts(2) == ["only once", "next"]


async def test_what_is_not_committed_is_not_acknowledged(shop: Shop, monkeypatch: Any) -> None:
    tried: list[Any] = []

    async def closed(message: Any) -> Any:
        tried.append(message)
        raise TryLaterError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(shop.front, "accept", closed)
        ts = await shop.says(shop.rig.direct, "keep me")

        async def was_tried() -> bool:
            return bool(tried)

        await until(was_tried, "the channel to try")
        assert shop.edge.envelope_of(ts)["envelope_id"] not in shop.edge.acknowledged
    # Nobody brings it again here: it is read from the history, which is asked now and then, not all the time.
    assert await shop.texts(1) == ["keep me"]
    assert shop.edge.called.count("conversations.history") < 100


async def test_what_was_said_while_nobody_listened_comes_first_and_in_order(shop: Shop) -> None:
    direct = shop.rig.direct
    ts = await shop.says(SHOP, f"{NAMED} is it in stock?")
    await shop.has(1)
    await shop.close()
    for text in ("one", "two", "three"):
        await shop.says(direct, text)
    await shop.says(SHOP, "in red?", thread=ts)
    await shop.says(SHOP, f"{NAMED} and a hat?", user=BOB)
    await shop.says(SHOP, "not for us")
    await shop.open()
    await shop.edge.linked()
    await shop.says(direct, "four")
    found = await shop.texts(7)
    assert [text for text in found if text in ("one", "two", "three", "four")] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert set(found) == {"is it in stock?", "one", "two", "three", "four", "in red?", "and a hat?"}


async def test_what_was_edited_while_nobody_listened_is_known_as_edited(shop: Shop) -> None:
    direct = shop.rig.direct
    ts = await shop.says(direct, "where is it?")
    (first,) = await shop.has(1)
    await shop.close()
    await shop.act(shop.slack.edits, direct, ts, "where is CD-100001?")
    await shop.open()
    _, second = await shop.has(2)
    assert (second.text, second.edits) == ("where is CD-100001?", first.message_id)


async def test_after_a_lost_connection_what_was_missed_is_fetched(shop: Shop) -> None:
    await shop.says(shop.rig.direct, "before")
    await shop.has(1)
    shop.edge.faults["apps.connections.open"] = Answer("<html>away</html>", 503)
    await shop.edge.hang_up()
    await shop.says(shop.rig.direct, "meanwhile")
    shop.edge.faults.clear()
    assert await shop.texts(2) == ["before", "meanwhile"]
    await shop.edge.linked()


async def test_what_was_said_before_the_very_first_start_is_not_answered(
    shop: Shop, monkeypatch: Any
) -> None:
    await shop.close()
    with shop.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM places")
    await shop.says(shop.rig.direct, "long ago")
    # As if it had been said an hour earlier.
    monkeypatch.setattr(backfill, "ARRIVAL", -dt.timedelta(hours=1))
    await shop.open()
    await shop.edge.linked()
    await shop.says(shop.rig.direct, "now")
    assert await shop.texts(1) == ["now"]


async def test_too_many_look_ups_are_waited_for(shop: Shop) -> None:
    await shop.close()
    await shop.says(shop.rig.direct, "missed")
    shop.edge.faults["conversations.history"] = [limited(0), limited(0), limited(0)]
    await shop.open()
    assert await shop.texts(1) == ["missed"]


# --- Files ---


async def test_a_file_that_slack_does_not_give_does_not_hold_up_the_words(shop: Shop) -> None:
    shop.edge.missing.add("photo.png")
    await shop.act(
        shop.slack.sends, shop.rig.direct, "it came broken", [("photo.png", "image/png", b"\x89PNG")]
    )
    (received,) = await shop.has(1)
    assert received.text == "it came broken"
    assert [(one.name, one.path) for one in received.attachments] == [("photo.png", "")]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/T1-F1/x.png",
        "http://127.0.0.1:1/x.png",
        "file:///etc/passwd",
        "//x",
        "https://slack.com.evil.example/x",
    ],
)
async def test_our_token_goes_to_nobody_but_slack(shop: Shop, url: str) -> None:
    found = files.SentFile("F1", "x.png", "image/png", 5, url)
    kept = await shop.buyers._files.fetch(found, TEAM)
    assert kept == Attachment("x.png", "image/png", 5, "")


# --- Our words ---


async def test_an_unanswered_post_can_be_looked_up_by_its_key(shop: Shop) -> None:
    ts = await shop.says(SHOP, f"{NAMED} hello")
    sender = f"{TEAM}/{SHOP}/{ts}/{ALICE}"
    sent, unsent = ours(shop, sender, key="out-1"), ours(shop, sender, key="out-2")
    shop.edge.faults["chat.postMessage"] = Answer("<html>gateway time-out</html>", 504, done=True)
    with pytest.raises(UnknownOutcomeError):
        await shop.buyers.send(sent)
    shop.edge.faults.clear()
    found = await shop.buyers.look_up(sent)
    assert found.sighting is Sighting.SENT
    assert found.message_id == f"{SHOP}:{(await shop.posted(SHOP, 1))[0]['ts']}"
    # Slack may show it later.
    assert (await shop.buyers.look_up(unsent)).sighting is Sighting.UNKNOWN
    direct = ours(shop, f"{TEAM}/{shop.rig.direct}//{ALICE}", key="out-3")
    await shop.buyers.send(direct)
    assert (await shop.buyers.look_up(direct)).sighting is Sighting.SENT


async def test_a_post_whose_answer_was_lost_is_not_repeated_if_slack_has_it(shop: Shop) -> None:
    await shop.says(shop.rig.direct, "Hello")
    await shop.has(1)
    shop.edge.faults["chat.postMessage"] = [Answer("<html>time-out</html>", 504, done=True)]
    await shop.replies("only once")

    async def is_sent() -> bool:
        return list(await shop.states()) == ["sent"]

    await until(is_sent, "the reply to count as sent")
    assert len(await shop.posted(shop.rig.direct, 1)) == 1


async def test_too_fast_waits_as_long_as_slack_says(shop: Shop) -> None:
    sender = f"{TEAM}/{shop.rig.direct}//{ALICE}"
    shop.edge.faults["chat.postMessage"] = [limited(7)]
    with pytest.raises(TryLaterError) as caught:
        await shop.buyers.send(ours(shop, sender))
    assert caught.value.retry_after == 7.0
    await shop.buyers.send(ours(shop, sender))
    assert shop.edge.called.count("chat.postMessage") == 2


async def test_a_part_that_is_out_is_not_sent_again(shop: Shop) -> None:
    sender = f"{TEAM}/{shop.rig.direct}//{ALICE}"
    text = "word " * 5_000
    shop.edge.faults["chat.postMessage"] = [Answer({"ok": True, "ts": "1.1"}), limited(7)]
    with pytest.raises(UnknownOutcomeError):
        await shop.buyers.send(ours(shop, sender, text))


async def test_an_agent_is_named_and_choices_are_buttons(shop: Shop) -> None:
    sender = f"{TEAM}/{shop.rig.direct}//{ALICE}"
    yes = Button("Yes <!here>", "/service_affirm")
    await shop.buyers.send(ours(shop, sender, "*Good* morning", buttons=(yes,), author_name="Mei"))
    (post,) = await shop.posted(shop.rig.direct, 1)
    assert [block["type"] for block in post["blocks"]] == ["context", "rich_text", "actions"]
    assert post["text"] == "*Good* morning"


async def test_without_a_token_the_operator_is_told_what_to_set(shop: Shop, monkeypatch: Any) -> None:
    from adapters.slack import open_channel

    monkeypatch.delenv("CROSSDESK_SLACK_BOT_TOKEN")
    channel = open_channel(shop.settings, shop.front)
    with pytest.raises(OperatorError, match="CROSSDESK_SLACK_BOT_TOKEN"):
        await channel.send(ours(shop, f"{TEAM}/{shop.rig.direct}//{ALICE}"))


# --- The operator ---


async def test_a_revoked_bot_token_is_told_although_the_socket_lives(shop: Shop) -> None:
    shop.edge.faults["auth.test"] = refusal("token_revoked")
    await shop.wire.check()
    assert "token_revoked" in shop.door()[1]
    shop.edge.faults.clear()
    await shop.wire.check()
    assert shop.door()[1] == ""


async def test_doctor_finds_everything_well(shop: Shop) -> None:
    found = await shop.buyers.examine()
    assert [(one.what, one.fine) for one in found] == [("token", True), ("clock", True), ("events", True)]


async def test_doctor_says_what_is_missing(shop: Shop) -> None:
    scopes = "chat:write,im:history"
    shop.edge.faults["auth.test"] = Answer(
        {"ok": True, "user": "assistant", "team": "Test", "team_id": TEAM, "user_id": BOT},
        headers={"X-OAuth-Scopes": scopes, "Date": "Sun, 22 Nov 2020 16:00:00 GMT"},
    )
    shop.edge.faults["apps.connections.open"] = refusal("missing_scope")
    found = {one.what: one for one in await shop.buyers.examine()}
    assert [one.fine for one in found.values()] == [True, False, False, False]
    assert "users:read" in found["scopes"].says
    assert "chat:write" not in found["scopes"].says
    shop.edge.faults["auth.test"] = refusal("invalid_auth")
    (token,) = await shop.buyers.examine()
    assert (token.fine, "invalid_auth" in token.says) == (False, True)


async def test_nothing_of_a_buyer_or_a_token_is_in_the_log(shop: Shop, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    shop.edge.faults["chat.postMessage"] = [limited(1), refusal("not_in_channel")]
    await shop.says(shop.rig.direct, "my secret words")
    await shop.has(1)
    await shop.replies("our secret words")
    await shop.edge.hang_up()
    await shop.edge.linked()
    await shop.says(shop.rig.direct, "more secret words")
    await shop.has(2)
    said = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp")
    )
    assert "secret" not in said
    assert "xoxb-" not in said
    assert "xapp-" not in said
