"""The SMTP side of a mailbox: one letter, one connection, and what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from email.message import EmailMessage
from typing import cast

import aiosmtplib

from adapters.mail.errors import Step, sorted_error
from adapters.mail.options import MailboxOptions

#: Waits for the server, in seconds; the last is for its word after the letter, which may be scanned first.
CONNECT, COMMAND, LETTER = 20.0, 60.0, 300.0
#: Connections of one mailbox at a time: providers allow few.
CONNECTIONS = 4


class Outgoing:
    """Sends from one mailbox.

    Args:
        options: the mailbox.
        password: its secret.
        wait_for_letter: how long the server may take to say what it did with a letter, in seconds.
    """

    def __init__(self, options: MailboxOptions, password: str, *, wait_for_letter: float = LETTER) -> None:
        self._options = options
        self._password = password
        self._wait_for_letter = wait_for_letter

    async def send(self, letter: EmailMessage, recipient: str) -> None:
        """Hand one letter to the server.

        Raises:
            TryLaterError, OperatorError, NeverError: not sent.
            UnknownOutcomeError: the connection broke while the letter went, or after it.
        """
        content = letter.as_bytes()
        step = Step.CONNECT
        client = self._client()
        try:
            await self._log_in(client)
            step = Step.SENDER
            await client.mail(self._options.address, timeout=COMMAND)
            step = Step.RECIPIENT
            await client.rcpt(recipient, timeout=COMMAND)
            step = Step.LETTER
            await client.data(content, timeout=self._wait_for_letter)
            # The server has the letter: how it says goodbye changes nothing.
            with contextlib.suppress(Exception):
                await client.quit(timeout=5)
        except Exception as error:
            raise sorted_error(error, step) from error
        finally:
            await _hang_up(client)

    async def examine(self) -> str:
        """Log in and say goodbye; returns the server's greeting.

        Raises:
            TryLaterError, OperatorError, NeverError: what is wrong.
        """
        client = self._client()
        try:
            await self._log_in(client)
            await client.quit()
        except Exception as error:
            raise sorted_error(error, Step.CONNECT) from error
        finally:
            await _hang_up(client)
        line = self._options.smtp
        return f"{line.host}:{line.port} takes letters from {self._options.address}"

    def _client(self) -> aiosmtplib.SMTP:
        line = self._options.smtp
        return aiosmtplib.SMTP(
            hostname=line.host,
            port=line.port,
            use_tls=line.security == "tls",
            # Ours to say, whatever the server offers.
            start_tls=False,
            tls_context=ssl.create_default_context() if line.security != "none" else None,
            # Not this machine's name, which is nobody's business.
            local_hostname=self._options.address.rpartition("@")[2],
            timeout=CONNECT,
        )

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        if self._options.smtp.security == "starttls":
            await client.starttls()
        await client.login(self._options.user, self._password)


async def _hang_up(client: aiosmtplib.SMTP) -> None:
    """Let go of the connection at once: to close TLS by the book is to wait for the other side's word."""
    transport = cast("asyncio.WriteTransport | None", client.transport)
    client.close()
    if transport is not None:
        transport.abort()
        # The loop closes the socket in its next round.
        await asyncio.sleep(0)
