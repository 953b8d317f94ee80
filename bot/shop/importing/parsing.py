"""Turns a file's rows into checked ones, and what is wrong with them into problems."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from bot.settings import ShopRules
from bot.shop.importing.files import Header, Record
from bot.shop.importing.kinds import KINDS, Child, Kind
from bot.shop.importing.report import Problem
from bot.shop.importing.rows import Row, fits_currency
from bot.shop.numbers import normal_number

#: Begins the name of a column that holds one fact of a product, in the kinds that tell facts.
FACT = "fact:"
TELL_FACTS = ("products", "product_names")


@dataclass(frozen=True)
class Place:
    """Where a row stands."""

    file: str
    line: int
    index: int | None
    #: Its place within the row of a JSON file: ``lines[2]``.
    within: str = ""

    def problem(self, field: str | None, reason: str) -> Problem:
        """A problem with the row that stands here."""
        path = ".".join(filter(None, [self.within, field])) or None
        return Problem(self.file, self.line, path, reason, self.index)


@dataclass(frozen=True)
class Parsed:
    """A checked row."""

    row: Row
    place: Place


class BadRowError(Exception):
    """A row that cannot be loaded, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class Parser:
    """Checks the rows of a folder's files."""

    def __init__(self, rules: ShopRules | None) -> None:
        self._rules = rules
        #: Where each key was seen first. A digest of the key would be smaller, and could lie.
        self._seen: dict[str, dict[tuple[Any, ...], tuple[str, int]]] = {name: {} for name in KINDS}

    def parse(self, kind: Kind, record: Record, file: str) -> dict[str, list[Parsed]]:
        """The checked rows in a record, by kind: its own and, from JSON, those within.

        Raises:
            BadRowError: one of them is wrong; then none of them is loaded.
        """
        values = _from_text(kind, record.values) if record.is_text else dict(record.values)
        values = {name: value for name, value in values.items() if value is not None}
        lists = {name: values.pop(name) for name in kind.children if name in values}
        parent = self._check(kind, values, Place(file, record.line, record.index))
        made: dict[str, list[Parsed]] = {kind.name: [parent]}
        problems: list[Problem] = []
        for name, children in lists.items():
            try:
                made[kind.children[name].kind] = self._children(kind, parent, name, children)
            except BadRowError as error:
                problems.extend(error.problems)
        if problems:
            raise BadRowError(problems)
        self._remember(made)
        return made

    def _children(self, kind: Kind, parent: Parsed, name: str, children: Any) -> list[Parsed]:
        if not isinstance(children, list):
            raise BadRowError([parent.place.problem(name, "must be a list of rows")])
        made: list[Parsed] = []
        problems: list[Problem] = []
        for number, values in enumerate(children):
            place = replace(parent.place, within=f"{name}[{number}]")
            try:
                made.append(self._child(kind.children[name], parent, values, place))
            except BadRowError as error:
                problems.extend(error.problems)
        if problems:
            raise BadRowError(problems)
        return made

    def _child(self, child: Child, parent: Parsed, values: Any, place: Place) -> Parsed:
        if not isinstance(values, dict):
            raise BadRowError([place.problem(None, "a row is an object: {…}")])
        named = {key: value for key, value in values.items() if value is not None}
        number = getattr(parent.row, child.parent_number)
        if named.setdefault(child.parent_field, number) != number:
            raise BadRowError([place.problem(child.parent_field, f"is not the '{number}' it stands in")])
        made = self._check(KINDS[child.kind], named, place)
        try:
            # A line has no currency of its own.
            price, currency = getattr(made.row, "price", None), getattr(parent.row, "currency", None)
            fits_currency("price", price, currency)
        except ValueError as error:
            raise BadRowError([place.problem("price", str(error))]) from None
        return made

    def _check(self, kind: Kind, values: Mapping[str, Any], place: Place) -> Parsed:
        try:
            row = kind.model(**values)
        except ValidationError as error:
            raise BadRowError(place.problem(*_plain(dict(one))) for one in error.errors()) from None
        if self._rules is not None and kind.name == "orders":
            number = getattr(row, "number", "")
            if normal_number(number, self._rules.patterns) != number:
                reason = f"'{number}' is not in the form of patterns.order_number in shop.yml"
                raise BadRowError([place.problem("number", f"{reason}: buyers could not be found by it")])
        return Parsed(row, place)

    def _remember(self, made: Mapping[str, list[Parsed]]) -> None:
        """Note the keys of a record's rows; the first one of a key is loaded, later ones are refused."""
        noted: list[tuple[str, tuple[Any, ...]]] = []
        for name, parsed in made.items():
            kind = KINDS[name]
            for one in parsed:
                key = tuple(getattr(one.row, column) for column in kind.key)
                seen = self._seen[name]
                if key in seen:
                    file, line = seen[key]
                    for other, other_key in noted:
                        del self._seen[other][other_key]
                    reason = f"the same {' and '.join(kind.key)} stands in {file}, line {line}"
                    raise BadRowError([one.place.problem(kind.key[-1], reason)])
                seen[key] = (one.place.file, one.place.line)
                noted.append((name, key))


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The columns of a kind's files."""
    return tuple(kind.model.__fields__)


def header_problems(kind: Kind, header: Header, file: str) -> tuple[list[Problem], bool]:
    """What is wrong with a CSV file's first line, and whether its rows can be read all the same."""
    known = columns_of(kind)
    problems = []
    for name in header.names:
        if name in known or (kind.name in TELL_FACTS and name.startswith(FACT)):
            continue
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(known)}"
        problems.append(Problem(file, 1, name[:60], f"this column is not known, it was left out{hint}"))
    fields = kind.model.__fields__
    missing = [name for name in known if fields[name].required and name not in header.names]
    for name in missing:
        problems.append(Problem(file, 1, name, "this column is missing; the file was not read"))
    return problems, not missing


def _from_text(kind: Kind, cells: Mapping[str, str]) -> dict[str, Any]:
    """A CSV row as the model wants it: empty cells left out, lists and facts gathered."""
    known = columns_of(kind)
    values: dict[str, Any] = {}
    facts = {}
    for name, cell in cells.items():
        text = cell.strip()
        if not text:
            continue
        if kind.name in TELL_FACTS and name.startswith(FACT):
            facts[name.removeprefix(FACT).strip()] = text
        elif name in known:
            values[name] = text
    for name in ("aliases", "goes_with", "kinds"):
        if name in values:
            values[name] = [part.strip() for part in values[name].split("|") if part.strip()]
    if "certificates" in values:
        values["certificates"] = [_certificate(part) for part in values["certificates"].split("|")]
    return {**values, "facts": facts} if kind.name in TELL_FACTS else values


def _certificate(text: str) -> dict[str, Any]:
    name, _, countries = text.partition(":")
    return {"name": name, "countries": [part for part in countries.replace(" ", "").split("+") if part]}


def _plain(error: Mapping[str, Any]) -> tuple[str | None, str]:
    """Pydantic's complaint as field and reason."""
    field = ""
    for part in error["loc"]:
        if part == "__root__":
            continue
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    kind = error["type"]
    if kind == "value_error.missing":
        return field, "is missing"
    if kind == "value_error.extra":
        return field[:60], "is not a known field"
    if kind == "type_error.enum":
        allowed = ", ".join(member.value for member in error["ctx"]["enum_values"])
        return field, f"must be one of {allowed}"
    return field or None, str(error["msg"])
