"""Mailboxes on a real server: whatever happens to connections and numbers, no letter is lost or repeated."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import email
import email.policy
import re
import smtplib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.mail import MailChannel, open_channel
from adapters.mail.marks import address_of
from bot.channels import Sighting
from bot.clock import SystemClock
from bot.database import Database
from bot.errors import OperatorError, TryLaterError
from bot.mailroom.tables import inbox
from bot.messages import Author, Inbound, Outbound
from bot.serving.front import Front
from bot.settings import Settings
from tests.channels.house import until
from tests.channels.mail_rig import empty, options_for, post_office
from tests.peers.postoffice import HOST, USERS, PostOffice

HELP, SALES, ANN = "help@shop.test", "sales@shop.test", "ann@cust.test"


class Store:
    """A front with mailboxes, and what buyers do."""

    def __init__(self, office: PostOffice, settings: Settings, database: Database, files: Path) -> None:
        self.office, self.database = office, database
        self._settings, self._files = settings, files
        self.troubles: list[str | None] = []
        self.channels: list[MailChannel] = []

    def channel(self, *addresses: str, **options: Any) -> MailChannel:
        rules = self._settings.rules.copy(
            update={"channel_options": {"mail": options_for(self.office, *addresses, **options)}}
        )
        settings = dataclasses.replace(self._settings, rules=rules, files=self._files)
        self.front = Front(settings, self.database, SystemClock())
        self.front.on_trouble(lambda _, why: self.troubles.append(why))
        made: Any = open_channel(settings, self.front)
        self.channels.append(made)
        return made  # type: ignore[no-any-return]

    def write(self, text: str, *, to: str = HELP, count: int = 1, more: str = "") -> None:
        with smtplib.LMTP(HOST, self.office.lmtp) as line:
            for number in range(count):
                head = f"From: Ann <{ANN}>\r\nSubject: Re: parcel\r\n{more}"
                head += f"Message-ID: <{text}.{number}@cust.test>\r\n"
                line.sendmail(ANN, [to], f"{head}\r\n{text} {number}\r\n".encode())

    async def has(self, count: int) -> Sequence[Any]:
        async def enough() -> Sequence[Any]:
            with self.database.begin() as connection:
                rows = connection.execute(sa.select(inbox).order_by(inbox.c.id)).all()
            return rows if len(rows) >= count else ()

        return await until(enough, f"{count} messages in the inbox")

    def in_folder(self, address: str, folder: str) -> list[bytes]:
        with self.office.client(address) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    async def emptied(self, address: str = HELP) -> None:
        async def nothing() -> bool:
            return not await asyncio.to_thread(self.in_folder, address, "INBOX")

        await until(nothing, "an empty inbox")


@pytest.fixture
async def store(
    settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    office = post_office()
    monkeypatch.setenv("SSL_CERT_FILE", str(office.certificate))
    for address, password in USERS.items():
        name = "CROSSDESK_MAIL_PASSWORD_" + re.sub("[^A-Z]", "_", address.upper())
        monkeypatch.setenv(name, password)
    empty(office, HELP, SALES, ANN)
    made = Store(office, settings, database, tmp_path)
    yield made
    for channel in made.channels:
        await channel.stop()


def outbound(text: str, sender: str = ANN, key: str = "turn:1:0") -> Outbound:
    now = dt.datetime.now(dt.timezone.utc)
    return Outbound(key, "mail", HELP, sender, text, Author.BOT, 2, now)


async def test_letters_are_handed_on_in_order_and_lie_in_their_folder(store: Store) -> None:
    store.write("hello", count=30)
    await store.channel(HELP).start()
    rows = await store.has(30)
    assert [row.text for row in rows] == [f"hello {number}" for number in range(30)]
    await store.emptied()
    assert len(store.in_folder(HELP, "crossdesk-handled")) == 30


async def test_a_connection_cut_by_the_server_is_made_again(store: Store) -> None:
    await store.channel(HELP, poll_seconds=600).start()
    store.write("one")
    await store.has(1)
    await asyncio.to_thread(store.office.kick, HELP)
    store.write("two")
    assert [row.text for row in await store.has(2)] == ["one 0", "two 0"]


async def test_a_server_that_went_away_is_told_of_and_found_again(store: Store) -> None:
    await store.channel(HELP).start()
    await asyncio.to_thread(store.office.stop_dovecot)
    try:

        async def told() -> bool:
            return bool(store.troubles and store.troubles[-1])

        await until(told, "the operator to be told")
    finally:
        await asyncio.to_thread(store.office.start_dovecot)
    store.write("after")
    assert [row.text for row in await store.has(1)] == ["after 0"]
    assert store.troubles[-1] is None


async def test_numbers_given_anew_repeat_no_letter_and_lose_none(store: Store) -> None:
    channel = store.channel(HELP)
    await channel.start()
    store.write("before")
    await store.has(1)
    await store.emptied()
    await channel.stop()
    store.office.number_anew(HELP)
    store.write("after")
    await channel.start()
    assert [row.text for row in await store.has(2)] == ["before 0", "after 0"]


async def test_a_letter_that_was_taken_and_not_moved_is_taken_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = store.channel(HELP)

    def dies(*_: Any) -> None:
        raise OSError("died before the letter was moved")

    store.write("once")
    with monkeypatch.context() as patch:
        patch.setattr("adapters.mail.mailbox._move", dies)
        await channel.start()
        await store.has(1)
        await channel.stop()
    assert len(store.in_folder(HELP, "INBOX")) == 1
    await channel.start()
    await store.emptied()
    assert [row.text for row in await store.has(1)] == ["once 0"]


async def test_a_letter_waits_while_the_database_cannot_take_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = store.channel(HELP)
    refused = []

    async def full(message: Inbound) -> Any:
        refused.append(message)
        raise TryLaterError("the disk is full")

    store.write("wait", count=3)
    with monkeypatch.context() as patch:
        patch.setattr(store.front, "accept", full)
        await channel.start()

        async def tried() -> bool:
            return bool(refused)

        await until(tried, "a try")
    assert [row.text for row in await store.has(3)] == ["wait 0", "wait 1", "wait 2"]


async def test_a_server_that_cannot_idle_is_asked(store: Store) -> None:
    await asyncio.to_thread(store.office.stop_dovecot)
    await asyncio.to_thread(store.office.start_dovecot, capability="IMAP4rev1 MOVE UIDPLUS")
    try:
        channel = store.channel(HELP, poll_seconds=1)
        await channel.start()
        store.write("asked")
        await store.has(1)
        await channel.stop()
    finally:
        await asyncio.to_thread(store.office.stop_dovecot)
        await asyncio.to_thread(store.office.start_dovecot)


async def test_a_server_that_cannot_move_letters_copies_them(store: Store) -> None:
    await asyncio.to_thread(store.office.stop_dovecot)
    await asyncio.to_thread(store.office.start_dovecot, capability="IMAP4rev1 UIDPLUS")
    try:
        channel = store.channel(HELP, poll_seconds=1)
        store.write("copied", count=3)
        await channel.start()
        await store.has(3)
        await store.emptied()
        await channel.stop()
    finally:
        await asyncio.to_thread(store.office.stop_dovecot)
        await asyncio.to_thread(store.office.start_dovecot)
    assert len(store.in_folder(HELP, "crossdesk-handled")) == 3


async def test_two_mailboxes_are_two_accounts_and_one_refused_keeps_nobody_waiting(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_MAIL_PASSWORD_SALES_SHOP_TEST", "wrong")
    await store.channel(HELP, SALES, retry_seconds=600).start()
    store.write("to help")
    (row,) = await store.has(1)
    assert row.account == HELP
    assert str(store.troubles[-1]).startswith(f"{SALES}: the mailbox refuses our login: [AUTH")
    monkeypatch.setenv("CROSSDESK_MAIL_PASSWORD_SALES_SHOP_TEST", USERS[SALES])
    await store.channels[0].stop()
    await store.channel(HELP, SALES).start()
    store.write("to sales", to=SALES)
    assert [row.account for row in await store.has(2)] == [HELP, SALES]


async def test_a_refused_password_keeps_the_door_closed_and_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_MAIL_PASSWORD_HELP_SHOP_TEST", "wrong")
    channel = store.channel(HELP)
    with pytest.raises(OperatorError, match="refuses our login"):
        await channel.start()
    found = {one.what: one for one in await channel.examine()}
    assert [one.fine for one in found.values()] == [False, False]


async def test_an_untrusted_certificate_is_not_accepted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    channel = store.channel(HELP)
    with pytest.raises(OperatorError, match="certificate"):
        await channel.start()
    assert all("certificate" in one.says for one in await channel.examine())


async def test_doctor_sees_a_mailbox_that_works(store: Store) -> None:
    assert [one.fine for one in await store.channel(HELP, SALES).examine()] == [True] * 4


async def test_machines_letters_lie_apart_and_are_not_handed_on(store: Store) -> None:
    await store.channel(HELP).start()
    store.write("away", more="Auto-Submitted: auto-replied\r\n")
    store.write("list", more="List-Id: <x>\r\n")
    store.write("person")
    (row,) = await store.has(1)
    assert row.text == "person 0"
    await store.emptied()
    assert len(store.in_folder(HELP, "crossdesk-unanswered")) == 2


async def test_who_writes_without_end_is_not_answered_without_end(store: Store) -> None:
    await store.channel(HELP, letters_an_hour=5).start()
    store.write("again", count=9)
    await store.emptied()
    assert len(await store.has(5)) == 5
    assert len(store.in_folder(HELP, "crossdesk-unanswered")) == 4


async def test_an_answer_goes_on_with_the_buyers_thread_and_theirs_with_ours(store: Store) -> None:
    channel = store.channel(HELP)
    await channel.start()
    store.write("where", more="References: <older@cust.test>\r\n")
    await store.has(1)
    with store.database.begin() as connection:
        sender = str(connection.exec_driver_sql("SELECT sender FROM conversations").scalar_one())
    assert sender != ANN
    assert address_of(sender) == ANN
    own = await channel.send(outbound("It is <b>on</b> its way.", sender))

    async def arrives() -> list[bytes]:
        return await asyncio.to_thread(store.in_folder, ANN, "INBOX")

    (raw,) = await until(arrives, "the answer")
    answer: Any = email.message_from_bytes(raw, policy=email.policy.default)
    assert answer["Message-ID"] == own
    assert answer["In-Reply-To"] == "<where.0@cust.test>"
    assert answer["References"].split() == ["<older@cust.test>", "<where.0@cust.test>"]
    assert re.fullmatch(r"Re: parcel \[ref [a-z2-7]{10}-[a-z2-7]{16}\]", answer["Subject"])
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "> where 0" in answer.get_body(("plain",)).get_content()
    assert "&lt;b&gt;on&lt;/b&gt;" in answer.get_body(("html",)).get_content()
    # The buyer answers ours: it is the same conversation, whatever else the letter says.
    store.write("thanks", more=f"In-Reply-To: {own}\r\n")
    first, second = await store.has(2)
    assert first.conversation_id == second.conversation_id


async def test_a_letter_sent_again_has_the_same_id(store: Store) -> None:
    channel = store.channel(HELP)
    await channel.start()
    assert await channel.send(outbound("once")) == await channel.send(outbound("once"))
    assert await channel.send(outbound("other", key="turn:2:0")) != await channel.send(outbound("once"))


async def test_what_the_provider_files_is_looked_up(store: Store) -> None:
    channel = store.channel(HELP)
    await channel.start()
    assert (await channel.look_up(outbound("x"))).sighting is Sighting.UNKNOWN
    own = await channel.send(outbound("x"))
    with store.office.client(HELP) as client:
        client.append("Sent", f"Message-ID: {own}\r\n\r\nx".encode())
    options = options_for(store.office, HELP)
    options["mailboxes"][0]["sent"] = "Sent"
    filed = store.channel(HELP, mailboxes=options["mailboxes"])
    assert (await filed.look_up(outbound("x"))).sighting is Sighting.SENT
    assert (await filed.look_up(outbound("y", key="turn:9:0"))).sighting is Sighting.UNKNOWN


async def test_a_letter_that_is_too_large_is_read_from_its_beginning(store: Store) -> None:
    await store.channel(HELP, megabytes=1).start()
    head = f"From: {ANN}\r\nSubject: Re: x\r\nMessage-ID: <big@cust.test>\r\n"
    parts = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nsee the film\r\n'
    parts += "--b\r\nContent-Type: video/mp4\r\n\r\n"
    with store.office.client(HELP) as client:
        client.append("INBOX", (head + parts).encode() + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 30_000)
    store.write("next")
    big, following = await store.has(2)
    assert (big.text, following.text) == ("see the film", "next 0")
