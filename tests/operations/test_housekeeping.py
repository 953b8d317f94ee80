"""House-keeping: what ended long ago goes, what is open or young stays, and nobody waits for it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from anyio import to_thread

from bot import schema
from bot.clock import SetClock
from bot.database import Database
from bot.errors import ConfigurationError
from bot.mailroom import inbox, outbox
from bot.messages import Attachment
from bot.operations import housekeeping
from bot.operations.housekeeping import FOREVER, RULES, Swept, keep_house
from bot.serving.front import Front
from bot.settings import ROOT, Settings, read_rules
from bot.shop.tables import identity_tries
from tests.mailroom.letters import letter
from tests.operations.conftest import Life, Live, staff


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, files=tmp_path / "files")


@pytest.fixture
def later(live: Live, clock: SetClock) -> Life:
    """A buyer of long ago, and one of today whose rows are the newest."""
    old = live("PAPAYA", opted_out=False)
    clock.advance(days=5000)
    live("GUAVA")
    return old


def _keep(here: Settings, database: Database, clock: SetClock, **more: Any) -> Swept:
    return keep_house(here, database, clock, pause=0, **more)


def _ids(database: Database, table: str) -> list[Any]:
    own = schema.every_table().tables[table]
    with database.begin() as connection:
        keys = own.primary_key.columns
        return [tuple(row) for row in connection.execute(sa.select(*keys).order_by(*keys))]


def _counts(database: Database) -> dict[str, int]:
    return {table: len(_ids(database, table)) for table in schema.every_table().tables}


# --- The list of tables ---


def test_of_every_table_it_is_said_when_its_rows_go() -> None:
    """A table that grows for ever without anybody having said so is a disk that fills."""
    along = {name for rule in RULES.values() for name, _ in rule.along}
    assert set(RULES) | along | set(FOREVER) == set(schema.every_table().tables)
    assert set(FOREVER) & (set(RULES) | along) == set()


def test_whatever_points_to_a_row_goes_with_it_or_keeps_it() -> None:
    tables = schema.every_table().tables
    for name, rule in RULES.items():
        pointing = {
            (table.name, column.parent.name)
            for table in tables.values()
            for column in table.foreign_keys
            if column.column.table.name == name
        }
        assert pointing <= {*rule.along, *rule.kept_by}, name


# --- What goes ---


def test_what_ended_long_ago_goes_and_what_is_of_today_stays(
    later: Life, here: Settings, database: Database, clock: SetClock
) -> None:
    swept = _keep(here, database, clock)
    expected = {
        "turns", "trackers", "ladders", "inbox", "outbox", "timers", "cases", "case_events", "case_drafts",
        "requests", "conversations", "identity_codes", "intent_labels", "review_items",
        "review_labels", "review_marks", "review_acts", "feed", "notices", "model_comparisons",
        "model_changes", "model_shadows", "model_shadow_changes",
    }  # fmt: skip
    assert set(swept.rows) == expected
    assert swept.files == 1
    assert not later.file.exists()
    for table in expected:
        assert len(_ids(database, table)) >= 1, table
    with database.begin() as connection:
        texts = connection.execute(sa.select(inbox.inbox.c.text)).scalars().all()
    assert [text for text in texts if "PAPAYA" in text] == []
    assert len([text for text in texts if "GUAVA" in text]) == 1
    # Once more there is nothing to do.
    assert str(_keep(here, database, clock)) == "nothing"


def test_who_wants_no_messages_is_known_for_as_long_as_there_is_the_buyer(
    live: Live, here: Settings, database: Database, clock: SetClock
) -> None:
    life = live("MANGO")
    clock.advance(days=10_000)
    _keep(here, database, clock)
    assert [(life.conversation_id,)] == _ids(database, "conversations")
    assert _counts(database)["opt_outs"] == 1


def test_bookkeeping_stays_for_ever(later: Life, here: Settings, database: Database, clock: SetClock) -> None:
    before = _counts(database)
    _keep(here, database, clock)
    after = _counts(database)
    # A group goes with the last of its messages, at whatever age.
    still = set(FOREVER) - {"review_groups"}
    assert {table: after[table] for table in still} == {table: before[table] for table in still}
    assert after["review_groups"] == before["review_groups"] - 1
    assert all(before[table] for table in ("orders", "refunds", "approvals", "shop_actions", "customers"))


def test_a_rehearsal_counts_and_removes_nothing(
    later: Life, here: Settings, database: Database, clock: SetClock
) -> None:
    before = _counts(database)
    swept = _keep(here, database, clock, dry_run=True)
    assert swept.rows["inbox"] == 1
    assert swept.files == 1
    assert _counts(database) == before
    assert later.file.exists()


async def test_a_file_that_no_message_took_goes_and_every_other_stays(
    here: Settings, database: Database, clock: SetClock
) -> None:
    """What anybody may send without ever sending a message must not fill the disk."""
    front = Front(here, database, clock)

    async def kept(name: str) -> Attachment:
        async def content() -> AsyncIterator[bytes]:
            yield name.encode()

        return await front.keep(content(), key=f"web:{name}", name=f"{name}.png", media_type="image/png")

    sent, forgotten = await kept("sent"), await kept("forgotten")
    await front.accept(letter("look", attachments=(sent, Attachment("big.png", "image/png", 9, ""))))
    # Sent once more by a channel that repeats itself, it is not forgotten either.
    assert await kept("sent") == sent
    clock.advance(days=2)
    young = await kept("young")
    swept = await to_thread.run_sync(_keep, here, database, clock)

    assert swept.rows == {"unclaimed_files": 1}
    assert swept.files == 1
    assert not (here.files / forgotten.path).exists()
    assert (here.files / sent.path).exists()
    assert (here.files / young.path).exists()


def test_sessions_and_tries_that_count_no_longer_go(
    here: Settings, database: Database, clock: SetClock
) -> None:
    tables = schema.every_table().tables
    now = clock.now()
    with database.begin() as connection:
        person = staff(connection)
        for days in (400, 0):
            at = now - dt.timedelta(days=days)
            session = {"token_hash": f"{days}", "person_id": person, "created_at": at, "expires_at": at}
            connection.execute(tables["desk_sessions"].insert().values(**session))
            connection.execute(tables["sign_in_tries"].insert().values(login="x", network="y", at=at))
            tried = {"kind": "order", "subject": f"{days}", "wrong": 5, "last_at": at}
            connection.execute(identity_tries.insert().values(**tried))
        locked = {"kind": "order", "subject": "locked", "wrong": 5, "last_at": now - dt.timedelta(days=400)}
        connection.execute(
            identity_tries.insert().values(**locked, locked_until=now + dt.timedelta(minutes=5))
        )
    swept = _keep(here, database, clock)
    assert swept.rows == {"desk_sessions": 1, "sign_in_tries": 1, "identity_tries": 1}
    assert _ids(database, "identity_tries") == [("order", "0"), ("order", "locked")]


# --- What stays ---


def test_an_open_case_keeps_its_conversation_whole(
    live: Live, here: Settings, database: Database, clock: SetClock
) -> None:
    old = live("PAPAYA", open_case=True, opted_out=False)
    clock.advance(days=5000)
    live("GUAVA")
    _keep(here, database, clock)
    assert (old.case_id,) in _ids(database, "cases")
    assert (old.conversation_id,) in _ids(database, "conversations")
    with database.begin() as connection:
        for table in (inbox.inbox, outbox.outbox):
            texts = " ".join(connection.execute(sa.select(table.c.text)).scalars())
            assert "PAPAYA" in texts
    assert old.file.exists()


@pytest.mark.parametrize("state", ["new"])
def test_a_message_that_is_not_finished_stays_however_old(
    later: Life, here: Settings, database: Database, clock: SetClock, state: str
) -> None:
    with database.begin() as connection:
        connection.execute(inbox.inbox.update().values(state=state))
        connection.execute(outbox.outbox.update().values(state="queued"))
    swept = _keep(here, database, clock)
    assert {"inbox", "outbox", "conversations"} & set(swept.rows) == set()
    assert len(_ids(database, "inbox")) == 2


def test_a_message_being_sent_stays_and_a_failed_one_goes_when_it_is_old(
    later: Life, here: Settings, database: Database, clock: SetClock
) -> None:
    states = ("sending", "failed", "unknown", "sent")
    with database.begin() as connection:
        for state in states:
            row = outbox.post(
                connection, later.conversation_id, state, now=clock.now() - dt.timedelta(days=4000)
            )
            connection.execute(outbox.outbox.update().where(outbox.outbox.c.id == row).values(state=state))
        # The newest row of a table always stays.
        outbox.post(connection, later.conversation_id, "newest", now=clock.now())
    _keep(here, database, clock)
    with database.begin() as connection:
        left = connection.execute(sa.select(outbox.outbox.c.text)).scalars().all()
    assert set(left) == {"Dear GUAVA", "sending", "newest"}


def test_a_message_repeated_by_its_channel_is_still_known(
    live: Live, here: Settings, database: Database, clock: SetClock
) -> None:
    live("PAPAYA", opted_out=False)
    clock.advance(days=29)
    shortest = read_rules(ROOT / "shop.yml").copy(
        update={"retention": here.rules.retention.copy(update={"messages_days": 30})}
    )
    _keep(dataclasses.replace(here, rules=shortest), database, clock)
    with database.begin() as connection:
        again = letter(sender="visitor-PAPAYA", message_id="<1@PAPAYA.example>")
        assert not inbox.accept(connection, again, language="en", now=clock.now()).fresh


def test_no_number_is_ever_given_to_two_messages(
    live: Live, here: Settings, database: Database, clock: SetClock
) -> None:
    """Keys that must be unique for ever are made of an inbox row's number."""
    live("PAPAYA", opted_out=False)
    highest = max(_ids(database, "inbox"))[0]
    clock.advance(days=5000)
    _keep(here, database, clock)
    with database.begin() as connection:
        inbox.accept(connection, letter(sender="new"), language="en", now=clock.now())
    assert max(_ids(database, "inbox"))[0] > highest


