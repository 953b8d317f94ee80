"""The pace: no channel is asked faster than it says, and nobody waits for another's chat."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import UNLIMITED, Limits, Rate
from bot.clock import SetClock
from bot.errors import TryLaterError
from bot.mailroom.delivery import MOST, Delivery
from bot.mailroom.pace import MANY, Pace
from bot.messages import Author, Outbound
from tests.conftest import NOON
from tests.mailroom.office import Office
from tests.mailroom.shelf import Shelf

ONE_A_SECOND = Rate(1.0)


def _to(sender: str = "ana", account: str = "store", channel: str = "web") -> Outbound:
    return Outbound("k", channel, account, sender, "Hello", Author.BOT, 1, NOON)


@pytest.fixture
def pace(clock: SetClock) -> Pace:
    return Pace(clock)


# --- The buckets ---


def test_without_limits_nothing_ever_waits(pace: Pace) -> None:
    assert [pace.take(_to(), UNLIMITED) for _ in range(1000)] == [0.0] * 1000


def test_a_chat_gets_what_its_rate_allows_and_others_are_not_touched(pace: Pace, clock: SetClock) -> None:
    limits = Limits(chat=Rate(0.5, burst=2))
    assert [pace.take(_to(), limits) for _ in range(3)] == [0.0, 0.0, 2.0]
    assert pace.take(_to("ben"), limits) == 0.0
    assert pace.take(_to(account="outlet"), limits) == 0.0
    clock.advance(seconds=1)
    assert pace.take(_to(), limits) == 1.0
    clock.advance(seconds=1)
    assert pace.take(_to(), limits) == 0.0
    assert pace.take(_to(), limits) == 2.0


def test_what_waits_for_its_chat_takes_nothing_from_the_account(pace: Pace) -> None:
    limits = Limits(account=Rate(1.0, burst=3), chat=ONE_A_SECOND)
    assert pace.take(_to(), limits) == 0.0
    for _ in range(10):
        assert pace.take(_to(), limits) > 0.0
    assert pace.take(_to("ben"), limits) == 0.0
    assert pace.take(_to("cleo"), limits) == 0.0
    assert pace.take(_to("dora"), limits) == 1.0


def test_a_clock_that_jumps_neither_opens_the_gates_nor_shuts_them(pace: Pace, clock: SetClock) -> None:
    limits = Limits(account=Rate(1.0, burst=5))
    for _ in range(5):
        assert pace.take(_to(), limits) == 0.0
    clock.advance(days=-3)
    assert 0.0 < pace.take(_to(), limits) <= 1.0
    clock.advance(days=300)
    assert [pace.take(_to(), limits) for _ in range(6)] == [0.0] * 5 + [1.0]


def test_a_pause_that_the_channel_asked_for_holds_the_whole_account(pace: Pace, clock: SetClock) -> None:
    pace.pause(_to(), 30.0)
    assert pace.take(_to("ben"), UNLIMITED) == 30.0
    assert pace.take(_to(account="outlet"), UNLIMITED) == 0.0
    clock.advance(seconds=30)
    assert pace.take(_to("ben"), UNLIMITED) == 0.0
    pace.pause(_to(), 30.0)
    clock.advance(hours=-1)
    assert pace.take(_to(), UNLIMITED) == 0.0


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_pause_that_is_none_holds_nothing(pace: Pace, asked: float) -> None:
    pace.pause(_to(), asked)
    assert pace.take(_to(), UNLIMITED) == 0.0


def test_chats_that_are_quiet_are_forgotten(pace: Pace, clock: SetClock) -> None:
    limits = Limits(chat=ONE_A_SECOND)
    for number in range(10 * MANY):
        pace.take(_to(f"buyer-{number}"), limits)
        clock.advance(milliseconds=10)
    assert len(pace._chats) <= 2 * MANY


_STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(-5, 5)), max_size=200)


@given(steps=_STEPS, per_second=st.floats(0.1, 50), burst=st.integers(1, 10))
def test_no_window_of_time_ever_holds_more_than_the_limit(
    steps: list[tuple[str, float]], per_second: float, burst: int
) -> None:
    """Whatever the clock does: of the time that really passed, counted without its jumps back."""
    clock = SetClock(NOON)
    pace, limits = Pace(clock), Limits(account=Rate(per_second, burst))
    passed, sent = 0.0, []
    for sender, step in steps:
        clock.advance(seconds=step)
        passed += max(step, 0.0)
        if pace.take(_to(sender), limits) == 0.0:
            sent.append(passed)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = burst + per_second * (sent[last] - sent[first])
            assert last - first + 1 <= allowed + 0.001


# --- In delivery ---


def _with(office: Office, limits: Limits, **more: Any) -> Shelf:
    office.shelf = Shelf(limits=limits)
    office.delivery = office.another(**more)
    return office.shelf


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_flood_to_one_chat_goes_out_at_its_pace_and_delays_nobody(
    office: Office, idempotent: bool
) -> None:
    shelf = _with(office, Limits(chat=ONE_A_SECOND))
    shelf.idempotent = idempotent
    texts = [f"a{number:03}" for number in range(MOST + 5)]
    office.post(*texts)
    office.post("b1", to="ben")
    await office.deliver()
    assert sorted(shelf.texts()) == ["a000", "b1"]
    for number in range(2, 6):
        clock_before = len(shelf.sent)
        await office.deliver()
        assert len(shelf.sent) == clock_before
        office.clock.advance(seconds=1)
        await office.deliver()
        assert shelf.texts("ana") == texts[:number]
    assert set(office.states().values()) == {"sent", "queued"}


async def test_an_account_at_its_limit_holds_back_no_other_channel(office: Office) -> None:
    slow, free = Shelf(limits=Limits(account=Rate(10.0, burst=2))), Shelf()
    delivery = Delivery(
        office.database, {"web": slow, "mail": free}, office.clock, lambda *_: None, chance=lambda: 0.0
    )
    office.post(*(f"a{number}" for number in range(MOST)))
    office.post("b1", to="ben")
    talks = office.add("mail", "cleo")
    office.post("c1", to=talks)
    await office.deliver(delivery)
    assert slow.texts() == ["a0", "a1"]
    assert free.texts() == ["c1"]
    for _ in range(4):
        office.clock.advance(milliseconds=100)
        await office.deliver(delivery)
    # Whoever is in line longest comes first; ben's turn comes when it comes.
    assert len(slow.texts()) == 6
    await delivery.stop(grace=0)


async def test_whoever_waits_for_the_pace_has_the_front_called_when_they_may_go(office: Office) -> None:
    more = asyncio.Event()
    shelf = _with(office, Limits(chat=Rate(20.0)), on_more=more.set)
    office.post("a1", "a2")
    await office.deliver()
    assert shelf.texts() == ["a1"]
    more.clear()
    await asyncio.wait_for(more.wait(), 5)
    office.clock.advance(milliseconds=50)
    await office.deliver()
    assert shelf.texts() == ["a1", "a2"]


async def test_a_pause_for_the_whole_account_stops_its_other_conversations(office: Office) -> None:
    shelf = _with(office, UNLIMITED)
    shelf.fails["a1"] = [TryLaterError("flood", retry_after=30, whole_account=True)]
    office.post("a1")
    await office.deliver()
    office.post("b1", to="ben")
    await office.deliver()
    assert shelf.tries == ["a1"]
    office.clock.advance(seconds=30)
    await office.deliver()
    assert sorted(shelf.texts()) == ["a1", "b1"]


async def test_more_than_is_looked_at_together_is_asked_for_at_once(office: Office) -> None:
    told: list[None] = []
    delivery = office.another(on_more=lambda: told.append(None))
    for number in range(MOST + 1):
        office.post(f"x{number}", to=office.add("web", f"buyer-{number}"))
    await delivery.deliver_due()
    assert told
    await delivery.finish()
    await office.deliver(delivery)
    assert len(office.shelf.sent) == MOST + 1


# --- Waits ---


@pytest.mark.parametrize(("asked", "least"), [(30.0, 30.0), (None, 1.0), (float("nan"), 1.0), (-5.0, 1.0)])
async def test_a_wait_is_never_shorter_than_asked_and_spreads_what_failed_together(
    office: Office, asked: float | None, least: float
) -> None:
    waits = []
    for chance in (0.0, 0.5, 0.999):
        text = f"a{chance}"
        office.shelf.fails[text] = [TryLaterError("busy", retry_after=asked)]
        sender = office.add("web", text)
        office.post(text, to=sender)
        delivery = Delivery(
            office.database,
            {"web": office.shelf},
            office.clock,
            lambda *_: None,
            chance=partial(float, chance),
        )
        await office.deliver(delivery)
        waits.append(office.next_try(text) - office.clock.now())
    assert waits[0] == dt.timedelta(seconds=least)
    assert waits[0] < waits[1] < waits[2] < dt.timedelta(seconds=least * 1.25)


async def test_what_waits_for_a_channel_that_takes_few_at_once_is_in_no_doubt(office: Office) -> None:
    shelf = _with(office, Limits(at_once=2))
    texts = [f"{number}" for number in range(5)]
    shelf.hangs = {text: asyncio.Event() for text in texts}
    for text in texts:
        office.post(text, to=office.add("web", f"buyer {text}"))
    await office.delivery.deliver_due()
    await shelf.reached("0")
    await shelf.reached("1")
    assert sorted(office.states().values()) == ["queued"] * 3 + ["sending"] * 2
    shelf.hangs["0"].set()
    await shelf.reached("2")
    assert sorted(office.states().values()) == ["queued"] * 2 + ["sending"] * 2 + ["sent"]
    for hang in shelf.hangs.values():
        hang.set()
    await office.delivery.finish()
    assert sorted(shelf.texts()) == texts
    assert set(office.states().values()) == {"sent"}
