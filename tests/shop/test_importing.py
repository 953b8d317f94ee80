from __future__ import annotations

import codecs
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.database import Database, metadata
from bot.errors import ConfigurationError
from bot.shop import tables
from bot.shop.database_shop import DatabaseShop
from bot.shop.identity import Identity, Verdict
from bot.shop.importing import Report, import_folder
from bot.shop.importing.kinds import KINDS
from bot.shop.importing.rows import Row
from bot.shop.tables import customers, order_lines, orders
from bot.shop.values import DelayCause, Money, OrderState

SAMPLES = Path(__file__).parent / "import"
CUSTOMER = "number,name,email,country,timezone\n"
LENA = "CU-1,Lena,lena@mail.example,DE,Europe/Berlin\n"


@pytest.fixture
def load(database, tmp_path):
    """Imports a folder, or files given by their contents."""

    def run(source: Path | None = None, strict: bool = False, rules=None, **files: str | bytes) -> Report:
        folder = source or tmp_path / "data"
        if source is None:
            folder.mkdir(exist_ok=True)
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name.replace("__", ".")).write_bytes(data)
        with database.begin() as connection:
            return import_folder(connection, folder, strict, rules=rules)

    return run


def everything(database: Database) -> dict[str, list]:
    with database.begin() as connection:
        return {
            kind.table.name: [
                tuple(row) for row in connection.execute(sa.select(kind.table).order_by(sa.text("1")))
            ]
            for kind in KINDS.values()
        }


def count(database: Database, table: sa.Table) -> int:
    with database.begin() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


# --- Good files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_sample_store_is_loaded(form, load, database, rules, clock) -> None:
    report = load(SAMPLES / form, strict=True, rules=rules)
    assert report.problems == ()
    assert report.loaded
    assert report.inserted == {
        "exchange_rates": 3,
        "customers": 3,
        "products": 2,
        "product_names": 2,
        "variants": 3,
        "orders": 2,
        "order_lines": 2,
        "payments": 2,
        "shipments": 1,
        "shipment_events": 2,
    }
    with database.begin() as connection:
        shop = DatabaseShop(connection, rules, clock)
        order = shop.order("CD-500001")
        assert order is not None
        assert order.state is OrderState.IN_TRANSIT
        assert order.total == Money(3070, "EUR")
        assert order.lines[0].price == Money(1290, "EUR")
        assert order.shipments[0].delay_cause is DelayCause.STRIKE
        assert order.shipments[0].events[-1].place == "Leipzig, DE"
        assert (order.email, order.ship_to.phone) == ("lena.vogt@mail.example", "+4915223432001")
        assert order.ship_to.city == "Leipzig"
        gift = shop.order("CD-500002")
        assert gift is not None
        assert (gift.ship_to.name, gift.ship_to.country, gift.ship_to.region) == ("Aunt Rose", "GB", "")
        mug = shop.product("MUG-1")
        assert mug is not None
        assert mug.facts == {"material": "Stoneware", "weight": "310 g"}
        assert mug.certificates[0].countries == ("DE", "AT")
        assert mug.rating == 4.6
        assert mug.names == {"de": "Steinbecher", "zh": "石头杯"}
        german = DatabaseShop(connection, rules, clock, language="de").product("MUG-1")
        assert german is not None
        assert german.fact_in("material", "de") == "Steinzeug"
        assert german.fact_in("care", "de") is None
        assert german.description_in("de") == "Ein Becher aus Steinzeug."
        assert [one.code for one in shop.products_named("Kaffeebecher")] == ["MUG-1"]
        kettle = shop.product("KET-1")
        assert kettle is not None
        assert kettle.variants[0].floor == kettle.variants[0].price
        checked = Identity(connection, rules, clock).check("cd500001", "0152 23432001", "web:1")
        assert checked.verdict is Verdict.VERIFIED


def test_csv_and_json_of_the_same_store_load_the_same_rows(load, database, tmp_path) -> None:
    load(SAMPLES / "csv")
    from_csv = everything(database)
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    metadata.create_all(other.engine)
    with other.begin() as connection:
        import_folder(connection, SAMPLES / "json")
    assert everything(other) == from_csv
    other.close()


