"""The ways to pay and the kinds of invoices of ``shop.yml``, in words."""

from __future__ import annotations

from bot.dialogue.actions.step import Speaker
from bot.dialogue.turn import Turn


def say_how_to_pay(turn: Turn, speaker: Speaker) -> None:
    """What usually helps when a payment is refused, without looking at an order."""
    speaker.say("utter_declined_tips", **payment_values(turn))


def payment_values(turn: Turn) -> dict[str, str]:
    """The ways to pay, in words."""
    pay = turn.rules.payment
    spoken = turn.words
    methods = [turn.replies.say(f"utter_method_{name}", spoken.language, {}).text for name in pay.methods]
    return {
        "methods": spoken.any_of(methods),
        "cards": spoken.all_of(pay.card_brands),
        "wallets": spoken.any_of(pay.wallets),
        "currencies": spoken.any_of(pay.currencies),
    }


def invoice_kinds(turn: Turn) -> str:
    """The kinds of invoices that the store issues, in words."""
    kinds = [
        turn.replies.say(f"utter_invoice_{kind}", turn.words.language, {}).text
        for kind in turn.rules.payment.invoices
    ]
    return turn.words.any_of(kinds)
