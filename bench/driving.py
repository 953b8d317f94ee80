"""The load: so many buyers at a time, each writing as soon as the last reply is there; and what it cost."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from bench.processes import Group
from bench.talk import Conversation

#: Seconds within which a side must be ready, answer a message, and get through the whole load.
READY_LIMIT, REPLY_LIMIT, LOAD_LIMIT = 600.0, 60.0, 900.0
#: Seconds until what goes on behind the last reply (delivery) is over.
SETTLED = 1.0


class Visitor(Protocol):
    """A buyer's end of the line."""

    async def say(self, text: str) -> str | None:
        """Send a message; all replies to it once the last is visible, one a line; None if a person has it."""
        ...


class Side(Protocol):
    """One of the bots under measurement."""

    name: str

    def start(self, group: Group) -> None:
        """Start all its processes."""
        ...

    async def is_up(self) -> bool:
        """Whether a message can be sent."""
        ...

    def visit(self, number: int) -> AbstractAsyncContextManager[Visitor]:
        """A new buyer, who has not written before."""
        ...

    def turns_since(self, begun: float) -> Sequence[float] | None:
        """Seconds from acceptance to outbox of each turn since then (Unix time); None if nobody can tell."""
        ...


@dataclass
class Load:
    """What came of a load of conversations."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    #: Messages that were answered otherwise than the script expects, with the answer; those that were not
    #: answered because a person has the conversation by then have none.
    unexpected: list[tuple[str, str | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """What one side needed."""

    #: That were answered by the bot.
    messages: int
    #: Of all messages, the part that was answered as expected.
    expected: float
    ready_seconds: float
    cpu_seconds: float
    wall_seconds: float
    median_seconds: float
    p95_seconds: float
    memory_bytes: int
    processes: int
    #: From acceptance until the reply lay in the outbox, at half the messages a second; None if nobody asked.
    turn_p95_seconds: float | None
    unexpected: Sequence[tuple[str, str | None]]

    @property
    def per_cpu_second(self) -> float:
        return self.messages / self.cpu_seconds


async def measure(
    side: Side,
    group: Group,
    warm_up: Sequence[Conversation],
    conversations: Sequence[Conversation],
    at_half: Sequence[Conversation],
    at_once: int,
) -> Measured:
    """Start a side, wait until it has answered, warm it up, and put the load on it; then half of it."""
    begun = time.monotonic()
    side.start(group)
    await asyncio.wait_for(first_answer(side, group), READY_LIMIT)
    ready = time.monotonic() - begun
    await drive(side, warm_up, at_once, 1)
    await asyncio.sleep(SETTLED)
    before = group.cpu_seconds()
    load = await asyncio.wait_for(drive(side, conversations, at_once, 1 + len(warm_up)), LOAD_LIMIT)
    await asyncio.sleep(SETTLED)
    used = group.cpu_seconds() - before
    count = len(load.latencies)
    half_begun, turns = time.time(), None
    if at_half and side.turns_since(half_begun) is not None:
        pause = 2 * at_once * load.seconds / count
        first = 1 + len(warm_up) + len(conversations)
        await asyncio.wait_for(drive(side, at_half, at_once, first, pause), LOAD_LIMIT)
        await asyncio.sleep(SETTLED)
        turns = side.turns_since(half_begun)
    return Measured(
        messages=count,
        expected=1 - len(load.unexpected) / sum(map(len, conversations)),
        ready_seconds=ready,
        cpu_seconds=used,
        wall_seconds=load.seconds,
        median_seconds=statistics.median(load.latencies),
        p95_seconds=percentile(load.latencies, 95),
        memory_bytes=group.memory(),
        processes=group.count(),
        turn_p95_seconds=percentile(turns, 95) if turns else None,
        unexpected=load.unexpected,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


async def first_answer(side: Side, group: Group) -> None:
    """Wait until a buyer was answered."""
    while not await side.is_up():
        group.require_alive()
        await asyncio.sleep(0.05)
    async with side.visit(0) as visitor:
        if not await visitor.say("hello and good day"):
            raise RuntimeError(f"{side.name} serves, but answers nothing")


async def drive(
    side: Side, conversations: Iterable[Conversation], at_once: int, first: int, pause: float = 0.0
) -> Load:
    """Each buyer writes when the last reply is there, and ``pause`` seconds after the last message.

    Args:
        side: the bot.
        conversations: what is said; the next one is asked for when a buyer is done with the one before.
        at_once: how many buyers write.
        first: the number of the first visitor; the others' follow.
        pause: seconds from one message of a buyer to the next; 0: as soon as there is a reply.
    """
    load = Load()
    waiting = iter(enumerate(conversations, first))

    async def keep_talking(late: float) -> None:
        following = time.monotonic() + late
        for number, conversation in waiting:
            async with side.visit(number) as visitor:
                for line in conversation:
                    await asyncio.sleep(max(0.0, following - time.monotonic()))
                    following = max(following + pause, time.monotonic())
                    begun = time.monotonic()
                    replies = await asyncio.wait_for(visitor.say(line.text), REPLY_LIMIT)
                    if replies is not None:
                        load.latencies.append(time.monotonic() - begun)
                    if replies is None or not line.is_answered_by(replies):
                        load.unexpected.append((line.text, replies))

    begun = time.monotonic()
    await asyncio.gather(*(keep_talking(pause * number / at_once) for number in range(at_once)))
    load.seconds = time.monotonic() - begun
    return load
