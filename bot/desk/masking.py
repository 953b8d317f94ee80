"""What is hidden of a case card: all personal data wherever it is shown."""

from __future__ import annotations

import re
from dataclasses import replace

import phonenumbers

from bot.desk.values.cases import CardField, CaseCard
from bot.privacy import DOTS, mask_cards, without_nul

_GROUP = re.compile(r"\d+")
# Bounded in every part, so that no text however hostile makes the search slow.
_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
# What the phone library leaves: long numbers that stand alone, but for dates. Order and tracking
# numbers have letters.
_LONG_NUMBER = re.compile(r"(?<![\w-])(?!\d{4}-\d\d-\d\d)\+?\(?\d(?:[\s()./-]{0,2}\d){8,14}(?![\w-])")


def mask_text(text: str, country: str | None = None) -> str:
    """Put dots for card numbers, e-mail addresses and phone numbers in free text.

    Args:
        text: what somebody wrote.
        country: ISO 3166, to recognise phone numbers without a country code.
    """
    masked = _EMAIL.sub(lambda found: mask_email(found.group()), mask_cards(text))
    region = country if country in phonenumbers.SUPPORTED_REGIONS else None
    # Found from the end, so that what was found earlier in the text stays where it is.
    for match in reversed(list(phonenumbers.PhoneNumberMatcher(masked, region))):
        masked = masked[: match.start] + mask_number(match.raw_string) + masked[match.end :]
    return _LONG_NUMBER.sub(lambda found: mask_number(found.group()), masked)


def mask_email(address: str) -> str:
    """``anna@example.com`` as ``a••••@example.com``: enough to recognise one's own, no more."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}{DOTS}@{domain}" if at else DOTS


def mask_number(number: str) -> str:
    """A phone or card number but for its last digits."""
    digits = "".join(_GROUP.findall(number))
    return f"{DOTS} {digits[-2:]}" if len(digits) > 5 else DOTS


def mask_card(card: CaseCard) -> CaseCard:
    """The case card as it may be shown: no address, phone, e-mail or card number in any field."""

    def masked(text: str) -> str:
        return mask_text(_without_known(text, card), card.country)

    return replace(
        card,
        wants=masked(card.wants),
        why=masked(card.why),
        email=mask_email(card.email) if card.email else card.email,
        phone=mask_number(card.phone) if card.phone else card.phone,
        address=DOTS if card.address else card.address,
        bot_did=tuple(masked(line) for line in card.bot_did),
        # Written by us for the buyer to read: masking the store's own address would spoil them.
        suggested_replies=tuple(mask_cards(text) for text in card.suggested_replies),
    )


def mask_line(text: str, card: CaseCard) -> str:
    """A line about a case as it may be shown: without what its card holds in clear, and as ``mask_text``."""
    return mask_text(_without_known(text, card), card.country)


def masked_fields(card: CaseCard, shown: CaseCard) -> frozenset[CardField]:
    """The fields in which ``mask_card``, which made ``shown``, hides something."""
    return frozenset(
        field for field in CardField if getattr(shown, field.value) != getattr(card, field.value)
    )


def storable(card: CaseCard) -> CaseCard:
    """The card as it may be stored: no card number anywhere, nothing that a database refuses."""

    def clean(text: str) -> str:
        return mask_cards(without_nul(text))

    def kept(text: str | None) -> str | None:
        return None if text is None else clean(text)

    return replace(
        card,
        wants=clean(card.wants),
        why=clean(card.why),
        name=kept(card.name),
        email=kept(card.email),
        phone=kept(card.phone),
        address=kept(card.address),
        bot_did=tuple(clean(line) for line in card.bot_did),
        order_number=kept(card.order_number),
        order_state=kept(card.order_state),
        parcel_state=kept(card.parcel_state),
        suggested_replies=tuple(clean(text) for text in card.suggested_replies),
    )


def _without_known(text: str, card: CaseCard) -> str:
    """Take out what the card itself holds in clear, however the buyer wrote it into a sentence."""
    known = [card.email, card.phone, *re.split(r"[,\n]", card.address or "")]
    for part in known:
        part = (part or "").strip()
        if len(part) >= 4 and part.casefold() != (card.country or "").casefold():
            text = re.sub(re.escape(part), DOTS, text, flags=re.IGNORECASE)
    return text
