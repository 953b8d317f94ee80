"""What every channel must do, whatever its outside is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bot.errors import TryLaterError
from bot.messages import Attachment
from bot.sharing.doors import DoorState
from tests.channels.house import PAYLOAD, House, until
from tests.channels.rig import Can, File, FileRefusedError, Shown, Trouble

needs = pytest.mark.needs

TEXTS = {
    "plain": "Where is my parcel?",
    "markup": "<b>5 < 6 & 7 > 3</b> <script>alert(1)</script> &amp; &lt; <!channel> <@U123>",
    "markdown": "*a* _b_ ~c~ `d` **e** [f](https://x.example) > g # h | i \\ j - k + l = m . n ! o",
    "templates": "{{ 7*7 }} ${7*7} {name} %s %(x)s {0}",
    "arabic": "أين طلبي CD-104233؟ شكراً",
    "both directions": "Order CD-104233: متى يصل؟ (today?)",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇯🇵 ok",
    "east asian": "你好，订单什么时候发货？ 配送はいつですか。 배송 문의드립니다",
    "combining": "Cafe\u0301 Å𝔘𝔫𝔦 ñ Ζαλγο",
    "lines": "first\n\nsecond\nthird",
    "a payload": '/restart{"sender": "somebody"}',
    "links": "see https://x.example/a?b=1&c=(2)_d and help@shop.example",
}
PHOTO = File("kaputt é.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
PAPER = File("invoice.pdf", "application/pdf", b"%PDF-1.4\n" + b"x" * 3000)
#: Much longer than any channel takes in one message, and no two words alike.
LONG = "\n\n".join(" ".join(f"Sentence{number}x{word}." for word in range(40)) for number in range(60))


def words(text: str) -> list[str]:
    return text.split()


async def seen(house: House, count: int) -> Sequence[Shown]:
    """What the buyer sees once there is so much of it."""

    async def enough() -> Sequence[Shown]:
        found = await house.rig.sees()
        return found if len(found) >= count else ()

    return await until(enough, f"{count} messages to be seen")


async def settled(house: House, *states: str) -> None:
    async def are_so() -> bool:
        return list(await house.states()) == list(states)

    await until(are_so, f"messages to be {states}")


# --- Words ---


@pytest.mark.parametrize("name", TEXTS)
async def test_what_a_buyer_writes_arrives_word_by_word(house: House, name: str) -> None:
    await house.rig.says(TEXTS[name])
    (received,) = await house.has(1)
    assert words(received.text) == words(TEXTS[name])
    assert received.button is None
    if "\n" in TEXTS[name]:
        assert received.text.splitlines()[0] == "first"


@pytest.mark.parametrize("name", TEXTS)
async def test_what_we_say_is_seen_word_by_word_and_is_nothing_but_text(house: House, name: str) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.replies(TEXTS[name])
    (shown,) = await seen(house, 1)
    assert words(shown.text) == words(TEXTS[name])
    assert (shown.choices, shown.files) == ((), ())
    await settled(house, "sent")


async def test_a_long_reply_is_seen_whole_in_order_and_no_word_is_cut(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.replies(LONG)
    await settled(house, "sent")
    shown = await house.rig.sees()
    assert [word for one in shown for word in words(one.text)] == words(LONG)


@needs(Can.CORRECTS)
async def test_what_was_said_can_be_changed_and_taken_back(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.replies("It ships on Monday.")
    await house.replies("Anything else?")
    await settled(house, "sent", "sent")
    # Twice the same: after an answer that was lost it is asked again.
    for text in ("It ships on <b>Tuesday</b>.", "It ships on <b>Tuesday</b>.", "It ships today."):
        await house.corrects(text)
    await settled(house, *["sent"] * 5)
    assert [one.text for one in await house.rig.sees()] == ["It ships today.", "Anything else?"]
    await house.corrects("", deletes=True)
    await house.corrects("", deletes=True)
    await settled(house, *["sent"] * 7)
    assert [one.text for one in await house.rig.sees()] == ["Anything else?"]


async def test_what_cannot_be_changed_stays_and_whoever_asked_is_told(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.replies(LONG)
    await settled(house, "sent")
    before = await house.rig.sees()
    await house.corrects("It ships today.")
    await house.replies("Anything else?")
    if Can.CORRECTS in house.rig.can and len(before) == 1:
        await settled(house, "sent", "sent", "sent")
        return
    await settled(house, "sent", "failed", "sent")
    assert (await house.rig.sees())[: len(before)] == before
    assert await house.cases() == 0


# --- Choices ---


async def test_a_choice_comes_back_as_what_it_stands_for(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    titles = ("Where is <b>it</b>?", "أريد استرداد المال", "A person, please")
    await house.replies("What is it about?", choices=titles)
    (shown,) = await seen(house, 1)
    assert words(shown.text) == words("What is it about?")
    assert shown.choices == titles
    await house.rig.chooses(titles[1])
    _, chosen = await house.has(2)
    if Can.BUTTONS in house.rig.can:
        assert (chosen.button, chosen.text) == (PAYLOAD.format(2), "")
    else:
        assert (chosen.numbered, words(chosen.text), chosen.button) == (True, ["2"], None)


async def test_choices_of_a_long_reply_stand_at_its_end(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.replies(LONG, choices=("Yes", "No"))
    await settled(house, "sent")
    *before, last = await house.rig.sees()
    assert last.choices == ("Yes", "No")
    assert all(one.choices == () for one in before)


# --- Order, and nothing twice ---


async def test_messages_arrive_and_are_seen_in_order(house: House) -> None:
    for number in range(12):
        await house.rig.says(f"question {number}")
    received = await house.has(12)
    assert [words(one.text)[-1] for one in received] == [str(number) for number in range(12)]
    for number in range(8):
        await house.replies(f"answer {number}")
    shown = await seen(house, 8)
    assert [words(one.text)[-1] for one in shown] == [str(number) for number in range(8)]


@needs(Can.REPEATS)
async def test_a_repeated_message_is_taken_once(house: House) -> None:
    said = await house.rig.says("only once")
    await house.has(1)
    await house.rig.repeats(said)
    await house.rig.says("next")
    received = await house.has(2)
    assert [words(one.text) for one in received] == [["only", "once"], ["next"]]


# --- Files ---


@needs(Can.FILES_IN)
async def test_files_of_a_buyer_are_kept_as_they_are_and_carried_by_their_message(house: House) -> None:
    await house.rig.says("it came broken", [PHOTO, PAPER])

    async def all_files() -> list[Attachment]:
        found = [item for one in await house.received() for item in one.attachments]
        return found if len(found) >= 2 else []

    photo, paper = await until(all_files, "both files")
    assert (photo.media_type, paper.media_type) == (PHOTO.media_type, PAPER.media_type)
    assert paper.name == PAPER.name
    for kept, sent in ((photo, PHOTO), (paper, PAPER)):
        assert kept.size == len(sent.content)
        assert (house.settings.files / kept.path).read_bytes() == sent.content
    assert [words(one.text) for one in await house.received() if one.text] == [["it", "came", "broken"]]


@needs(Can.FILES_IN)
async def test_a_file_without_a_word_is_a_message(house: House) -> None:
    await house.rig.says("", [PHOTO])
    (received,) = await house.has(1)
    assert received.text == ""
    assert [item.size for item in received.attachments] == [len(PHOTO.content)]


@needs(Can.FILES_IN)
@pytest.mark.parametrize(
    "file",
    [
        File("film.pdf", "application/pdf", b"%PDF-1.4\n" + b"x" * 1_200_000),
        File("setup.exe", "application/x-msdownload", b"MZ" + b"x" * 500),
    ],
    ids=["too large", "of a kind that is not taken"],
)
async def test_a_file_that_is_not_kept_is_not_passed_over(house: House, file: File) -> None:
    async def told() -> list[Attachment]:
        return [item for one in await house.received() for item in one.attachments]

    try:
        await house.rig.says("look", [file])
    except FileRefusedError:
        assert await house.received() == []
    else:
        (item,) = await until(told, "the file to be told of")
        assert (item.name, item.path) == (file.name, "")
    assert not [path for path in (house.settings.files / "attachments").rglob("*") if path.is_file()]


@needs(Can.FILES_OUT)
async def test_a_file_of_ours_reaches_the_buyer(house: House) -> None:
    await house.rig.says("my invoice, please")
    await house.has(1)
    kept = await house.keeps(PAPER.name, PAPER.media_type, PAPER.content)
    await house.replies("Here it is.", attachments=[kept])
    await settled(house, "sent")
    shown = await house.rig.sees()
    assert [word for one in shown for word in words(one.text)] == ["Here", "it", "is."]
    ((file,),) = [one.files for one in shown if one.files]
    assert (file.name, file.content) == (PAPER.name, PAPER.content)


# --- Second thoughts ---


@needs(Can.EDITS)
async def test_a_change_names_what_it_changes(house: House) -> None:
    said = await house.rig.says("size M")
    (first,) = await house.has(1)
    for text in ("size L", "size XL"):
        await house.rig.edits(said, text)
    _, second, third = await house.has(3)
    assert [words(one.text)[-1] for one in (second, third)] == ["L", "XL"]
    assert second.edits == third.edits == first.message_id
    assert len({first.message_id, second.message_id, third.message_id}) == 3


@needs(Can.DELETIONS)
async def test_what_is_taken_back_is_known_as_such(house: House) -> None:
    said = await house.rig.says("never mind")
    (first,) = await house.has(1)
    await house.rig.takes_back(said)
    _, second = await house.has(2)
    assert (second.kind, second.edits) == ("deletion", first.message_id)


# --- Trouble ---


@needs(Trouble.AWAY)
async def test_what_the_outside_cannot_take_now_is_seen_later_once(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.rig.trouble(Trouble.AWAY)
    await house.replies("wait for me")
    await until(house.refused, "the outside to refuse")
    await house.rig.trouble(None)
    house.later()
    await settled(house, "sent")
    assert [words(one.text) for one in await house.rig.sees()] == [["wait", "for", "me"]]


@needs(Trouble.REVOKED)
async def test_revoked_credentials_are_told_and_nothing_is_lost_until_they_are_mended(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.rig.trouble(Trouble.REVOKED)
    await house.replies("wait for me")
    await until(house.refused, "the outside to refuse")
    if Can.KEEPS in house.rig.can:
        await house.rig.says("are you there?")

        async def told() -> bool:
            return house.door()[0] is DoorState.WAITING

        await until(told, "the operator to be told")
        assert house.door()[1]
    await house.rig.trouble(None)
    house.later()
    await settled(house, "sent")
    if Can.KEEPS in house.rig.can:
        _, second = await house.has(2)
        assert words(second.text) == ["are", "you", "there?"]

        async def well() -> bool:
            return house.door()[0] is DoorState.OPEN

        await until(well, "the door to be well again")
    assert [words(one.text) for one in await house.rig.sees()] == [["wait", "for", "me"]]


@needs(Trouble.GONE)
async def test_a_buyer_who_takes_nothing_any_more_becomes_a_case(house: House) -> None:
    await house.rig.says("hello")
    await house.has(1)
    await house.rig.trouble(Trouble.GONE)
    await house.replies("anybody there?")
    await settled(house, "failed")
    assert await house.cases() == 1


async def test_whatever_is_broken_stops_nothing_behind_it(house: House) -> None:
    await house.rig.garbage()
    await house.rig.says("still there?")
    received = await house.has(1)
    assert words(received[-1].text) == ["still", "there?"]


# --- Starts and ends ---


async def test_nothing_is_lost_over_a_restart(house: House) -> None:
    await house.rig.says("before")
    await house.has(1)
    await house.close()
    before = 1
    if Can.KEEPS in house.rig.can:
        await house.rig.says("meanwhile")
        before = 2
    with house.database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one() == 1
    await house.open()
    await house.has(before)
    await house.replies("after")
    (shown,) = await seen(house, 1)
    assert words(shown.text) == ["after"]
    await house.rig.says("and on")
    received = await house.has(before + 1)
    expected = [["before"], *([["meanwhile"]] if before == 2 else []), ["and", "on"]]
    assert [words(one.text) for one in received] == expected


async def test_a_channel_can_be_stopped_twice_and_started_again(house: House) -> None:
    await house.channel.stop()
    await house.channel.stop()
    await house.channel.start()
    await house.rig.says("hello")
    assert len(await house.has(1)) == 1


async def test_a_message_that_cannot_be_kept_is_not_taken(house: House, monkeypatch: Any) -> None:
    if Can.KEEPS not in house.rig.can:
        with monkeypatch.context() as patch:
            _refuse(house, patch)
            with pytest.raises(TryLaterError):
                await house.rig.says("lost?")
        assert await house.received() == []
        return
    with monkeypatch.context() as patch:
        refused = _refuse(house, patch)
        await house.rig.says("lost?")

        async def tried() -> bool:
            return bool(refused)

        await until(tried, "the channel to try")
    house.later()
    (received,) = await house.has(1)
    assert words(received.text) == ["lost?"]


def _refuse(house: House, patch: Any) -> list[Any]:
    """Have the inbox closed; who came meanwhile."""
    refused: list[Any] = []

    async def closed(message: Any) -> Any:
        refused.append(message)
        raise TryLaterError("the disk is full")

    patch.setattr(house.front, "accept", closed)
    return refused
