"""Letters of buyers, as a channel's translation would hand them over."""

from __future__ import annotations

from itertools import count
from typing import Any

from bot.messages import Inbound
from tests.conftest import NOON

_numbers = count(1)


def letter(text: str = "Hello", sender: str = "ana", **more: Any) -> Inbound:
    """A new message; a repeated one has the same ``message_id``."""
    known = {
        "channel": "web",
        "account": "store",
        "message_id": f"m{next(_numbers)}",
        "sender": sender,
        "text": text,
        "sent_at": NOON,
    }
    return Inbound(**{**known, **more})
