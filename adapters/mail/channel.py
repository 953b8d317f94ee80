"""The e-mail channel: letters in, letters out."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from anyio import to_thread
from starlette.routing import BaseRoute

from adapters.mail.automatic import Silence
from adapters.mail.compose import compose, read_files
from adapters.mail.errors import Step, sorted_error
from adapters.mail.letter import File, Letter
from adapters.mail.mailbox import Mailbox, connect
from adapters.mail.marks import Marks, address_of
from adapters.mail.options import CHANNEL, MailboxOptions, MailOptions
from adapters.mail.outgoing import CONNECTIONS, Outgoing
from adapters.mail.translate import Account, Arrived, Returned, Unanswered, translate
from bot.channels import Examined, Found, Limits, Rate, Reception, Sighting
from bot.clock import Clock
from bot.errors import CrossdeskError, NeverError, TryLaterError
from bot.messages import Attachment, Outbound
from bot.settings import Settings

log = logging.getLogger(__name__)

#: The name under which the key of our marks is kept.
_KEY = "key"
_HOUR = dt.timedelta(hours=1)
#: Addresses of which it is known how much they wrote within the hour.
_MOST_ADDRESSES = 10_000


class MailChannel:
    """All mailboxes of the store; a ``Channel`` that ``Examines``, ``LooksUp`` and ``WritesFirst``.

    Args:
        settings: the store's.
        reception: what the bot offers.
        options: the mailboxes.
        passwords: by address.
        clock: the time.
    """

    name = CHANNEL
    idempotent = False
    local = False
    #: One lease for all mailboxes: a channel has one line to the outside.
    exclusive: str | None = CHANNEL

    def __init__(
        self,
        settings: Settings,
        reception: Reception,
        options: MailOptions,
        passwords: dict[str, str],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._reception = reception
        self._options = options
        self._passwords = passwords
        self._known_marks: Marks | None = None
        self._clock = clock
        per_second = options.letters_per_minute / 60
        self.limits = Limits(account=Rate(per_second, burst=10), at_once=CONNECTIONS)
        self._mailboxes: list[Mailbox] = []
        self._outgoing = {one.address: Outgoing(one, passwords[one.address]) for one in options.mailboxes}
        self._own = frozenset(one.address for one in options.mailboxes) | {settings.rules.store.email.lower()}
        #: What is wrong with which mailbox.
        self._troubles: dict[str, str] = {}
        self._lately: dict[str, deque[dt.datetime]] = {}
        self._lately_lock = threading.Lock()

    def routes(self) -> Sequence[BaseRoute]:
        """None: mailboxes are asked."""
        return ()

    async def start(self) -> None:
        """See ``Channel``. One mailbox that is open is enough: the others are tried again by themselves."""
        if await self._reception.place(CHANNEL, "", _KEY) is None:
            # The lease is ours: nobody else makes one.
            await self._reception.set_place(CHANNEL, "", _KEY, secrets.token_hex(32))
        marks = await self._marks()
        loop = asyncio.get_running_loop()
        self._mailboxes = [
            Mailbox(
                one,
                self._options,
                self._passwords[one.address],
                self._clock,
                take=taking.take,
                tell=taking.tell,
            )
            for one in self._options.mailboxes
            for taking in (_Taking(self, one, marks, loop),)
        ]
        opened = await asyncio.gather(
            *(to_thread.run_sync(mailbox.open) for mailbox in self._mailboxes), return_exceptions=True
        )
        failed = [one for one in opened if isinstance(one, BaseException)]
        if len(failed) == len(opened):
            await self.stop()
            raise failed[0]

    async def stop(self) -> None:
        """See ``Channel``."""
        mailboxes, self._mailboxes = self._mailboxes, []
        await asyncio.gather(*(to_thread.run_sync(mailbox.close) for mailbox in mailboxes))

    async def send(self, message: Outbound) -> str | None:
        """See ``Channel``."""
        outgoing = self._outgoing.get(message.account)
        if outgoing is None:
            raise NeverError(f"'{message.account}' is no mailbox in channel_options.mail any more")
        answered = await self._reception.answered(message)
        try:
            files = await to_thread.run_sync(read_files, message, self._settings.files)
        except FileNotFoundError as error:
            raise NeverError("a file of the message is gone") from error
        except OSError as error:
            raise TryLaterError(f"a file of the message cannot be read: {error.strerror}") from error
        try:
            letter = compose(
                message,
                answered,
                marks=await self._marks(),
                store=self._settings.rules.store.name,
                files=files,
            )
        except (ValueError, IndexError, LookupError, TypeError) as error:
            raise NeverError(f"the message cannot be written as a letter: {type(error).__name__}") from error
        await outgoing.send(letter, address_of(message.sender))
        return str(letter["Message-ID"])

    def writes_from(self, account: str) -> bool:
        """See ``WritesFirst``."""
        return account in self._outgoing

    async def look_up(self, message: Outbound) -> Found:
        """See ``LooksUp``: in the folder where the provider files what it sent, if there is one."""
        mailbox = next((one for one in self._options.mailboxes if one.address == message.account), None)
        if mailbox is None or mailbox.sent is None:
            return Found(Sighting.UNKNOWN)
        own = (await self._marks()).message_id(message.account, message.sender, message.key)
        there = await to_thread.run_sync(_is_in, mailbox, self._passwords[mailbox.address], mailbox.sent, own)
        # What is not there may come yet.
        return Found(Sighting.SENT, own) if there else Found(Sighting.UNKNOWN)

    async def examine(self) -> Sequence[Examined]:
        """See ``Examines``."""
        found: list[Examined] = []
        for one in self._options.mailboxes:
            password = self._passwords[one.address]
            try:
                found.append(
                    Examined(f"{one.address} IMAP", True, await to_thread.run_sync(_look, one, password))
                )
            except CrossdeskError as error:
                found.append(
                    Examined(f"{one.address} IMAP", False, f"{error}: see `imap` in channel_options.mail")
                )
            try:
                found.append(
                    Examined(f"{one.address} SMTP", True, await self._outgoing[one.address].examine())
                )
            except CrossdeskError as error:
                found.append(
                    Examined(f"{one.address} SMTP", False, f"{error}: see `smtp` in channel_options.mail")
                )
        return found

    async def _marks(self) -> Marks:
        """Made with a key that lies in the database, so that all hosts know each other's letters."""
        if self._known_marks is None:
            key = await self._reception.place(CHANNEL, "", _KEY)
            if key is None:
                raise TryLaterError("no process has opened the mailboxes yet")
            self._known_marks = Marks(bytes.fromhex(key))
        return self._known_marks

    # --- One letter, in the thread of its mailbox ---

    def account(self, mailbox: MailboxOptions, marks: Marks) -> Account:
        """What the translation needs to know of a mailbox."""
        return Account(mailbox.address, marks, self._own, mailbox.authserv_id)

    def is_too_much(self, sender: str) -> bool:
        """Whether so many letters came from an address within the hour that a machine writes them."""
        now = self._clock.now()
        with self._lately_lock:
            if len(self._lately) >= _MOST_ADDRESSES:
                self._lately.clear()
            times = self._lately.setdefault(address_of(sender), deque())
            while times and now - times[0] > _HOUR:
                times.popleft()
            times.append(now)
            return len(times) > self._options.letters_an_hour

    async def tell(self, address: str, why: CrossdeskError | None) -> None:
        """Have the operator know what is wrong with a mailbox, or that nothing is any more."""
        if why is None:
            self._troubles.pop(address, None)
        else:
            self._troubles[address] = f"{address}: {why}"
        await self._reception.trouble(CHANNEL, "; ".join(self._troubles.values()) or None)

    async def take_in(self, arrived: Arrived) -> None:
        """Keep a letter's files and accept it.

        Raises:
            TryLaterError: the letter stays where it is.
        """
        message = arrived.message
        kept = [
            await self._reception.keep(
                _content(file),
                key=f"{CHANNEL}:{message.account}:{message.message_id}:{number}",
                name=file.name,
                media_type=file.media_type,
            )
            for number, file in enumerate(arrived.files[: self._options.files])
        ]
        passed_over = len(arrived.files) - len(kept) + arrived.more_files
        if passed_over:
            kept.append(Attachment(f"+{passed_over}", "application/octet-stream", 0, ""))
        await self._reception.accept(replace(message, attachments=tuple(kept)))

    async def take_back(self, returned: Returned) -> None:
        """Have it known that letters of ours came back.

        Raises:
            TryLaterError: the letter stays where it is.
        """
        for key in returned.keys:
            await self._reception.returned(key, returned.why)


