"""E-mail addresses and phone numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from nlu.entities.spans import Kind, Span, Utterance

_EMAIL = re.compile(
    r"(?<![\w.+%\-])[A-Za-z0-9][A-Za-z0-9._%+'\-]{0,63} ?@ ?[^\W_](?:[\w\-]{0,62})(?:\.[^\W_][\w\-]{0,62})+"
)
#: Seven digits or more with nothing but what people put between the digits of a phone number.
_DIGITS = re.compile(r"(?<![\w@#\-])(?:\+|00|\()?\d(?:[ \-./()]{0,2}\d){6,16}(?![\w@])")
#: A message of numbers would take a second.
_MOST = 20
_DAY = re.compile(r"\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2\d{4}")
_CUE = re.compile(
    r"phone|call|tel|mobile|cell|whatsapp|handy|móvil|телефон|电话|電話|전화|هاتف|جوال", re.IGNORECASE
)


def find_emails(utterance: Utterance) -> Iterator[Span]:
    """Find e-mail addresses; their normal form is in small letters."""
    if "@" not in utterance.plain:
        return
    for match in _EMAIL.finditer(utterance.plain):
        value = match.group().replace(" ", "").lower()
        yield Span(Kind.EMAIL, match.start(), match.end(), value)


def find_phones(utterance: Utterance) -> Iterator[Span]:
    """Find phone numbers; their normal form is E.164.

    In international form a number need only be possible, as the region writes it must be one that is given
    out.
    """
    for match in itertools.islice(_DIGITS.finditer(utterance.plain), _MOST):
        if _DAY.fullmatch(match.group()):
            continue
        value = _e164(match.group(), utterance)
        if value is not None:
            yield Span(Kind.PHONE, match.start(), match.end(), value)


def _e164(typed: str, utterance: Utterance) -> str | None:
    import phonenumbers

    international = typed.startswith(("+", "00"))
    written = "+" + typed[2:] if typed.startswith("00") else typed
    tries = [(written, None if international else utterance.region)]
    if not (international or typed.startswith("0")) and _CUE.search(utterance.plain):
        # Whoever writes of a phone may have left out the plus.
        tries.insert(0, (f"+{written}", None))
    for number, region in tries:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        check = phonenumbers.is_possible_number if international else phonenumbers.is_valid_number
        if check(parsed):
            return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return None
