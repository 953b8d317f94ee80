"""What Prometheus reads: counted in this process as it happens, or asked of the database when it is read."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Iterator, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.channels import Channel, Found, LooksUp, Sighting, corrector
from bot.clock import Clock
from bot.database import Database
from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError
from bot.mailroom import overview
from bot.mailroom.overview import Box, MailState, Standing
from bot.messages import Correction, Outbound

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Every channel that the store has not switched on: a label's values never grow with what comes in.
OTHER = "other"
#: How a turn may end, by the first word that a worker tells.
TURN_OUTCOMES = {
    "answered": "answered",
    "case": "case",
    "relayed": "relayed",
    "silent": "silent",
    "put": "put_off",
    "buried": "buried",
    "lost": "lost",
}
#: How a delivery may end. Everything else that a channel raises leaves its outcome unknown.
DELIVERY_OUTCOMES = {TryLaterError: "later", OperatorError: "operator", NeverError: "never"}
_UNFINISHED = (MailState.WAITING, MailState.UNDER_WAY)
#: What a row of a box can be, but for ending well.
_STATES = {
    Box.INBOX: (*_UNFINISHED, MailState.BURIED),
    Box.OUTBOX: (*_UNFINISHED, MailState.FAILED, MailState.UNKNOWN, MailState.BURIED),
}
#: Seconds from the moment a reply was written to the moment its channel took it.
LAG_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86400)


class Figures:
    """The figures of one process. Labels are channels, boxes, states and outcomes: never anybody's data.

    Counting never raises and may be done from any thread.
    """

    def __init__(self, channels: Sequence[str], database: Database, clock: Clock) -> None:
        self._known = frozenset(channels)
        self._clock = clock
        self._registry = CollectorRegistry()
        own = self._registry
        self._accepted = Counter(
            "crossdesk_messages_accepted", "Messages put into the inbox.", ["channel"], registry=own
        )
        self._repeated = Counter(
            "crossdesk_messages_repeated",
            "Messages that had been accepted before.",
            ["channel"],
            registry=own,
        )
        self._refused = Counter(
            "crossdesk_messages_refused",
            "Messages that could not be taken: the sender tries again.",
            ["channel"],
            registry=own,
        )
        self._forged = Counter(
            "crossdesk_calls_forged",
            "Calls from outside that could not prove who sent them: refused with 401.",
            ["channel"],
            registry=own,
        )
        self._turns = Counter(
            "crossdesk_turns",
            "Turns that this process's workers took, by how they ended.",
            ["channel", "outcome"],
            registry=own,
        )
        self._deliveries = Counter(
            "crossdesk_deliveries",
            "Messages handed to a channel by this process, by what it said.",
            ["channel", "outcome"],
            registry=own,
        )
        self._retries = Counter(
            "crossdesk_retries",
            "Turns and deliveries that are tried once more.",
            ["box", "channel"],
            registry=own,
        )
        self._lag = Histogram(
            "crossdesk_delivery_lag_seconds",
            "From the writing of a message to its being taken by the channel.",
            ["channel"],
            buckets=LAG_BUCKETS,
            registry=own,
        )
        self.workers = Gauge(
            "crossdesk_workers_ready", "Workers of this process that take turns.", registry=own
        )
        for channel in sorted(self._known):
            # A figure that is there from the start can be told from one that is missing.
            for counter in (self._accepted, self._repeated, self._refused, self._forged, self._lag):
                counter.labels(channel)
            for outcome in TURN_OUTCOMES.values():
                self._turns.labels(channel, outcome)
            for outcome in (*DELIVERY_OUTCOMES.values(), "sent", "unknown"):
                self._deliveries.labels(channel, outcome)
            for box in Box:
                self._retries.labels(box.value, channel)
        self._forgeries: dict[str, int] = {}
        self._registry.register(_Mail(database, clock, self._known))

    def channel(self, name: str) -> str:
        """The channel as a label."""
        return name if name in self._known else OTHER

    def accepted(self, channel: str, *, fresh: bool) -> None:
        """Count a message that lies in the inbox."""
        (self._accepted if fresh else self._repeated).labels(self.channel(channel)).inc()

    def refused(self, channel: str) -> None:
        """Count a message that could not be taken."""
        self._refused.labels(self.channel(channel)).inc()

    def forged(self, channel: str) -> None:
        """Count a call that proved nothing, and say so each time that there are twice as many.

        Somebody may do this all day long: it must fill no disk.
        """
        self._forged.labels(self.channel(channel)).inc()
        self._forgeries[channel] = so_far = self._forgeries.get(channel, 0) + 1
        if so_far & (so_far - 1) == 0:
            log.warning("%s: refused %d call(s) so far that could not prove who sent them", channel, so_far)

    def turn(self, line: str) -> None:
        """Count what a worker tells of a turn: ``turn answered web``. Other lines are none of ours."""
        words = line.split(maxsplit=2)
        if len(words) != 3 or words[0] != "turn" or words[1] not in TURN_OUTCOMES:
            return
        outcome, channel = TURN_OUTCOMES[words[1]], self.channel(words[2].strip())
        self._turns.labels(channel, outcome).inc()
        if outcome == "put_off":
            self._retries.labels(Box.INBOX.value, channel).inc()

    def delivered(self, message: Outbound) -> None:
        """Count a message that its channel took, and how long it lay."""
        channel = self.channel(message.channel)
        self._deliveries.labels(channel, "sent").inc()
        lag = (self._clock.now() - message.created_at).total_seconds()
        # A clock that was set back makes no negative time.
        self._lag.labels(channel).observe(max(lag, 0.0))

    def undelivered(self, message: Outbound, error: BaseException) -> None:
        """Count a message that its channel did not take, or may have taken."""
        channel = self.channel(message.channel)
        outcome = next(
            (said for kind, said in DELIVERY_OUTCOMES.items() if isinstance(error, kind)), "unknown"
        )
        self._deliveries.labels(channel, outcome).inc()
        if outcome in ("later", "operator"):
            self._retries.labels(Box.OUTBOX.value, channel).inc()

    def page(self) -> bytes:
        """All figures in Prometheus's text format. Asks the database: call it in a thread."""
        return generate_latest(self._registry)


