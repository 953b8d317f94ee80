"""Slack's markup as plain words, and plain words in parts that Slack takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_TOKEN = re.compile(r"<([^<>]*)>")
#: Where a text may be cut, the best first.
_CUTS = ("\n\n", "\n", ". ", "。", "؟ ", "! ", "? ", " ")
#: What holds two characters together: emoji of several parts, modifiers.
_JOINER = "\u200d"


def to_plain(text: str, us: str) -> str:
    """What a buyer typed, without Slack's markup for mentions, links and ``&<>``; ``us`` is not named."""
    found: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        found += [_unescaped(text[end : match.start()]), _unescaped(_token(match[1], us))]
        end = match.end()
    found.append(_unescaped(text[end:]))
    return re.sub(r"[ \t]{2,}", " ", "".join(found)).strip()


def mentions(text: str) -> set[str]:
    """The ids of the people whom a text names."""
    return {match[1][1:].partition("|")[0] for match in _TOKEN.finditer(text) if match[1].startswith("@")}


def escaped(text: str) -> str:
    """A text in which Slack finds no markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def parts(text: str, most: int) -> Iterator[str]:
    """The text in parts of at most ``most`` UTF-16 units, cut where a reader would."""
    rest = text.strip("\n") if text.strip() else ""
    while rest:
        reach = _reach(rest, most)
        if reach == len(rest):
            yield rest
            return
        cut = _cut(rest, reach)
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis, in at most ``most`` UTF-16 units."""
    reach = _reach(text, most)
    return text if reach == len(text) else text[: _cut(text, _reach(text, most - 1), words=False)] + "…"


def _token(inside: str, us: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return "" if target[1:] == us else f"@{label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    if not label or label == target or target.partition(":")[0] in ("mailto", "tel"):
        return label or target
    return target if target.partition("://")[2].rstrip("/") == label.rstrip("/") else f"{label} ({target})"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _reach(text: str, most: int) -> int:
    """How many characters of the text fit."""
    units = 0
    for at, char in enumerate(text):
        units += 2 if ord(char) > 0xFFFF else 1
        if units > most:
            return at
    return len(text)


def _cut(text: str, reach: int, *, words: bool = True) -> int:
    """Where to cut, at ``reach`` or before it; never 0."""
    if words:
        for mark in _CUTS:
            at = text.rfind(mark, reach // 2, reach)
            if at > 0:
                return at + len(mark)
    at = reach
    while at > max(reach - 40, 1) and _holds_on(text[at - 1], text[at]):
        at -= 1
    return max(at, 1)


def _holds_on(before: str, after: str) -> bool:
    return (
        before == _JOINER
        or after == _JOINER
        or unicodedata.combining(after) > 0
        or unicodedata.category(after) in ("Mn", "Me", "Sk")
    )
