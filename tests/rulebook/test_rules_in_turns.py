"""Rules in turns: one version each, recorded with it, changed between two of them; and in the front."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from anyio import to_thread

from bot.clock import SystemClock
from bot.database import Database
from bot.desk.service.desk import DatabaseDesk
from bot.dialogue.grounds import version_of
from bot.dialogue.recovery import load_replies
from bot.dialogue.swap import Swap
from bot.dialogue.tables import turns
from bot.dialogue.turn import Said, Turn
from bot.dialogue.turns import TurnTaker
from bot.dialogue.worker import take_turns
from bot.mailroom import inbox
from bot.mailroom.tables import outbox
from bot.rulebook.service import Rulebook
from bot.serving.governing import govern
from bot.settings import Settings, ShopRules
from bot.settings.reading import check_rules
from bot.settings.released import AFTER_RESTART, SHIPPED_FILE, InForce, own_file
from bot.training.watch import Watch
from tests.chaos.script import ScriptedEngine
from tests.mailroom.letters import letter
from tests.service.running import until
from tests.training.test_swap import Front

RELEASES = 6
#: Messages during each release, and after it.
DURING, AFTER = 20, 5
MESSAGES = RELEASES * (DURING + AFTER)


class Ruling(ScriptedEngine):
    """Tells two rules a turn, some while after one another."""

    model = "rules"

    def take(self, turn: Turn) -> list[Said]:
        super().take(turn)
        first = turn.rules.returns.window_days
        return [Said(f"{turn.row.text}: {first}"), Said(f"{turn.row.text}: {turn.rules.stock.low}")]


def release(rulebook: Rulebook, number: int) -> None:
    """Rules that bear a number, twice."""
    rulebook.edit(f"returns: {{window_days: {number}}}\nstock: {{low: {number}}}\n", "ada", over=True)
    rulebook.release("ada")


def rules_of(place: Settings, number: int) -> ShopRules:
    text = f"returns: {{window_days: {number}}}\nstock: {{low: {number}}}\n"
    rules, _ = check_rules(SHIPPED_FILE, own_file(place), text)
    assert rules is not None
    return rules


def test_while_rules_are_released_every_turn_goes_by_one_version_and_tells_which(
    rulebook: Rulebook, place: Settings, database: Database
) -> None:
    release(rulebook, 100)
    own_place = dataclasses.replace(place, rules=rules_of(place, 100))

    def write(numbers: Iterable[int]) -> None:
        with database.begin() as connection:
            for number in numbers:
                message = letter(f"{number} talk", f"b{number % 20}")
                inbox.accept(connection, message, language="en", now=SystemClock().now())

    front = Front()

    def work() -> None:
        own = Database(str(database.url))
        engine, law = Ruling(), InForce(own_place)
        words = load_replies(own_place)
        taker = TurnTaker(own, own_place.rules, words, SystemClock(), engine, "w")  # type: ignore[arg-type]
        swap = Swap(Watch(own_place), None)
        take_turns(taker, swap, front.line, engine, law=law)  # type: ignore[arg-type]
        own.close()

    worker = threading.Thread(target=work)
    worker.start()
    for number in range(1, RELEASES + 1):
        written = (number - 1) * (DURING + AFTER)
        write(range(written, written + DURING))
        until(lambda written=written: _done(database) > written, "a turn")
        release(rulebook, 100 + number)
        write(range(written + DURING, written + DURING + AFTER))
    until(lambda: _done(database) == MESSAGES, "all turns")
    front.stop()
    worker.join()
    front.close()
    versions = {version_of(rules_of(place, 100 + number)): 100 + number for number in range(RELEASES + 1)}
    with database.begin() as connection:
        recorded = dict(connection.execute(sa.select(turns.c.inbox_id, turns.c.grounds)).all())
        answers = connection.execute(sa.select(outbox.c.key, outbox.c.text)).all()
    assert len(answers) == 2 * MESSAGES
    heard: Counter[int] = Counter()
    for key, text in answers:
        number = int(text.rpartition(": ")[2])
        assert versions[recorded[int(key.split(":")[1])]["rules"]] == number
        heard[number] += 1
    assert set(heard) == set(versions.values())


def _done(database: Database) -> int:
    with database.begin() as connection:
        count: int = connection.execute(sa.select(sa.func.count()).select_from(turns)).scalar_one()
    return count


def test_a_process_goes_by_a_release_from_the_next_look_on_and_never_stops_for_a_damaged_one(
    rulebook: Rulebook, place: Settings
) -> None:
    law = InForce(place)
    first = law.now()
    assert first is place.rules
    release(rulebook, 30)
    second = law.now()
    assert second.returns.window_days == 30
    # Whoever asks the settings gets the same.
    assert place.rules is second
    assert law.now() is second
    rulebook.shelf.current.write_text("{", encoding="utf-8")
    assert law.now() is second
    release(rulebook, 31)
    assert law.now().returns.window_days == 31
    rulebook.roll_back("ada")
    # Nobody could tell that the file was what was released: it was kept as if by hand.
    assert law.now().returns.window_days == 30


def test_what_needs_a_restart_stays_as_it_was_at_the_start(rulebook: Rulebook, place: Settings) -> None:
    law, started = InForce(place), place.rules
    rulebook.edit(
        "store: {name: Other}\nlanguages: [en, de]\nchannels: [web, mail]\nserving: {workers: 9}\n"
        "patterns: {tracking_number: ['X[0-9]{9}']}\nreturns: {window_days: 30}\n",
        "ada",
    )
    rulebook.release("ada")
    now = law.now()
    assert now.returns.window_days == 30
    for name in AFTER_RESTART:
        assert getattr(now, name) == getattr(started, name)
    # A process that starts now takes all of it.
    again, _ = check_rules(SHIPPED_FILE, own_file(place), own_file(place).read_text(encoding="utf-8"))
    assert again is not None
    assert InForce(dataclasses.replace(place, rules=again)).now().store.name == "Other"


def test_a_release_while_a_process_starts_is_not_missed(rulebook: Rulebook, place: Settings) -> None:
    # It has read its rules; then other ones are released; then it begins to look.
    release(rulebook, 30)
    assert InForce(place).now().returns.window_days == 30


def test_a_file_that_was_changed_by_hand_is_what_a_process_begins_with(
    rulebook: Rulebook, place: Settings
) -> None:
    release(rulebook, 30)
    own_file(place).write_text("returns: {window_days: 40}\n", encoding="utf-8")
    rules, _ = check_rules(SHIPPED_FILE, own_file(place), "returns: {window_days: 40}\n")
    assert rules is not None
    started = dataclasses.replace(place, rules=rules)
    assert InForce(started).now().returns.window_days == 40


async def test_the_front_and_its_desk_take_a_release_while_they_run(
    rulebook: Rulebook, place: Settings, database: Database
) -> None:
    desk = DatabaseDesk(database, place.rules, SystemClock(), lambda: None)
    task = asyncio.create_task(govern(InForce(place), desk))
    try:
        rulebook.edit("ranks: {aftersales: {refund: '250.00'}}\ncases: {most_open: 3}\n", "ada")
        rulebook.release("ada")
        await to_thread.run_sync(until, lambda: desk.rules.cases.most_open == 3, "the desk's new rules")
        assert desk.board.rules is desk.rules is place.rules
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