class Counted:
    """A channel whose deliveries are counted; in all else the channel itself."""

    def __init__(self, channel: Channel, figures: Figures) -> None:
        self._channel = channel
        self._figures = figures
        self.name = channel.name
        self.idempotent = channel.idempotent
        self.limits = channel.limits
        self.local = channel.local
        self.exclusive = channel.exclusive
        self.routes = channel.routes
        self.start = channel.start
        self.stop = channel.stop

    async def send(self, message: Outbound) -> str | None:
        """See ``Channel``."""
        return await self._counted(message, self._channel.send(message))

    async def correct(self, message: Outbound, former: Correction) -> None:
        """See ``Corrects``; a channel that cannot do that refuses it."""
        channel = corrector(self._channel, self.name)
        await self._counted(message, channel.correct(message, former))

    async def _counted(self, message: Outbound, sending: Awaitable[T]) -> T:
        try:
            answer = await sending
        except Exception as error:
            self._figures.undelivered(message, error)
            raise
        self._figures.delivered(message)
        return answer

    async def look_up(self, message: Outbound) -> Found:
        """See ``LooksUp``; a channel that cannot do that knows nothing."""
        if isinstance(self._channel, LooksUp):
            return await self._channel.look_up(message)
        return Found(Sighting.UNKNOWN)


class _Mail(Collector):
    """What lies in inbox and outbox when the page is read, in the whole store."""

    def __init__(self, database: Database, clock: Clock, known: frozenset[str]) -> None:
        self._database = database
        self._clock = clock
        self._known = known

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry must not ask the database before the page is read."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """See ``Collector``."""
        now = self._clock.now()
        try:
            with self._database.begin() as connection:
                found = overview.standing(connection, now=now)
        except CrossdeskError as error:
            log.warning("the mail cannot be counted now: %s", error)
            found = None
        yield GaugeMetricFamily("crossdesk_database_up", "Whether the database answers.", found is not None)
        if found is None:
            return
        rows = GaugeMetricFamily(
            "crossdesk_mail_rows",
            "Rows of inbox and outbox that have not ended well, in the whole store.",
            labels=["box", "channel", "state"],
        )
        oldest = GaugeMetricFamily(
            "crossdesk_mail_oldest_seconds",
            "Age of the oldest row that is not finished, in the whole store; 0 if there is none.",
            labels=["box", "channel"],
        )
        counts, ages = _summed(found, self._known, now)
        for labels, count in sorted(counts.items()):
            rows.add_metric(labels, count)
        for place, age in sorted(ages.items()):
            oldest.add_metric(place, age)
        yield rows
        yield oldest


def _summed(
    found: Sequence[Standing], known: frozenset[str], now: dt.datetime
) -> tuple[dict[tuple[str, str, str], int], dict[tuple[str, str], float]]:
    """Counts and ages by label, those of every known channel among them."""
    counts = {
        (box.value, channel, state.value): 0 for box in Box for channel in known for state in _STATES[box]
    }
    ages = {(box.value, channel): 0.0 for box in Box for channel in known}
    for one in found:
        place = (one.box.value, one.channel if one.channel in known else OTHER)
        labels = (*place, one.state.value)
        counts[labels] = counts.get(labels, 0) + one.count
        if one.state in _UNFINISHED and one.oldest is not None:
            ages[place] = max(ages.get(place, 0.0), (now - one.oldest).total_seconds())
    return counts, ages
