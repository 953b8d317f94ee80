"""What a buyer asks next about the subject at hand without naming it: "and how long?", "who pays for that?".

The model reads each message by itself, so that "how much?" is the price of goods to it, whatever was spoken
of. Here a message that holds nothing but such a question is told by its words, and means what it can mean
after the question before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import Pattern

from ruamel.yaml import YAML

from bot.dialogue.beforehand import read_once
from bot.spelling import plain

#: The most characters of a question that names nothing.
LONGEST = 60

_SHIPPING = ("destinations", "services", "shipping_cost", "shipping_time")
_ON_THE_WAY = ("where_is_parcel", "delay")
_RETURNS = ("policy", "return", "exchange", "return_freight", "return_address")
_DEFECTS = ("damaged", "faulty", "wrong_item", "not_as_described", "missing_item", "warranty")
_PAID_BACK = ("state", "request")


def _of(topic: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{topic}_{name}" for name in names)


_GOODS = _of(
    "product",
    *("details", "size", "compatibility", "usage", "stock", "restock", "authenticity", "price"),
    *("compare", "recommend", "promotion"),
)
_BEFORE_BUYING = _of("logistics", *_SHIPPING)
_AT_THE_BORDER = _of("logistics", "customs", "duties")
_PARCEL = (*_of("logistics", *_ON_THE_WAY), "order_state")
_BACK = (*_of("refund", *_PAID_BACK), "order_cancel", "payment_charged_twice", "payment_wrong_amount")
_UNSOLVED = (
    *_of("payment", "declined", "not_registered"),
    *_of("logistics", "not_shipped", "lost", "delivered_not_received", "extend_protection"),
    *_of("refund", "return", "exchange", "return_freight"),
)
_ITSELF = "itself"
#: Which of what was shown shall be taken.
WHICH_ONE = "which_one"
#: By what is asked: what it means after which questions.
_MEANT: Mapping[str, Sequence[tuple[Sequence[str], str]]] = {
    # "Expensive", where a price was told, refuses it; elsewhere it asks for one.
    "too_much": ((_of("product", "price", "promotion", "bargain"), "product_bargain"),),
    "how_much": (
        (_BEFORE_BUYING, "logistics_shipping_cost"),
        (_AT_THE_BORDER, "logistics_duties"),
        (_of("refund", "policy", "return", "return_address", "return_freight"), "refund_return_freight"),
        (_GOODS, "product_price"),
        (_BACK, "refund_state"),
        (_of("payment", "points", "coupon", "deposit", "instalments", "tax"), _ITSELF),
        (_of("product", "quotation"), _ITSELF),
    ),
    "how_long": (
        (_BEFORE_BUYING, "logistics_shipping_time"),
        (_PARCEL, "logistics_where_is_parcel"),
        (("refund_return", *_BACK), "refund_state"),
        (_of("refund", "policy", "warranty"), _ITSELF),
        (_of("logistics", "customs", "not_shipped", "lost", "extend_protection"), _ITSELF),
        (_of("product", "restock"), _ITSELF),
    ),
    "until_when": (
        (_of("refund", *_RETURNS), "refund_policy"),
        (_of("refund", "warranty"), _ITSELF),
        (_of("payment", "coupon", "points", "price_protection", "deposit"), _ITSELF),
        (_of("product", "promotion"), _ITSELF),
        (_of("logistics", "extend_protection"), _ITSELF),
    ),
    "when": (
        (_BEFORE_BUYING, "logistics_shipping_time"),
        (_PARCEL, "logistics_where_is_parcel"),
        (_BACK, "refund_state"),
        (_of("logistics", "customs", "not_shipped"), _ITSELF),
        (_of("product", "stock", "restock"), "product_restock"),
    ),
    "why": (
        (_PARCEL, "logistics_delay"),
        (_of("logistics", "customs", "not_shipped"), _ITSELF),
        (_of("refund", *_PAID_BACK), "refund_state"),
        (_of("payment", "declined"), _ITSELF),
    ),
    "who_pays": (
        ((*_AT_THE_BORDER, *_of("logistics", "destinations")), "logistics_duties"),
        (_of("refund", *_RETURNS, *_DEFECTS), "refund_return_freight"),
        (_of("logistics", "shipping_cost", "services"), "logistics_shipping_cost"),
    ),
    "where_to": ((_of("refund", *_RETURNS, *_DEFECTS), "refund_return_address"),),
    "faster": ((_BEFORE_BUYING, "logistics_services"), (_PARCEL, "logistics_delay")),
    "money": ((("refund_return", *_BACK), "refund_state"),),
    "to_what": ((("refund_return", *_BACK), "refund_state"),),
    "shipping": (
        ((*_GOODS, *_BEFORE_BUYING), "logistics_shipping_cost"),
        (_of("refund", *_RETURNS), "refund_return_freight"),
    ),
    "taxes": (((*_GOODS, *_BEFORE_BUYING, *_AT_THE_BORDER), "logistics_duties"),),
    "unpaid": ((_AT_THE_BORDER, "logistics_customs"),),
    "now_what": (((*_PARCEL, *_BACK, *_AT_THE_BORDER, *_DEFECTS, *_UNSOLVED), _ITSELF),),
    WHICH_ONE: ((_of("product", "compare", "recommend"), _ITSELF),),
    "otherwise": ((_of("payment", "declined", "methods", "instalments"), "payment_methods"),),
}
#: What is asked once more rather than anew, where the answer stays the same.
_IMPATIENT = frozenset({"how_long", "when", "why", "money", "now_what"})
#: The lines of the words that stand around a question, and around the colour or size that is all it names.
_BEFORE, _AFTER, _ABOUT = "before", "after", "about"
_TOO_MUCH = "too_much"
_WORD = re.compile(r"\w")
_QUESTION = re.compile("[?？؟]")
#: Scripts in which words are written together, if only an "and" with what follows.
_UNSPACED = re.compile("[\u0600-\u06ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class _Language:
    """How it is asked in one language."""

    before: Sequence[Pattern[str]]
    after: Sequence[Pattern[str]]
    about: Sequence[Pattern[str]]
    questions: Mapping[str, Pattern[str]]

    def asked(self, said: str) -> Iterator[str]:
        """What may be asked for, where a message holds nothing but that."""
        starts = _reached(said, self.before, 0)
        ends = [at for at in _ends(said) if len(said) in _reached(said, self.after, at)]
        spans = [(start, end) for start in starts for end in ends if start < end]
        # "Dear!" is said of a price; "dear?" asks for one.
        asks = _QUESTION.search(said) is not None
        asked = sorted(self.questions, key=lambda one: (one == _TOO_MUCH) == asks)
        return (one for one in asked if _holds(self.questions[one], said, spans))


def follow_up(text: str, last: str) -> str | None:
    """What a question that names nothing means after another.

    Args:
        text: the message.
        last: the intent of the question before it.

    Returns:
        The intent; None if the message says more, or may mean nothing of the kind after that question.
    """
    for asked in _asked(text):
        for after, means in _MEANT[asked]:
            if last in after:
                return last if means == _ITSELF else means
    return None


def question_of(text: str) -> str | None:
    """What a message asks for that names nothing, such as ``how_much``.

    None for any other message, and for one that is impatient: "why?" asks once more for what was told.
    """
    return next((asked for asked in _asked(text) if asked not in _IMPATIENT), None)


def names_only(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a message asks for what stands in these spans, and for nothing else: "and in black?"."""
    if len(text) > LONGEST:
        return False
    rest = "".join(" " if any(at in range(*span) for span in spans) else sign for at, sign in enumerate(text))
    said = plain(rest)[:LONGEST]
    return any(
        len(said) in _reached(said, (*language.before, *language.about, *language.after), 0)
        for language in _languages()
    )


