"""What a message that says little means of goods, their price and their way, after what was spoken of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.dialogue.actions import answers
from bot.dialogue.actions.shipping_words import asks_cost_and_time
from bot.dialogue.actions.sizing import tells_measures
from bot.dialogue.actions.units import unit_named
from bot.dialogue.engine import FALLBACK_INTENT
from bot.dialogue.follow_ups import names_only
from bot.dialogue.meaning import NOTHING
from bot.dialogue.turn import Understanding

#: After these a short question for a fact is about the product that was spoken of, whatever else it may seem.
OF_ONE_PRODUCT = tuple(
    f"product_{name}"
    for name in ("details", "size", "compatibility", "usage", "stock", "restock", "authenticity", "price")
)
#: The form that offers a price.
BARGAINS = "bargain_form"
_SIZE = "product_size"
#: Entities that are one of the forms in which goods are sold.
_VARIANTS = ("colour", "size")
#: After these the number of a size alone asks whether it is there.
_OF_STOCK = ("product_stock", "product_restock")
_SIZE_NUMBER = re.compile(r"(?<!\d)\d{2}(?:[.,]5)?(?!\d)")
#: The most characters of what a unit or a number alone asks.
_LONGEST = 40
#: Facts that units measure.
_MEASURED = ("weight", "dimensions")
#: Where the model isn't sure which of these is meant, a cheaper price for several pieces is.
_BY_NUMBER = ("product_bargain", "product_price", "product_quotation", "product_promotion")
_SEVERAL = 2
#: Two wishes that have one answer, and what half of such a question is taken for.
_COST_OR_TIME = frozenset({"logistics_shipping_cost", "logistics_shipping_time"})
_LIKE_THEM = frozenset({"product_price", "logistics_services", "logistics_destinations"})


def bargains(read: Understanding, form: str | None) -> bool:
    """Whether a lower price is asked for: for several pieces, or below an offer for another product."""
    return _for_another(read) if form == BARGAINS else not form and _by_number(read)


def asks_for_delivery(read: Understanding) -> bool:
    """Whether shipping's cost and time are asked for at once, and nothing that has another answer."""
    asked = {request.intent for request in read.requests}
    is_shipping = len(read.requests) > 1 and asked & _COST_OR_TIME and asked <= _COST_OR_TIME | _LIKE_THEM
    return bool(is_shipping) and asks_cost_and_time(read.text)


def asked_of_goods(read: Understanding, last: str, memory: Mapping[str, Any]) -> str | None:
    """What measures, a number or a unit ask of the goods that were spoken of; None where they ask nothing."""
    if memory.get("form"):
        return None
    if last == _SIZE and tells_measures(read.text):
        # "Chest 96, waist 82": after a size was asked for, measures are to choose it by.
        return _SIZE
    if len(read.text) > _LONGEST:
        return None
    numbers = [found.span() for found in _SIZE_NUMBER.finditer(read.text)]
    if last in _OF_STOCK and len(numbers) == 1 and names_only(read.text, numbers):
        # "And in 46?"
        return "product_stock"
    is_measured = last in OF_ONE_PRODUCT and str(memory.get("last_fact")).startswith(_MEASURED)
    return "product_details" if is_measured and unit_named(read.text) is not None else None


def asked_of_named(read: Understanding, last: str) -> str | None:
    """What a product, colour or size that is all that is named asks, after goods were spoken of."""
    kinds, spans = _named(read)
    if last in OF_ONE_PRODUCT and kinds == ["product"] and _is_guess(read) and names_only(read.text, spans):
        return last
    is_variant = all(kind in _VARIANTS for kind in kinds)
    if not is_variant or not last.startswith("product_") or read.intent.startswith("product_"):
        return None
    return "product_stock" if names_only(read.text, spans) else None


def _by_number(read: Understanding) -> bool:
    """As in "is it cheaper if I buy 3?"."""
    pieces = read.first("quantity")
    if read.threat is not None or not isinstance(pieces, int) or pieces < _SEVERAL or read.first("money"):
        return False
    likely = read.intent in ("product_price", "product_promotion") or (
        read.intent == FALLBACK_INTENT and bool(read.ranking) and read.ranking[0][0] in _BY_NUMBER
    )
    return likely and answers.means(answers.TOO_DEAR, read.text)


def _for_another(read: Understanding) -> bool:
    """As in "and for the parka?"."""
    kinds, spans = _named(read)
    return kinds == ["product"] and _is_guess(read) and names_only(read.text, spans)


def _is_guess(read: Understanding) -> bool:
    """Of a name alone whatever the model makes of it: it knows nothing else of goods."""
    return read.intent in NOTHING or read.intent.startswith("product_")


def _named(read: Understanding) -> tuple[list[str], list[tuple[int, int]]]:
    return [one["entity"] for one in read.entities], [(one["start"], one["end"]) for one in read.entities]
