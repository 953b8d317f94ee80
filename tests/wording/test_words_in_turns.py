"""Words in turns: one version each, recorded with it, changed between two of them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.database import Database
from bot.dialogue import spoken
from bot.dialogue.macros import ReplyMacros
from bot.dialogue.spoken import Spoken
from bot.dialogue.swap import Swap
from bot.dialogue.tables import turns
from bot.dialogue.turn import Said, Turn
from bot.dialogue.turns import TurnTaker
from bot.dialogue.worker import take_turns
from bot.mailroom import inbox
from bot.mailroom.tables import outbox
from bot.settings import ROOT, Settings, environment
from bot.training.watch import Watch
from bot.wording.drafts import Written
from bot.wording.service import Wording
from tests.chaos.script import ScriptedEngine
from tests.mailroom.letters import letter
from tests.service.running import until
from tests.training.test_swap import Front

RELEASES = 6
#: Messages during each release, and after it.
DURING, AFTER = 20, 5
MESSAGES = RELEASES * (DURING + AFTER)
#: How long a process may take to start on a machine with much else to do, in seconds.
PATIENCE = 90
FIRST, SECOND = "utter_handed_over", "utter_handed_over_closed"


class Speaking(ScriptedEngine):
    """Says two replies a turn, some while after one another."""

    model = "speaks"

    def take(self, turn: Turn) -> list[Said]:
        super().take(turn)
        values = {"by": turn.row.text.split()[0]}
        return [Said(turn.replies.say(key, "en", values).text) for key in (FIRST, SECOND)]


def release(wording: Wording, number: int) -> str:
    """Words that bear a number."""
    for key in (FIRST, SECOND):
        text = f"Colleagues of release N{'X' * number} have this; an answer is here by {{by}}."
        wording.edit(key, "en", [Written(text)], "ada")
    return wording.release("ada").name


def test_while_words_are_released_every_turn_speaks_one_version_and_tells_which(
    wording: Wording, place: Settings, database: Database
) -> None:
    names = {release(wording, 0): 0}

    def write(numbers: Iterable[int]) -> None:
        with database.begin() as connection:
            for number in numbers:
                message = letter(f"{number} talk", f"b{number % 20}")
                inbox.accept(connection, message, language="en", now=SystemClock().now())

    front = Front()

    def work() -> None:
        own = Database(str(database.url))
        engine, words = Speaking(), Spoken(place)
        taker = TurnTaker(own, place.rules, words.now(), SystemClock(), engine, "w")  # type: ignore[arg-type]
        swap = Swap(Watch(place), None)
        take_turns(taker, swap, front.line, engine, words=words)  # type: ignore[arg-type]
        own.close()

    worker = threading.Thread(target=work)
    worker.start()
    for number in range(1, RELEASES + 1):
        written = (number - 1) * (DURING + AFTER)
        write(range(written, written + DURING))
        until(lambda written=written: _done(database) > written, "a turn")
        names[release(wording, number)] = number
        write(range(written + DURING, written + DURING + AFTER))
    until(lambda: _done(database) == MESSAGES, "all turns")
    front.stop()
    worker.join()
    front.close()
    with database.begin() as connection:
        recorded = dict(connection.execute(sa.select(turns.c.inbox_id, turns.c.words)).all())
        answers = connection.execute(sa.select(outbox.c.key, outbox.c.text)).all()
    assert len(answers) == 2 * MESSAGES
    heard: Counter[int] = Counter()
    for key, text in answers:
        number = text.count("X")
        assert names[recorded[int(key.split(":")[1])].split(":")[0]] == number
        heard[number] += 1
    assert set(heard) == set(names.values())


def test_an_agents_ready_texts_are_the_released_ones(wording: Wording, place: Settings) -> None:
    macros = ReplyMacros(Spoken(place).now, place.rules.store.timezone)
    key = "utter_macro_hello"
    (variant,) = wording.field(key, "en").variants
    wording.edit(key, "en", [Written(variant["text"] + " We are all ears.")], "ada")
    wording.release("ada")
    now = SystemClock().now()
    values = {"agent": "Ada", "store": "Meridian"}
    text, *_ = macros.fill("hello", "en", values, channel="web", timezone=None, now=now)
    assert text.endswith("We are all ears.")


def test_a_worker_begins_with_what_was_released(wording: Wording, place: Settings) -> None:
    name = release(wording, 3)
    assert Spoken(place).now().version.startswith(f"{name}:")
    assert spoken.load(place).say(FIRST, "en", {"by": "B"}).text.count("X") == 3


@pytest.mark.parametrize("times", [3])
def test_two_who_write_at_once_are_one_after_the_other(
    wording: Wording, place: Settings, database: Database, times: int
) -> None:
    for number in range(times):
        seen = wording.field(FIRST, "de").token
        begun = threading.Barrier(2)
        with ThreadPoolExecutor(2) as both:
            tries = [
                both.submit(_write, place, str(database.url), begun, who, f"{who} {number}", seen)
                for who in ("ada", "ben")
            ]
            ended = [one.result() for one in tries]
        assert "StaleWordsError" in ended
        (winner,) = set(ended) & {"ada", "ben"}
        draft = wording.field(FIRST, "de").draft
        assert draft is not None
        assert draft.actor == winner


def _write(place: Settings, url: str, begun: threading.Barrier, who: str, text: str, seen: str) -> str:
    """Who wrote it, or what kept them from it."""
    own = Database(url)
    begun.wait()
    try:
        Wording(place, own, SystemClock()).edit(FIRST, "de", [Written(f"{text} bis {{by}}.")], who, seen=seen)
    except Exception as error:
        return type(error).__name__
    finally:
        own.close()
    return who


def _done(database: Database) -> int:
    with database.begin() as connection:
        count: int = connection.execute(sa.select(sa.func.count()).select_from(turns)).scalar_one()
    return count


def test_a_worker_process_that_runs_speaks_what_was_released_meanwhile(
    wording: Wording, place: Settings, database: Database
) -> None:
    own = dataclasses.replace(place, database_url=str(database.url))
    worker = subprocess.Popen(
        # Without a model every message gets the honest line.
        [sys.executable, "-m", "bot", "worker", "--name", "w"],
        cwd=ROOT,
        env={**os.environ, **environment(own)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _heard(database, "eva", worker)
        for key in ("utter_failure", "utter_failure_closed"):
            (variant,) = wording.field(key, "en").variants
            wording.edit(key, "en", [Written(f"Thank you. {variant['text']}")], "ada")
        wording.release("ada")
        after = _heard(database, "bob", worker)
        # Its line ends.
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(PATIENCE) == 0
    finally:
        worker.kill()
        worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()
    before, now = after
    assert not before.startswith("Thank you.")
    assert now.startswith(f"Thank you. {before[:30]}")


def _heard(database: Database, sender: str, worker: subprocess.Popen[str]) -> list[str]:
    """Write to the bot; all that it has said by then, once it has answered."""
    with database.begin() as connection:
        before = len(connection.execute(sa.select(outbox.c.id)).all())
        inbox.accept(connection, letter("Hello?", sender), language="en", now=SystemClock().now())
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()

    def said() -> list[str]:
        assert worker.poll() is None, f"the worker ended with {worker.returncode}"
        with database.begin() as connection:
            return list(connection.execute(sa.select(outbox.c.text).order_by(outbox.c.id)).scalars())

    until(lambda: len(said()) > before, "an answer")
    return said()
