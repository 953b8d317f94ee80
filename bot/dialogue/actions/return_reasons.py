"""Why goods come back: by a button, by what a message means, or by its words."""

from __future__ import annotations

from bot.dialogue.actions.answers import first_meant, means
from bot.dialogue.actions.change import SURE
from bot.dialogue.turn import Turn
from bot.shop.values import ReturnReason

#: What the buyer may choose as the reason, in the order of the buttons.
REASONS = (
    ReturnReason.CHANGED_MIND,
    ReturnReason.DOES_NOT_FIT,
    ReturnReason.NOT_AS_DESCRIBED,
    ReturnReason.DAMAGED,
    ReturnReason.FAULTY,
    ReturnReason.WRONG_ITEM,
    ReturnReason.OTHER,
)
#: What a buyer says instead of pressing the button.
REASON_OF_INTENT = {
    "refund_damaged": ReturnReason.DAMAGED,
    "refund_faulty": ReturnReason.FAULTY,
    "refund_wrong_item": ReturnReason.WRONG_ITEM,
    "refund_missing_item": ReturnReason.MISSING_ITEM,
    "refund_not_as_described": ReturnReason.NOT_AS_DESCRIBED,
    "refund_exchange": ReturnReason.DOES_NOT_FIT,
    "product_size": ReturnReason.DOES_NOT_FIT,
    "refund_return": ReturnReason.CHANGED_MIND,
    "logistics_delay": ReturnReason.LATE,
}
#: Reasons that words may tell, in the order of looking for them.
REASON_WORDS = (
    *("does_not_fit", "damaged", "faulty", "wrong_item", "not_as_described", "changed_mind", "other"),
)


def told_reason(turn: Turn, *, asked: bool) -> ReturnReason | None:
    """The reason that a button or the words tell; ``asked``: it was asked for."""
    pressed = turn.understanding.first("return_reason")
    if pressed in [reason.value for reason in REASONS]:
        return ReturnReason(pressed)
    read = REASON_OF_INTENT.get(turn.understanding.intent)
    elsewhere = turn.understanding.intent.startswith(("payment_", "logistics_", "order_"))
    if elsewhere and turn.understanding.confidence >= SURE:
        return read
    if asked and _exchanges(turn):
        # No reason, and another wish: the flow of exchanges takes it up.
        return None
    if asked and read in (None, ReturnReason.CHANGED_MIND):
        said = first_meant(REASON_WORDS, turn.understanding.text)
        return read if said is None else ReturnReason(said)
    # Outside the question, "I want to return it" is no reason, but "it arrived broken" is.
    return read if asked or read is not ReturnReason.CHANGED_MIND else None


def _exchanges(turn: Turn) -> bool:
    """Whether the goods are to be exchanged instead, in so many words: "too small" alone is a reason."""
    read = turn.understanding
    surely = read.intent == "refund_exchange" and read.confidence >= SURE
    return surely and means("replace", read.text)
