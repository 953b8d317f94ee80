"""What an import has loaded and what it could not load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: A file that is wrong from top to bottom must not fill the memory with complaints.
KEPT = 1000


@dataclass(frozen=True)
class Problem:
    """Why a row was not loaded, or a file not read."""

    #: The file's name within the folder.
    file: str
    #: From 1; where the row begins.
    line: int | None
    #: The column; for parts of a JSON row with its place: ``lines[2].quantity``. None for the whole row.
    field: str | None
    reason: str
    #: The place in a JSON list, from 0.
    index: int | None = None

    def __str__(self) -> str:
        place = [self.file]
        place += [f"line {self.line}"] if self.line is not None else []
        place += [f"row {self.index}"] if self.index is not None else []
        place += [self.field] if self.field is not None else []
        return f"{', '.join(place)}: {self.reason}"


@dataclass(frozen=True)
class Report:
    """What an import has done."""

    #: New rows by table.
    inserted: Mapping[str, int]
    #: Rows that were there before, by table, whether or not anything in them has changed.
    updated: Mapping[str, int]
    #: The first thousand.
    problems: tuple[Problem, ...]
    #: All of them.
    problem_count: int
    #: False where ``strict`` has refused everything because of a problem.
    loaded: bool


@dataclass
class Tally:
    """A report in the making."""

    inserted: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def complain(self, problem: Problem) -> None:
        """Note a problem; what it quotes from a file is made fit for a terminal."""
        self.problem_count += 1
        if len(self.problems) < KEPT:
            field = None if problem.field is None else _shown(problem.field)
            fit = replace(problem, file=_shown(problem.file), field=field, reason=_shown(problem.reason))
            self.problems.append(fit)

    def report(self, *, loaded: bool) -> Report:
        """The report as it stands."""
        return Report(
            inserted=dict(self.inserted) if loaded else {},
            updated=dict(self.updated) if loaded else {},
            problems=tuple(self.problems),
            problem_count=self.problem_count,
            loaded=loaded,
        )


def _shown(text: str) -> str:
    """Text without what would move the cursor or could not be written at all."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
