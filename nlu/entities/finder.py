"""All that a message names, without overlaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from nlu.entities.colours import find_colours
from nlu.entities.contacts import find_emails, find_phones
from nlu.entities.countries import find_countries
from nlu.entities.dates import find_dates
from nlu.entities.money import find_money
from nlu.entities.numbers import find_numbers
from nlu.entities.products import ProductNames
from nlu.entities.quantities import find_quantities
from nlu.entities.sizes import find_sizes
from nlu.entities.spans import Span, Utterance, settle, visible
from nlu.lexicon import Lexicon

#: Numbers and addresses are searched this far, words as far as a long message goes.
_REACH = 4_000
_WORDS_REACH = 2_000


#: Letters of the scripts, and something of each kind, so that all that is prepared at first use is.
_SAMPLES = ("+49 30 901820, 3 days ago, 5 May, 2 pcs", "пять", "خمسة", "三个", "さん", "다섯")


class EntityFinder:
    """Finds what a message names, with the store's words."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Build what can be built beforehand (a second), so that no language's first buyer waits."""
        self._lexicon = lexicon
        self._products = ProductNames(lexicon)
        self._calendar = ZoneInfo(lexicon.timezone)
        moment = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)
        for language in dict.fromkeys((lexicon.fallback_language, *lexicon.languages)):
            # A message whose language is not known is taken for the fallback's, in whatever script it is.
            samples = _SAMPLES if language == lexicon.fallback_language else _SAMPLES[:1]
            for sample in samples:
                self.find(sample, language=language, now=moment)

    def find(self, text: str, *, language: str, now: dt.datetime, region: str | None = None) -> list[Span]:
        """Return what is named, in order, none overlapping another. `now` is aware."""
        seen = visible(text[: _REACH * 2])
        utterance = self._utterance(seen.text[:_REACH], language, now, region)
        spans = list(self._numbers(utterance))
        words = utterance
        if len(utterance.text) > _WORDS_REACH:
            words = self._utterance(utterance.text[:_WORDS_REACH], language, now, region)
        products = list(self._products.find(words))
        spans += products
        spans += find_dates(words)
        spans += find_sizes(words, self._lexicon.sizes)
        spans += find_countries(words)
        colours = list(find_colours(words, self._lexicon.colours))
        spans += colours
        spans += find_quantities(words, (*products, *colours))
        return [seen.restore(span) for span in settle(spans)]

    def _utterance(self, text: str, language: str, now: dt.datetime, region: str | None) -> Utterance:
        return Utterance(
            text,
            language,
            now.astimezone(self._calendar).date(),
            region or self._lexicon.default_region,
            region_known=region is not None,
        )

    def _numbers(self, utterance: Utterance) -> Iterator[Span]:
        lexicon = self._lexicon
        yield from find_emails(utterance)
        yield from find_numbers(utterance, lexicon.order_numbers, lexicon.tracking_numbers)
        yield from find_phones(utterance)
        yield from find_money(utterance, lexicon.languages, lexicon.currency)
