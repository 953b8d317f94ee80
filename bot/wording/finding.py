"""Finding replies: by their names, by words in them, by what was changed."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bot.dialogue.spoken import Variants
from bot.wording.book import Book


class Only(str, enum.Enum):
    """Which replies a list shows."""

    ALL = "all"
    #: Said otherwise than in the files.
    CHANGED = "changed"
    #: In the draft.
    DRAFT = "draft"


@dataclass(frozen=True)
class Line:
    """A reply in a list."""

    key: str
    #: What it says first, in the fallback language.
    text: str
    #: Languages in which a release says it otherwise than the files.
    changed: tuple[str, ...]
    #: Languages in which the draft says it otherwise.
    drafted: tuple[str, ...]


def find(
    book: Book, words: str = "", *, language: str = "", only: Only = Only.ALL, fallback: str = "en"
) -> list[Line]:
    """The replies that hold all these words or bear them in their names, in the files' order.

    Args:
        book: all words.
        words: typed by a person; nothing: every reply.
        language: words are looked for in it, too, beside the fallback language.
        only: which of them.
        fallback: the language that has every reply.
    """
    wanted = words.casefold().split()
    lines = []
    for key, variants in book.whole.get(fallback, {}).items():
        own = book.whole.get(language, {}).get(key, ())
        text = " ".join([key, *_texts(variants), *_texts(own)]).casefold()
        if not all(word in text for word in wanted):
            continue
        line = Line(
            key,
            variants[0]["text"] if variants else "",
            tuple(one for one in book.serving.over if key in book.serving.over[one]),
            tuple(one.language for one in book.drafts if one.key == key),
        )
        if only is Only.ALL or (line.changed if only is Only.CHANGED else line.drafted):
            lines.append(line)
    return lines


def _texts(variants: Variants) -> list[str]:
    return [
        text
        for one in variants
        for text in (one["text"], *(button["title"] for button in one.get("buttons", ())))
    ]
