"""The review inbox as a table for a spreadsheet, in which no cell is ever a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from bot.training.values import Item

COLUMNS = (
    "number",
    "at",
    "language",
    "text",
    "taken_for",
    "confidence",
    "reasons",
    "state",
    "intent",
    "second_intent",
    "marks",
)
#: What a spreadsheet takes for the beginning of a formula, in any width.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def write_table(items: Iterable[Item], file: TextIO) -> int:
    """Write messages as CSV (RFC 4180); returns how many they were."""
    table = csv.writer(file)
    table.writerow(COLUMNS)
    count = 0
    for item in items:
        first, sure = item.ranking[0]
        verdict = item.verdict
        table.writerow(
            [
                item.id,
                item.at.isoformat(timespec="seconds"),
                item.language,
                cell(item.text),
                cell(first),
                f"{sure:.4f}",
                " ".join(why.value for why in item.reasons),
                item.state.value,
                cell((verdict.intent if verdict else None) or ""),
                cell((verdict.second_intent if verdict else None) or ""),
                cell("; ".join(f"{one.kind}: {item.words(one)}" for one in verdict.marks) if verdict else ""),
            ]
        )
        count += 1
    return count


def cell(text: str) -> str:
    """A text that a spreadsheet shows and never computes."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text
