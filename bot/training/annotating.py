"""Marks in the lines of a file of examples, as Rasa writes them: ``[words](kind)``.

A product's code stands in the long form: ``[words]{"entity": "product", "value": "JKT-001"}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from bot.training.values import Mark

#: As Rasa reads it (``rasa.shared.nlu.training_data.entities_parser``): ``several`` names of one piece.
_MARKED = re.compile(
    r"\[(?P<words>[^\]]+?)\]"
    r"(?:\((?P<kind>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<long>[^}]+?)\}|\[(?P<several>.*?)\])"
)
#: What would be read as the mark of an entity, where a buyer has typed it.
_TYPED = re.compile(r"\](?=[({\[])")
_PLAIN = str.maketrans("[]", "()")


def annotated(text: str, marks: Iterable[Mark] = ()) -> str:
    """A line of an example: its marks as Rasa writes them, and nothing that a buyer typed read as one.

    Args:
        text: one line.
        marks: places in it, none overlapping another.
    """
    wanted = sorted(marks, key=lambda one: one.start)
    if not wanted:
        return _TYPED.sub("] ", text)
    # Brackets beside those of marks would be read with them; as long, so that places stay.
    plain, pieces, place = text.translate(_PLAIN), [], 0
    for mark in wanted:
        pieces += [plain[place : mark.start], f"[{plain[mark.start : mark.end]}]", _told(mark)]
        place = mark.end
    return "".join([*pieces, plain[place:]])


def _told(mark: Mark) -> str:
    if mark.value is None:
        return f"({mark.kind})"
    told = json.dumps({"entity": mark.kind, "value": mark.value}, ensure_ascii=False)
    # It ends at the first brace.
    return "{" + told[1:-1].replace("}", "\\u007d") + "}"


def unannotated(line: str) -> tuple[str, tuple[Mark, ...]]:
    """A line's text without its marks, and these; of a mark that tells several things, none.

    Raises:
        ValueError: a mark in the long form is none.
    """
    pieces: list[str] = []
    marks: list[Mark] = []
    place = length = 0
    for match in _MARKED.finditer(line):
        before, words = line[place : match.start()], match["words"]
        length += len(before)
        marks += _marks(match, length)
        pieces += [before, words]
        length += len(words)
        place = match.end()
    return "".join([*pieces, line[place:]]), tuple(marks)


def _marks(match: re.Match[str], start: int) -> Iterator[Mark]:
    end = start + len(match["words"])
    if match["kind"] is not None:
        yield Mark(start, end, match["kind"].strip(), match["value"])
    elif match["long"] is not None:
        told = json.loads("{" + match["long"] + "}")
        if not isinstance(told.get("entity"), str):
            raise ValueError(f"{match.group()!r} does not say which entity it is")
        value = told.get("value")
        yield Mark(start, end, told["entity"], value if isinstance(value, str) else None)
