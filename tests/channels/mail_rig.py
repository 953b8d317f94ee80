"""The mail channel's outside: Dovecot and Postfix, and a buyer with a mailbox there."""

from __future__ import annotations

import asyncio
import atexit
import email
import email.policy
import os
import re
import smtplib
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from bot.channels import Channel, Reception, build_channel
from bot.settings import Settings
from tests.channels.rig import Can, File, Rig, Shown, Trouble
from tests.peers.postoffice import HOST, USERS, PostOffice, missing

T = TypeVar("T")

OURS, BUYER = "help@shop.test", "ann@cust.test"
#: What a receiving server writes above a letter whose sender it could check.
VOUCHED = "shop.test; dmarc=pass header.from=cust.test"
_ENVIRONMENT = ("SSL_CERT_FILE", "CROSSDESK_MAIL_PASSWORD")


@lru_cache(maxsize=1)
def post_office() -> PostOffice:
    """One for all tests of this process: it takes seconds to start."""
    if (why := missing()) is not None:
        pytest.skip(why)
    office = PostOffice()
    atexit.register(office.stop)
    office.start()
    return office


def options_for(office: PostOffice, *addresses: str, **more: Any) -> dict[str, Any]:
    """``channel_options.mail`` for mailboxes of an office."""
    return {
        "mailboxes": [
            {
                "address": address,
                "imap": {"host": HOST, "port": office.imaps},
                "smtp": {"host": HOST, "port": office.submission, "security": "starttls"},
                "authserv_id": "shop.test",
            }
            for address in addresses
        ],
        "retry_seconds": 1,
        "letters_per_minute": 60_000,
        "letters_an_hour": 1_000,
        **more,
    }


def empty(office: PostOffice, *addresses: str) -> None:
    """Leave nothing in these mailboxes."""
    for address in addresses:
        with office.client(address) as client:
            for _, _, folder in client.list_folders():
                client.select_folder(folder)
                client.delete_messages(client.search())
                client.expunge()


class MailRig:
    """A buyer whose mail program forgets what it answers, and whose server vouches for them."""

    name: ClassVar[str] = "mail"
    can: ClassVar[frozenset[Can]] = frozenset({Can.FILES_IN, Can.FILES_OUT, Can.REPEATS, Can.KEEPS})
    troubles: ClassVar[frozenset[Trouble]] = frozenset(Trouble)

    def __init__(self, place: Path) -> None:
        self._office = post_office()
        self.options: Any = options_for(self._office, OURS)
        self._letters: dict[str, bytes] = {}
        self._opened = False
        self._trouble: Trouble | None = None

    async def open(self, settings: Settings, reception: Reception) -> Channel:
        if not self._opened:
            await _apart(lambda: empty(self._office, OURS, BUYER))
            os.environ["SSL_CERT_FILE"] = str(self._office.certificate)
            os.environ["CROSSDESK_MAIL_PASSWORD"] = USERS[OURS]
            self._opened = True
        return build_channel(self.name, settings, reception)

    async def says(self, text: str, files: Sequence[File] = ()) -> str:
        letter = EmailMessage(policy=email.policy.SMTP)
        letter["Authentication-Results"] = VOUCHED
        letter["From"], letter["To"] = f"Ann Lee <{BUYER}>", OURS
        letter["Date"], letter["Message-ID"] = formatdate(), make_msgid(domain="cust.test")
        letter.set_content(text + "\n")
        for file in files:
            kind, _, subtype = file.media_type.partition("/")
            letter.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        number = str(letter["Message-ID"])
        self._letters[number] = letter.as_bytes()
        await self.repeats(number)
        return number

    async def repeats(self, message: str) -> None:
        await self._deliver(self._letters[message])

    async def edits(self, message: str, text: str) -> None:
        raise NotImplementedError

    async def takes_back(self, message: str) -> None:
        raise NotImplementedError

    async def chooses(self, title: str) -> None:
        *_, letter = await self._received()
        (number,) = re.findall(rf"^(\d+)\. {re.escape(title)}$", _words(letter), re.MULTILINE)
        await self.says(number)

    async def sees(self) -> Sequence[Shown]:
        return [_shown(letter) for letter in await self._received()]

    async def trouble(self, what: Trouble | None) -> None:
        begins = what is not None
        kind = what or self._trouble
        self._trouble = what
        if kind is Trouble.AWAY:
            await _apart(self._office.stop_postfix if begins else self._office.start_postfix)
        elif kind is Trouble.REVOKED:
            self._office.change_password(OURS, "another and longer" if begins else USERS[OURS])
            if begins:
                await _apart(lambda: self._office.kick(OURS))
        elif kind is Trouble.GONE:
            self._office.change_password(BUYER, USERS[BUYER] if not begins else None)

    async def garbage(self) -> None:
        broken = (
            b"\r\n",
            b"no header at all",
            b"From: <>\r\nSubject: nobody\r\n\r\nx",
            b"From: \xff\xfe\r\nSubject: =?x?q?=\r\n\r\n\xff",
            b"From: a@b\r\n c@d\r\n <e@@f>\r\n\r\nx",
            b"From: news@shop.example\r\nList-Id: <x>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
            + b"--x\r\n" * 3000,
            b"From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report\r\n\r\n",
            b"Subject: deep\r\n"
            + b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
                for depth in range(500)
            ),
        )

        def append() -> None:
            with self._office.client(OURS) as client:
                for one in broken:
                    client.append("INBOX", one)

        await _apart(append)

    async def close(self) -> None:
        if self._trouble is not None:
            await self.trouble(None)
        for name in _ENVIRONMENT:
            os.environ.pop(name, None)

    async def _deliver(self, letter: bytes) -> None:
        def deliver() -> None:
            with smtplib.LMTP(HOST, self._office.lmtp) as line:
                line.sendmail(BUYER, [OURS], letter)

        await _apart(deliver)

    async def _received(self) -> list[EmailMessage]:
        def fetch() -> list[EmailMessage]:
            with self._office.client(BUYER) as client:
                client.select_folder("INBOX", readonly=True)
                found = client.fetch(client.search(), ["BODY.PEEK[]"])
                return [_parsed(found[uid][b"BODY[]"]) for uid in sorted(found)]

        return await _apart(fetch)


async def _apart(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _parsed(raw: bytes) -> EmailMessage:
    parsed: Any = email.message_from_bytes(raw, policy=email.policy.default)
    found: EmailMessage = parsed
    return found


def _words(letter: EmailMessage) -> str:
    """Without the quote."""
    body: Any = letter.get_body(("plain",))
    text: str = body.get_content().replace("\r\n", "\n")
    return re.split(r"\n\n?On \d{4}-.* wrote:\n(?=>)", text)[0]


def _shown(letter: EmailMessage) -> Shown:
    text, _, offered = _words(letter).partition("You can answer with a number:")
    files = tuple(
        File(str(one.get_filename()), one.get_content_type(), one.get_content())
        for one in letter.iter_attachments()
    )
    return Shown(text, tuple(re.findall(r"^\d+\. (.*)$", offered, re.MULTILINE)), files)


_: type[Rig] = MailRig