def test_importing_twice_doubles_nothing(load, database) -> None:
    load(SAMPLES / "csv")
    before = everything(database)
    again = load(SAMPLES / "csv")
    assert again.inserted == {}
    assert sum(again.updated.values()) == 22
    assert everything(database) == before
    load(SAMPLES / "json")
    assert everything(database) == before


def test_importing_again_updates_what_has_changed_and_keeps_its_id(load, database, rules, clock) -> None:
    load(SAMPLES / "csv")
    with database.begin() as connection:
        before = DatabaseShop(connection, rules, clock).order("CD-500001")
    report = load(
        orders__csv="number,customer,state,placed_at,currency,total\n"
        "CD-500001,CU-1,delivered,2026-03-02T10:15:00+01:00,EUR,30.70\n",
        shipments__csv="number,order,carrier,state,delivered_at\n"
        "SH-1,CD-500001,DHL,delivered,2026-03-12T10:00:00Z\n",
    )
    assert (report.inserted, report.updated) == ({}, {"orders": 1, "shipments": 1})
    with database.begin() as connection:
        after = DatabaseShop(connection, rules, clock).order("CD-500001")
    assert before is not None
    assert after is not None
    assert (after.id, after.lines, after.payments) == (before.id, before.lines, before.payments)
    assert after.state is OrderState.DELIVERED
    assert after.delivered_at is not None
    assert after.shipments[0].events == before.shipments[0].events


def test_rows_may_name_what_an_earlier_import_has_loaded(load, database) -> None:
    load(customers__csv=CUSTOMER + LENA)
    report = load(
        orders__csv="number,customer,state,placed_at,currency,total\n"
        "CD-500001,CU-1,paid,2026-03-02T10:15:00Z,EUR,30.70\n"
    )
    assert report.inserted["orders"] == 1


def test_a_spreadsheets_semicolons_and_byte_order_mark_are_understood(load, database) -> None:
    text = (CUSTOMER + LENA).replace(",", ";")
    assert load(customers__csv=codecs.BOM_UTF8 + text.encode()).inserted == {"customers": 1}
    body = json.dumps(
        [{"number": "CU-2", "name": "B", "email": "b@c.example", "country": "DE", "timezone": "UTC"}]
    )
    assert load(customers__json=codecs.BOM_UTF8 + body.encode()).inserted == {"customers": 1}


def test_cells_over_several_lines_keep_their_line_numbers(load) -> None:
    report = load(
        products__csv='code,name,category,description\nA,Thing,x,"two\nlines"\nB,,x,\n\nC,Other,x,"more\n\nlines"\nD,,x,\n'
    )
    assert report.inserted == {"products": 2}
    assert [(problem.line, problem.field) for problem in report.problems] == [(4, "name"), (9, "name")]


# --- Rows that are wrong ---------------------------------------------------------------------------

GOOD_CUSTOMER = {
    "number": "CU-9",
    "name": "Ann",
    "email": "ann@mail.example",
    "country": "DE",
    "timezone": "Europe/Berlin",
}
GOOD_ORDER = {
    "number": "CD-500009",
    "customer": "CU-1",
    "state": "paid",
    "placed_at": "2026-03-02T10:15:00Z",
    "currency": "EUR",
    "total": "10.00",
}
GOOD_NAME = {"product": "P-1", "language": "de", "name": "Becher", "aliases": "Tasse"}
GOOD_VARIANT = {"sku": "S-1", "product": "P-1", "price": "10.00", "currency": "EUR", "stock": "1"}
GOOD_PAYMENT = {
    "order": "CD-1",
    "reference": "R",
    "method": "card",
    "state": "captured",
    "amount": "1.00",
    "currency": "EUR",
    "at": "2026-03-02T10:15:00Z",
}
GOOD_LINE = {"order": "CD-1", "line": "1", "sku": "S", "title": "T", "quantity": "1", "price": "1.00"}


