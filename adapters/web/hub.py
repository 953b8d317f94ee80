"""Takes news to the pages open in this process; what gets lost, a page fetches when it comes back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

#: So many signals may wait for a page; one that does not take them is cut off, comes back, and fetches.
BACKLOG = 200


class Subscription:
    """One open page. Signals that come faster than they are taken melt into one of each."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._something = asyncio.Event()
        self.closed = False

    def put(self, signal: str) -> None:
        """Tell the page, unless its stream has ended."""
        if self.closed:
            return
        self._waiting[signal] = None
        if len(self._waiting) > BACKLOG:
            self._waiting.clear()
            self.closed = True
        self._something.set()

    def close(self) -> None:
        """End the page's stream, once it has been told what waits."""
        self.closed = True
        self._something.set()

    async def signals(self, heartbeat: float) -> AsyncIterator[Sequence[str]]:
        """The signals as they come, those that wait together; none after ``heartbeat`` seconds of silence.

        Ends when closed.
        """
        loop = asyncio.get_running_loop()
        while not (self.closed and not self._waiting):
            # A timer of its own costs a fraction of `wait_for`, which makes a task at each call.
            timer = loop.call_later(heartbeat, self._something.set)
            try:
                await self._something.wait()
            finally:
                timer.cancel()
            taken, self._waiting = list(self._waiting), {}
            if not self.closed:
                self._something.clear()
            if taken or not self.closed:
                yield taken


class Hub:
    """Who listens to what. Used from the front's event loop only."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._closed = False

    def subscribe(self, topic: str) -> Subscription:
        """Begin to listen; the caller unsubscribes."""
        subscription = Subscription()
        self._listeners[topic].add(subscription)
        if self._closed:
            subscription.close()
        return subscription

    def unsubscribe(self, topic: str, subscription: Subscription) -> None:
        """Stop listening. Idempotent."""
        listeners = self._listeners.get(topic)
        if listeners is not None:
            listeners.discard(subscription)
            if not listeners:
                del self._listeners[topic]

    def publish(self, topic: str, *signals: str) -> None:
        """Tell everyone who listens to the topic; nobody listening is fine."""
        for subscription in self._listeners.get(topic, ()):
            for signal in signals:
                subscription.put(signal)

    def count(self, topic: str) -> int:
        """How many pages listen to the topic."""
        return len(self._listeners.get(topic, ()))

    def total(self) -> int:
        """How many pages listen at all."""
        return sum(map(len, self._listeners.values()))

    def open(self) -> None:
        """Let streams live. Idempotent."""
        self._closed = False

    def close(self) -> None:
        """End all streams at once and any that begins later. Idempotent."""
        self._closed = True
        for listeners in self._listeners.values():
            for subscription in listeners:
                subscription.close()
