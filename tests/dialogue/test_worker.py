"""Workers: told to stop they finish their turn; killed at any instant they lose and double nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.database import Database
from bot.dialogue.recovery import Recovery
from bot.dialogue.worker import Line
from bot.errors import LostClaimError
from bot.mailroom import inbox
from bot.settings import ROOT, Settings, environment
from bot.workers import WorkerDiedError
from tests.dialogue.talking import GREETED, HONEST, Talk, greeting_that

#: How long a process may take to load a model, in seconds, on a machine with much else to do.
PATIENCE = 90


def _take_back(talk: Talk, worker: str) -> int:
    recovery = Recovery(talk.database, talk.rules, talk.replies, talk.clock)
    return recovery.take_back(worker, WorkerDiedError())


# --- Killed at every instant ---


class Crash(BaseException):
    """The process is gone: nothing of ours may catch this."""


@contextlib.contextmanager
def _crashing_at(database: Database, instant: int) -> Iterator[list[int]]:
    """Crash before the nth thing that the database is asked to do, a commit included."""
    passed = [0]

    def look(*_: Any) -> None:
        passed[0] += 1
        if passed[0] == instant:
            raise Crash

    for event in ("before_cursor_execute", "commit"):
        sa.event.listen(database.engine, event, look)
    try:
        yield passed
    finally:
        for event in ("before_cursor_execute", "commit"):
            sa.event.remove(database.engine, event, look)


@pytest.mark.model
def test_a_crash_before_any_step_of_a_turn_loses_nothing_and_says_nothing_twice(talk: Talk) -> None:
    talk.press()
    talk.turns()
    instant, crashed = 0, True
    while crashed:
        instant += 1
        talk.press()
        before = len(talk.said())
        try:
            with _crashing_at(talk.database, instant):
                talk.turns()
            crashed = False
        except Crash:
            _take_back(talk, "w1")
            talk.turns()
        assert len(talk.said()) == before + 1, f"crashed before step {instant}"
        assert GREETED in talk.said()[-1]
        assert talk.states()[-1][0] == "done"
    # Claim, tracker, reply, record and inbox, each with its commit: it really was cut up.
    assert instant > 10
    assert talk.case() is None


@pytest.mark.model
def test_a_crash_before_any_step_of_giving_up_tells_the_buyer_once(talk: Talk) -> None:
    def fail(*_: Any) -> Any:
        raise KeyError

    instant, crashed = 0, True
    while crashed:
        instant += 1
        other = Talk(talk.database, talk.rules, talk.replies, talk.clock, talk.engine, sender=f"b{instant}")
        other.press()
        with greeting_that(fail):
            try:
                with _crashing_at(talk.database, instant):
                    other.turns(turn_tries=1)
                crashed = False
            except Crash:
                _take_back(other, "w1")
                other.turns(turn_tries=1)
        assert [said.startswith(HONEST) for said in other.said()] == [True], f"before step {instant}"
        assert other.case() is not None
        assert other.owner() == "agent"
    assert instant > 15


# --- Real processes ---


def _settings(talk: Talk, settings: Settings, files: Path) -> dict[str, str]:
    own = Settings(settings.rules, str(talk.database.url), files, settings.store)
    return {**os.environ, **environment(own)}


def _until(condition: Any, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, f"the worker ended with {process.returncode}"
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.model
def test_a_worker_killed_in_mid_turn_leaves_the_turn_to_another(
    talk: Talk, settings: Settings, model_path: Path, tmp_path: Path
) -> None:
    sign = tmp_path / "in mid turn"
    # A process of its own has the machine's clock.
    talk.clock.at = SystemClock().now()
    talk.press()
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.dialogue.stuck_worker", "doomed", str(model_path), str(sign)],
        cwd=ROOT,
        env=_settings(talk, settings, tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _until(sign.exists, worker)
        talk.clock.at = SystemClock().now()
        assert talk.turn() is None
        worker.kill()
        worker.wait()
    finally:
        worker.kill()
        worker.communicate()
    assert worker.returncode == -9
    assert talk.said() == []
    assert _take_back(talk, "doomed") == 1
    assert talk.states() == [("new", 1)]
    assert talk.turns() == ["answered"]
    assert len(talk.said()) == 1
    assert _take_back(talk, "doomed") == 0


def test_a_worker_without_a_model_hands_every_message_over_and_stops_when_its_line_ends(
    mute: Talk, settings: Settings, tmp_path: Path
) -> None:
    mute.clock.at = SystemClock().now()
    mute.write("PAPAYA papaya@fruit.example")
    worker = subprocess.Popen(
        [sys.executable, "-m", "bot", "worker", "--name", "modelless"],
        cwd=ROOT,
        env=_settings(mute, settings, tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _until(mute.said, worker)
        out, err = worker.communicate("\n", timeout=PATIENCE)
    finally:
        worker.kill()
    assert worker.returncode == 0
    # Its front reads a word, or a turn's outcome and channel, a line, and nothing else.
    assert out.split("\n") == ["ready", "turn buried web", ""]
    assert "serves without a model, every message goes to a person: there is no trained model" in err
    assert "inbox row 2 buried after 1 tries: ModelError" in err
    assert "papaya" not in err.lower()
    assert mute.said()[0].startswith(HONEST)
    case = mute.case()
    assert case is not None
    assert "PAPAYA" in case.card.wants


# --- Taking back ---


def test_what_a_dead_worker_held_is_tried_again_and_buried_in_the_end(mute: Talk) -> None:
    mute.write("Where is my parcel?")
    for tries in (1, 2):
        mute.clock.advance(seconds=60)
        mute.claim("doomed")
        assert _take_back(mute, "doomed") == 1
        assert mute.states() == [("new", tries)]
    mute.clock.advance(seconds=60)
    mute.claim("doomed")
    assert _take_back(mute, "doomed") == 1
    assert mute.states() == [("buried", 3)]
    assert [said.startswith(HONEST) for said in mute.said()] == [True]
    case = mute.case()
    assert case is not None
    assert case.card.why.startswith("WorkerDiedError")


def test_a_claim_that_was_lost_in_the_meantime_does_not_stop_the_taking_back_of_others(
    mute: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [
        Talk(mute.database, mute.rules, mute.replies, mute.clock, None, sender=sender)
        for sender in ("ben", "cem")
    ]
    for other in others:
        other.write("Hello")
        other.claim("doomed")
    retry = inbox.retry
    lost: list[int] = []

    def lose_the_first(connection: Any, held: Any, *args: Any, **more: Any) -> None:
        if not lost:
            lost.append(held.row.id)
            raise LostClaimError
        retry(connection, held, *args, **more)

    monkeypatch.setattr(inbox, "retry", lose_the_first)
    _take_back(mute, "doomed")
    assert [attempts for _, attempts in mute.states() if attempts] == [1]


# --- The line between a worker and its front ---


@pytest.fixture
def ends() -> Iterator[tuple[Line, Any, Any]]:
    """A worker's line, and what its front holds of it: where it writes to, where it reads from."""
    to_worker, from_front = os.pipe()
    to_front, from_worker = os.pipe()
    with (
        os.fdopen(to_worker) as incoming,
        os.fdopen(from_worker, "w") as outgoing,
        os.fdopen(from_front, "w") as front_says,
        os.fdopen(to_front) as front_hears,
    ):
        line = Line(incoming, outgoing)
        yield line, front_says, front_hears
        front_says.close()
        with contextlib.suppress(BrokenPipeError):
            outgoing.close()


