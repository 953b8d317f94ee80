"""Our messages as Telegram takes them: in pieces that it holds, with buttons whose data it holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bot.messages import Author, Button, Outbound, TranscriptLine

#: The longest message, in UTF-16 units.
LONGEST = 4_096
#: The longest data of a button, in bytes of UTF-8.
LONGEST_DATA = 64

_TOKEN = re.compile(r"#(?P<position>[0-9]{1,15})\.(?P<number>[0-9]{1,4})")
#: Where a reader would break a text, the best first.
_BREAKS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…؟])\s+|(?<=[。！？])"),
    re.compile(r"\s+"),
)
_JOINERS = "\u200d\ufe0e\ufe0f\u20e3"


def pieces(message: Outbound) -> list[str]:
    """The text in as many messages as it needs; an agent's begins with the agent's name."""
    named = message.author is Author.AGENT and message.author_name
    return split(f"{message.author_name}: {message.text}" if named and message.text else message.text)


def split(text: str, longest: int = LONGEST) -> list[str]:
    """A text in parts of at most ``longest`` UTF-16 units, broken where a reader would; no part is blank."""
    parts = []
    rest = text.strip()
    while rest:
        part = rest[: _cut(rest, longest)].strip()
        rest = rest[_cut(rest, longest) :].strip()
        if part:
            parts.append(part)
    return parts


def units(text: str) -> int:
    """How long Telegram counts a text to be."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, longest: int) -> int:
    """How many characters the first part has."""
    fits = _fitting(text, longest)
    if fits == len(text):
        return fits
    for break_ in _BREAKS:
        # A break near the beginning would make a part that says nothing.
        ends = [
            found.end() for found in break_.finditer(text, 0, fits + 1) if fits // 2 < found.start() <= fits
        ]
        if ends:
            return ends[-1]
    whole = fits
    while whole > fits // 2 and _belongs_together(text, whole):
        whole -= 1
    return whole


def _fitting(text: str, longest: int) -> int:
    """How many of its first characters fit."""
    length = 0
    for number, char in enumerate(text):
        length += 2 if ord(char) > 0xFFFF else 1
        if length > longest:
            return number
    return len(text)


def _belongs_together(text: str, at: int) -> bool:
    """Whether a cut there would tear a sign apart: an accent, a family, a flag's half."""
    after, before = text[at], text[at - 1]
    both_flags = all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (before, after))
    skin = "\U0001f3fb" <= after <= "\U0001f3ff"
    return bool(unicodedata.combining(after)) or after in _JOINERS or before == "\u200d" or both_flags or skin


def data_of(button: Button, position: int, number: int) -> str:
    """What Telegram sends back for a button: its payload, or where it stands in the transcript."""
    fits = len(button.payload.encode("utf-8", "surrogatepass")) <= LONGEST_DATA
    return button.payload if fits and not button.payload.startswith("#") else f"#{position}.{number}"


def stands_at(data: str) -> tuple[int, int] | None:
    """The position and number that ``data_of`` wrote in the place of a payload; None if it wrote one."""
    found = _TOKEN.fullmatch(data)
    return (int(found["position"]), int(found["number"])) if found else None


def payload_at(lines: Sequence[TranscriptLine], position: int, number: int) -> str | None:
    """The payload of a button by its place in the transcript; None if no such button was offered."""
    for line in lines:
        if line.position == position:
            return line.buttons[number].payload if number < len(line.buttons) else None
    return None
