"""What the Makefile runs before anything is installed: Python 3.7 and its standard library must do."""

from __future__ import annotations
