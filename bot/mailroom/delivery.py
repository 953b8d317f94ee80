"""Delivery: takes outbox rows to their channels, in order for each conversation."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
import random
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from anyio import to_thread
from sqlalchemy.engine import Connection

from bot.channels import UNLIMITED, Channel, Found, Limits, LooksUp, Sighting, corrector
from bot.clock import Clock
from bot.database import Database, shared_now
from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom import conversations as talks
from bot.mailroom import handover, outbox
from bot.mailroom.handover import Grip, Hold, OutboxRow
from bot.mailroom.outcomes import OnUndelivered, Outcome, Outcomes
from bot.mailroom.pace import Account, Pace
from bot.messages import Outbound

log = logging.getLogger(__name__)

#: Wait before the database is asked once more to take down what became of a row, in seconds.
AGAIN = 1.0
#: So long after a deliverer's last sign of life what it was sending is another's to find out about.
LEASE = dt.timedelta(seconds=15)
#: A sign of life is given this often while something is under way, in seconds.
EVERY = 3.0
#: The most rows that are looked at together.
MOST = 100
#: How long a stop waits for channels that have been asked already, in seconds.
GRACE = 5.0
#: Whoever waits for the pace looks again no sooner and no later than this, in seconds.
SHORTEST_NAP, LONGEST_NAP = 0.02, 3600.0

#: When what never happens is due.
_NEVER = dt.datetime.max.replace(tzinfo=dt.timezone.utc)

_Deliver = Callable[[Sequence[OutboxRow]], Coroutine[None, None, bool]]


class _DoubtfulBeginError(TryLaterError):
    """The connection broke at the commit: the row may count as being sent, although nothing was."""


class Delivery:
    """Sends what is due; several conversations at once, each in its own order.

    A channel that takes its time holds back nothing but the conversation it is in. Any number of deliverers,
    on any hosts, may work on one database.

    Args:
        database: where the outbox is.
        channels: where to, by name.
        clock: the time.
        on_undelivered: told of a row that will not reach the buyer.
        on_more: told when there may be more to deliver than when ``deliver_due`` looked last.
        pace: shared by all deliverers of one process.
        chance: a number from 0 to below 1, for the waits.
        elapsed: seconds of a clock that never jumps.
        moment: the moment by which deliverers agree on who is alive.
    """

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        clock: Clock,
        on_undelivered: OnUndelivered,
        on_more: Callable[[], None] = lambda: None,
        *,
        pace: Pace | None = None,
        chance: Callable[[], float] = random.random,
        elapsed: Callable[[], float] = time.monotonic,
        moment: Callable[[Connection], dt.datetime] = shared_now,
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._outcomes = Outcomes(clock, on_undelivered, chance)
        self._on_more = on_more
        self._pace = pace or Pace(clock)
        #: Nobody else ever has this name, not even this process after a restart.
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid4().hex[:12]}"
        #: What is being delivered now, by conversation.
        self._under_way: dict[int, asyncio.Task[bool]] = {}
        #: Those of them for which something may have come since they began.
        self._passed_over: set[int] = set()
        #: What waits for the pace: one message of each such conversation, and of each such account.
        self._slow_talks: dict[int, Outbound] = {}
        self._slow_accounts: dict[Account, Outbound] = {}
        #: By account, how many more of its messages its channel takes at once.
        self._places: dict[Account, asyncio.Semaphore] = {}
        self._nap: asyncio.TimerHandle | None = None
        self._elapsed, self._moment = elapsed, moment
        self._alive_at: float | None = None
        self._looked_at: float | None = None
        self._failure: BaseException | None = None
        #: When something becomes due by time alone, by the last look; None: that look did not ask.
        self._next_at: dt.datetime | None = None

    async def deliver_due(self, *, news: bool = False) -> int:
        """Begin to deliver what is due; returns in how many conversations.

        To be called every second or sooner, unless ``quiet_for`` says more: it also gives the signs of life.
        What a dead deliverer was sending is settled: it is looked up where the channel can do that; otherwise
        talk is sent once more, and a confirmation never.

        Args:
            news: only what is new is looked for, not what dead deliverers were sending: for calls between
                those of each second.

        Raises:
            TryLaterError: the database is away.
            Exception: a delivery begun earlier met an error that nobody foresaw.
        """
        if self._failure is not None:
            raise self._failure
        # What is found of these may be sent before we see it: they are looked at again when they are done.
        busy = set(self._under_way)
        self._passed_over |= busy
        self._look_at_slow()
        orphans, found = await to_thread.run_sync(self._look, busy, news)
        begun = self._begin_all(_by_conversation(orphans), self._resume)
        waiting = _by_conversation(found)
        begun += self._begin_all(
            {talk: rows for talk, rows in waiting.items() if self._may_go(rows[0])}, self._deliver
        )
        if len(found) == MOST or not all(rows[-1].is_last for rows in waiting.values()):
            self._on_more()
        self._nap_until_pace()
        return begun

    def quiet_for(self, longest: float) -> float:
        """So many seconds, at most ``longest``, nothing becomes due by time alone; 0 if that is not known.

        It is known after a look for all that there is, while nothing is under way or waits for the pace. What
        is posted meanwhile, or what a deliverer dies over, nobody foresees.
        """
        if self._next_at is None or self._under_way or self._slow_talks or self._slow_accounts:
            return 0.0
        left = (self._next_at - self._clock.now()).total_seconds()
        return min(max(left, 0.0), longest)

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    async def stop(self, grace: float = GRACE) -> None:
        """Give what is under way ``grace`` seconds, then break it off and leave it to another deliverer."""
        if self._nap is not None:
            self._nap.cancel()
        under_way = list(self._under_way.values())
        if not under_way:
            return
        await asyncio.wait(under_way, timeout=grace)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        try:
            await to_thread.run_sync(self._let_go)
        except CrossdeskError as error:
            # Then our silence tells them.
            log.warning("what was under way is another's a little later: %s", error)

    # --- What is due ---

    def _look(self, busy: set[int], news: bool) -> tuple[list[OutboxRow], list[OutboxRow]]:
        at, now = self._elapsed(), self._clock.now()
        if busy and (self._alive_at is None or at - self._alive_at >= EVERY):
            with self._database.begin() as connection:
                handover.prolong(connection, self.name, until=self._moment(connection) + LEASE)
            self._alive_at = at
        with self._database.look() as connection:
            grips = [] if news else handover.held_by_others(connection, self.name)
            # At rest this one question is all: whether something is due, and when something will be.
            self._next_at = None if news else handover.next_due(connection) or _NEVER
            found = (
                []
                if self._next_at is not None and self._next_at > now
                else handover.due(
                    connection,
                    now=now,
                    limit=MOST,
                    without=busy | self._slow_talks.keys(),
                    without_accounts=self._slow_accounts.keys(),
                )
            )
        return ([] if news else self._orphans(grips, busy, at)), found

    def _orphans(self, grips: Sequence[Grip], busy: set[int], at: float) -> list[OutboxRow]:
        """What dead deliverers were sending, from now on in our hands."""
        looked_at, self._looked_at = self._looked_at, at
        if not grips or (looked_at is not None and at - looked_at > EVERY):
            # If we could not look, the others may not have been able to give a sign: they get a moment.
            return []
        with self._database.begin() as connection:
            now = self._moment(connection)
            dead = [grip for grip in grips if grip.conversation_id not in busy and grip.is_dead(now, LEASE)]
            return handover.take_over(connection, self.name, dead[:MOST], until=now + LEASE)

    def _let_go(self) -> None:
        with self._database.begin() as connection:
            handover.prolong(connection, self.name, until=None)

    def _begin_all(self, found: Mapping[int, Sequence[OutboxRow]], deliver: _Deliver) -> int:
        for talk, rows in found.items():
            self._under_way[talk] = asyncio.create_task(deliver(rows))
            self._under_way[talk].add_done_callback(partial(self._done, talk))
        return len(found)

    def _done(self, conversation_id: int, task: asyncio.Task[bool]) -> None:
        del self._under_way[conversation_id]
        passed_over = conversation_id in self._passed_over
        self._passed_over.discard(conversation_id)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, TryLaterError):
            log.warning("the outbox of conversation %s waits: %s", conversation_id, error)
        elif error is not None:
            self._failure = error
        if passed_over or error is not None or not task.result():
            self._on_more()

    # --- The pace ---

    def _limits(self, message: Outbound) -> Limits:
        channel = self._channels.get(message.channel)
        return UNLIMITED if channel is None else channel.limits

    def _may_go(self, row: OutboxRow) -> bool:
        """Whether the channel's limits let this message go now; if not, it is remembered who waits."""
        message, limits = row.message, self._limits(row.message)
        if self._pace.take(message, limits) <= 0.0:
            return True
        if self._pace.account_wait(message, limits) > 0.0:
            self._slow_accounts[message.channel, message.account] = message
        else:
            self._slow_talks[row.conversation_id] = message
        return False

    def _look_at_slow(self) -> None:
        """Forget who need wait no longer."""
        pace, limits = self._pace, self._limits
        self._slow_talks = {
            talk: message
            for talk, message in self._slow_talks.items()
            if pace.chat_wait(message, limits(message)) > 0.0
        }
        self._slow_accounts = {
            account: message
            for account, message in self._slow_accounts.items()
            if pace.account_wait(message, limits(message)) > 0.0
        }

    def _nap_until_pace(self) -> None:
        """Have us called when the first of those who wait for the pace may go on."""
        if self._nap is not None:
            self._nap.cancel()
            self._nap = None
        waits = [self._pace.chat_wait(one, self._limits(one)) for one in self._slow_talks.values()]
        waits += [self._pace.account_wait(one, self._limits(one)) for one in self._slow_accounts.values()]
        if waits:
            nap = min(max(min(waits), SHORTEST_NAP), LONGEST_NAP)
            self._nap = asyncio.get_running_loop().call_later(nap, self._on_more)

    def _place(self, message: Outbound) -> contextlib.AbstractAsyncContextManager[Any]:
        """Where a message waits until its channel takes one more; nothing is noted of it before."""
        at_once = self._limits(message).at_once
        if at_once is None:
            return contextlib.nullcontext()
        return self._places.setdefault((message.channel, message.account), asyncio.Semaphore(at_once))

    # --- One conversation ---

    async def _deliver(self, rows: Sequence[OutboxRow]) -> bool:
        """Send a conversation's rows, in order, until one is not sent; True if all were, and no more wait.

        The first of them may go already, as far as the pace is concerned.
        """
        channel = self._channels.get(rows[0].message.channel)
        if channel is not None and channel.idempotent:
            return await self._deliver_unnoted(rows, channel)
        more = False
        for number, row in enumerate(rows):
            if number and not self._may_go(row):
                return False
            async with self._place(row.message):
                done = await self._deliver_noted(row, channel)
            if done is None:
                return False
            more = done
        return not more

    async def _deliver_noted(self, row: OutboxRow, channel: Channel | None) -> bool | None:
        """Note that a row is being sent, and send it; None: it was not sent; else whether more waits."""
        held = Hold(row, self.name)
        try:
            begun = await to_thread.run_sync(self._begin, row)
        except _DoubtfulBeginError:
            await self._take_down(row.conversation_id, [Outcome(True, partial(_put_back, held))])
            raise
        if not begun:
            return None
        outcome = await self._send(held, channel)
        more = await self._take_down(row.conversation_id, [outcome])
        return more if outcome.sent else None

    async def _deliver_unnoted(self, rows: Sequence[OutboxRow], channel: Channel) -> bool:
        """The same, without a note before each: what is sent once more does no harm."""
        outcomes: list[Outcome] = []
        for number, row in enumerate(rows):
            if number and not self._may_go(row):
                break
            outcomes.append(await self._send(Hold(row, None), channel))
            if not outcomes[-1].sent:
                break
        more = await self._take_down(rows[0].conversation_id, outcomes)
        return len(outcomes) == len(rows) and outcomes[-1].sent and not more

    async def _resume(self, rows: Sequence[OutboxRow]) -> bool:
        """Find out what became of what a dead deliverer was sending; False: more may be due after it."""
        for row in rows:
            held, channel = Hold(row, self.name), self._channels.get(row.message.channel)
            if channel is not None and channel.idempotent:
                outcome = self._outcomes.harmless(held)
            else:
                outcome = await self._find_out(held, channel, "a deliverer died while it sent")
            await self._take_down(row.conversation_id, [outcome])
        return False

    async def _send(self, held: Hold, channel: Channel | None) -> Outcome:
        message = held.row.message
        try:
            if channel is None:
                raise OperatorError(f"the channel '{message.channel}' is not open")
            former = message.corrects
            if former is None:
                return self._outcomes.sent(held, await channel.send(message))
            await corrector(channel, message.channel).correct(message, former)
            return self._outcomes.sent(held, None)
        except TryLaterError as error:
            outcome = self._outcomes.waits(held, str(error), error.retry_after)
            if error.whole_account:
                self._pace.pause(message, outcome.wait)
            return outcome
        except OperatorError as error:
            return self._outcomes.waits(held, str(error))
        except NeverError as error:
            return self._outcomes.failed(held, str(error))
        except Exception as error:
            # Whatever a channel raises against its promise may have come after the message was out. Its words
            # are not ours: they may hold the message.
            said = str(error) if isinstance(error, UnknownOutcomeError) else type(error).__name__
            return await self._find_out(held, channel, said)

    async def _find_out(self, held: Hold, channel: Channel | None, why: str) -> Outcome:
        """Ask the channel whether it sent a message, if it can tell."""
        found = Found(Sighting.UNKNOWN)
        # Not every channel is one: to the type checker no channel is.
        asked: object = channel
        if isinstance(asked, LooksUp) and held.row.message.corrects is None:
            try:
                found = await asked.look_up(held.row.message)
            except Exception as error:
                log.warning("outbox row %s cannot be looked up: %s", held.row.id, type(error).__name__)
        if found.sighting is Sighting.SENT:
            return self._outcomes.sent(held, found.message_id)
        if found.sighting is Sighting.NOT_SENT:
            return self._outcomes.waits(held, f"not sent, as the channel says on being asked ({why})")
        return self._outcomes.doubtful(held, why)

    def _begin(self, row: OutboxRow) -> bool:
        noted = False
        try:
            with self._database.begin() as connection:
                now, until = self._clock.now(), self._moment(connection) + LEASE
                noted = handover.begin_sending(connection, row, self.name, now=now, until=until)
        except TryLaterError as error:
            if noted:
                raise _DoubtfulBeginError(str(error)) from error
            raise
        return noted

    async def _take_down(self, conversation_id: int, outcomes: Sequence[Outcome]) -> bool:
        """Write down what became of a conversation's rows; True if more of it waits."""
        # Whatever came until here is seen by what is written now.
        self._passed_over.discard(conversation_id)
        # What the channel did cannot be undone: without this a row would count as being sent until another
        # deliverer takes it over, and knows less.
        while True:
            try:
                return await to_thread.run_sync(self._settle, conversation_id, outcomes)
            except TryLaterError as error:
                log.warning("an outbox row's outcome cannot be taken down yet: %s", error)
                await asyncio.sleep(AGAIN)

    def _settle(self, conversation_id: int, outcomes: Sequence[Outcome]) -> bool:
        with self._database.begin() as connection:
            # What is posted at this moment must be seen; and who opens a case holds the conversation first.
            talks.hold(connection, conversation_id)
            for outcome in outcomes:
                outcome.settle(connection)
            return outbox.line_up(connection, conversation_id) is not None


def _by_conversation(found: Sequence[OutboxRow]) -> Mapping[int, Sequence[OutboxRow]]:
    rows: defaultdict[int, list[OutboxRow]] = defaultdict(list)
    for row in found:
        rows[row.conversation_id].append(row)
    return rows


def _put_back(held: Hold, connection: Connection) -> None:
    handover.put_back(connection, held)
