"""The Channel port: what an adapter offers the bot and what the bot offers an adapter."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ValidationError
from starlette.routing import BaseRoute

from bot.errors import ConfigurationError, NeverError
from bot.messages import Answered, Attachment, Correction, Inbound, Outbound, TranscriptLine
from bot.settings import Settings

#: Adapters register a factory ``(settings, reception) -> Channel`` under this group.
ENTRY_POINTS = "crossdesk.channels"


@dataclass(frozen=True)
class Receipt:
    """Proof that a message lies in the inbox."""

    conversation_id: int
    #: False where the same message had been accepted before.
    fresh: bool
    #: True while a person, not the bot, answers this conversation.
    with_agent: bool
    #: The message as the transcript shows it; None where it is not fresh.
    line: TranscriptLine | None = None


@dataclass(frozen=True)
class Rate:
    """How fast messages may follow one another."""

    #: Messages a second in the long run; above 0.
    per_second: float
    #: How many may go at once after a pause; at least 1.
    burst: int = 1


@dataclass(frozen=True)
class Limits:
    """What the other side takes before it refuses; None: it does not say, or there is no limit."""

    #: For all messages of one of the store's accounts.
    account: Rate | None = None
    #: For those to one sender.
    chat: Rate | None = None
    #: Messages of an account that it takes together. The others wait with us: if we die, they were not sent.
    at_once: int | None = None


#: For channels that take whatever comes.
UNLIMITED = Limits()


class Reception(Protocol):
    """What the bot offers a channel. Every method may be called from any task of the front's event loop."""

    async def accept(self, message: Inbound) -> Receipt:
        """Commit a message to the inbox. Idempotent by channel, account and message id.

        When this returns, the message survives a crash: only then tell the channel that it arrived.

        Raises:
            TryLaterError: the database or the disk cannot take it now; do not acknowledge.
        """
        ...

    async def transcript(
        self, channel: str, account: str, sender: str, *, after: int = 0
    ) -> Sequence[TranscriptLine]:
        """The conversation's lines with a position above ``after``, oldest first; empty for a stranger."""
        ...

    async def delivered(self, channel: str, account: str, sender: str, message_id: str) -> None:
        """Note that a message of ours reached the other side, where the channel tells. Idempotent.

        Args:
            channel: the channel's name.
            account: which of the store's accounts sent it.
            sender: to whom.
            message_id: what ``Channel.send`` returned. One that nobody knows, or that is old, is passed over.

        Raises:
            TryLaterError: the database is away.
        """
        ...

    async def keep(
        self, content: AsyncIterator[bytes], *, key: str, name: str, media_type: str
    ) -> Attachment:
        """Keep a file that came with a message, before the message is accepted. Idempotent by key.

        What is larger than the store takes, or of a kind that it does not take, is not kept: what is returned
        then has no path, and belongs into ``Inbound.attachments`` all the same, so that it is not passed over
        in silence. At most the limit is read of ``content``.

        Args:
            content: the bytes, in parts.
            key: the file's own name for ever, such as ``telegram:<account>:<file's id>``.
            name: as the buyer called it, or something telling.
            media_type: as the channel says.

        Raises:
            TryLaterError: the disk cannot take it now; do not acknowledge the message.
        """
        ...

    async def answered(self, message: Outbound) -> Answered | None:
        """The newest message of the buyer's that stands before this one of ours; None if there is none.

        Raises:
            TryLaterError: the database is away.
        """
        ...

    async def returned(self, key: str, why: str) -> bool:
        """Note that a message of ours came back although it was sent: a case tells of it. Idempotent.

        Args:
            key: the message's ``Outbound.key``.
            why: in the channel's words.

        Returns:
            Whether the message is known, and this is news.

        Raises:
            TryLaterError: the database is away.
        """
        ...

    async def left(self, channel: str, account: str, sender: str, why: str) -> None:
        """Note that a buyer takes no more messages: what waits for them is not sent any more. Idempotent.

        Raises:
            TryLaterError: the database is away.
        """
        ...

    async def place(self, channel: str, account: str, name: str) -> str | None:
        """Where this channel stood, as ``set_place`` wrote it down last; None if it never did.

        Raises:
            TryLaterError: the database is away.
        """
        ...

    async def set_place(self, channel: str, account: str, name: str, value: str) -> None:
        """Write down where this channel stands, such as the number of the update that it read last.

        Raises:
            TryLaterError: the database is away.
        """
        ...

    async def trouble(self, channel: str, why: str | None) -> None:
        """Tell the operator that the line to the outside broke after ``start``; with None, that it is whole.

        What is told again is not news. Raises nothing.

        Args:
            channel: the channel's name.
            why: for the operator, such as ``the token was revoked: set CROSSDESK_…``; no secrets in it.
        """
        ...

    def forged(self, channel: str) -> None:
        """Count a call from outside that could not prove who sent it; nothing of it is kept. Never raises."""
        ...


