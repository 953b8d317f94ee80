from __future__ import annotations

import json
import os
import threading
from collections import Counter

import pytest
import sqlalchemy as sa

from bot.shop import tables
from bot.shop.lexicon import lexicon, write_lexicon
from nlu.lexicon import Lexicon


def test_understanding_reads_what_the_shop_has_written(seeded, rules, tmp_path) -> None:
    path = tmp_path / "deep" / "lexicon.json"
    with seeded.begin() as connection:
        assert write_lexicon(connection, rules, path)
    read = Lexicon.parse(path.read_text(encoding="utf-8"))
    assert read.languages == rules.languages
    assert read.currency == "EUR"
    assert read.timezone == rules.store.timezone
    with seeded.begin() as connection:
        countries = Counter(connection.execute(sa.select(tables.customers.c.country)).scalars())
    assert countries[read.default_region] == max(countries.values())
    assert len(read.products) == 200
    assert any("Tindra Rain Jacket" in product.names for product in read.products)
    assert {"M", "EU plug"} <= set(read.sizes)
    assert {"midnight blue", "red"} <= set(read.colours)
    assert read.order_numbers[0].regex.search("my order is cd 100123")


def test_an_unchanged_lexicon_is_not_written_again(seeded, rules, tmp_path) -> None:
    path = tmp_path / "lexicon.json"
    with seeded.begin() as connection:
        assert write_lexicon(connection, rules, path)
        before = path.stat()
        assert not write_lexicon(connection, rules, path)
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_an_empty_shop_has_a_lexicon_too(database, rules) -> None:
    with database.begin() as connection:
        made = lexicon(connection, rules)
    assert made["products"] == []
    assert Lexicon.parse(json.dumps(made)).products == ()


def test_a_reader_never_sees_half_a_file(seeded, database, rules, tmp_path) -> None:
    path = tmp_path / "lexicon.json"
    done = threading.Event()
    broken = []

    def read() -> None:
        while not done.is_set():
            if path.exists():
                try:
                    Lexicon.parse(path.read_text(encoding="utf-8"))
                except ValueError as error:
                    broken.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with seeded.begin() as full, database.begin() as empty:
            for _ in range(20):
                assert write_lexicon(full, rules, path)
                assert write_lexicon(empty, rules, path)
    finally:
        done.set()
        reader.join()
    assert broken == []


def test_a_failed_write_leaves_the_old_file_and_no_litter(seeded, rules, tmp_path, monkeypatch) -> None:
    path = tmp_path / "lexicon.json"
    path.write_text("old", encoding="utf-8")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with seeded.begin() as connection, pytest.raises(OSError, match="No space"):
        write_lexicon(connection, rules, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".lex")] == []