class _Taking:
    """Takes what one mailbox's thread has to the event loop, and waits there until it is committed."""

    def __init__(
        self, channel: MailChannel, mailbox: MailboxOptions, marks: Marks, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._channel = channel
        self._mailbox = mailbox
        self._loop = loop
        self._account = channel.account(mailbox, marks)

    def take(self, letter: Letter, received_at: dt.datetime) -> str:
        """See ``adapters.mail.mailbox.Take``."""
        try:
            read = translate(letter, self._account, received_at)
        except Exception as error:
            # A letter that breaks its reader must not keep the next one waiting.
            log.error("%s: a letter cannot be read: %s", self._mailbox.address, type(error).__name__)
            read = Unanswered(Silence.UNREADABLE)
        if isinstance(read, Arrived) and self._channel.is_too_much(read.message.sender):
            read = Unanswered(Silence.LOOP)
        if isinstance(read, Arrived):
            self._wait_for(self._channel.take_in(read))
            return self._mailbox.handled
        if isinstance(read, Returned):
            self._wait_for(self._channel.take_back(read))
        reason = read.reason.value if isinstance(read, Unanswered) else "bounce of ours"
        log.info("%s: a letter is not answered (%s)", self._mailbox.address, reason)
        return self._mailbox.unanswered

    def tell(self, why: CrossdeskError | None) -> None:
        """See ``adapters.mail.mailbox.Tell``."""
        self._wait_for(self._channel.tell(self._mailbox.address, why))

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _content(file: File) -> AsyncIterator[bytes]:
    yield await to_thread.run_sync(file.content)


def _is_in(mailbox: MailboxOptions, password: str, folder: str, message_id: str) -> bool:
    try:
        with connect(mailbox, password) as client:
            client.select_folder(folder, readonly=True)
            return bool(client.search(["HEADER", "Message-ID", message_id]))
    except Exception as error:
        raise sorted_error(error, Step.CONNECT) from error


def _look(mailbox: MailboxOptions, password: str) -> str:
    try:
        with connect(mailbox, password) as client:
            for folder in mailbox.folders:
                client.select_folder(folder, readonly=True)
            idle = "tells of new letters" if client.has_capability("IDLE") else "is asked for new letters"
            return f"{mailbox.imap.host}:{mailbox.imap.port} lets us in and {idle}"
    except Exception as error:
        raise sorted_error(error, Step.CONNECT) from error
