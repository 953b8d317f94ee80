"""What of a buyer's message may become an example: its wording, and nothing that tells who wrote it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.masking import mask_text
from bot.mailroom.tables import conversations
from bot.privacy import DOTS
from bot.shop.tables import customers

#: Characters of a message that are kept: more tells no more of what it means.
LONGEST = 600
#: Reserved for examples: an address that is read as one, and nobody's.
_ADDRESS, _PAGE = "buyer@example.com", "https://example.com/"
# Bounded in every part, so that no text however hostile makes the search slow.
_EMAIL = re.compile(r"[\w.+-]{0,64}(?:••••)?@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_URL = re.compile(r"\b(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
#: Numbers that name an order, a parcel, a house or a person; prices, sizes and days are shorter.
_LONG = re.compile(r"[A-Za-z]{0,4}[-#]?(?:\d(?:[\s./-]?\d){4,40}|\d{4})[A-Za-z0-9]{0,4}")
_DIGIT = re.compile(r"\d")
#: Shorter names are words of some language, too.
_SHORTEST = 3


def masked(text: str, known: Iterable[str] = ()) -> str:
    """One line of plain text without addresses, numbers and names.

    Args:
        text: what a buyer wrote.
        known: what the store knows of them: names, address, e-mail, phone.
    """
    line = one_line(text[: 4 * LONGEST])
    line = _URL.sub(_PAGE, _EMAIL.sub(_ADDRESS, mask_text(line)))
    for part in _parts(known):
        line = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", DOTS, line, flags=re.IGNORECASE)
    line = _LONG.sub(lambda found: _DIGIT.sub("0", found.group()), line)
    return line if len(line) <= LONGEST else line[:LONGEST].rpartition(" ")[0] or line[:LONGEST]


def names_of(connection: Connection, talks: Collection[int]) -> dict[int, list[str]]:
    """What the store knows of those who write in conversations: names, address, e-mail, phone."""
    rows = connection.execute(
        sa.select(conversations, customers)
        .select_from(conversations.outerjoin(customers, customers.c.id == conversations.c.customer_id))
        .where(conversations.c.id.in_(talks))
        .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    columns = ("name", "email", "phone", "street", "city", "postcode")
    found = {
        row.conversations_id: (
            row.conversations_sender,
            row.conversations_sender_name,
            *(getattr(row, f"customers_{name}") for name in columns),
        )
        for row in rows
    }
    return {number: [part for part in parts if part] for number, parts in found.items()}


def one_line(text: str) -> str:
    """A text as one line of visible characters, composed (NFC)."""
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(sign if _is_seen(sign) else " " for sign in composed)
    return " ".join(seen.split())


def _is_seen(sign: str) -> bool:
    # Controls, halves of pairs, private and unassigned signs; joiners stay, scripts need them.
    return unicodedata.category(sign) not in ("Cc", "Cs", "Co", "Cn") and sign != "\ufeff"


def _parts(known: Iterable[str]) -> list[str]:
    """What is known, whole and word by word, the longest first."""
    parts: set[str] = set()
    for one in known:
        whole = one_line(one or "")
        parts |= {whole, *re.split(r"[\s,;/@-]+", whole)}
    return sorted((part for part in parts if _tells(part)), key=len, reverse=True)


def _tells(part: str) -> bool:
    # One sign of Chinese or Korean is a family name, but also in every other word; two are a name.
    least = _SHORTEST if part.isascii() else 2
    return len(part) >= least and not part.isspace()
