"""Which of an order's lines a buyer means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz, process

from bot.dialogue.actions import answers
from bot.dialogue.actions.approvals import waiting_lines
from bot.dialogue.actions.step import inform
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import returning_lines
from bot.shop.values import Order

#: All lines that are offered.
ALL = "all"
#: How alike words and a title must be: where a line was asked for, and in a message about something else.
ASKED_MATCH, UNASKED_MATCH = 70.0, 90.0
#: "The blue one, please": in so few words, one that a single title holds tells the line.
FEW = 5
#: Digits of a place in a list; of a number with more the beginning is beyond every list, too.
LONGEST_PLACE = 6
_WORD = re.compile(r"[^\W\d_]{3,}")


def open_lines(turn: Turn, order: Order) -> list[int]:
    """The ids of lines that can still go into a return.

    In none yet, no fault of theirs is settled, and nobody is deciding on one.
    """
    gone = returning_lines(order) | turn.shop.settled_lines(order.number) | waiting_lines(turn, order)
    return [line.id for line in order.lines if line.id not in gone]


def chosen_line(turn: Turn, order: Order, lines: Sequence[int], entity: str, *, asked: bool) -> str | None:
    """The id of the line that is meant, or ``ALL``; None where it can't be told.

    Args:
        turn: the current turn.
        order: whose lines they are.
        lines: the ids that may be chosen; a single one needs no choice.
        entity: what a button carries the id in.
        asked: whether it was asked for; elsewhere words tell a line only if they name it.
    """
    if len(lines) == 1:
        return str(lines[0])
    pressed = turn.understanding.first(entity)
    if pressed is not None:
        return str(pressed) if pressed == ALL or (pressed.isdigit() and int(pressed) in lines) else None
    text = turn.understanding.text.lower()
    if asked and answers.says_only(answers.ALL, text):
        return ALL
    place = _place(text) if asked else None
    if place is not None and place < len(lines):
        return str(lines[place])
    titles = {line.id: line.title.lower() for line in order.lines if line.id in lines}
    cutoff = ASKED_MATCH if asked else UNASKED_MATCH
    best = process.extractOne(text, titles, scorer=fuzz.token_set_ratio, score_cutoff=cutoff)
    if best:
        return str(best[2])
    return _told_apart(text, titles) if asked else None


def _place(text: str) -> int | None:
    """The place in the list that a message says, as an index."""
    digits = text.strip(" .!#")
    # The way a person counts: there is no zeroth.
    place = (int(digits[:LONGEST_PLACE]) if digits.isdecimal() else answers.place_of(text)) or None
    return place - 1 if place is not None and place > 0 else place


def _told_apart(text: str, titles: Mapping[int, str]) -> str | None:
    """The line of which the message holds a word that no other title has."""
    if len(text.split()) > FEW or text.rstrip().endswith(("?", "？", "؟")):
        return None
    said = _words(text)
    held = {line: said & _words(title) for line, title in titles.items()}
    telling = [
        line
        for line, words in held.items()
        if words.difference(*(others for other, others in held.items() if other != line))
    ]
    return str(telling[0]) if len(telling) == 1 else None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(answers.plain(text)))


def line_buttons(turn: Turn, order: Order, lines: Sequence[int], entity: str) -> list[Button]:
    """A button for each line, and one for all of them."""
    everything = turn.replies.say("utter_all_items", turn.words.language, {}).text
    buttons = [inform(line.title, **{entity: str(line.id)}) for line in order.lines if line.id in lines]
    return [*buttons, inform(everything, **{entity: ALL})]
