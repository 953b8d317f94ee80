"""What a buyer answers of a fault: whether the first help helped, and that there is no photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.dialogue.actions import answers
from bot.dialogue.actions.change import leaves
from bot.dialogue.actions.step import typed_answer
from bot.dialogue.turn import Turn

#: The photo can't be sent: a person decides.
NONE = "none"
TRIED, WORKS = "tried", "works"


def told_tried(turn: Turn) -> dict[str, str]:
    """``tried``: whether the goods work after the first help, or don't; empty where neither is told."""
    read = turn.understanding
    pressed = read.first("change_choice")
    if pressed in (TRIED, WORKS):
        return {"tried": pressed}
    answer = typed_answer(turn)
    in_vain = answer == "no" or answers.means(answers.IN_VAIN, read.text)
    # "I tried that" is a yes to the model, and to another question than whether it works.
    is_yes = answers.yes_or_no(read.text) == answers.YES and answer == "yes"
    if not in_vain and (is_yes or answers.means(answers.SOLVED, read.text)):
        return {"tried": WORKS}
    still = in_vain or read.intent.startswith("refund_") or answers.means("faulty", read.text)
    return {"tried": TRIED} if still and not leaves(turn) else {}


def told_photo(turn: Turn, known: Mapping[str, Any]) -> dict[str, Any]:
    """``photos`` or ``reminded``, for words where a photo was asked for.

    They are asked for it once more, then a person looks at it without one.
    """
    read = turn.understanding
    if read.first("change_choice") == NONE or typed_answer(turn) == "no":
        return {"photos": NONE}
    if answers.means(answers.NO_PHOTO, read.text):
        return {"photos": NONE}
    if leaves(turn) or not read.text:
        return {}
    return {"photos": NONE} if known.get("reminded") else {"reminded": True}
