"""What the desk asks of those who know why the bot said something."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.engine import Connection

from bot.desk.values.views import Because


class Explainer(Protocol):
    """Knows why the bot said what stands at a place of a conversation."""

    def __call__(self, connection: Connection, conversation_id: int, position: int) -> Because | None:
        """The reasons, unmasked; None if no turn that is kept said it."""
        ...
