"""The schema: migrations make what the code expects, there and back, and a strange database is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot import schema
from bot.database import Database
from bot.errors import SchemaError


@pytest.fixture
def blank(tmp_path: Path) -> Database:
    """A database with nothing in it."""
    return Database(f"sqlite:///{tmp_path / 'blank.sqlite'}")


def _made(database: Database) -> list[tuple[str, str, str]]:
    with database.begin() as connection:
        rows = connection.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        ).all()
    return [(row[0], row[1], row[2]) for row in rows]


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
    assert [name for _, name, _ in _made(blank)] == ["alembic_version"]
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


def test_what_lies_in_the_database_survives_an_upgrade(database: Database) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO conversations (channel, account, sender, language, owner, next_position,"
            " created_at, last_at, claim_number)"
            " VALUES ('web', 'store', 'ana', 'de', 'bot', 1, '2026-01-01', '2026-01-01', 0)"
        )
    schema.upgrade(database)
    with database.begin() as connection:
        assert connection.exec_driver_sql("SELECT sender FROM conversations").scalar_one() == "ana"


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