def test_a_word_reaches_the_front_at_once(ends: tuple[Line, Any, Any]) -> None:
    line, _, front_hears = ends
    line.tell("ready")
    assert front_hears.readline() == "ready\n"


def test_a_wake_up_ends_the_waiting(ends: tuple[Line, Any, Any]) -> None:
    line, front_says, _ = ends
    front_says.write("\n")
    front_says.flush()
    begun = time.monotonic()
    line.wait(10)
    assert time.monotonic() - begun < 5
    assert not line.closed


def test_the_end_of_the_line_ends_waiting_and_work(ends: tuple[Line, Any, Any]) -> None:
    line, front_says, _ = ends
    front_says.close()
    begun = time.monotonic()
    line.wait(10)
    assert time.monotonic() - begun < 5
    assert line.closed


def test_a_front_that_is_gone_is_noticed_when_it_is_told_something(ends: tuple[Line, Any, Any]) -> None:
    line, _, front_hears = ends
    front_hears.close()
    line.tell("turn")
    assert line.closed


def test_a_line_that_nobody_touches_lets_go_after_its_time(ends: tuple[Line, Any, Any]) -> None:
    line, _, _ = ends
    line.wait(0.05)
    assert not line.closed


@pytest.mark.parametrize(("backend", "is_told"), [("sqlite", False), ("postgresql", True)])
def test_a_worker_looks_less_often_only_where_it_is_told_of_what_comes_and_nobody_waits(
    mute: Talk, is_told: bool
) -> None:
    taker = mute.taker("w")
    assert not taker.is_quiet
    assert taker.take_next() is None
    assert taker.is_quiet is is_told
    mute.write("Hello")
    with mute.database.begin() as connection:
        # Another takes it, and may die over it: nobody would tell.
        inbox.claim(connection, "another", now=mute.clock.now(), lease=dt.timedelta(seconds=10))
    assert taker.take_next() is None
    assert not taker.is_quiet
    mute.clock.advance(seconds=10)
    assert taker.take_next() is not None
    assert not taker.is_quiet
    assert taker.take_next() is None
    assert taker.is_quiet is is_told


def test_two_workers_at_once_answer_each_buyer_once(mute: Talk) -> None:
    """Two turn takers over one database: each message is taken by one of them."""
    from concurrent.futures import ThreadPoolExecutor

    buyers = [
        Talk(mute.database, mute.rules, mute.replies, mute.clock, None, sender=f"b{number}")
        for number in range(10)
    ]
    for buyer in buyers:
        buyer.write("Hello")

    def work(name: str) -> int:
        taker, taken = mute.taker(name), 0
        while taker.take_next() is not None:
            taken += 1
        return taken

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(work, ("w1", "w2", "w3", "w4")))
    # Who loses a race for a claim takes it for the end; what is left is taken later.
    taken.append(work("w5"))
    assert sum(taken) == 10
    assert [len(buyer.said()) for buyer in buyers] == [1] * 10
