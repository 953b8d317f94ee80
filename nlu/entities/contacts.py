"""E-mail addresses and phone numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nlu.entities.spans import Kind, Span, Utterance

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

#: Letters of addresses: Latin and Cyrillic. Han, kana, Hangul stand right beside an address as plain words.
_LETTER = r"A-Za-z0-9À-ÖØ-öø-ɏЀ-ӿ"
_AT = r"(?: ?@ ?| ?[(\[](?:at|@|arroba)[)\]] ?| собака )"
_EMAIL = re.compile(
    rf"(?<![{_LETTER}.+%_\-])[{_LETTER}][{_LETTER}._%+'\-]{{0,63}}{_AT}"
    rf"[{_LETTER}][{_LETTER}\-]{{0,62}}(?:(?:\.|[(\[](?:dot|\.)[)\]])[{_LETTER}][{_LETTER}\-]{{0,62}})+",
    re.IGNORECASE,
)
_AT_SIGN = re.compile(_AT, re.IGNORECASE)
_DOT = re.compile(r"[(\[](?:dot|\.)[)\]]", re.IGNORECASE)
_MAY_HOLD_EMAIL = re.compile(r"@|[(\[](?:at|arroba)[)\]]|собака", re.IGNORECASE)

#: Seven digits or more with nothing but what people put between the digits of a phone number.
_DIGITS = re.compile(
    r"(?<![A-Za-z0-9@#\-+])(?:\(?\+ ?|00|\()?\d(?:[ \-./()]{0,2}\d){6,16}(?![A-Za-z0-9@])(?!\.\d)"
)
#: A message of numbers would take a second.
_MOST = 20
_DAY = re.compile(r"(?<!\d)(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2\d{4})(?!\d)")
_CUE = re.compile(
    r"phone|call|tel|mobil|cell|whats?app|handy|celular|movil|telemovel|zap\b|liga|llam|appel|joignable|"
    r"portable|numero|nummer|телефон|тел\b|звон|номер|电话|電話|手机|手機|전화|연락처|휴대폰|핸드폰|"
    r"هاتف|جوال|رقمي|واتس|موبايل|携帯"
)
#: Where those who write a language mostly have their phones.
_REGIONS = {
    "en": ("US", "GB", "AU", "IE"),
    "zh": ("CN", "TW", "HK"),
    "es": ("ES", "MX", "AR", "CO", "CL"),
    "fr": ("FR", "BE", "CH"),
    "de": ("DE", "AT", "CH"),
    "pt": ("BR", "PT"),
    "ru": ("RU", "KZ"),
    "ar": ("SA", "AE", "EG", "MA", "IQ", "JO", "KW", "QA", "DZ", "TN"),
    "ja": ("JP",),
    "ko": ("KR",),
}


def find_emails(utterance: Utterance) -> Iterator[Span]:
    """Find e-mail addresses; their normal form is in small letters."""
    if _MAY_HOLD_EMAIL.search(utterance.plain) is None:
        return
    for match in _EMAIL.finditer(utterance.plain):
        end = match.end() - (len(match.group()) - len(match.group().rstrip("-")))
        typed = utterance.plain[match.start() : end]
        value = _DOT.sub(".", _AT_SIGN.sub("@", typed, count=1)).replace(" ", "").lower()
        yield Span(Kind.EMAIL, match.start(), end, value)


def find_phones(utterance: Utterance) -> Iterator[Span]:
    """Find phone numbers; their normal form is E.164.

    In international form a number need only be possible; as a region writes it, it must be one that is given
    out there. The region is the buyer's where it is known, else one where the message's language is spoken,
    else that of most buyers; a number of a mobile phone is preferred.
    """
    if not utterance.has_digits:
        return
    cued: bool | None = None
    for match in itertools.islice(_DIGITS.finditer(utterance.plain), _MOST):
        typed = match.group()
        if _DAY.search(typed):
            continue
        if cued is None:
            cued = _CUE.search(utterance.folded) is not None
        value = _e164(typed, utterance, cued=cued)
        if value is not None:
            yield Span(Kind.PHONE, match.start(), match.end(), value)


def _e164(typed: str, utterance: Utterance, *, cued: bool) -> str | None:
    import phonenumbers

    international = typed.lstrip("(").startswith(("+", "00"))
    if international:
        written = "+" + re.sub(r"^\(?(?:\+|00)", "", typed)
        number = _parsed(written, None)
        return _written(number) if number is not None and phonenumbers.is_possible_number(number) else None
    digits = re.sub(r"\D", "", typed)
    if not cued and not typed.startswith(("0", "(")) and len(digits) < 9:
        return None
    if cued and not typed.startswith("0") and len(digits) > 10:
        # Whoever writes of a phone may have left out the plus.
        number = _parsed(f"+{digits}", None)
        at_home = any(_is_mobile(_parsed(typed, region)) for region in _regions(utterance))
        if not at_home and number is not None and phonenumbers.is_valid_number(number):
            return _written(number)
    second: str | None = None
    for region in _regions(utterance):
        number = _parsed(typed, region)
        if number is None or not _valid(number):
            continue
        if _is_mobile(number):
            return _written(number)
        # Without a word about phones, a fixed line must be written as one.
        if second is None and (cued or typed.startswith(("0", "("))):
            second = _written(number)
    return second


def _regions(utterance: Utterance) -> tuple[str, ...]:
    spoken = _REGIONS.get(utterance.language, ())
    if utterance.region_known:
        return tuple(dict.fromkeys((utterance.region, *spoken)))
    if utterance.region in spoken:
        return tuple(dict.fromkeys((utterance.region, *spoken)))
    return (*spoken, utterance.region)


def _parsed(number: str, region: str | None) -> PhoneNumber | None:
    import phonenumbers

    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


def _valid(number: PhoneNumber | None) -> bool:
    import phonenumbers

    return number is not None and phonenumbers.is_valid_number(number)


def _is_mobile(number: PhoneNumber | None) -> bool:
    import phonenumbers

    return number is not None and phonenumbers.number_type(number) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )


def _written(number: PhoneNumber) -> str:
    import phonenumbers

    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