def _asked(text: str) -> Iterator[str]:
    if len(text) <= LONGEST:
        said = plain(text)[:LONGEST]
        for language in _languages():
            yield from language.asked(said)


def _holds(question: Pattern[str], said: str, spans: Sequence[tuple[int, int]]) -> bool:
    return any(question.fullmatch(said, *span) for span in spans)


def _reached(said: str, words: Sequence[Pattern[str]], start: int) -> set[int]:
    """Where one stands after any number of these words, with what is no letter before and after them.

    A set and no expression: words that are made of other words would have an expression try every division.
    """
    left, reached = [_next(said, start)], set[int]()
    while left:
        at = left.pop()
        if at not in reached:
            reached.add(at)
            left += [_next(said, found.end()) for word in words if (found := word.match(said, at))]
    return reached


def _next(said: str, start: int) -> int:
    found = _WORD.search(said, start)
    return found.start() if found else len(said)


def _ends(said: str) -> Sequence[int]:
    """Where a word may end."""
    return [
        at
        for at in range(1, len(said) + 1)
        if _WORD.match(said[at - 1])
        and (at == len(said) or not _WORD.match(said[at]) or _UNSPACED.match(said[at]))
    ]


@read_once
def _languages() -> Sequence[_Language]:
    path = Path(__file__).with_name("follow_ups.yml")
    read: Mapping[str, Mapping[str, Sequence[str]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return [
        _Language(
            _whole(spoken[_BEFORE]),
            _whole(spoken[_AFTER]),
            _whole(spoken[_ABOUT]),
            {asked: re.compile("|".join(map(plain, spoken[asked]))) for asked in _MEANT},
        )
        for spoken in read.values()
    ]


def _whole(words: Sequence[str]) -> Sequence[Pattern[str]]:
    """Each word, as a whole where words are written apart."""
    told = map(plain, words)
    return [re.compile(word if _UNSPACED.search(word) else rf"(?:{word})\b") for word in told]
