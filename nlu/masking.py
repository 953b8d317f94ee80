"""What in a message is no wording: addresses, which tell nothing of a wish, and codes."""

from __future__ import annotations

import re

#: E-mail and web addresses. Each part is bounded: a long text without blanks must not cost its square.
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+|\b(?:https?://|www\.)\S+", re.IGNORECASE)
#: Numbers with what is written on to them, such as CD-104233, A4 or 12:30; and letters before a long number.
_CODE = re.compile(r"\b[A-Z]{1,4} (?=\d{4})|[^\W\d_]{0,4}[-#]?\d[\w:./-]*")


def without_addresses(text: str) -> str:
    """Return the text without e-mail and web addresses."""
    return _ADDRESS.sub(" ", text)


def has_words(text: str) -> bool:
    """Whether anything is left to understand once addresses and codes are taken away."""
    return any(letter.isalpha() for letter in _CODE.sub(" ", without_addresses(text)))


def is_bare_code(text: str) -> bool:
    """Whether a text is nothing but codes and addresses: an answer to a question, not talk."""
    return any(letter.isdigit() or letter == "@" for letter in text) and not has_words(text)
