"""Which part of a long message tells what its writer wants: the encoder's cost grows with length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

#: Looked at in the first place; what lies between two such ends of a longer text is not.
_REACH = 6_000
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟।])\s+|(?<=[。！？])|[\r\n]+")
_QUESTION = re.compile(r"[?？؟]\s*$")
_BLANKS = re.compile(r"\s+")
#: Control characters, marks of direction and zero-width characters: they are not read, and hide words.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Return the whole text in one form of each letter, without what nobody sees."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def readable(text: str) -> str:
    """Return the text as a person sees it: one form of each letter, nothing invisible, single spaces.

    Only both ends of a very long text are kept.
    """
    if len(text) > _REACH:
        text = f"{text[: _REACH // 2]}\n{text[-_REACH // 2 :]}"
    return _BLANKS.sub(" ", visible(text)).strip()


def excerpt(text: str, limit: int, count: Callable[[str], int]) -> str:
    """Return the telling sentences of a text, in their order: at most `limit` tokens, as `count` counts.

    Buyers greet first and ask first or last, so the first and the last sentence come before questions, and
    those before the rest.
    """
    if len(text) > _REACH:
        text = f"{text[: _REACH // 2]}\n{text[-_REACH // 2 :]}"
    whole = readable(text)
    if len(whole) <= limit or count(whole) <= limit:
        return whole
    sentences = [seen for part in _SENTENCE_END.split(text) if part and (seen := readable(part))]
    wanted = sorted(range(len(sentences)), key=lambda place: _rank(place, sentences))
    chosen: list[int] = []
    left = limit
    for place in wanted:
        cost = count(sentences[place])
        if cost <= left:
            chosen.append(place)
            left -= cost
    if not chosen:
        return _ends(whole, limit, count)
    return " ".join(sentences[place] for place in sorted(chosen))


def _rank(place: int, sentences: list[str]) -> tuple[int, int]:
    if place in (0, len(sentences) - 1):
        return 0, -place
    return (1 if _QUESTION.search(sentences[place]) else 2), place


def _ends(text: str, limit: int, count: Callable[[str], int]) -> str:
    """Cut the middle out of what is a single long sentence."""
    length = limit * 6
    while length > 2:
        short = f"{text[: length * 2 // 3]} {text[-(length // 3) :]}" if len(text) > length else text
        if count(short) <= limit:
            return short
        length = length * 3 // 4
    return text[:1]
