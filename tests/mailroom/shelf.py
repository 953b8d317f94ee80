"""A channel that keeps what it sends on a shelf, and fails as it is told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from starlette.routing import BaseRoute

from bot.channels import UNLIMITED, Found, Limits, Sighting
from bot.messages import Outbound


class Shelf:
    """An implementation of ``bot.channels.Channel`` in this process, that cannot look anything up."""

    name = "web"

    def __init__(self, *, idempotent: bool = False, limits: Limits = UNLIMITED) -> None:
        self.idempotent = idempotent
        self.limits = limits
        self.sent: list[Outbound] = []
        #: For each text, what its next tries raise, first to last; then it is sent.
        self.fails: dict[str, list[BaseException]] = defaultdict(list)
        #: Texts that are sent and then raise: the other side's answer was lost.
        self.deaf: set[str] = set()
        #: Texts that hang until the event is set.
        self.hangs: dict[str, asyncio.Event] = {}
        self.tries: list[str] = []
        self._reached: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        #: Set by the first try, and by the first message that was sent.
        self.asked, self.filled = asyncio.Event(), asyncio.Event()

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def send(self, message: Outbound) -> str | None:
        self.tries.append(message.text)
        self._reached[message.text].set()
        self.asked.set()
        if message.text in self.hangs:
            await self.hangs[message.text].wait()
        failures = self.fails[message.text]
        if failures and message.text not in self.deaf:
            raise failures.pop(0)
        # Whoever else has something to send gets a chance to do so first.
        await asyncio.sleep(0)
        self.sent.append(message)
        self.filled.set()
        if failures:
            raise failures.pop(0)
        return f"id-{len(self.sent)}"

    async def reached(self, text: str) -> None:
        """Wait until a text has been tried."""
        await asyncio.wait_for(self._reached[text].wait(), 5)

    def texts(self, sender: str | None = None) -> list[str]:
        return [message.text for message in self.sent if sender in (None, message.sender)]


class Register(Shelf):
    """A shelf that can be asked for a message by its key."""

    def __init__(self) -> None:
        super().__init__()
        #: What it answers for a text, whatever the truth is.
        self.says: dict[str, Found | Exception] = {}
        self.looked_up: list[str] = []

    async def look_up(self, message: Outbound) -> Found:
        self.looked_up.append(message.text)
        answer = self.says.get(message.text)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        keys = [one.key for one in self.sent]
        if message.key not in keys:
            return Found(Sighting.NOT_SENT)
        return Found(Sighting.SENT, f"id-{keys.index(message.key) + 1}")
