"""Reads rows out of CSV and JSON files, a piece at a time, whatever is in them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

#: A line or a JSON row of more characters than this is no row of a shop's data.
LONGEST = 1_000_000
CHUNK = 64 * 1024

_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


@dataclass(frozen=True)
class Header:
    """The first line of a CSV file."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """One row as the file has it."""

    line: int
    values: dict[str, Any]
    #: The place in a JSON list, from 0.
    index: int | None = None
    #: Whether the values are words only (CSV) or typed (JSON).
    is_text: bool = False


class UnreadableError(Exception):
    """A place in a file that cannot be read as a row."""

    def __init__(self, line: int, reason: str, *, index: int | None = None, goes_on: bool = False) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.index = index
        #: Whether the rows after it can be read.
        self.goes_on = goes_on


Piece = Header | Record | UnreadableError


def read_records(path: Path) -> Iterator[Piece]:
    """The rows of a file, one after the other; before them a CSV's header, between them what is unreadable.

    Never raises for what is in the file.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
        if start.startswith(_WIDE_MARKS):
            yield UnreadableError(1, "this is UTF-16 or UTF-32: save the file as UTF-8")
            return
        # Wrong bytes become lone surrogates, which no row's check lets pass: the row is told, not the file.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            yield from (_read_json if path.suffix == ".json" else _read_csv)(text)
    except OSError as error:
        yield UnreadableError(1, f"the file cannot be read: {error.strerror}")


def _read_csv(text: TextIO) -> Iterator[Piece]:
    lines = _lines(text)
    try:
        first = next(lines, "")
        # Spreadsheets of half the world separate by semicolons.
        separator = ";" if first.count(";") > first.count(",") else ","
        header = [name.strip() for name in next(csv.reader([first], delimiter=separator, strict=True), [])]
    except (UnreadableError, csv.Error) as error:
        yield error if isinstance(error, UnreadableError) else UnreadableError(1, _csv_reason(error))
        return
    if not any(header):
        yield UnreadableError(1, "the file is empty: its first line names the columns")
        return
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        yield UnreadableError(1, f"the column '{twice[0]}' is there twice")
        return
    yield Header(tuple(header))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 2
        try:
            row = next(reader)
        except StopIteration:
            return
        except UnreadableError as error:
            yield error
            return
        except csv.Error as error:
            goes_on = "field limit" not in str(error)
            yield UnreadableError(line, _csv_reason(error), goes_on=goes_on)
            if not goes_on:
                return
            continue
        if not any(row):
            continue
        if len(row) != len(header):
            reason = f"{len(row)} fields where the first line names {len(header)}"
            yield UnreadableError(line, reason, goes_on=True)
            continue
        yield Record(line, dict(zip(header, row, strict=True)), is_text=True)


def _lines(text: TextIO) -> Iterator[str]:
    number = 0
    while True:
        line = text.readline(LONGEST)
        if not line:
            return
        number += 1
        if len(line) >= LONGEST:
            raise UnreadableError(number, f"a line of more than {LONGEST:,} characters")
        yield line


def _csv_reason(error: csv.Error) -> str:
    words = str(error)
    if "NUL" in words:
        return "there is a NUL character in this row"
    if "field limit" in words:
        return "a field is too long, or a quotation mark is never closed; the rest of the file was not read"
    if "end of data" in words:
        return "a quotation mark is opened and never closed"
    return f"this is not CSV: {words}"


class _Buffer:
    """A part of a JSON file, with the number of the line that it begins in."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._rest = ""
        self.line = 1
        self.is_over = False

    def more(self) -> bool:
        """Read on; False at the end of the file."""
        chunk = self._text.read(CHUNK)
        self._rest += chunk
        self.is_over = not chunk
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            stripped = self._rest.lstrip()
            self.line += self._rest.count("\n", 0, len(self._rest) - len(stripped))
            self._rest = stripped
            if self._rest or not self.more():
                return self._rest[:1]

    def skip(self) -> None:
        """Leave the next character behind."""
        self._rest = self._rest[1:]

    def element(self, decoder: json.JSONDecoder) -> Any:
        """The next value; raises ``ValueError`` (or ``RecursionError``) if there is none."""
        while True:
            try:
                value, end = decoder.raw_decode(self._rest)
            except json.JSONDecodeError:
                # Cut off by the chunk, or wrong: only more of the file can tell.
                if len(self._rest) > LONGEST or not self.more():
                    raise
                continue
            # A number may go on in the next chunk.
            if end == len(self._rest) and self.more():
                continue
            self.line += self._rest.count("\n", 0, end)
            self._rest = self._rest[end:]
            return value


def _read_json(text: TextIO) -> Iterator[Piece]:
    decoder = json.JSONDecoder(
        parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_twins, strict=True
    )
    buffer = _Buffer(text)
    index = 0
    try:
        if buffer.peek() != "[":
            raise UnreadableError(buffer.line, "expected a JSON list of rows: [{…}, {…}]")
        buffer.skip()
        if buffer.peek() == "]":
            return
        while True:
            # An empty look before the value brings the line up to date.
            buffer.peek()
            line = buffer.line
            value = buffer.element(decoder)
            if isinstance(value, dict):
                yield Record(line, value, index)
            else:
                yield UnreadableError(line, "a row is an object: {…}", index=index, goes_on=True)
            index += 1
            following = buffer.peek()
            if following == "]":
                return
            if following != ",":
                raise UnreadableError(buffer.line, "expected a comma or the end of the list")
            buffer.skip()
    except UnreadableError as error:
        yield error
    except json.JSONDecodeError as error:
        line = buffer.line + error.doc.count("\n", 0, error.pos)
        yield UnreadableError(line, f"this is not JSON: {error.msg}", index=index)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        yield UnreadableError(buffer.line, f"this is not JSON for a shop: {reason}", index=index)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twin}' is there twice in one object")
    return made
