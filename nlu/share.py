"""Which examples are kept out of what is tuned beforehand, so that confidence can be judged on them."""

from __future__ import annotations

import hashlib

#: Of 256 parts.
_PARTS = 20


def is_set_aside(text: str) -> bool:
    """Whether a text belongs to the eighth-odd per cent that the shipped adapter has never seen.

    It depends on the text alone: the adapter's maker and a store's training agree without a list.
    """
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] < _PARTS
