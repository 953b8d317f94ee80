"""What is never stored, whoever writes it: payment card numbers, and characters that no database takes."""

from __future__ import annotations

import re

#: What stands for the hidden part.
DOTS = "••••"

# Digits in groups, as people write card numbers; what separates the groups may be a line's end.
_DIGITS = re.compile(r"\d+(?:[\s.\-–]{1,2}\d+)*")
_GROUP = re.compile(r"\d+")
_CARD_LENGTHS = range(13, 20)


def mask_cards(text: str) -> str:
    """Put dots for every payment card number, but for its last four digits."""
    return _DIGITS.sub(_without_cards, text)


def has_card(text: str) -> bool:
    """Whether there is a payment card number in the text: whoever typed it is told that it was masked."""
    return mask_cards(text) != text


def without_nul(text: str) -> str:
    """The text without the characters that PostgreSQL refuses or that cannot be encoded."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _without_cards(found: re.Match[str]) -> str:
    run = found.group()
    groups = [(match.start(), match.end()) for match in _GROUP.finditer(run)]
    shown, done, first = "", 0, 0
    while first < len(groups):
        # The longest card that begins with this group; a date or a check number may follow it.
        for last in range(min(first + 18, len(groups) - 1), first - 1, -1):
            digits = "".join(run[start:end] for start, end in groups[first : last + 1])
            if _is_card(digits):
                shown += run[done : groups[first][0]] + f"{DOTS} {digits[-4:]}"
                done = groups[last][1]
                first = last
                break
        first += 1
    return shown + run[done:]


def _is_card(digits: str) -> bool:
    if len(digits) not in _CARD_LENGTHS or int(digits[0]) not in range(2, 7):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
