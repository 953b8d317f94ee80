"""A candidate in shadow takes again what was taken: what differs is counted and listed, nobody hears it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.recovery import load_replies
from bot.dialogue.tables import turns
from bot.settings import ROOT, Settings, environment
from bot.training import models, rollout, shadow
from bot.training.releasing import Releases
from bot.training.tables import model_shadow_changes, model_shadows
from tests.conftest import BACKENDS
from tests.service.running import until
from tests.training.test_versions import make

with warnings.catch_warnings(record=True):
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    from bot.dialogue.engine import Engine
    from bot.training.shadowing import Shadowing
    from tests.dialogue.talking import Talk
    from tests.training.test_compare import Worse

pytestmark = pytest.mark.model

CARD = "can I pay with PayPal? my card is 4111 1111 1111 1111"


@pytest.fixture
def place(settings: Settings, tmp_path: Path, database: Database, engine: Engine) -> Settings:
    """A released version, which is the real model, and a candidate."""
    own = dataclasses.replace(
        settings,
        files=tmp_path / "files",
        store=tmp_path / "store",
        database_url=database.url.render_as_string(hide_password=False),
    )
    models.models_folder(own).mkdir(parents=True)
    make(own, 2)
    models.release(own, models.ModelVersion(engine.model, "f"))
    (models.models_folder(own) / engine.model).write_bytes(b"as it is loaded here")
    return own


@pytest.fixture
def talk(place: Settings, database: Database, clock: SetClock, engine: Engine) -> Talk:
    return Talk(database, place.rules, load_replies(place), clock, engine)


def candidate(engine: Any) -> Any:
    engine.model = "m2.tar.gz"
    return engine


class Same(Worse):
    """The same model under another name."""

    def understand(self, text: str, *more: Any) -> Any:
        return self._engine.understand(text, *more)


def had(talk: Talk) -> None:
    for words in ("hello", CARD, "thank you", "where is my parcel?"):
        talk.write(words)
        talk.turns()


def shadowing(place: Settings, talk: Talk, engine: Any) -> Shadowing:
    return Shadowing(place, talk.database, talk.clock, candidate(engine))


def everything(database: Database) -> dict[str, Any]:
    with database.begin() as connection:
        tables = schema.every_table().tables.items()
        return {
            name: connection.execute(sa.select(table)).all()
            for name, table in tables
            if table not in (model_shadows, model_shadow_changes)
        }


def caught_up(one: Shadowing, talk: Talk) -> shadow.Shadow:
    talk.clock.advance(seconds=90)
    while one.step(talk.replies):
        pass
    with talk.database.begin() as connection:
        found = shadow.latest(connection)
    assert found is not None
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_worse_candidate_would_do_otherwise_is_counted_listed_masked_and_heard_by_nobody(
    place: Settings, talk: Talk
) -> None:
    releases = Releases(place, talk.database, talk.clock)
    had(talk)
    releases.shadow("m2", "ada")
    had(talk)
    before = everything(talk.database)
    worse = shadowing(place, talk, Worse(talk.engine))
    found = caught_up(worse, talk)
    assert everything(talk.database) == before
    # What was taken before it began is no matter of its.
    assert (found.seen, found.differing) == (4, 1)
    with talk.database.begin() as connection:
        (one,) = shadow.listed(connection, found.id)
    assert (one.difference.before.intent, one.difference.after.intent) == (
        "payment_methods",
        "service_greeting",
    )
    assert "PayPal" in one.difference.text
    assert "4111" not in one.difference.text
    assert shadow.shifts([one]) == [("payment_methods", "service_greeting", 1)]
    # Nothing is looked at two times.
    assert caught_up(worse, talk) == found


def test_the_same_model_in_shadow_does_nothing_otherwise(place: Settings, talk: Talk) -> None:
    Releases(place, talk.database, talk.clock).shadow("m2", "ada")
    had(talk)
    found = caught_up(shadowing(place, talk, Same(talk.engine)), talk)
    assert (found.seen, found.differing, found.unsure) == (4, 0, 0)


def test_only_so_many_are_listed_and_all_are_counted(
    place: Settings, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.training.shadowing.MOST", 1)
    Releases(place, talk.database, talk.clock).shadow("m2", "ada")
    had(talk)
    had(talk)
    found = caught_up(shadowing(place, talk, Worse(talk.engine)), talk)
    assert found.differing == 2
    with talk.database.begin() as connection:
        assert len(shadow.listed(connection, found.id)) == 1


def test_what_other_versions_served_and_what_came_after_the_end_is_not_counted(
    place: Settings, talk: Talk
) -> None:
    releases = Releases(place, talk.database, talk.clock)
    releases.shadow("m2", "ada")
    had(talk)
    with talk.database.begin() as connection:
        connection.execute(turns.update().values(model="another.tar.gz"))
    worse = shadowing(place, talk, Worse(talk.engine))
    assert caught_up(worse, talk).seen == 0
    had(talk)
    assert not worse.is_over()
    releases.withdraw("ben")
    assert worse.is_over()
    ended = caught_up(worse, talk)
    assert (ended.seen, ended.ended_at is not None) == (0, True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_process_that_was_slower_counts_nothing_a_second_time(place: Settings, talk: Talk) -> None:
    Releases(place, talk.database, talk.clock).shadow("m2", "ada")
    had(talk)
    talk.clock.advance(seconds=90)
    first, second = (shadowing(place, talk, Worse(talk.engine)) for _ in range(2))

    class Slow(Worse):
        def understand(self, text: str, *more: Any) -> Any:
            # Meanwhile the other takes them all.
            first.step(talk.replies)
            return super().understand(text, *more)

    dataclasses.replace(second, engine=candidate(Slow(talk.engine))).step(talk.replies)
    found = caught_up(first, talk)
    assert (found.seen, found.differing) == (4, 1)


@pytest.mark.timeout(300)
def test_a_process_of_its_own_runs_it_and_ends_when_it_is_withdrawn(
    place: Settings, talk: Talk, model_path: Path
) -> None:
    os.link(model_path, models.models_folder(place) / "twin.tar.gz")
    shutil.copytree(model_path.parent.parent / "cache", place.files / "cache", symlinks=True)
    releases = Releases(place, talk.database, talk.clock)
    releases.shadow("twin", "ada")
    had(talk)
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "shadow"],
        cwd=ROOT,
        env={**os.environ, **environment(place)},
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

    def seen() -> bool:
        with talk.database.begin() as connection:
            found = shadow.latest(connection)
        assert found is not None
        assert not found.trouble
        return found.seen == 4

    try:
        until(lambda: seen() or process.poll() is not None, "four messages")
        assert seen()
        with talk.database.begin() as connection:
            found = shadow.latest(connection)
        assert found is not None
        assert found.differing == 0
        releases.withdraw("ada")
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_candidate_that_does_not_load_is_told(place: Settings, talk: Talk) -> None:
    from bot.training.shadowing import run

    Releases(place, talk.database, talk.clock).shadow("m2", "ada")
    run(place, talk.clock, lambda _: False)
    with talk.database.begin() as connection:
        found = shadow.latest(connection)
    assert found is not None
    assert "m2.tar.gz" in found.trouble
    # A person decides what becomes of it.
    assert rollout.current(place) is not None
