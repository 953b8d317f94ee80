"""Understanding, measured on public data sets by their own protocols."""

from __future__ import annotations
