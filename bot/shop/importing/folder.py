"""Imports a folder."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import Connection

from bot.errors import ConfigurationError
from bot.settings import ShopRules
from bot.shop.feed.entries import note_read
from bot.shop.importing.files import Header, UnreadableError, read_records
from bot.shop.importing.kinds import KINDS, Kind
from bot.shop.importing.loading import Loader
from bot.shop.importing.parsing import BadRowError, Parser, header_problems
from bot.shop.importing.report import Problem, Report, Tally

ENDINGS = (".csv", ".json")


def import_folder(
    connection: Connection,
    folder: Path,
    strict: bool = False,
    *,
    rules: ShopRules | None = None,
    now: dt.datetime | None = None,
) -> Report:
    """Load a folder's files into the shop: what is new is inserted, what is known by its key updated.

    Rows that are wrong are reported, by file, line, field and reason, and the others loaded, all in the
    caller's transaction; with ``strict`` one problem loads nothing (and the transaction can go on). With
    ``rules``, order numbers must have the form that ``shop.yml`` describes. Files are read a piece at a time:
    of a large one, only the keys are kept. On SQLite nobody else can write meanwhile. ``now`` is noted as the
    moment that the facts are of.

    Raises:
        ConfigurationError: the folder is missing or has no file to import.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder")
    tally = Tally()
    files = list(_files(folder, tally))
    if not files and not tally.problem_count:
        names = f"{', '.join(KINDS)}, each as .csv or .json"
        raise ConfigurationError(f"{folder} has no file to import; the names are {names}")
    savepoint = connection.begin_nested()
    try:
        parser, loader = Parser(rules), Loader(connection, tally)
        for kind, path in files:
            _load_file(parser, loader, tally, kind, path)
    except BaseException:
        savepoint.rollback()
        raise
    if strict and tally.problem_count:
        savepoint.rollback()
        return tally.report(loaded=False)
    savepoint.commit()
    if now is not None:
        note_read(connection, now)
    return tally.report(loaded=True)


def _files(folder: Path, tally: Tally) -> Iterator[tuple[Kind, Path]]:
    """The folder's files in the order of their kinds; names that mean nothing are told."""
    named: dict[str, list[Path]] = {name: [] for name in KINDS}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in ENDINGS or not path.is_file():
            continue
        if path.stem.lower() in named:
            named[path.stem.lower()].append(path)
            continue
        near = difflib.get_close_matches(path.stem.lower(), KINDS, 1)
        hint = f"did you mean {near[0]}{path.suffix}?" if near else f"the names are {', '.join(KINDS)}"
        tally.complain(Problem(path.name, None, None, f"no file of this name is imported; {hint}"))
    for name, paths in named.items():
        for path in paths:
            yield KINDS[name], path


def _load_file(parser: Parser, loader: Loader, tally: Tally, kind: Kind, path: Path) -> None:
    for record in read_records(path):
        if isinstance(record, UnreadableError):
            tally.complain(Problem(path.name, record.line, None, record.reason, record.index))
            continue
        if isinstance(record, Header):
            problems, can_be_read = header_problems(kind, record, path.name)
            for problem in problems:
                tally.complain(problem)
            if not can_be_read:
                return
            continue
        try:
            loader.add(parser.parse(kind, record, path.name))
        except BadRowError as error:
            for problem in error.problems:
                tally.complain(problem)
    # What hangs on these rows may stand in the next file.
    loader.flush()