class Channel(Protocol):
    """A door through which buyers come. Implemented by adapters, found by entry point."""

    #: The entry point's name.
    name: str
    #: Whether the other side shows a message once however often it is sent, known by its key or position. The
    #: front then takes no note before it sends, and sends again what it may have sent when it died.
    idempotent: bool
    #: How fast it may be asked to send. The front keeps to it, each of several fronts for itself: what the
    #: other side still refuses is a ``TryLaterError``.
    limits: Limits
    #: Whether ``send`` shows a message only on pages that are open in this very process. It is then called in
    #: every process that serves pages.
    local: bool
    #: What only one process may be connected to at a time, such as ``telegram:123456`` for a bot that is
    #: polled; None if any number may. Started only where the lease of this name is held, together with
    #: whatever else has the same name, and stopped when the lease is lost. Known before ``start``.
    exclusive: str | None

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes that the server of every process with the role ``web`` mounts; empty if it needs none.

        They work although ``start`` may run in another process only.
        """
        ...

    async def start(self) -> None:
        """Begin to receive, also after a ``stop``. Cleans up after itself if it fails.

        Raises:
            ConfigurationError: a setting is missing or wrong.
            TryLaterError: the outside is away; the front tries again with growing waits.
            OperatorError: the outside refuses our credentials.
        """
        ...

    async def send(self, message: Outbound) -> str | None:
        """Deliver one message; the front calls it in order for each conversation.

        Works without ``start``, which may have been called in another process.

        Returns:
            The channel's own id of the message, if it has one.

        Raises:
            TryLaterError: not sent; ``retry_after`` if the channel said when, ``whole_account`` if it takes
                nothing from this account until then.
            OperatorError: not sent, and will not be until a person acts.
            NeverError: not sent, and never will be.
            UnknownOutcomeError: it may have been sent.
        """
        ...

    async def stop(self) -> None:
        """Stop receiving and let go of everything. Idempotent."""
        ...


@dataclass(frozen=True)
class Examined:
    """One thing about a channel that ``crossdesk doctor`` looked at."""

    #: In a word or two, such as ``token`` or ``webhook``.
    what: str
    fine: bool
    #: What was seen; where it is not fine, what to do.
    says: str


@runtime_checkable
class Examines(Protocol):
    """A channel that can try its line to the outside for real. A ``Channel`` may be one, or not."""

    async def examine(self) -> Sequence[Examined]:
        """Look at credentials, rights and reach. Works without ``start``, changes nothing, never raises."""
        ...


class Sighting(str, enum.Enum):
    """What a channel says when it is asked for a message."""

    SENT = "sent"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """Whether a message was sent, as far as the other side tells."""

    sighting: Sighting
    #: The channel's own id of it, if it was sent.
    message_id: str | None = None


@runtime_checkable
class LooksUp(Protocol):
    """A channel that can tell afterwards whether it sent a message. A ``Channel`` may be one, or not."""

    async def look_up(self, message: Outbound) -> Found:
        """Ask the other side for a message whose sending ended without an answer, by its key.

        ``NOT_SENT`` has it sent once more, even if it confirms money: say so only if it cannot appear later.
        What it raises counts as ``UNKNOWN``.
        """
        ...


@runtime_checkable
class Corrects(Protocol):
    """A channel that can change what it has shown. A ``Channel`` may be one, or not."""

    async def correct(self, message: Outbound, former: Correction) -> None:
        """Show a message's text in place of the ``former`` one, or take that one back.

        Done again it changes nothing: the front asks again where it does not know what came of it.

        Raises:
            TryLaterError, OperatorError, UnknownOutcomeError: as ``Channel.send``.
            NeverError: the buyer goes on seeing the former words, or both; the error says why.
        """
        ...


@runtime_checkable
class WritesFirst(Protocol):
    """A channel whose senders are e-mail addresses, of who never wrote as well. A ``Channel`` may be one."""

    def writes_from(self, account: str) -> bool:
        """Whether ``send`` takes messages of this account of the store's. Works without ``start``."""
        ...


