"""Wakes the pages that are open in this process: no content travels here, only that there is news."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator


class Subscription:
    """One open page. Signals that come faster than they are taken melt into one of each name."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._something = asyncio.Event()
        self.closed = False

    def put(self, signal: str) -> None:
        """Wake the page."""
        self._waiting[signal] = None
        self._something.set()

    def close(self) -> None:
        """End the page's stream, once it has been told what waits."""
        self.closed = True
        self._something.set()

    async def signals(self, heartbeat: float) -> AsyncIterator[str | None]:
        """The signals as they come; None after each ``heartbeat`` seconds of silence; ends when closed."""
        while not (self.closed and not self._waiting):
            try:
                await asyncio.wait_for(self._something.wait(), heartbeat)
            except asyncio.TimeoutError:
                yield None
                continue
            taken, self._waiting = list(self._waiting), {}
            if not self.closed:
                self._something.clear()
            for signal in taken:
                yield signal


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

    def publish(self, topic: str, signal: str) -> None:
        """Wake everyone who listens to the topic; nobody listening is fine."""
        for subscription in self._listeners.get(topic, ()):
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
