"""The schema: migrations make what the code expects, there and back, and a strange database is refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot import schema
from bot.database import Database
from bot.errors import SchemaError
from bot.mailroom import inbox
from bot.settings import ROOT
from tests.conftest import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def blank(blank_url: str) -> Iterator[Database]:
    """A database with nothing in it."""
    made = Database(blank_url)
    yield made
    made.close()


_SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
_POSTGRESQL = """
    SELECT 'column', table_name || '.' || column_name,
        concat_ws(' ', data_type, character_maximum_length, is_nullable)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    ORDER BY 1, 2
"""


def _made(database: Database) -> list[tuple[str, str, str]]:
    """All that was created: kind, name, definition."""
    with database.begin() as connection:
        rows = connection.exec_driver_sql(_SQLITE if database.is_sqlite else _POSTGRESQL).all()
    return [(row[0], row[1], row[2]) for row in rows]


def _tables(database: Database) -> list[str]:
    with database.begin() as connection:
        return sorted(set(sa.inspect(connection).get_table_names()) - {"sqlite_sequence"})


def test_migrations_make_exactly_what_the_code_expects(blank: Database) -> None:
    schema.upgrade(blank)
    with blank.begin() as connection:
        ours = {"compare_type": True, "include_name": lambda name, *_: name != "sqlite_sequence"}
        context = MigrationContext.configure(connection, opts=ours)
        assert compare_metadata(context, schema.every_table()) == []


def test_every_area_of_the_bot_has_its_tables() -> None:
    """A new area whose tables nobody registers would be missing in the migration without a word."""
    written = [
        name
        for path in (Path(schema.__file__).parent).rglob("tables.py")
        for name in re.findall(
            r"^\w+ = sa\.Table\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    ]
    assert sorted(written) == sorted(schema.every_table().tables)


def test_a_database_goes_up_and_down_and_up_again(blank: Database) -> None:
    schema.upgrade(blank)
    first = _made(blank)
    assert schema.version(blank) == schema.newest()
    schema.downgrade(blank, "base")
    assert schema.version(blank) is None
    assert _tables(blank) == ["alembic_version"]
    schema.upgrade(blank)
    assert _made(blank) == first


def test_each_revision_can_be_taken_back_alone(blank: Database) -> None:
    schema.upgrade(blank)
    schema.downgrade(blank, "-1")
    schema.upgrade(blank)
    schema.require_current(blank)


def test_an_upgrade_twice_changes_nothing(database: Database) -> None:
    before = _made(database)
    schema.upgrade(database)
    assert _made(database) == before
    schema.require_current(database)


def test_an_upgrade_that_fails_leaves_nothing_behind(
    blank: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic.operations import Operations

    made = []
    create = Operations.create_table

    def fail_at_the_fifth(self: Operations, name: str, *columns: object, **more: object) -> object:
        made.append(name)
        if len(made) == 5:
            raise RuntimeError("the power went out")
        return create(self, name, *columns, **more)

    monkeypatch.setattr("alembic.op.create_table", lambda *a, **k: fail_at_the_fifth(_proxy(), *a, **k))
    with pytest.raises(RuntimeError, match="power"):
        schema.upgrade(blank)
    assert _made(blank) == []
    assert schema.is_empty(blank)
    monkeypatch.undo()
    schema.upgrade(blank)
    schema.require_current(blank)


def _proxy() -> object:
    from alembic import op

    return op._proxy  # type: ignore[attr-defined]


#: What each released revision wrote, in a file of its name.
RELEASES = ROOT / "tests" / "releases"


def _fill(database: Database) -> None:
    """Data as the first release wrote them."""
    with database.begin() as connection:
        for statement in (RELEASES / "0001.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)


def _contents(database: Database, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    with database.begin() as connection:
        found = {
            table: connection.execute(sa.select(*map(sa.column, names)).select_from(sa.table(table))).all()
            for table, names in columns.items()
        }
    return {table: sorted((tuple(row) for row in rows), key=str) for table, rows in found.items()}


def _columns(database: Database) -> dict[str, list[str]]:
    with database.begin() as connection:
        look = sa.inspect(connection)
        return {
            table: sorted(one["name"] for one in look.get_columns(table))
            for table in look.get_table_names()
            if table not in ("alembic_version", "sqlite_sequence")
        }


#: Tables that are gone: no release ever wrote into them.
NEVER_USED = {"channel_links"}


def test_what_the_first_release_wrote_survives_the_way_up_and_down(blank: Database) -> None:
    schema.upgrade(blank, "0001")
    _fill(blank)
    first = _columns(blank)
    kept = {table: columns for table, columns in first.items() if table not in NEVER_USED}
    before = _contents(blank, kept)
    schema.upgrade(blank)
    assert _contents(blank, kept) == before
    schema.downgrade(blank, "0001")
    assert _columns(blank) == first
    assert _contents(blank, kept) == before
    schema.upgrade(blank)
    schema.require_current(blank)
    assert _contents(blank, kept) == before


def test_what_waited_before_an_upgrade_is_taken_after_it_in_its_order(blank: Database) -> None:
    schema.upgrade(blank, "0001")
    _fill(blank)
    schema.upgrade(blank)
    now = dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc)
    taken = []
    for moment in (now, now, now, now + dt.timedelta(days=1)):
        with blank.begin() as connection:
            held = inbox.claim(connection, "w1", now=moment, lease=dt.timedelta(seconds=60))
            if held is not None:
                taken.append(held.row.text)
                inbox.finish(connection, held, "answered", now=moment)
    # Ben's waits for its next try until tomorrow.
    assert taken == ["a1", "a2", "b1"]


def test_what_was_edited_keeps_its_newer_words_on_the_way_down(blank: Database) -> None:
    schema.upgrade(blank, "0001")
    _fill(blank)
    schema.upgrade(blank)
    with blank.begin() as connection:
        connection.exec_driver_sql("UPDATE inbox SET edited_text = 'newer' WHERE id IN (11, 13)")
    schema.downgrade(blank, "0001")
    texts = _contents(blank, {"inbox": ["id", "text"]})["inbox"]
    assert texts == [(11, "done"), (12, "b1"), (13, "newer"), (14, "a2")]


def test_many_processes_that_make_the_tables_at_once_do_not_disturb_each_other(
    blank: Database, blank_url: str
) -> None:
    def upgrade(_: int) -> None:
        own = Database(blank_url)
        schema.upgrade(own)
        own.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, range(4)))
    schema.require_current(blank)


# --- What is refused ---


def test_an_empty_database_is_refused_with_the_command_that_helps(blank: Database) -> None:
    assert schema.is_empty(blank)
    assert schema.version(blank) is None
    with pytest.raises(SchemaError, match="is empty: run `crossdesk db upgrade`"):
        schema.require_current(blank)


def test_a_current_database_is_accepted(database: Database) -> None:
    assert not schema.is_empty(database)
    schema.require_current(database)


def test_an_older_database_is_refused_with_the_command_that_helps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "newest", lambda: "9999")
    with pytest.raises(SchemaError, match=r"at revision \w+, this needs 9999: run `crossdesk db upgrade`"):
        schema.require_current(database)


def test_the_first_releases_database_is_refused_until_it_is_upgraded(blank: Database) -> None:
    schema.upgrade(blank, "0001")
    with pytest.raises(SchemaError, match=r"at revision 0001, this needs \w+: run `crossdesk db upgrade`"):
        schema.require_current(blank)
    schema.upgrade(blank)
    schema.require_current(blank)


def test_a_newer_database_is_refused_and_never_touched(database: Database) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = _made(database)
    for act in (schema.require_current, schema.upgrade):
        with pytest.raises(SchemaError, match="9999, which this version does not know: install the newer"):
            act(database)
    assert _made(database) == before


@pytest.mark.parametrize("table", ["orders", "wp_posts"])
def test_another_programs_database_is_refused_and_never_touched(blank: Database, table: str) -> None:
    """Whether or not one of its tables happens to be called like one of ours."""
    with blank.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, total REAL)")
    before = _made(blank)
    for act in (schema.require_current, schema.upgrade):
        with pytest.raises(SchemaError, match="another program: set CROSSDESK_DATABASE_URL"):
            act(blank)
    assert _made(blank) == before


def test_a_refusal_never_tells_the_databases_password(
    monkeypatch: pytest.MonkeyPatch, blank: Database
) -> None:
    with blank.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE wp_posts (id INTEGER)")
    blank.url = sa.engine.make_url("postgresql://crossdesk:hunter2@db.example/shop")
    with pytest.raises(SchemaError, match=r"db\.example") as refused:
        schema.require_current(blank)
    assert "hunter2" not in str(refused.value)
