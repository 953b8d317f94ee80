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
from bot.shop.finding import set_apart, words_of
from bot.shop.policy import returning_lines
from bot.shop.values import Order, OrderLine
from bot.spelling import plain, words_in

#: All lines that are offered.
ALL = "all"
#: How alike words and a title must be: where a line was asked for, and in a message about something else.
ASKED_MATCH, UNASKED_MATCH = 70.0, 90.0
#: "The blue one, please": in so few words, one that a single title holds tells the line.
FEW = 5
#: "Can you cancel the notebook in my order?": in so many, where one of several lines may be meant.
MANY = 15
#: Digits of a place in a list; of a number with more the beginning is beyond every list, too.
LONGEST_PLACE = 6
_WORD = re.compile(r"[^\W\d_]{3,}|[\u2e80-\u9fff\uac00-\ud7a3]{2,}")


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
    titles = {line.id: titles_of(turn, line) for line in order.lines if line.id in lines}
    best = best_titled(turn.understanding.text, titles, ASKED_MATCH if asked else UNASKED_MATCH)
    if best is not None:
        return str(best)
    too_much = words_in(text) > FEW or text.rstrip().endswith(("?", "？", "؟"))
    return _told_apart(text, titles) if asked and not too_much else None


def named_line(turn: Turn, order: Order, text: str) -> int | None:
    """The id of the one line of several that a message names, by its title or a word that no other has."""
    if len(order.lines) == 1:
        return None
    titles = {line.id: titles_of(turn, line) for line in order.lines}
    named = [line for line, known in titles.items() if best_titled(text, {line: known}, UNASKED_MATCH)]
    if not named and words_in(text) <= MANY:
        apart = _told_apart(text, titles)
        named = [] if apart is None else [int(apart)]
    return named[0] if len(named) == 1 else None


def titles_of(turn: Turn, line: OrderLine) -> Sequence[str]:
    """What a line is called: as it was bought, and as the buyer reads it."""
    return tuple(dict.fromkeys((line.title, turn.words.line(line))))


def best_titled(text: str, titles: Mapping[int, Sequence[str]], cutoff: float) -> int | None:
    """The line of which a message holds a title's words, by so much likeness (0 to 100) at least."""
    bought = {line: known[0].lower() for line, known in titles.items()}
    best = process.extractOne(text.lower(), bought, scorer=fuzz.token_set_ratio, score_cutoff=cutoff)
    if best is None:
        shown = {line: " ".join(words_of(known[-1])) for line, known in titles.items() if len(known) > 1}
        said = set_apart(text, shown.values())
        best = process.extractOne(said, shown, scorer=fuzz.token_set_ratio, score_cutoff=cutoff)
    return best[2] if best else None


def _place(text: str) -> int | None:
    """The place in the list that a message says, as an index."""
    digits = text.strip(" .!#")
    # The way a person counts: there is no zeroth.
    place = (int(digits[:LONGEST_PLACE]) if digits.isdecimal() else answers.place_of(text)) or None
    return place - 1 if place is not None and place > 0 else place


def _told_apart(text: str, titles: Mapping[int, Sequence[str]]) -> str | None:
    """The line of which the message holds a word that no other title has."""
    told = {line: " ".join(known) for line, known in titles.items()}
    said = _words(set_apart(text, told.values()))
    held = {line: said & _words(title) for line, title in told.items()}
    telling = [
        line
        for line, words in held.items()
        if words.difference(*(others for other, others in held.items() if other != line))
    ]
    return str(telling[0]) if len(telling) == 1 else None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(plain(text)))


def line_buttons(turn: Turn, order: Order, lines: Sequence[int], entity: str) -> list[Button]:
    """A button for each line, and one for all of them."""
    everything = turn.replies.say("utter_all_items", turn.words.language, {}).text
    buttons = [
        inform(turn.words.line(line), **{entity: str(line.id)}) for line in order.lines if line.id in lines
    ]
    return [*buttons, inform(everything, **{entity: ALL})]
