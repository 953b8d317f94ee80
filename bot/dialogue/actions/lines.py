"""Which of an order's lines a buyer means."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from bot.dialogue.actions.answers import is_all
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
    if asked and is_all(text):
        return ALL
    place = text.strip(" .!#")
    if asked and place.isdigit() and 0 < int(place) <= len(lines):
        return str(lines[int(place) - 1])
    titles = {line.id: line.title.lower() for line in order.lines if line.id in lines}
    cutoff = ASKED_MATCH if asked else UNASKED_MATCH
    best = process.extractOne(text, titles, scorer=fuzz.token_set_ratio, score_cutoff=cutoff)
    return str(best[2]) if best else None


def line_buttons(turn: Turn, order: Order, lines: Sequence[int], entity: str) -> list[Button]:
    """A button for each line, and one for all of them."""
    everything = turn.replies.say("utter_all_items", turn.words.language, {}).text
    buttons = [inform(line.title, **{entity: str(line.id)}) for line in order.lines if line.id in lines]
    return [*buttons, inform(everything, **{entity: ALL})]
