"""A share of the conversations for a candidate: each has one version for its life, and it ends at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.clock import SetClock, SystemClock
from bot.database import Database
from bot.dialogue.recovery import load_replies
from bot.dialogue.sharing import Sharing
from bot.dialogue.swap import Swap
from bot.dialogue.tables import turns
from bot.dialogue.turns import TurnTaker
from bot.dialogue.worker import take_turns
from bot.errors import GateError, ModelError
from bot.mailroom import inbox
from bot.settings import Settings
from bot.training import models, rollout, versions
from bot.training.acts import Act
from bot.training.models import Fingerprints
from bot.training.releasing import Releases
from bot.training.rollout import LEAD, Rollout
from bot.training.versions import KEPT
from bot.training.watch import RolloutWatch, Watch
from tests.conftest import BACKENDS, NOON
from tests.mailroom.letters import letter
from tests.service.running import until
from tests.training.test_swap import Front, Named, _done
from tests.training.test_versions import make


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Settings:
    own = dataclasses.replace(settings, files=tmp_path / "files", store=tmp_path / "store")
    models.models_folder(own).mkdir(parents=True)
    return own


@pytest.fixture
def releases(place: Settings, database: Database, clock: SetClock) -> Releases:
    """One version serves after another, and a third waits."""
    found = Releases(place, database, clock)
    for number in (1, 2):
        found.release(make(place, number), "ada")
    make(place, 3)
    return found


def tried(share: int, version: str = "m3.tar.gz") -> Rollout:
    return Rollout(version, "m2.tar.gz", share, NOON, "ada")


# --- Whose a conversation is ---


@pytest.mark.parametrize("share", [1, 10, 50])
def test_about_its_share_of_the_conversations_is_a_candidates(share: int) -> None:
    count = sum(tried(share).includes(number, NOON) for number in range(20_000))
    assert count / 20_000 == pytest.approx(share / 100, abs=0.01)


def test_a_conversation_stays_a_candidates_where_the_share_grows_and_is_not_everybodys_guinea_pig() -> None:
    few, more, other = (
        {number for number in range(2_000) if one.includes(number, NOON)}
        for one in (tried(10), tried(30), tried(10, "m4.tar.gz"))
    )
    assert few < more
    assert few != other
    assert not any(tried(50).includes(number, NOON - dt.timedelta(seconds=1)) for number in range(2_000))


def test_in_shadow_no_conversation_is_a_candidates() -> None:
    assert not any(tried(0).includes(number, NOON) for number in range(2_000))


# --- Begun, ended, refused ---


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_share_is_begun_grown_and_withdrawn_and_each_is_noted(releases: Releases, clock: SetClock) -> None:
    settings = releases.settings
    begun = releases.share("m3", 10, "ada")
    assert begun.begins_at == clock.now() + LEAD
    clock.advance(seconds=300)
    grown = releases.share("m3", 25, "ben", reason="it does well")
    # Nobody who had it goes back for half a minute.
    assert (grown.share, grown.begins_at) == (25, begun.begins_at)
    assert rollout.current(settings) == grown
    releases.withdraw("ben", reason="enough seen")
    assert rollout.current(settings) is None
    log = releases.log(3)
    assert [(one.act, one.actor, one.reason) for one in log] == [
        (Act.WITHDRAW, "ben", "enough seen"),
        (Act.SHARE, "ben", "25 % of the conversations: it does well"),
        (Act.SHARE, "ada", "10 % of the conversations"),
    ]
    with pytest.raises(ModelError, match="no version is tried"):
        releases.withdraw("ben")


@pytest.mark.parametrize("way", ["release", "roll back"])
def test_a_release_and_a_roll_back_end_it(releases: Releases, way: str) -> None:
    for begin in (lambda: releases.share("m3", 10, "ada"), lambda: releases.shadow("m3", "ada")):
        begin()
        if way == "release":
            releases.release("m3", "ada")
        else:
            releases.roll_back("ada")
        assert rollout.current(releases.settings) is None
        # Also where that version serves again.
        releases.release("m2", "ada")
        assert rollout.current(releases.settings) is None


def test_what_serve_releases_by_itself_ends_it_too(releases: Releases) -> None:
    releases.share("m3", 10, "ada")
    versions.release(releases.settings, "m1.tar.gz", by_choice=False)
    assert rollout.current(releases.settings) is None
    assert RolloutWatch(releases.settings, Watch(releases.settings), SystemClock()).newest() is None


@pytest.mark.parametrize(
    ("name", "percent", "says"),
    [
        ("m3", 0, "from 1 to 50"),
        ("m3", 51, "from 1 to 50"),
        ("m2", 10, "it is released"),
        ("m9", 10, "no model"),
    ],
)
def test_a_share_that_cannot_be_is_refused(releases: Releases, name: str, percent: int, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        releases.share(name, percent, "ada")
    assert rollout.current(releases.settings) is None


def test_buyers_hear_a_share_so_it_has_the_gates_of_a_release_and_a_shadow_has_none(
    releases: Releases,
) -> None:
    make(releases.settings, 4, made_from=Fingerprints(code="other"))
    with pytest.raises(GateError, match="made with other code"):
        releases.share("m4", 10, "ada")
    assert releases.share("m4", 10, "ada", reason="I know").share == 10
    assert [gate["gate"] for gate in releases.log(1)[0].gates] == ["code"]
    assert releases.shadow("m4", "ada").is_shadow


def test_a_candidate_whose_file_is_cut_is_not_tried(releases: Releases) -> None:
    (models.models_folder(releases.settings) / "m3.tar.gz").write_bytes(b"model")
    for begin in (lambda: releases.share("m3", 10, "ada"), lambda: releases.shadow("m3", "ada")):
        with pytest.raises(ModelError, match="cut or changed"):
            begin()


def test_a_version_that_is_tried_is_kept_among_however_many(releases: Releases) -> None:
    releases.shadow("m3", "ada")
    for number in range(10, 10 + 2 * KEPT):
        make(releases.settings, number)
    versions.drop_old(releases.settings)
    assert "m3.tar.gz" in {one.name for one in versions.listed(releases.settings)}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 3}', '{"begins_at": "soon"}'])
def test_a_damaged_note_tries_nothing(releases: Releases, content: str) -> None:
    rollout.path_of(releases.settings).write_text(content, encoding="utf-8")
    assert rollout.current(releases.settings) is None
    assert RolloutWatch(releases.settings, Watch(releases.settings), SystemClock()).newest() is None


# --- Workers ---


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_workers_give_each_conversation_to_one_version_until_it_is_withdrawn(
    releases: Releases, database: Database
) -> None:
    place = releases.settings
    begun = dataclasses.replace(tried(30), begins_at=SystemClock().now())
    rollout.begin(place, begun)
    people, rounds = 40, 5
    folder = models.models_folder(place)
    fronts = [Front() for _ in range(2)]

    def work(number: int) -> None:
        own = Database(str(database.url))
        engine = Named(folder / "m2.tar.gz")
        watch = Watch(place)
        sharing = Sharing(RolloutWatch(place, watch, SystemClock()), load=Named)  # type: ignore[arg-type]
        taker = TurnTaker(
            own,
            place.rules,
            load_replies(place),
            SystemClock(),
            engine,
            f"w{number}",
            tried=sharing.engine_for,
        )  # type: ignore[arg-type]
        swap = Swap(watch, "m2.tar.gz", load=Named)  # type: ignore[arg-type]
        take_turns(taker, swap, fronts[number].line, engine, sharing=sharing)  # type: ignore[arg-type]
        sharing.close()
        own.close()

    def write(number: int) -> None:
        with database.begin() as connection:
            for one in range(people):
                message = letter(f"{number * people + one} talk", f"b{one}")
                inbox.accept(connection, message, language="en", now=SystemClock().now())

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    for number in range(rounds):
        write(number)
    until(lambda: _done(database) == people * rounds, "all turns")
    releases.withdraw("ada")
    write(rounds)
    until(lambda: _done(database) == people * (rounds + 1), "the last turns")
    for front in fronts:
        front.stop()
    for worker in workers:
        worker.join()
    for front in fronts:
        front.close()
    with database.begin() as connection:
        rows = connection.execute(
            sa.select(turns.c.conversation_id, turns.c.model, turns.c.intent).order_by(turns.c.id)
        ).all()
    by_talk: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        # Understood by the model that answered.
        assert row.intent == row.model
        by_talk[row.conversation_id].append(row.model)
    for talk, served in by_talk.items():
        theirs = "m3.tar.gz" if begun.includes(talk, begun.begins_at) else "m2.tar.gz"
        assert served == [theirs] * rounds + ["m2.tar.gz"]
    assert {served[0] for served in by_talk.values()} == {"m2.tar.gz", "m3.tar.gz"}


def test_a_candidate_that_does_not_load_is_told_and_the_released_version_serves(releases: Releases) -> None:
    place = releases.settings
    path = models.models_folder(place) / "m3.tar.gz"
    path.write_bytes(b"unfit")
    versions.write_down(
        place, dataclasses.replace(versions.find(place, "m3"), digest=versions.digest_of(path))
    )
    rollout.begin(place, tried(50))
    told: list[str] = []
    watch = RolloutWatch(place, Watch(place), SetClock(NOON))
    sharing = Sharing(watch, load=Named, on_refused=lambda name, _: told.append(name))  # type: ignore[arg-type]
    mine = next(number for number in range(100) if tried(50).includes(number, NOON))
    assert sharing.engine_for(mine) is None
    assert sharing.engine_for(mine) is None
    assert told == ["m3.tar.gz"]
    sharing.close()


def test_a_candidate_is_let_go_of_when_it_is_withdrawn_and_loaded_anew_when_it_is_back(
    releases: Releases,
) -> None:
    place = releases.settings
    loaded: list[Named] = []
    said: list[str | None] = []

    def load(path: Path) -> Named:
        loaded.append(Named(path))
        return loaded[-1]

    sharing = Sharing(RolloutWatch(place, Watch(place), SetClock(NOON)), load, on_shared=said.append)  # type: ignore[arg-type]
    mine = next(number for number in range(100) if tried(50).includes(number, NOON))
    for _ in range(2):
        rollout.begin(place, tried(50))
        assert sharing.engine_for(mine) is loaded[-1]
        rollout.end(place)
        assert sharing.engine_for(mine) is None
    assert [one.closed for one in loaded] == [True, True]
    assert said == ["m3.tar.gz", None] * 2
