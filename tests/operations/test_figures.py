"""Figures for Prometheus: what happens is counted, and no label ever holds what somebody sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from bot.channels import UNLIMITED, Found, Sighting
from bot.clock import SetClock
from bot.database import Database
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom import inbox, outbox
from bot.mailroom.delivery import Delivery
from bot.messages import Author, Outbound
from bot.operations.figures import Counted, Figures
from bot.serving.front import Front
from bot.settings import Settings
from tests.conftest import NOON
from tests.mailroom.letters import letter

Read = Callable[..., float]


@pytest.fixture
def figures(database: Database, clock: SetClock) -> Figures:
    return Figures(["web", "mail"], database, clock)


def value(figures: Figures, name: str, **labels: str) -> float:
    """One figure, as Prometheus reads it from the page."""
    for family in text_string_to_metric_families(figures.page().decode()):
        for sample in family.samples:
            if sample.name == f"crossdesk_{name}" and sample.labels == labels:
                return float(sample.value)
    raise AssertionError(f"there is no {name} {labels} on the page")


def _message(**values: Any) -> Outbound:
    known = {"key": "k1", "channel": "web", "account": "store", "sender": "ana", "text": "PAPAYA"}
    return Outbound(**{**known, "author": Author.BOT, "position": 1, "created_at": NOON, **values})


# --- Counted here ---


async def test_accepted_repeated_and_refused_messages_are_counted_apart(
    settings: Settings, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = Front(settings, database, clock)
    await front.accept(letter("Hello", message_id="1"))
    await front.accept(letter("Hello", message_id="1"))

    def full(*_: Any, **__: Any) -> Any:
        raise TryLaterError("the disk is full")

    monkeypatch.setattr(inbox, "accept", full)
    with pytest.raises(TryLaterError):
        await front.accept(letter("Hello", message_id="2"))
    for name in ("accepted", "repeated", "refused"):
        assert value(front.figures, f"messages_{name}_total", channel="web") == 1


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("turn answered web\n", "answered"),
        ("turn case web", "case"),
        ("turn put web", "put_off"),
        ("turn buried web", "buried"),
        ("turn relayed web", "relayed"),
    ],
)
def test_a_workers_turn_is_counted_by_its_outcome(figures: Figures, line: str, outcome: str) -> None:
    assert value(figures, "turns_total", channel="web", outcome=outcome) == 0
    figures.turn(line)
    assert value(figures, "turns_total", channel="web", outcome=outcome) == 1
    retried = value(figures, "retries_total", box="inbox", channel="web")
    assert retried == (1 if outcome == "put_off" else 0)


@pytest.mark.parametrize(
    "line", ["", "\n", "ready", "turn", "turn answered", "turn PAPAYA web", "\x00\xff" * 99, "turn " * 9999]
)
def test_what_is_no_turn_is_not_counted_and_makes_no_label(figures: Figures, line: str) -> None:
    before = figures.page()
    figures.turn(line)
    assert b"PAPAYA" not in figures.page()
    assert [row for row in figures.page().splitlines() if b"_created" not in row] == [
        row for row in before.splitlines() if b"_created" not in row
    ]


def test_a_thousand_strange_channels_are_one_label(figures: Figures) -> None:
    for number in range(1000):
        figures.turn(f"turn answered papaya{number}")
        figures.accepted(f'evil"}}\n{number}', fresh=True)
    assert value(figures, "turns_total", channel="other", outcome="answered") == 1000
    assert value(figures, "messages_accepted_total", channel="other") == 1000
    assert b"papaya" not in figures.page()


class Says:
    """A channel that says what it is told to say."""

    name, idempotent, limits = "web", False, UNLIMITED
    local, exclusive = True, None

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.started = False

    def routes(self) -> list[Any]:
        return []

    async def start(self) -> None:
        self.started = True

    async def send(self, message: Outbound) -> str | None:
        if self.error is not None:
            raise self.error
        return "42"

    async def stop(self) -> None:
        self.started = False


@pytest.mark.parametrize(
    ("error", "outcome", "retried"),
    [
        (None, "sent", 0),
        (TryLaterError("busy"), "later", 1),
        (OperatorError("no rights"), "operator", 1),
        (NeverError("blocked"), "never", 0),
        (UnknownOutcomeError("timed out"), "unknown", 0),
        (KeyError("PAPAYA"), "unknown", 0),
    ],
)
async def test_a_delivery_is_counted_by_what_the_channel_said(
    figures: Figures, clock: SetClock, error: Exception | None, outcome: str, retried: int
) -> None:
    counted = Counted(Says(error), figures)
    clock.advance(seconds=2)
    if error is None:
        assert await counted.send(_message()) == "42"
        assert value(figures, "delivery_lag_seconds_sum", channel="web") == 2
    else:
        with pytest.raises(type(error)):
            await counted.send(_message())
        assert value(figures, "delivery_lag_seconds_count", channel="web") == 0
    assert value(figures, "deliveries_total", channel="web", outcome=outcome) == 1
    assert value(figures, "retries_total", box="outbox", channel="web") == retried
    assert b"PAPAYA" not in figures.page()


async def test_a_counted_channel_is_the_channel_in_all_else(figures: Figures) -> None:
    channel = Says()
    counted = Counted(channel, figures)
    assert (counted.name, counted.idempotent, counted.limits) == ("web", False, channel.limits)
    assert counted.routes() == []
    assert await counted.look_up(_message()) == Found(Sighting.UNKNOWN)
    await counted.start()
    assert channel.started
    await counted.stop()
    assert not channel.started


async def test_a_clock_that_was_set_back_makes_no_negative_time(figures: Figures, clock: SetClock) -> None:
    clock.advance(days=-1)
    await Counted(Says(), figures).send(_message())
    assert value(figures, "delivery_lag_seconds_sum", channel="web") == 0


async def test_a_delivery_through_the_mailroom_is_counted(
    figures: Figures, database: Database, clock: SetClock
) -> None:
    with database.begin() as connection:
        talk = inbox.accept(connection, letter(), language="en", now=clock.now()).conversation_id
        outbox.post(connection, talk, "Hello", now=clock.now())
    delivery = Delivery(database, {"web": Counted(Says(), figures)}, clock, lambda *_: None)
    await delivery.deliver_due()
    await delivery.finish()
    assert value(figures, "deliveries_total", channel="web", outcome="sent") == 1


# --- Asked of the database ---


def test_what_waits_is_told_with_its_age(figures: Figures, database: Database, clock: SetClock) -> None:
    with database.begin() as connection:
        talk = inbox.accept(connection, letter(), language="en", now=clock.now()).conversation_id
        outbox.post(connection, talk, "Hello", now=clock.now() + (clock.now() - clock.now()))
    clock.advance(seconds=90)
    with database.begin() as connection:
        inbox.accept(connection, letter(), language="en", now=clock.now())
    assert value(figures, "database_up") == 1
    assert value(figures, "mail_rows", box="inbox", channel="web", state="waiting") == 2
    assert value(figures, "mail_oldest_seconds", box="inbox", channel="web") == 90
    assert value(figures, "mail_rows", box="outbox", channel="web", state="waiting") == 1
    assert value(figures, "mail_oldest_seconds", box="outbox", channel="web") == 90
    # What is empty is told too: silence could be anything.
    assert value(figures, "mail_oldest_seconds", box="inbox", channel="mail") == 0
    assert value(figures, "mail_rows", box="inbox", channel="mail", state="buried") == 0


def test_what_ended_is_told_by_how_it_ended_and_has_no_age(
    figures: Figures, database: Database, clock: SetClock
) -> None:
    with database.begin() as connection:
        talk = inbox.accept(connection, letter(), language="en", now=clock.now()).conversation_id
        connection.execute(sa.update(inbox.inbox).values(state="buried"))
        for state in ("failed", "unknown", "sent", "sending"):
            row = outbox.post(connection, talk, state, now=clock.now())
            outbox.settle(connection, row, outbox.OutboxState(state), now=clock.now(), error="why")
    clock.advance(seconds=5)
    assert value(figures, "mail_rows", box="inbox", channel="web", state="buried") == 1
    assert value(figures, "mail_oldest_seconds", box="inbox", channel="web") == 0
    for state in ("failed", "unknown", "under-way"):
        assert value(figures, "mail_rows", box="outbox", channel="web", state=state) == 1
    assert value(figures, "mail_oldest_seconds", box="outbox", channel="web") == 5


def test_no_word_or_name_of_a_buyer_is_on_the_page(
    figures: Figures, database: Database, clock: SetClock
) -> None:
    with database.begin() as connection:
        for channel in ("web", "papaya-channel"):
            one = letter("PAPAYA", sender="papaya@fruit.example", sender_name="Papaya")
            inbox.accept(
                connection, dataclasses.replace(one, channel=channel), language="en", now=clock.now()
            )
    assert "papaya" not in figures.page().decode().lower()
    assert value(figures, "mail_rows", box="inbox", channel="other", state="waiting") == 1


def test_a_database_that_is_away_leaves_the_rest_of_the_page(
    figures: Figures, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise TryLaterError("the database cannot do this now: PAPAYA")

    figures.accepted("web", fresh=True)
    monkeypatch.setattr(database, "begin", away)
    assert value(figures, "database_up") == 0
    assert value(figures, "messages_accepted_total", channel="web") == 1
    assert b"PAPAYA" not in figures.page()
    assert b"mail_rows" not in figures.page()
