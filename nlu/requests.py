"""What a message asks for: often one thing, at times two or three, each with its place in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu.clauses import Bond, Part


@dataclass(frozen=True)
class Reading:
    """What the model makes of a stretch of text: intents with their probabilities, the likeliest first."""

    ranking: tuple[tuple[str, float], ...]
    #: Whether it is sure enough to be acted upon.
    understood: bool = True

    @property
    def intent(self) -> str:
        """The likeliest intent; empty if there is none."""
        return self.ranking[0][0] if self.ranking else ""

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.ranking[0][1] if self.ranking else 0.0

    def of(self, intent: str) -> float:
        """The probability of an intent, 0 if it is not ranked."""
        return next((sure for name, sure in self.ranking if name == intent), 0.0)


@dataclass(frozen=True)
class Request:
    """One wish, said in `text[start:end]`."""

    intent: str
    confidence: float
    start: int
    end: int


#: Talk, tone and what no desk serves: no request beside another one.
_TALK = frozenset(
    {
        *("service_greeting", "service_thanks", "service_goodbye", "service_affirm", "service_deny"),
        *("service_leave", "service_bot", "service_capabilities", "service_complaint", "service_threat"),
        *("service_praise", "out_of_scope", ""),
    }
)
#: What went wrong, and what is asked for because of it, tell the same wish twice.
_ONE_WISH: tuple[frozenset[str], ...] = (
    frozenset(
        {
            *("logistics_where_is_parcel", "logistics_delay", "logistics_lost", "logistics_not_shipped"),
            *("logistics_delivered_not_received", "order_state"),
        }
    ),
    frozenset(
        {
            *("refund_request", "refund_return", "refund_exchange", "refund_damaged", "refund_wrong_item"),
            *("refund_missing_item", "refund_not_as_described", "refund_faulty"),
        }
    ),
    frozenset({"payment_declined", "payment_not_registered", "order_place"}),
    frozenset({"payment_charged_twice", "payment_wrong_amount", "refund_request"}),
    frozenset({"order_cancel", "refund_request", "refund_return"}),
    frozenset({"logistics_delay", "logistics_lost", "logistics_delivered_not_received", "refund_request"}),
    frozenset({"logistics_where_is_parcel", "logistics_delay", "logistics_shipping_time"}),
    frozenset({"logistics_not_shipped", "logistics_delay", "order_cancel"}),
    frozenset({"refund_policy", "refund_return", "refund_request"}),
    frozenset({"refund_state", "refund_request", "refund_return"}),
    frozenset({"product_usage", "refund_faulty"}),
    frozenset({"logistics_redirect", "order_change_address", "logistics_delivery_instructions"}),
    frozenset({"product_recommend", "product_compare", "product_details", "product_size", "order_gift"}),
    frozenset({"product_bargain", "product_quotation", "product_price"}),
    frozenset({"logistics_customs", "logistics_duties"}),
    # "Where does the difference come from?"
    frozenset({"product_compare", "payment_wrong_amount", "refund_not_as_described"}),
)
#: Wishes that buyers express by telling what happened; any other statement beside a wish is its story.
_TOLD = frozenset(
    {
        *("refund_damaged", "refund_wrong_item", "refund_missing_item", "refund_not_as_described"),
        *("refund_faulty", "refund_state", "refund_request", "refund_return", "refund_exchange"),
        *("payment_declined", "payment_charged_twice", "payment_not_registered", "payment_wrong_amount"),
        *("payment_coupon", "payment_price_protection", "payment_invoice", "logistics_delay"),
        *("logistics_lost", "logistics_not_shipped", "logistics_delivered_not_received"),
        *("logistics_where_is_parcel", "logistics_customs", "logistics_delivery_instructions"),
        *("order_cancel", "order_change_items", "order_change_address", "order_note", "order_gift"),
        "service_account",
    }
)
#: How sure both readings must be, by the bond: "by the way" says itself that another matter comes.
_SURE: Mapping[Bond, float] = {Bond.COMMA: 0.65, Bond.JOINED: 0.55, Bond.SENTENCE: 0.55, Bond.MARKED: 0.4}
#: How sure a statement must be beside a question.
_TOLD_SURE = 0.9
#: What readings of two parts may have in common.
_COMMON = 0.15
#: A message that the model is so sure of has one wish, unless the parts are as sure of two.
_CLEAR = 0.95
_AS_SURE = 0.8


def requests(
    text: str, whole: Reading, parts: Sequence[Part] = (), readings: Sequence[Reading] = ()
) -> tuple[Request, ...]:
    """Return the requests of a message in their order, with stretches that do not overlap.

    `parts` come from `nlu.clauses.parts`, `readings` say what the model makes of each. One request has the
    reading and the stretch of the whole message. Nothing understood is no request.
    """
    groups = _groups(whole, parts, readings)
    if len(groups) < 2:
        if not whole.understood or not whole.ranking:
            return ()
        start = len(text) - len(text.lstrip())
        return (Request(whole.intent, whole.confidence, start, max(start, len(text.rstrip()))),)
    return tuple(
        Request(reading.intent, reading.confidence, first.start, last.end) for reading, first, last in groups
    )


def _groups(
    whole: Reading, parts: Sequence[Part], readings: Sequence[Reading]
) -> list[tuple[Reading, Part, Part]]:
    """Neighbours that say one wish, joined: its reading, the first and the last part of it."""
    groups: list[tuple[Reading, Part, Part]] = []
    preface: Part | None = None
    for part, reading in zip(parts, readings, strict=True):
        if not _wishes(reading):
            if groups:
                known, first, _ = groups[-1]
                groups[-1] = (known, first, part)
            else:
                preface = preface or part
        elif groups and _same(whole, groups[-1], reading, part):
            known, first, _ = groups[-1]
            groups[-1] = (max(known, reading, key=lambda one: one.confidence), first, part)
        else:
            groups.append((reading, preface or part, part))
            preface = None
    return groups


def _wishes(reading: Reading) -> bool:
    return reading.intent not in _TALK and reading.confidence >= _SURE[Bond.MARKED]


def _same(whole: Reading, group: tuple[Reading, Part, Part], other: Reading, part: Part) -> bool:
    """Whether a part says the same wish as the group before it."""
    one, first, last = group
    pair = {one.intent, other.intent}
    if len(pair) == 1 or min(_sureness(one), _sureness(other)) < _SURE[part.bond]:
        return True
    if sum(sure * other.of(name) for name, sure in one.ranking) > _COMMON:
        return True
    if part.bond is Bond.MARKED:
        return False
    if any(pair <= family for family in _ONE_WISH):
        return True
    statements = [
        reading for reading, asks in ((one, first.asks or last.asks), (other, part.asks)) if not asks
    ]
    if statements and (part.bond is Bond.COMMA or not all(map(_is_told, statements))):
        return True
    clear = whole.confidence > _CLEAR and (whole.intent not in pair or min(map(whole.of, pair)) < 0.02)
    return clear and min(one.confidence, other.confidence) < _AS_SURE


def _sureness(reading: Reading) -> float:
    """How sure it is of the wish, if not of its exact name: neighbours may share the probability."""
    near = {reading.intent}.union(*(family for family in _ONE_WISH if reading.intent in family))
    return sum(sure for name, sure in reading.ranking if name in near)


def _is_told(reading: Reading) -> bool:
    return reading.intent in _TOLD and reading.confidence >= _TOLD_SURE
