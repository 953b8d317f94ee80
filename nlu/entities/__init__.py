"""What a message names: numbers, addresses, sums, days, goods."""

from __future__ import annotations

from nlu.entities.extractor import EntityExtractor

__all__ = ["EntityExtractor"]
