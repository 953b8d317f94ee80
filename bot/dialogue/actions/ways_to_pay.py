"""Which ways to pay are asked for by name, in the store's ten languages, and whether the store takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from re import Pattern

from bot.dialogue.actions.wordlists import any_of, read_lists
from bot.dialogue.beforehand import read_once
from bot.settings.trade import PaymentRules
from bot.spelling import plain

CASH_ON_DELIVERY = "cash_on_delivery"


def named_in(text: str) -> Sequence[str]:
    """The ways to pay that a message names: brands as they are written, else keys of ``shop.yml``.

    A card or a transfer beside a brand's name is that brand's: "with my Visa card".
    """
    said = plain(text)
    ways = _ways()
    brands = tuple(name for name, how in ways["brands"].items() if how.search(said))
    return brands or tuple(name for name, how in ways["methods"].items() if how.search(said))


def is_taken(name: str, rules: PaymentRules) -> bool:
    """Whether the store takes a way to pay, by ``shop.yml``."""
    if name == CASH_ON_DELIVERY:
        return rules.cash_on_delivery
    return plain(name) in {plain(one) for one in _taken(rules)}


def _taken(rules: PaymentRules) -> Iterator[str]:
    yield from rules.methods
    yield from rules.card_brands
    yield from rules.wallets
    if rules.instalments is not None:
        yield from rules.instalments.providers


@read_once
def _ways() -> Mapping[str, Mapping[str, Pattern[str]]]:
    read = read_lists(Path(__file__).with_suffix(".yml"))
    return {kind: {name: any_of(words) for name, words in named.items()} for kind, named in read.items()}
