"""A letter and servers that refuse, stall or go away: what became of it is told as far as it can be known."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from adapters.mail.options import MailboxOptions
from adapters.mail.outgoing import Outgoing
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError


class Server:
    """An SMTP server that says what it is told to say."""

    def __init__(self) -> None:
        self.at: dict[str, str] = {}
        self.letters: list[bytes] = []
        self.hang_up = self.silent = False
        self.port = 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        envelope.mail_from = address
        return self.at.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.at.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" not in self.at:
            assert isinstance(envelope.content, bytes)
            self.letters.append(envelope.content)
        if self.hang_up:
            server.transport.abort()
        if self.silent:
            await asyncio.Event().wait()
        return self.at.get("DATA", "250 OK")

    def let_in(self, *_: Any) -> AuthResult:
        return AuthResult(success="AUTH" not in self.at, handled=False)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It warns of passwords without TLS, which here never leave the machine.
            warnings.simplefilter("ignore")
            return SMTP(made, authenticator=made.let_in, auth_require_tls=False, auth_required=True)

    listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


def outgoing(port: int, **more: Any) -> Outgoing:
    line = {"host": "127.0.0.1", "port": port, "security": "none"}
    return Outgoing(
        MailboxOptions.parse_obj({"address": "help@shop.test", "imap": line, "smtp": line}), "pw", **more
    )


def letter() -> EmailMessage:
    made = EmailMessage()
    made["Message-ID"] = "<1@shop.test>"
    made.set_content("hello\n.\nthere")
    return made


async def send(server: Any, **more: Any) -> None:
    await outgoing(server.port, **more).send(letter(), "ann@mailer.example")


async def test_a_letter_is_taken_once_with_its_dots(server: Server) -> None:
    await send(server)
    (taken,) = server.letters
    assert b"hello\r\n.\r\nthere" in taken.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("at", "answer", "expected"),
    [
        ("MAIL", "421 too many", TryLaterError),
        ("MAIL", "550 5.7.60 not as this sender", OperatorError),
        ("RCPT", "450 4.2.0 greylisted, come back", TryLaterError),
        ("RCPT", "550 5.1.1 no such user", NeverError),
        ("RCPT", "554 5.7.1 relay access denied", OperatorError),
        ("DATA", "451 4.3.0 later", TryLaterError),
        ("DATA", "554 5.6.0 not such a letter", NeverError),
    ],
)
async def test_a_refused_letter_is_not_sent(
    server: Server, at: str, answer: str, expected: type[Exception]
) -> None:
    server.at[at] = answer
    with pytest.raises(expected):
        await send(server)
    assert server.letters == []


async def test_a_refused_login_needs_a_person(server: Server) -> None:
    server.at["AUTH"] = "no"
    with pytest.raises(OperatorError, match="login"):
        await send(server)
    with pytest.raises(OperatorError):
        await outgoing(server.port).examine()


async def test_a_connection_that_breaks_after_the_last_byte_leaves_it_unknown(server: Server) -> None:
    server.hang_up = True
    with pytest.raises(UnknownOutcomeError):
        await send(server)
    assert len(server.letters) == 1


async def test_a_server_silent_after_the_last_byte_leaves_it_unknown(server: Server) -> None:
    server.silent = True
    with pytest.raises(UnknownOutcomeError):
        await send(server, wait_for_letter=0.3)
    assert len(server.letters) == 1


async def test_where_nobody_listens_the_whole_account_waits() -> None:
    with pytest.raises(TryLaterError) as raised:
        await outgoing(1).send(letter(), "ann@mailer.example")
    assert raised.value.whole_account


async def test_a_greylisted_letter_is_taken_when_it_comes_back(server: Server) -> None:
    server.at["RCPT"] = "451 4.7.1 greylisted"
    with pytest.raises(TryLaterError):
        await send(server)
    del server.at["RCPT"]
    await send(server)
    assert len(server.letters) == 1
