"""The deadline: it breaks into whatever takes too long, and is silent otherwise."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time

import pytest

from bot.dialogue import deadline as module
from bot.dialogue.deadline import deadline
from bot.errors import TurnTimeoutError

#: Long enough to be sure that what is tested broke it off.
FOR_EVER = 5.0


@pytest.fixture(autouse=True)
def _nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(module, "AGAIN", 0.05)
    before, alarm = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    yield
    # The test's own time limit may be an alarm, too: it must still be set, and be nobody's but its own.
    assert signal.getsignal(signal.SIGALRM) == before
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (alarm[0] > 0)


def _spin() -> None:
    until = time.monotonic() + FOR_EVER
    while time.monotonic() < until:
        pass


def test_what_is_done_in_time_is_not_disturbed() -> None:
    with deadline(0.2):
        done = sum(range(1000))
    assert done == 499_500


def test_a_long_python_block_is_interrupted() -> None:
    begun = time.monotonic()
    with pytest.raises(TurnTimeoutError), deadline(0.05):
        _spin()
    assert time.monotonic() - begun < FOR_EVER / 2


def test_a_sleep_is_interrupted() -> None:
    begun = time.monotonic()
    with pytest.raises(TurnTimeoutError), deadline(0.05):
        time.sleep(FOR_EVER)
    assert time.monotonic() - begun < FOR_EVER / 2


def test_an_interruption_that_is_swallowed_is_told_at_the_end() -> None:
    def swallow() -> None:
        try:
            time.sleep(FOR_EVER)
        except Exception:
            return

    with pytest.raises(TurnTimeoutError), deadline(0.05):
        swallow()


def test_what_goes_on_after_swallowing_an_interruption_is_interrupted_again() -> None:
    swallowed = 0

    def go_on() -> None:
        nonlocal swallowed
        while swallowed < 3:
            try:
                time.sleep(FOR_EVER)
            except TurnTimeoutError:
                swallowed += 1

    begun = time.monotonic()
    with pytest.raises(TurnTimeoutError), deadline(0.05):
        go_on()
    assert swallowed == 3
    assert time.monotonic() - begun < FOR_EVER / 2


def test_an_error_that_follows_from_the_interruption_counts_as_being_late() -> None:
    def give_in() -> None:
        try:
            time.sleep(FOR_EVER)
        except TurnTimeoutError as error:
            raise sqlite3.OperationalError("interrupted") from error

    with pytest.raises(TurnTimeoutError), deadline(0.05):
        give_in()


def test_an_error_in_time_stays_what_it_is() -> None:
    with pytest.raises(KeyError), deadline(1):
        raise KeyError


def test_a_deadline_after_a_deadline_has_its_own_time() -> None:
    with pytest.raises(TurnTimeoutError), deadline(0.05):
        _spin()
    with deadline(1):
        time.sleep(0.1)


def test_an_alarm_of_somebody_else_goes_off_all_the_same() -> None:
    rang: list[int] = []
    before, left = signal.signal(signal.SIGALRM, lambda number, _: rang.append(number)), (0.0, 0.0)
    try:
        left = signal.setitimer(signal.ITIMER_REAL, 0.1)
        with deadline(1):
            time.sleep(0.2)
        assert rang == []
        time.sleep(0.05)
        assert rang == [signal.SIGALRM]
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *left)


def test_outside_of_the_main_thread_there_is_no_deadline() -> None:
    outcome: list[object] = []

    def work() -> None:
        try:
            with deadline(0.01):
                time.sleep(0.05)
            outcome.append("done")
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == ["done"]
