"""Hot swap: no turn is lost or served by two models, and what does not load leaves the old one serving."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.database import Database
from bot.dialogue.recovery import load_replies
from bot.dialogue.swap import Swap
from bot.dialogue.tables import turns
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.turns import TurnTaker
from bot.dialogue.worker import Line, take_turns
from bot.errors import ModelError
from bot.mailroom import inbox
from bot.mailroom.tables import outbox
from bot.settings import ROOT, Settings, environment
from bot.training import models, versions
from bot.training.models import ModelVersion
from bot.training.watch import Watch
from tests.chaos.script import ScriptedEngine
from tests.mailroom.letters import letter
from tests.service.running import until
from tests.training.test_versions import make

#: More than any of these may take, in seconds.
PATIENCE = 120


class Named(ScriptedEngine):
    """Says which model understood and which one answered."""

    def __init__(self, path: Path) -> None:
        if path.read_bytes().startswith(b"unfit"):
            raise ModelError(f"the model {path.name} does not load")
        self.model = path.name
        self.closed = False

    def understand(self, text: str, metadata: Mapping[str, Any] | None = None) -> Understanding:
        assert not self.closed
        return Understanding(text, "en", True, self.model, 1.0, (), ())

    def take(self, turn: Turn) -> list[Said]:
        assert not self.closed
        super().take(turn)
        return [Said(f"{turn.row.text.split()[0]} {turn.understanding.intent} {self.model}")]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    own = dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")
    models.models_folder(own).mkdir(parents=True)
    return own


def _release(place: Settings, name: str) -> None:
    models.release(place, ModelVersion(name, "f"))


def _serve(place: Settings, database: Database, messages: int, swaps: int) -> Counter[str]:
    """Two workers answer everything while a person releases one version after another; turns by model."""
    names = [make(place, number) for number in range(3)]
    _release(place, names[0])
    with database.begin() as connection:
        for number in range(messages):
            message = letter(f"{number} talk", f"b{number % 50}")
            inbox.accept(connection, message, language="en", now=SystemClock().now())
    folder = models.models_folder(place)
    fronts = [Front() for _ in range(2)]

    def work(number: int) -> None:
        own = Database(str(database.url))
        engine = Named(folder / names[0])
        taker = TurnTaker(own, place.rules, load_replies(place), SystemClock(), engine, f"w{number}")  # type: ignore[arg-type]
        swap = Swap(Watch(place), names[0], load=Named)  # type: ignore[arg-type]
        take_turns(taker, swap, fronts[number].line, engine)  # type: ignore[arg-type]
        own.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    for number in range(1, swaps + 1):
        # Spread over the whole run.
        until(lambda number=number: _done(database) >= number * messages // (swaps + 1), "turns")
        _release(place, names[number % len(names)])
    until(lambda: _done(database) == messages, "all turns")
    until(lambda: all(names[swaps % len(names)] in front.models[-1:] for front in fronts), "the swap")
    for front in fronts:
        front.stop()
    for worker in workers:
        worker.join()
    for front in fronts:
        front.close()
    with database.begin() as connection:
        recorded = dict(connection.execute(sa.select(turns.c.inbox_id, turns.c.model)).all())
        answers = connection.execute(sa.select(outbox.c.key, outbox.c.text)).all()
        ended = connection.execute(sa.select(inbox.inbox.c.note)).scalars().all()
    assert Counter(ended) == {"answered": messages}
    assert len(answers) == len({text.split()[0] for _, text in answers}) == messages
    for key, text in answers:
        _, understood, answered = text.split()
        assert understood == answered == recorded[int(key.split(":")[1])]
    return Counter(recorded.values())


class Front:
    """What a front holds of a worker's line, and which models it heard of."""

    def __init__(self) -> None:
        to_worker, from_front = os.pipe()
        to_front, from_worker = os.pipe()
        self._incoming, self._outgoing = os.fdopen(to_worker), os.fdopen(from_worker, "w")
        self._says, self._hears = os.fdopen(from_front, "w"), os.fdopen(to_front)
        self.line = Line(self._incoming, self._outgoing)
        self.models: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        for words in self._hears:
            if words.startswith("serves "):
                self.models.append(words.split()[1])

    def stop(self) -> None:
        """Have the worker stop."""
        self._says.close()

    def close(self) -> None:
        until(lambda: self.line.closed, "the end of the line")
        self._incoming.close()
        self._outgoing.close()
        self._listener.join()
        self._hears.close()


def _done(database: Database) -> int:
    with database.begin() as connection:
        count: int = connection.execute(sa.select(sa.func.count()).select_from(turns)).scalar_one()
    return count


