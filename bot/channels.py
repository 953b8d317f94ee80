"""The Channel port: what an adapter offers the bot and what the bot offers an adapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

from starlette.routing import BaseRoute

from bot.errors import ConfigurationError
from bot.messages import Inbound, Outbound, TranscriptLine
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


class Channel(Protocol):
    """A door through which buyers come. Implemented by adapters, found by entry point."""

    #: The entry point's name.
    name: str
    #: Whether the other side shows a message once however often it is sent, known by its key or position. The
    #: front then takes no note before it sends, and sends again what it may have sent when it died.
    idempotent: bool

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes that the one front server mounts for this channel; empty if it needs none."""
        ...

    async def start(self) -> None:
        """Begin to receive. Cleans up after itself if it fails.

        Raises:
            ConfigurationError: a setting is missing or wrong.
            TryLaterError: the outside is away; the front tries again with growing waits.
            OperatorError: the outside refuses our credentials.
        """
        ...

    async def send(self, message: Outbound) -> str | None:
        """Deliver one message; the front calls it in order for each conversation.

        Returns:
            The channel's own id of the message, if it has one.

        Raises:
            TryLaterError: not sent; ``retry_after`` if the channel said when.
            OperatorError: not sent, and will not be until a person acts.
            NeverError: not sent, and never will be.
            UnknownOutcomeError: it may have been sent.
        """
        ...

    async def stop(self) -> None:
        """Stop receiving and let go of everything. Idempotent."""
        ...


ChannelFactory = Callable[[Settings, Reception], Channel]


def open_channels(settings: Settings, reception: Reception) -> dict[str, Channel]:
    """Find every installed channel that the store has switched on and build it.

    Raises:
        ConfigurationError: ``shop.yml`` names a channel that no installed package offers.
    """
    found = {entry.name: entry for entry in metadata.entry_points(group=ENTRY_POINTS)}
    missing = [name for name in settings.rules.channels if name not in found]
    if missing:
        raise ConfigurationError(
            f"shop.yml switches on the channel '{missing[0]}', which no installed package offers "
            f"(there are: {', '.join(sorted(found)) or 'none'})"
        )
    opened: dict[str, Channel] = {}
    for name in settings.rules.channels:
        factory: ChannelFactory = found[name].load()
        opened[name] = factory(settings, reception)
    return opened
