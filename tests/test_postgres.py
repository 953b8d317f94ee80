"""PostgreSQL's driver: units of work, plans, and connections that broke while they rested."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bot.database import Database
from bot.postgres import OFTEN, type_of
from tests.peers.postgres import Server

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("cents", sa.BigInteger),
    sa.Column("at", sa.DateTime),
    sa.Column("content", sa.LargeBinary),
    sa.Column("more", sa.JSON),
)
_FIND = sa.select(things.c.name).where(things.c.id == sa.bindparam("number"))
_HELD = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'crossdesk%'")


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture
def database(blank_url: str) -> Iterator[Database]:
    made = Database(blank_url)
    things.create(made.engine)
    yield made
    made.close()


def _plans(connection: Connection) -> int:
    return int(connection.execute(_HELD).scalar_one())


def _insert(connection: Connection, **values: Any) -> None:
    connection.execute(things.insert(), {"content": None, "more": None, "at": None, **values})


def test_what_comes_often_is_planned_once_and_does_the_same(database: Database) -> None:
    at = dt.datetime(2026, 1, 5, 12)  # noqa: DTZ001 (as columns hold it)
    with database.begin() as connection:
        for number in range(1, 3 * OFTEN):
            _insert(
                connection, id=number, name="50 % 'off'", cents=2**40, at=at, content=b"\0%s", more={"a": [1]}
            )
            assert connection.execute(_FIND, {"number": number}).scalar_one() == "50 % 'off'"
        assert _plans(connection) >= 2
        rows = connection.execute(sa.select(things)).all()
    assert {tuple(row[1:4]) for row in rows} == {("50 % 'off'", 2**40, at)}
    assert {bytes(row.content) for row in rows} == {b"\0%s"}
    assert all(row.more == {"a": [1]} for row in rows)


def test_a_plan_does_not_round_what_a_written_number_would_not(database: Database) -> None:
    least = sa.text("SELECT 1 WHERE 2 > :least")
    with database.begin() as connection:
        for value in (1, 1.5, Decimal("1.9"), 2.5) * (OFTEN + 1):
            found = connection.execute(least, {"least": value}).scalar_one_or_none()
            assert (found == 1) == (value < 2)


def test_what_cannot_be_planned_runs_as_it_is(database: Database) -> None:
    told = sa.text("SELECT jsonb_build_object('said', :said)")
    with database.begin() as connection:
        _insert(connection, id=1, name="stays", cents=1)
        for _ in range(2 * OFTEN):
            with pytest.raises(DBAPIError), connection.begin_nested():
                connection.execute(sa.text("SELECT name FROM nothing WHERE id = :number"), {"number": 1})
            # A type that nothing tells is guessed where it is written, and cannot be for a plan.
            connection.execute(told, {"said": "hello"}).scalar_one()
    with database.begin() as connection:
        assert connection.execute(_FIND, {"number": 1}).scalar_one() == "stays"


@pytest.mark.parametrize("value", [object(), float("nan"), [1]])
def test_no_plan_is_made_for_values_of_a_kind_that_nobody_knows(value: object) -> None:
    assert type_of(value) is None


def test_a_unit_of_work_is_taken_back_as_a_whole(database: Database) -> None:
    def fail() -> None:
        with database.begin() as connection:
            _insert(connection, id=1, name="gone", cents=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.begin() as connection:
        _insert(connection, id=2, name="kept", cents=1)
    with database.begin() as connection:
        assert connection.execute(sa.select(things.c.id)).scalars().all() == [2]


def test_many_rows_at_once_are_part_of_the_unit_of_work(database: Database) -> None:
    def fail() -> None:
        with database.begin() as connection:
            connection.execute(things.insert(), [{"id": 1}, {"id": 2}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(things)).scalar_one() == 0


def test_rows_can_be_read_a_few_at_a_time(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(things.insert(), [{"id": number} for number in range(10)])
        found = connection.execution_options(yield_per=3).execute(sa.select(things.c.id)).scalars()
        assert sorted(found) == list(range(10))


def test_a_connection_that_broke_at_rest_is_replaced_before_anybody_gets_it(
    database: Database, postgres: Server
) -> None:
    with database.begin() as connection:
        _insert(connection, id=1, name="kept", cents=1)
    assert postgres.cut(str(database.url.database))
    with database.begin() as connection:
        assert connection.execute(_FIND, {"number": 1}).scalar_one() == "kept"