def corrector(channel: object, name: str) -> Corrects:
    """The channel, as one that can change what it has shown.

    Raises:
        NeverError: it cannot.
    """
    if not isinstance(channel, Corrects):
        raise NeverError(f"on {name} nothing can be changed that was sent")
    return channel


_Options = TypeVar("_Options", bound=BaseModel)


def read_options(settings: Settings, channel: str, model: type[_Options]) -> _Options:
    """What ``shop.yml`` says under ``channel_options`` for a channel, checked by the channel's own model.

    Raises:
        ConfigurationError: names the key and what is wrong with it.
    """
    try:
        return model.parse_obj(settings.rules.channel_options.get(channel, {}))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(("channel_options", channel, *map(str, first["loc"])))
        raise ConfigurationError(f"shop.yml: {place}: {first['msg']}") from error


ChannelFactory = Callable[[Settings, Reception], Channel]


def build_channel(name: str, settings: Settings, reception: Reception) -> Channel:
    """Find an installed channel by its name and build it.

    Raises:
        ConfigurationError: no installed package offers it, or a setting of its own is missing or wrong.
    """
    found = {entry.name: entry for entry in metadata.entry_points(group=ENTRY_POINTS)}
    if name not in found:
        raise ConfigurationError(
            f"shop.yml switches on the channel '{name}', which no installed package offers "
            f"(there are: {', '.join(sorted(found)) or 'none'})"
        )
    factory: ChannelFactory = found[name].load()
    return factory(settings, reception)


def open_channels(settings: Settings, reception: Reception) -> dict[str, Channel]:
    """Build every channel that the store has switched on.

    Raises:
        ConfigurationError: as of ``build_channel``, or a letter is to be sent where none can.
    """
    channels = {name: build_channel(name, settings, reception) for name in settings.rules.channels}
    check_letters(settings, channels)
    return channels


def check_letters(settings: Settings, channels: Mapping[str, Channel]) -> None:
    """Whether what writes to e-mail addresses by ``shop.yml`` can.

    Raises:
        ConfigurationError: names the key; the channel is off, cannot, or has no such account.
    """
    rules = settings.rules
    letters = {
        "identity.one_time_code": rules.identity.one_time_code,
        "notices.first_letters": rules.notices.first_letters,
    }
    for key, by in letters.items():
        if by is None:
            continue
        channel = channels.get(by.channel)
        if channel is None:
            raise ConfigurationError(f"shop.yml: {key}: the channel '{by.channel}' is not among `channels`")
        if not isinstance(channel, WritesFirst):
            raise ConfigurationError(
                f"shop.yml: {key}: on '{by.channel}' nobody is reached who never wrote: name one of e-mail"
            )
        if not channel.writes_from(by.account):
            raise ConfigurationError(f"shop.yml: {key}: '{by.channel}' has no account '{by.account}'")