def test_while_versions_are_released_every_turn_is_taken_once_by_one_of_them(
    place: Settings, database: Database
) -> None:
    by_model = _serve(place, database, messages=200, swaps=4)
    assert len(by_model) == 3


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_twenty_swaps_in_five_thousand_turns_lose_and_mix_none(place: Settings, database: Database) -> None:
    by_model = _serve(place, database, messages=5000, swaps=20)
    assert len(by_model) == 3


# --- One worker, step by step ---


def _after(swap: Swap) -> Any:
    """What it hands over once it has loaded it; None if it refuses."""
    engine = swap.take()
    while engine is None and swap._loading is not None:
        engine = swap.take()
    return engine


def test_what_is_released_is_handed_over_once(place: Settings) -> None:
    first, second = make(place, 1), make(place, 2)
    _release(place, first)
    swap = Swap(Watch(place), first, load=Named)  # type: ignore[arg-type]
    assert _after(swap) is None
    _release(place, second)
    assert _after(swap).model == second
    assert _after(swap) is None
    _release(place, first)
    assert _after(swap).model == first


@pytest.mark.parametrize("content", [b"", b"unfit", b"cut sho"])
def test_a_model_that_does_not_load_is_refused_told_and_not_tried_over_and_over(
    place: Settings, content: bytes
) -> None:
    first, second = make(place, 1), make(place, 2)
    path = models.models_folder(place) / second
    path.write_bytes(content)
    if content == b"unfit":
        # Whole, and of no use.
        known = versions.find(place, second)
        versions.write_down(place, dataclasses.replace(known, digest=versions.digest_of(path)))
    told: list[tuple[str, str]] = []
    _release(place, first)
    swap = Swap(Watch(place), first, load=Named, on_refused=lambda *words: told.append(words))  # type: ignore[arg-type]
    _release(place, second)
    for _ in range(3):
        assert _after(swap) is None
    assert [name for name, _ in told] == [second]
    assert second in told[0][1]
    # A person releases another, and then mends it.
    _release(place, first)
    assert _after(swap) is None
    make(place, 2)
    _release(place, second)
    assert _after(swap).model == second


def test_a_refused_model_is_tried_again_after_a_while(place: Settings) -> None:
    first, second = make(place, 1), make(place, 2)
    path = models.models_folder(place) / second
    whole = path.read_bytes()
    path.write_bytes(b"")
    _release(place, second)
    told: list[str] = []
    swap = Swap(Watch(place), first, Named, lambda name, _: told.append(name), again_after=0.0)  # type: ignore[arg-type]
    assert swap.take() is None
    until(lambda: swap.take() is None and told, "a refusal")
    path.write_bytes(whole)
    assert until(swap.take, "the model").model == second  # type: ignore[union-attr]


# --- With the real model ---


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_real_worker_changes_over_goes_on_with_the_old_one_and_rolls_back(
    place: Settings, model_path: Path, database: Database
) -> None:
    folder = models.models_folder(place)
    for name in ("a.tar.gz", "b.tar.gz"):
        os.link(model_path, folder / name)
    cut = folder / "cut.tar.gz"
    cut.write_bytes(model_path.read_bytes()[:20_000_000])
    shutil.copytree(model_path.parent.parent / "cache", place.files / "cache", symlinks=True)
    _release(place, "a.tar.gz")
    own = dataclasses.replace(place, database_url=str(database.url))
    worker = subprocess.Popen(
        [sys.executable, "-m", "bot", "worker", "--name", "real"],
        cwd=ROOT,
        env={**os.environ, **environment(own)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert worker.stdout is not None
    said: list[str] = []
    threading.Thread(target=lambda: said.extend(worker.stdout or ()), daemon=True).start()
    asked = 0

    def answered_by() -> str:
        nonlocal asked
        asked += 1
        with database.begin() as connection:
            inbox.accept(connection, letter("hello"), language="en", now=SystemClock().now())
        until(lambda: _done(database) == asked or worker.poll() is not None, "an answer")
        with database.begin() as connection:
            newest = sa.select(turns.c.model).order_by(turns.c.id.desc()).limit(1)
            return str(connection.execute(newest).scalar_one())

    def heard(words: str) -> None:
        until(lambda: any(line.startswith(words) for line in said) or worker.poll() is not None, words)
        said.clear()

    try:
        heard("ready")
        assert answered_by() == "a.tar.gz"
        _release(place, "b.tar.gz")
        heard("serves b.tar.gz")
        assert answered_by() == "b.tar.gz"
        _release(place, "cut.tar.gz")
        heard("refuses cut.tar.gz the model cut.tar.gz cannot be read")
        assert answered_by() == "b.tar.gz"
        begun = time.monotonic()
        _release(place, "a.tar.gz")
        heard("serves a.tar.gz")
        print(f"rolled back in {time.monotonic() - begun:.1f} s")
        assert answered_by() == "a.tar.gz"
        worker.communicate(timeout=PATIENCE)
    finally:
        worker.kill()
    assert worker.returncode == 0
