"""The actions that flows take, by topic; ``domain.yml`` names them."""

from __future__ import annotations

from rasa_sdk import Action

from bot.dialogue.actions import (
    advice,
    answered,
    assortment,
    bargained,
    bargaining,
    changing,
    complaints,
    customs,
    feed,
    greeting,
    handover,
    identity,
    identity_form,
    languages,
    not_understood,
    notices,
    offers,
    orders,
    parcels,
    payment_answers,
    payment_problems,
    payments,
    product_answers,
    products,
    quotation,
    ratings,
    recommending,
    refunds,
    returns,
    shipping,
    stock,
    store_answers,
    wrap_up,
)
from bot.dialogue.actions.step import Step

_MODULES = (
    advice,
    answered,
    assortment,
    bargained,
    bargaining,
    changing,
    complaints,
    customs,
    feed,
    greeting,
    handover,
    identity,
    identity_form,
    languages,
    not_understood,
    notices,
    offers,
    orders,
    parcels,
    payment_answers,
    payment_problems,
    payments,
    product_answers,
    products,
    quotation,
    ratings,
    recommending,
    refunds,
    returns,
    shipping,
    stock,
    store_answers,
    wrap_up,
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
