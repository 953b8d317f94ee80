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
    frozenset({"payment_declined", "payment_not_registered", "payment_methods", "order_place"}),
    frozenset({"payment_charged_twice", "payment_wrong_amount", "refund_request"}),
    frozenset({"order_cancel", "refund_request", "refund_return"}),
    frozenset({"logistics_delay", "logistics_lost", "logistics_delivered_not_received", "refund_request"}),
    frozenset({"logistics_not_shipped", "logistics_delay", "order_cancel"}),
    frozenset({"refund_policy", "refund_return", "refund_request"}),
    frozenset({"refund_state", "refund_request", "refund_return"}),
    frozenset({"product_usage", "refund_faulty", "refund_warranty"}),
    frozenset({"logistics_redirect", "order_change_address", "logistics_delivery_instructions"}),
    frozenset({"product_recommend", "product_compare", "product_details", "product_size", "order_gift"}),
    frozenset({"product_bargain", "product_quotation", "product_price"}),
    frozenset({"logistics_customs", "logistics_duties"}),
)
_SETTLED = frozenset({"service_human", "service_contact"})
#: How sure both readings must be, by the bond: "by the way" says itself that another matter comes.
_SURE: Mapping[Bond, float] = {Bond.COMMA: 0.5, Bond.JOINED: 0.45, Bond.SENTENCE: 0.45, Bond.MARKED: 0.3}
#: What readings of two parts may have in common.
_COMMON = 0.15


def requests(
    text: str, whole: Reading, parts: Sequence[Part] = (), readings: Sequence[Reading] = ()
) -> tuple[Request, ...]:
    """Return the requests of a message in their order, with stretches that do not overlap.

    `parts` come from `nlu.clauses.parts`, `readings` say what the model makes of each. One request has the
    reading and the stretch of the whole message. Nothing understood is no request.
    """
    groups = _groups(parts, readings)
    if len(groups) < 2:
        if not whole.understood or not whole.ranking:
            return ()
        start = len(text) - len(text.lstrip())
        return (Request(whole.intent, whole.confidence, start, max(start, len(text.rstrip()))),)
    return tuple(
        Request(reading.intent, reading.confidence, first.start, last.end) for reading, first, last in groups
    )


def _groups(parts: Sequence[Part], readings: Sequence[Reading]) -> list[tuple[Reading, Part, Part]]:
    """Neighbours that say one wish, joined: its reading, the first and the last part of it."""
    groups: list[tuple[Reading, Part, Part]] = []
    before: Part | None = None
    for part, reading in zip(parts, readings, strict=True):
        if not _wishes(reading, part):
            if groups:
                known, first, _ = groups[-1]
                groups[-1] = (known, first, part)
            else:
                before = before or part
            continue
        if groups and _same(groups[-1][0], reading, part):
            known, first, _ = groups[-1]
            groups[-1] = (max(known, reading, key=lambda one: one.confidence), first, part)
        else:
            groups.append((reading, before or part, part))
            before = None
    return groups


def _wishes(reading: Reading, part: Part) -> bool:
    return reading.intent not in _TALK and reading.confidence >= _SURE[Bond.MARKED]


def _same(one: Reading, other: Reading, part: Part) -> bool:
    """Whether two readings are of one wish, `part` being what the second was made of."""
    pair = {one.intent, other.intent}
    if len(pair) == 1:
        return True
    if part.bond is not Bond.MARKED and any(pair <= family for family in _ONE_WISH):
        return True
    return min(one.confidence, other.confidence) < _SURE[part.bond] or _common(one, other) > _COMMON


def _common(one: Reading, other: Reading) -> float:
    """How likely it is that both mean the same intent."""
    return sum(sure * other.of(name) for name, sure in one.ranking)
