"""Where a message may be cut: sentence ends, and words and marks that join two wishes, in ten languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from nlu.cues import (
    AND,
    ARABIC_AFTER_AND,
    BEFORE_ALSO,
    BEFORE_QUESTION,
    COURTESY,
    MARKERS,
    MARKERS_UNSPACED,
    OPENING,
    QUESTION_FIRST,
    SUBORDINATE,
    WISH,
    WISH_UNSPACED,
    any_of,
)

#: Parts that a message is cut into at most: each is read like a message of its own.
MOST_PARTS = 3
#: Characters looked at; a wish that stands further on is not told from its neighbour.
_REACH = 1_500
#: Cuts looked at; a text with more of them is a list or noise.
_MOST_CUTS = 60


class Bond(IntEnum):
    """How a part hangs together with the one before it, the loosest last."""

    COMMA = 0
    JOINED = 1
    SENTENCE = 2
    MARKED = 3


@dataclass(frozen=True)
class Part:
    """A stretch `text[start:end]`, without the word or mark that joins it to the one before."""

    start: int
    end: int
    bond: Bond
    #: Whether it has the look of a question or an order: a part that does not may be the other's reason.
    asks: bool


_AND = any_of(AND)
_AND_WORD = re.compile(rf"(?<!\w)(?:{_AND})(?!\w)", re.IGNORECASE)
#: Each alternative begins at the first of a run of blanks or marks: no run is looked at more than once.
_CUT = re.compile(
    rf"""
      (?P<marked>
          (?: ^ | (?<![\s,،，、.!?…。！？؟;；:—–-]) [\s,،，、.!?…。！？؟;；:—–-]+ ) (?: (?:{_AND})\s+ )?
          (?:{any_of(MARKERS)}) (?![\w'’-]) [,،:]? \s*
        | (?: (?<![\s,，、.!?…。！？;；~～]) [\s,，、.!?…。！？;；~～]+ | (?<=[吗呢吧嗎么か]) )
          (?: {any_of(MARKERS_UNSPACED)} | それと(?!も) | あと(?![でにの]) | また(?![はねも]) )
          [,，、:：]? \s*
        | (?: ^ | (?<![\s,;.?!]) [\s,;.?!]+ ) \(?[1-9]\) \s+ | (?: ^ | [\r\n] ) [1-9]\. \s+ )
    | (?P<sentence>
          # A number after a full stop: it was an abbreviation; a short one before it: a day.
          (?<![.!?…;؟]) (?: [!?…;؟] | (?<!\s\d) (?<!\s\d\d) \. (?!\s+\d) )+
          ["'”»)\]]* \s+ (?: (?:{_AND})\s+ )?
        | (?<![。！？；]) [。！？；]+ ["”」』）]* \s* | (?<!\s) \s* [\r\n] \s* | (?<![?!؟]) [?!؟]+ (?=\w) )
    | (?P<joined>
          (?<!\s) (?: [,،]? \s+ (?: (?:{_AND}) | [&+] ) \s+ | \s+ [+&] (?=\w) ) | (?<=[吗呢嗎]) (?=\w)
        | (?<!\s) [,،]? \s+ (?= و (?:{any_of(ARABIC_AFTER_AND)}) (?!\w) )
          # Korean verbs with the ending of "and", not the words of one root, nor "want to" and the like.
        | (?<= [가-힣][고며]) (?<![재창광중참]고) ,? \s+ (?! [싶있계나말] ) )
    | (?P<comma>
          # "While", in Korean.
          (?<= [가-힣][데만]) ,? \s+ | [,،] \s+ | [，、] \s* | (?<!\s) \s+ [-–—/|] \s+
        | (?<= [\u3041-\u9fff]) [\s\u3000]+ (?= [\u3041-\u9fff]) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Links and addresses: the marks in them end nothing.
_SOLID = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+", re.IGNORECASE)
_ASKS = re.compile(
    rf"\W*(?:(?:{any_of(COURTESY)})\W+){{0,3}}(?:(?:{any_of(BEFORE_QUESTION)})\s+)?(?:{any_of(QUESTION_FIRST)})(?![\w'’])"
    rf"|.*?(?:(?<!\w)(?:{any_of(WISH)})(?![\w'’])|{any_of(WISH_UNSPACED)})",
    re.IGNORECASE | re.DOTALL,
)
_QUESTION = re.compile(r"[?？؟]")
_COURTESY = re.compile(rf"(?:{any_of(COURTESY)}|[\W\d_])+", re.IGNORECASE)
_BEFORE_ALSO = re.compile(rf"\W*(?:(?:{any_of(BEFORE_ALSO)})\W*)+", re.IGNORECASE)
_SUBORDINATE = re.compile(rf"\W*(?:{any_of(SUBORDINATE)})(?![\w'’])", re.IGNORECASE)
_OPENING = re.compile(rf"(?:{any_of(OPENING)})\W*$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3041-\u30ff\u3400-\u9fff]")
_HANGUL = re.compile(r"[가-힣]")


def parts(text: str) -> tuple[Part, ...]:
    """Return the parts of a message that may be requests of their own, in order: none, or two to three.

    They do not overlap. Most messages have none.
    """
    seen = _SOLID.sub(lambda found: "x" * len(found.group()), text[:_REACH])
    atoms = _sized(seen, _atoms(seen, len(text)))
    if len(atoms) < 2:
        return ()
    # A cut counts more, the looser the bond is and the more what stands beside it looks like a wish.
    worth = [
        (_BOND_WORTH[atom.bond] + 2 * atom.asks + before.asks, -number)
        for number, (before, atom) in enumerate(pairwise(atoms))
    ]
    chosen = sorted(-number for _, number in sorted(worth, reverse=True)[: MOST_PARTS - 1])
    bounds = [0, *(number + 1 for number in chosen), len(atoms)]
    return tuple(_joined(atoms[first:last]) for first, last in pairwise(bounds))


_BOND_WORTH = {Bond.COMMA: 0, Bond.JOINED: 1, Bond.SENTENCE: 2, Bond.MARKED: 4}


def _atoms(seen: str, end: int) -> list[Part]:
    """Cut wherever it is possible; the last part reaches to the `end` of what was not looked at."""
    found: list[Part] = []
    start, bond = 0, Bond.SENTENCE
    for cut in _CUT.finditer(seen):
        if len(found) >= _MOST_CUTS:
            break
        kind = Bond[str(cut.lastgroup).upper()]
        if kind is Bond.MARKED and _is_amid(seen, start, cut):
            bond = kind
            continue
        if kind is Bond.COMMA and (
            _SUBORDINATE.match(seen, cut.end())
            or _OPENING.search(seen, max(start, cut.start() - 30), cut.start())
        ):
            continue
        if cut.start() > start:
            found.append(_part(seen, start, cut.start() + _marks(cut), bond))
        start, bond = cut.end(), kind
    if end > start:
        found.append(_part(seen, start, end, bond))
    return found


def _is_amid(seen: str, start: int, cut: re.Match[str]) -> bool:
    """Whether a word like "also" stands in the middle of a wish: "my boss also wants one"."""
    if _BEFORE_ALSO.fullmatch(seen, start, cut.start()):
        return True
    apart = cut.group()[:1] != " " or _ASKS.match(seen, cut.end(), cut.end() + 12)
    return not apart and 0 < _size(seen[start : cut.start()]) < 3


def _part(seen: str, start: int, end: int, bond: Bond) -> Part:
    # Inside of a sentence the mark at its end stands for all of it.
    whole = bond >= Bond.SENTENCE or (bond is Bond.JOINED and _size(seen[start:end]) >= 5)
    asks = _ASKS.match(seen, start, end) or (whole and _QUESTION.search(seen, start, end))
    return Part(start, end, bond, bool(asks))


def _marks(cut: re.Match[str]) -> int:
    """How many of the marks that end a sentence belong to it."""
    said = re.match(r"[.!?…。！？؟]+", cut.group())
    return said.end() if said else 0


def _sized(seen: str, atoms: Sequence[Part]) -> list[Part]:
    """Join what is too short to be a wish, and mere courtesy, to its neighbour."""
    sized: list[Part] = []
    pending: Part | None = None
    for atom in atoms:
        # With what came before it, it may begin a sentence.
        part = atom if pending is None else _part(seen, pending.start, atom.end, pending.bond)
        pending = None
        if _COURTESY.fullmatch(seen, part.start, min(part.end, part.start + 80)):
            # What comes before a wish is part of its sentence, what comes after it of the last one.
            pending = part
        elif _is_short(seen[part.start : part.end]) or not _may_stand(seen, part, sized):
            opens = part.asks and part.bond is not Bond.COMMA
            if sized and part.bond < Bond.SENTENCE and not opens:
                sized[-1] = _joined([sized[-1], part])
            else:
                pending = part
        else:
            sized.append(part)
    if pending is not None and sized:
        sized[-1] = _joined([sized[-1], pending])
    return sized


def _may_stand(seen: str, part: Part, before: Sequence[Part]) -> bool:
    """Whether a wish may have begun here: stories and lists of things are full of commas and `and`s."""
    if part.bond is Bond.MARKED or not before:
        return True
    if part.asks:
        return True
    if part.bond is Bond.SENTENCE:
        return before[-1].asks or bool(_AND_WORD.search(seen, before[-1].end, part.start))
    # Of a list that is asked for, the last thing is no wish; a few words without a question are.
    return before[-1].asks and part.bond is Bond.JOINED and _size(seen[part.start : part.end]) >= 4


def _is_short(text: str) -> bool:
    return _size(text) < 2


def _size(text: str) -> float:
    """About how many words it has, whether or not they are written apart."""
    unspaced = len(_UNSPACED.findall(text))
    hangul = len(_HANGUL.findall(text))
    words = len(_WORD.findall(_HANGUL.sub(" ", _UNSPACED.sub(" ", text))))
    return words + unspaced / 2 + hangul / 2.5


def _joined(parts_: Sequence[Part]) -> Part:
    """The stretch from the first to the last; it hangs on what is before as its first part does."""
    return Part(parts_[0].start, parts_[-1].end, parts_[0].bond, any(part.asks for part in parts_))
