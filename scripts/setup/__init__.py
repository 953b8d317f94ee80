"""Set-up of .venv: find Python 3.10, get uv, install what is pinned, and remember what was done."""

from __future__ import annotations