@pytest.mark.parametrize(
    "days", ["messages_days: 29", "messages_days: 0", "cases_days: -1", "turns_days: soon"]
)
def test_no_store_can_forget_what_it_still_needs(tmp_path: Path, days: str) -> None:
    own = tmp_path / "shop.yml"
    own.write_text(f"retention:\n  {days}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"line 2: retention.{days.partition(':')[0]}: "):
        read_rules(ROOT / "shop.yml", own)


# --- How ---


def _many(database: Database, life: Life, number: int, at: dt.datetime) -> None:
    with database.begin() as connection:
        known = dict(connection.execute(sa.select(inbox.inbox).limit(1)).one()._mapping)
        known.pop("id")
        rows = [
            {**known, "message_id": f"old {place}", "received_at": at, "data": {}, "state": "done"}
            for place in range(number)
        ]
        connection.execute(inbox.inbox.insert(), rows)


def test_thousands_of_rows_go_in_short_units_of_work(
    live: Live, here: Settings, database: Database, clock: SetClock
) -> None:
    life = live("PAPAYA", opted_out=False)
    _many(database, life, 2300, clock.now())
    clock.advance(days=5000)
    live("GUAVA")
    removed: list[int] = []

    def watch(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if statement.startswith("DELETE FROM inbox"):
            removed.append(cursor.rowcount)

    sa.event.listen(database.engine, "after_cursor_execute", watch)
    swept = _keep(here, database, clock)
    assert swept.rows["inbox"] == 2301
    assert max(removed) <= housekeeping.BATCH
    assert len(removed) >= 5


def test_where_nothing_is_old_hardly_anything_is_read(
    live: Live, here: Settings, database: Database, clock: SetClock
) -> None:
    _many(database, live("PAPAYA", opted_out=False), 5000, clock.now())
    read: list[str] = []
    sa.event.listen(
        database.engine, "after_cursor_execute", lambda _, __, statement, *___: read.append(statement)
    )
    assert str(_keep(here, database, clock)) == "nothing"
    assert len([statement for statement in read if "FROM inbox" in statement]) == 1
    assert all("LIMIT" in statement for statement in read if statement.startswith("SELECT"))


def test_others_write_between_two_batches(
    live: Live, here: Settings, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = live("PAPAYA", opted_out=False)
    _many(database, life, 1200, clock.now())
    clock.advance(days=5000)
    live("GUAVA")
    accepted = []

    def write(_: float) -> None:
        # While house-keeping pauses it holds nothing: this would wait for ever otherwise.
        with Database(database.url.render_as_string(hide_password=False)).begin() as other:
            one = letter(sender=f"meanwhile {len(accepted)}")
            accepted.append(inbox.accept(other, one, language="en", now=clock.now()).fresh)

    monkeypatch.setattr(housekeeping.time, "sleep", write)
    keep_house(here, database, clock)
    assert len(accepted) > 2
    assert all(accepted)


def test_who_writes_again_at_that_moment_keeps_the_conversation(
    live: Live, here: Settings, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = live("PAPAYA", opted_out=False)
    clock.advance(days=5000)
    live("GUAVA")
    remove = housekeeping._remove

    def interrupted(one: Any, two: Any, name: str, *more: Any, **named: Any) -> None:
        if name == "conversations":
            # After it was found old, before it is removed.
            with database.begin() as connection:
                inbox.accept(connection, letter(sender="visitor-PAPAYA"), language="en", now=clock.now())
        remove(one, two, name, *more, **named)

    monkeypatch.setattr(housekeeping, "_remove", interrupted)
    swept = _keep(here, database, clock)
    assert "conversations" not in swept.rows
    assert (life.conversation_id,) in _ids(database, "conversations")
    assert len(_ids(database, "trackers")) == 2
