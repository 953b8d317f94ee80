"""E-mail addresses and phone numbers as buyers type them, brought to a form that can be compared."""

from __future__ import annotations

import hmac
import unicodedata

import phonenumbers

#: What is longer is neither; an address has 254 characters at most.
LONGEST = 320


def is_email(typed: str) -> bool:
    """Whether this is meant as an e-mail address rather than a phone number."""
    return "@" in typed or "＠" in typed


def plain_email(typed: str) -> str:
    """An e-mail address without what makes no difference: width, case, spaces and brackets around it."""
    text = unicodedata.normalize("NFKC", typed[:LONGEST]).strip().strip("<>.,;:\"'()").removeprefix("mailto:")
    return text.strip().casefold()


def plain_phone(typed: str, region: str | None = None) -> str:
    """A phone number in E.164, or empty if it is none.

    ``region`` is the country whose national form may have been used.
    """
    text = unicodedata.normalize("NFKC", typed[:LONGEST]).strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_same_contact(typed: str, email: str, phone: str, region: str) -> bool:
    """Whether what was typed is this e-mail address or this phone number of that country."""
    if is_email(typed):
        given, known = plain_email(typed), plain_email(email)
    else:
        given, known = plain_phone(typed, region), phone
    # Compared in constant time: how long it takes must not say how much was right.
    return bool(given and known) and hmac.compare_digest(given.encode(), known.encode())
