"""The rival: stock Rasa as ``rasa init`` configures it, with an action server beside it."""

from __future__ import annotations