@pytest.mark.parametrize(
    ("kind", "good", "field", "value", "reason"),
    [
        ("customers", GOOD_CUSTOMER, "number", "", "is missing"),
        ("customers", GOOD_CUSTOMER, "number", "two words", "without spaces"),
        ("customers", GOOD_CUSTOMER, "email", "nobody", "not an e-mail address"),
        ("customers", GOOD_CUSTOMER, "email", "a@b@c.example", "not an e-mail address"),
        ("customers", GOOD_CUSTOMER, "country", "Germany", "not a country"),
        ("customers", GOOD_CUSTOMER, "country", "EU", "not a country"),
        ("customers", GOOD_CUSTOMER, "timezone", "Mars/Base", "not an IANA time zone"),
        ("customers", GOOD_CUSTOMER, "timezone", "../../etc/passwd", "not an IANA time zone"),
        ("customers", GOOD_CUSTOMER, "language", "klingon", "not a language"),
        ("customers", GOOD_CUSTOMER, "phone", "call me", "not a phone number"),
        ("customers", GOOD_CUSTOMER, "points", "-1", "between 0"),
        ("customers", GOOD_CUSTOMER, "points", "1.5", "whole number"),
        ("customers", GOOD_CUSTOMER, "points", "99999999999", "between 0"),
        ("customers", GOOD_CUSTOMER, "consents_to_notices", "maybe", "yes or no"),
        ("customers", GOOD_CUSTOMER, "name", "x" * 201, "201 characters"),
        ("customers", GOOD_CUSTOMER, "name", "x" * 100_000, "100,000 characters"),
        ("customers", GOOD_CUSTOMER, "name", "bell\x07", "control character (U+0007)"),
        ("orders", GOOD_ORDER, "total", "-1.00", "must not be negative"),
        ("orders", GOOD_ORDER, "total", "10.001", "more decimal places than EUR has (2)"),
        ("orders", GOOD_ORDER, "total", "1,234.50", "must be a number like"),
        ("orders", GOOD_ORDER, "total", "12,50", "must be a number like"),
        ("orders", GOOD_ORDER, "total", "1e5", "must be a number like"),
        ("orders", GOOD_ORDER, "total", "NaN", "must be a number like"),
        ("orders", GOOD_ORDER, "total", "€10", "must be a number like"),
        ("orders", GOOD_ORDER, "total", "٣", "must be a number like"),
        ("orders", GOOD_ORDER, "total", "99999999999.00", "is too large"),
        ("orders", GOOD_ORDER, "currency", "EUX", "not a currency"),
        ("orders", GOOD_ORDER, "state", "lost", "must be one of unpaid, paid"),
        ("orders", GOOD_ORDER, "placed_at", "2026-03-02T10:15:00", "has no offset"),
        ("orders", GOOD_ORDER, "placed_at", "2026-03-02", "must be a time like"),
        ("orders", GOOD_ORDER, "placed_at", "1772446500", "must be a time like"),
        ("orders", GOOD_ORDER, "placed_at", "02.03.2026 10:15", "must be a time like"),
        ("orders", GOOD_ORDER, "placed_at", "0001-01-01T00:00:00+23:59", "before 1990"),
        ("orders", GOOD_ORDER, "placed_at", "9999-12-31T23:59:00-23:59", "after 2100"),
        ("orders", GOOD_ORDER, "promised_on", "2026-02-30", "must be a date like"),
        ("orders", GOOD_ORDER, "customer", "CU-404", "no customer 'CU-404'"),
        ("orders", GOOD_ORDER, "ship_street", "Half an address 1", "ship_city is missing"),
        ("product_names", GOOD_NAME, "product", "P-404", "no product 'P-404'"),
        ("product_names", GOOD_NAME, "language", "klingon", "not a language"),
        ("product_names", GOOD_NAME, "language", "zh-Hant", "not a language"),
        ("product_names", GOOD_NAME, "name", " ", "is missing"),
        ("product_names", GOOD_NAME, "name", "x" * 201, "201 characters"),
        ("product_names", GOOD_NAME, "name", "bell\x07", "control character (U+0007)"),
        ("variants", GOOD_VARIANT, "floor", "10.01", "floor is above price"),
        ("variants", GOOD_VARIANT, "product", "P-404", "no product 'P-404'"),
        ("order_lines", GOOD_LINE, "quantity", "0", "between 1"),
        ("order_lines", GOOD_LINE, "quantity", "1000000000", "between 1"),
        ("order_lines", GOOD_LINE, "order", "CD-404", "no order 'CD-404'"),
        ("payments", GOOD_PAYMENT, "label", "4111 1111 1111 1111", "card number"),
        ("payments", GOOD_PAYMENT, "state", "maybe", "must be one of pending"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_cell_is_told_by_file_line_field_and_reason(
    load, database, kind, good, field, value, reason
) -> None:
    row = {**good, field: value}
    cells = ",".join('"' + cell.replace('"', '""') + '"' for cell in row.values())
    before = CUSTOMER + LENA
    report = load(**{"customers__csv": before, f"{kind}__csv": f"{','.join(row)}\n{cells}\n"})
    (problem,) = report.problems
    assert (problem.file, problem.line) == (f"{kind}.csv", 2)
    assert reason in problem.reason
    assert problem.field in (field, None)
    # What is wrong with two cells together is told without a field, but by name.
    assert problem.field or field in problem.reason or "ship_" in problem.reason
    assert f"{kind}.csv, line 2" in str(problem)
    assert count(database, KINDS[kind].table) == 0


def test_good_rows_are_loaded_beside_bad_ones(load, database) -> None:
    rows = LENA + "CU-2,Bo,nobody,DE,UTC\n" + "CU-3,Cy,cy@mail.example,FR,UTC\n"
    report = load(customers__csv=CUSTOMER + rows)
    assert report.inserted == {"customers": 2}
    assert [str(problem) for problem in report.problems] == [
        "customers.csv, line 3, email: is not an e-mail address"
    ]


def test_strict_loads_nothing_where_one_row_is_wrong(load, database) -> None:
    rows = LENA + "CU-2,Bo,nobody,DE,UTC\n"
    report = load(strict=True, customers__csv=CUSTOMER + rows)
    assert not report.loaded
    assert (report.inserted, report.problem_count) == ({}, 1)
    assert count(database, customers) == 0


def test_strict_leaves_the_rest_of_the_callers_transaction(database, tmp_path) -> None:
    (tmp_path / "customers.csv").write_text(CUSTOMER + "CU-2,Bo,nobody,DE,UTC\n", encoding="utf-8")
    with database.begin() as connection:
        connection.execute(
            sa.insert(tables.exchange_rates).values(currency="EUR", rate="1", as_of=dt.date(2026, 3, 1))
        )
        import_folder(connection, tmp_path, strict=True)
    assert count(database, tables.exchange_rates) == 1


def test_a_failure_in_the_middle_loads_nothing(database, tmp_path, monkeypatch) -> None:
    (tmp_path / "customers.csv").write_text(CUSTOMER + LENA, encoding="utf-8")
    (tmp_path / "products.csv").write_text("code,name,category\nA,A,a\n", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(KINDS["products"].model, "columns", full)
    with pytest.raises(OSError, match="No space"), database.begin() as connection:
        import_folder(connection, tmp_path)
    assert count(database, customers) == 0


def test_the_same_key_twice_in_the_files_is_told_with_its_first_place(load, database) -> None:
    other = LENA.replace("Lena", "Somebody else")
    report = load(
        customers__csv=CUSTOMER + LENA + other,
        customers__json=json.dumps([{**GOOD_CUSTOMER, "number": "CU-1"}]),
    )
    assert [str(problem) for problem in report.problems] == [
        "customers.csv, line 3, number: the same number stands in customers.csv, line 2",
        "customers.json, line 1, row 0, number: the same number stands in customers.csv, line 2",
    ]
    with database.begin() as connection:
        assert connection.execute(sa.select(customers.c.name)).scalar_one() == "Lena"


def test_order_numbers_that_buyers_could_not_be_found_by_are_refused(load, rules) -> None:
    row = ",".join({**GOOD_ORDER, "number": "X1"}.values())
    report = load(rules=rules, customers__csv=CUSTOMER + LENA, orders__csv=f"{','.join(GOOD_ORDER)}\n{row}\n")
    assert report.problems[0].field == "number"
    assert "patterns.order_number" in report.problems[0].reason


# --- Files that are wrong --------------------------------------------------------------------------


def test_missing_columns_are_named_and_the_file_is_left(load, database) -> None:
    report = load(customers__csv="number,name\nCU-1,Lena\n")
    assert {problem.field for problem in report.problems} == {"email", "country", "timezone"}
    assert all(problem.line == 1 for problem in report.problems)
    assert count(database, customers) == 0


def test_missing_columns_are_named_in_a_file_without_rows(load) -> None:
    assert load(customers__csv="number,name\n").problem_count == 3


def test_an_unknown_column_is_told_with_a_guess_and_left_out(load, database) -> None:
    report = load(customers__csv="number,name,email,country,timezone,fone\n" + LENA.strip() + ",123\n")
    (problem,) = report.problems
    assert (problem.line, problem.field) == (1, "fone")
    assert "did you mean 'phone'?" in problem.reason
    assert report.inserted == {"customers": 1}


def test_an_unknown_field_of_a_json_row_refuses_the_row(load) -> None:
    report = load(
        customers__json=json.dumps([{**GOOD_CUSTOMER, "fone": "123"}, {**GOOD_CUSTOMER, "number": "2"}])
    )
    (problem,) = report.problems
    assert (problem.index, problem.field, problem.reason) == (0, "fone", "is not a known field")
    assert report.inserted == {"customers": 1}


def test_too_many_and_too_few_cells_are_told(load) -> None:
    report = load(customers__csv=CUSTOMER + "CU-2,Bo\n" + LENA.strip() + ",more\n" + LENA)
    assert [problem.line for problem in report.problems] == [2, 3]
    assert "2 fields where the first line names 5" in report.problems[0].reason
    assert report.inserted == {"customers": 1}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_in_wide_characters_is_told_as_such(load, encoding) -> None:
    report = load(customers__csv=(CUSTOMER + LENA).encode(encoding))
    assert "save the file as UTF-8" in report.problems[0].reason


def test_rows_in_another_encoding_are_told_and_the_others_loaded(load) -> None:
    rows = (CUSTOMER + "CU-2,Jürgen,j@mail.example,DE,UTC\n").encode("latin-1") + LENA.encode()
    report = load(customers__csv=rows)
    assert [str(problem) for problem in report.problems] == [
        "customers.csv, line 2, name: is not UTF-8: save the file as UTF-8"
    ]
    assert report.inserted == {"customers": 1}


def test_a_nul_is_told_and_the_next_row_read(load) -> None:
    report = load(customers__csv=CUSTOMER + "CU-2,B\0o,b@mail.example,DE,UTC\n" + LENA)
    assert [(problem.line, problem.reason) for problem in report.problems] == [
        (2, "there is a NUL character in this row")
    ]
    assert report.inserted == {"customers": 1}


def test_an_escaped_nul_is_told_too(load) -> None:
    escaped = json.dumps([{**GOOD_CUSTOMER, "name": "B\0o"}])
    assert "control character (U+0000)" in load(customers__json=escaped).problems[0].reason


def test_nothing_from_a_file_reaches_the_terminal_unescaped(load) -> None:
    evil = {**GOOD_CUSTOMER, "\x1b[2J\udcff": "x"}
    twins = '[{"a\\u001b": 1, "a\\u001b": 2}]'
    report = load(
        customers__json=json.dumps([evil]), products__json=twins, orders__csv="number,\x1b[31mfone\n"
    )
    assert report.problem_count >= 3
    assert all(str(problem).isprintable() for problem in report.problems)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("\n\n", 1, "empty"),
        ("number,name,number\n", 1, "'number' is there twice"),
        (CUSTOMER + 'CU-2,"Bo,b@mail.example,DE,UTC\n' + LENA, 2, "never closed"),
        (CUSTOMER + 'CU-2,"Bo,b@mail.example,DE,UTC\n' + LENA * 5000, 2, "never closed"),
        (CUSTOMER + 'CU-2,"Bo"x,b@mail.example,DE,UTC\n', 2, "not CSV"),
        (CUSTOMER + LENA + "x" * 1_100_000, 3, "a line of more than 1,000,000 characters"),
        ("x" * 1_100_000, 1, "a line of more than 1,000,000 characters"),
        (CUSTOMER + "CU-2," + "x" * 200_000 + ",b@mail.example,DE,UTC\n", 2, "too long"),
        ('"number', 1, "never closed"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_csv_is_told_by_line(load, text, line, reason) -> None:
    (problem,) = load(customers__csv=text).problems
    assert problem.line == line
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "expected a JSON list"),
        ('{"number": 1}', 1, "expected a JSON list"),
        ('"number"', 1, "expected a JSON list"),
        ("\n\n[\n", 4, "not JSON"),
        ('[\n{"number": 1,}\n]', 2, "not JSON"),
        ('[\n{"number": 1}\n{"number": 2}]', 3, "expected a comma"),
        ("[\n 5\n]", 2, "a row is an object"),
        ('[{"number": 1, "number": 2}]', 1, "'number' is there twice"),
        ('[{"points": NaN}]', 1, "NaN is no number"),
        ('[{"points": Infinity}]', 1, "Infinity is no number"),
        ("[" * 100_000, 1, "nested too deeply"),
        ('[{"name": "' + "x" * 1_200_000, 1, "not JSON"),
        ('[{"name": "never closed}]', 1, "not JSON"),
        ('[{"number": 1}', 1, "expected a comma or the end"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_json_list_is_told_by_line(load, text, line, reason) -> None:
    problem = load(customers__json=text).problems[-1]
    assert problem.line == line
    assert reason in problem.reason


def test_json_rows_are_told_by_their_place_and_line(load) -> None:
    good = json.dumps(GOOD_CUSTOMER, indent=1)
    bad = json.dumps({**GOOD_CUSTOMER, "number": "CU-8", "country": "Narnia"}, indent=1)
    (problem,) = load(customers__json=f"[\n{good},\n{bad}\n]\n").problems
    assert str(problem).startswith("customers.json, line 9, row 1, country: 'NARNIA' is not a country")


def test_rows_longer_than_a_chunk_are_read_whole(load) -> None:
    rows = [
        {
            "code": f"P{place}",
            "name": "ä" * 150,
            "category": "x",
            "facts": {f"fact {n}": "é" * 900 for n in range(90)},
        }
        for place in range(30)
    ]
    assert load(products__json=json.dumps(rows, ensure_ascii=False)).inserted == {"products": 30}


def test_one_bad_line_refuses_its_whole_json_order(load, database) -> None:
    line = {"line": 1, "sku": "S", "title": "T", "quantity": 1, "price": 1}
    order = {**GOOD_ORDER, "lines": [line, {**line, "line": 2, "quantity": 0, "price": "1.005"}]}
    other = {**GOOD_ORDER, "number": "CD-500010", "lines": [line, line]}
    third = {**GOOD_ORDER, "number": "CD-500011", "lines": [{**line, "order": "CD-1"}], "payments": {"a": 1}}
    fourth = {**GOOD_ORDER, "number": "CD-500012", "lines": [{**line, "price": "1.005"}, 5]}
    report = load(customers__csv=CUSTOMER + LENA, orders__json=json.dumps([order, other, third, fourth]))
    assert [(problem.index, problem.field) for problem in report.problems] == [
        (0, "lines[1].quantity"),
        (1, "lines[1].line"),
        (2, "lines[0].order"),
        (2, "payments"),
        (3, "lines[0].price"),
        (3, "lines[1]"),
    ]
    assert count(database, orders) == 0
    assert count(database, order_lines) == 0


def test_what_stands_in_a_refused_row_is_not_told_again(load) -> None:
    line = {"line": 1, "sku": "S", "title": "T", "quantity": 1, "price": 1}
    report = load(orders__json=json.dumps([{**GOOD_ORDER, "customer": "CU-404", "lines": [line]}]))
    assert [problem.field for problem in report.problems] == ["customer"]


def test_a_line_has_as_many_places_as_its_orders_currency(load) -> None:
    load(
        customers__csv=CUSTOMER + LENA,
        orders__json=json.dumps([{**GOOD_ORDER, "number": "CD-500001", "currency": "JPY", "total": 100}]),
    )
    report = load(order_lines__csv="order,line,sku,title,quantity,price\nCD-500001,1,S,T,1,99.50\n")
    assert "price has more decimal places than JPY has (0)" in report.problems[0].reason


@pytest.mark.parametrize("name", ["costumers__csv", "order_line__json"])
def test_a_misspelt_file_is_told_with_a_guess(load, name) -> None:
    report = load(**{name: CUSTOMER})
    assert "did you mean" in report.problems[0].reason


def test_a_folder_without_files_says_which_it_wants(load, tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="customers"):
        load(notes__txt="hello")
    with pytest.raises(ConfigurationError, match="not a folder"):
        load(tmp_path / "nothing" / "here")


def test_a_file_that_may_not_be_read_is_told(load, tmp_path) -> None:
    if os.geteuid() == 0:
        # The superuser may read everything: a folder named like a file is passed over instead.
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "orders.csv").mkdir()
        assert load(customers__csv=CUSTOMER + LENA).inserted == {"customers": 1}
        return
    load(customers__csv=CUSTOMER + LENA)
    (tmp_path / "data" / "customers.csv").chmod(0)
    assert "cannot be read" in load().problems[0].reason


def test_a_file_of_nothing_but_mistakes_does_not_fill_the_memory(load) -> None:
    report = load(customers__csv=CUSTOMER + "CU-2,Bo,nobody,DE,UTC\n" * 3000)
    assert report.problem_count == 3000
    assert len(report.problems) == 1000


def test_text_is_data(load, database, rules, clock) -> None:
    name = "Robert'); DROP TABLE customers; -- {{7*7}} =cmd|' /C calc'!A0 <script>"
    load(customers__json=json.dumps([{**GOOD_CUSTOMER, "name": name}]))
    with database.begin() as connection:
        assert connection.execute(sa.select(customers.c.name)).scalar_one() == name


def test_every_column_is_described_for_people() -> None:
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    module = sys.modules["bot.shop.importing"].__doc__ or ""
    for kind in KINDS.values():
        assert f"`{kind.name}`" in page
        model: type[Row] = kind.model
        for name in model.__fields__:
            assert f"`{name}`" in page, (kind.name, name)
            assert name in module, (kind.name, name)


def test_the_examples_for_people_can_be_imported(load, tmp_path) -> None:
    """The page's blocks of CSV and JSON, each named by the line before it, as a newcomer would paste them."""
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    folder = tmp_path / "pasted"
    folder.mkdir()
    parts = page.split("```")
    for before, block in zip(parts[::2], parts[1::2], strict=False):
        form, _, text = block.partition("\n")
        name = before.strip().splitlines()[-1].strip("`:")
        if form in ("csv", "json"):
            (folder / name).write_text(text, encoding="utf-8")
    assert len(list(folder.iterdir())) >= 4
    report = load(folder, strict=True)
    assert report.problems == ()


@pytest.mark.proof
def test_a_hundred_thousand_rows_take_little_memory(tmp_path) -> None:
    """In a process of its own, so that nothing else counts."""

    def peak(rows: int) -> float:
        folder = tmp_path / str(rows)
        folder.mkdir()
        with (folder / "customers.csv").open("w", encoding="utf-8") as file:
            file.write(CUSTOMER)
            for place in range(rows):
                file.write(f"CU-{place},Name {place},n{place}@mail.example,DE,Europe/Berlin\n")
        with (folder / "orders.json").open("w", encoding="utf-8") as file:
            file.write("[\n")
            for place in range(rows):
                order = {**GOOD_ORDER, "number": f"CD-{place}", "customer": f"CU-{place}"}
                file.write(json.dumps(order) + (",\n" if place < rows - 1 else "\n]\n"))
        script = (
            "import resource, sys, pathlib\n"
            "from bot.database import Database, metadata\n"
            "from bot.shop.importing import import_folder\n"
            "folder = pathlib.Path(sys.argv[1])\n"
            "database = Database(f'sqlite:///{folder}/shop.sqlite')\n"
            "metadata.create_all(database.engine)\n"
            "with database.begin() as connection:\n"
            "    report = import_folder(connection, folder)\n"
            "assert report.problem_count == 0, report.problems[:3]\n"
            "most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
            "print(sum(report.inserted.values()), most)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True
        )
        loaded, megabytes = done.stdout.split()
        assert int(loaded) == 2 * rows
        return float(megabytes)

    few, many = peak(100), peak(100_000)
    assert many - few < 100, (few, many)
