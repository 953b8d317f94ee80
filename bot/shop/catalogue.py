"""What is sold: products, variants, certificates and size charts; plain values, no SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.shop.money import Money


@dataclass(frozen=True)
class Variant:
    """What is really sold: a product in one colour and size."""

    sku: str
    product_code: str
    #: Empty where the product has only one.
    colour: str
    #: Empty where the product has only one.
    size: str
    #: The list price, in the store's currency.
    price: Money
    #: Nobody may sell below this; never told to buyers.
    floor: Money
    #: Pieces on hand.
    stock: int
    #: When more arrive, if that is known; a day at the warehouse.
    restock_on: dt.date | None = None


@dataclass(frozen=True)
class Certificate:
    """A mark or test report."""

    #: As printed on the product: ``CE``, ``FCC``.
    name: str
    #: ISO 3166 codes where it counts; empty means everywhere.
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class SizeRow:
    """One size of a size chart."""

    #: As in ``Variant.size``.
    size: str
    #: Body measures in centimetres, from and to: ``{"chest": (88, 94)}``.
    body: Mapping[str, tuple[float, float]]
    #: The same size in other systems: ``{"EU": "38", "US": "6"}``.
    equivalents: Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """What is said of a product in one language; what is left out is not translated."""

    description: str = ""
    #: By fact, as in ``Product.facts``.
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Product:
    """A product of the catalogue."""

    code: str
    name: str
    category: str
    description: str
    #: What is known, by fact: material, weight, dimensions, care, voltage, plug, compatibility, origin,
    #: warranty, in_the_box, authenticity … A fact that is not here is not known and must not be invented.
    facts: Mapping[str, str]
    variants: tuple[Variant, ...]
    #: Out of 5, one decimal; None while nobody has rated it.
    rating: float | None
    review_count: int
    #: The lowest list price among the variants.
    price: Money
    certificates: tuple[Certificate, ...] = ()
    size_chart: tuple[SizeRow, ...] = ()
    #: Other names that buyers use.
    aliases: tuple[str, ...] = ()
    #: Codes of products that go with it.
    goes_with: tuple[str, ...] = ()
    #: Its names in other languages, by ISO 639-1.
    names: Mapping[str, str] = field(default_factory=dict)
    #: What is said of it in the language in which it was looked up, by ISO 639-1.
    told: Mapping[str, Told] = field(default_factory=dict)

    def name_in(self, language: str) -> str:
        """Its name in a language (BCP 47), or as the store calls it where it has none there."""
        return self.names.get(language.partition("-")[0], self.name)

    def fact_in(self, fact: str, language: str) -> str | None:
        """A fact in a language (BCP 47); None where it is told in the store's language only, or not known."""
        told = self.told.get(language.partition("-")[0])
        return told.facts.get(fact) if told is not None and fact in self.facts else None

    def description_in(self, language: str) -> str | None:
        """Its description in a language (BCP 47), if there is one."""
        told = self.told.get(language.partition("-")[0])
        return told.description or None if told is not None else None

    @property
    def sizes(self) -> tuple[str, ...]:
        """Its sizes, in the catalogue's order."""
        return tuple(dict.fromkeys(variant.size for variant in self.variants if variant.size))

    @property
    def colours(self) -> tuple[str, ...]:
        """Its colours, in the catalogue's order."""
        return tuple(dict.fromkeys(variant.colour for variant in self.variants if variant.colour))
