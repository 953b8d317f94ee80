"""all-MiniLM-L6-v2, a sentence encoder for English."""

from __future__ import annotations
