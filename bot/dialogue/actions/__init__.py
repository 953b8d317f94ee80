"""The actions that flows take, by topic; ``domain.yml`` names them."""

from __future__ import annotations

from rasa_sdk import Action

from bot.dialogue.actions import (
    advice,
    answered,
    anytime,
    assortment,
    bargaining,
    changing,
    complaints,
    customs,
    feed,
    handover,
    identity,
    languages,
    notices,
    orders,
    parcels,
    payment_answers,
    payment_problems,
    payments,
    product_answers,
    products,
    quotation,
    ratings,
    refunds,
    returns,
    shipping,
    store_answers,
)
from bot.dialogue.actions.step import Step

_MODULES = (
    advice,
    answered,
    anytime,
    assortment,
    bargaining,
    changing,
    complaints,
    customs,
    feed,
    handover,
    identity,
    languages,
    notices,
    orders,
    parcels,
    payment_answers,
    payment_problems,
    payments,
    product_answers,
    products,
    quotation,
    ratings,
    refunds,
    returns,
    shipping,
    store_answers,
)


def every_action() -> list[type[Action]]:
    """Every action and form validation that a story may name."""
    return [
        found
        for module in _MODULES
        for found in vars(module).values()
        if getattr(found, "__module__", None) == module.__name__
        and isinstance(found, type)
        and issubclass(found, Step)
    ]
