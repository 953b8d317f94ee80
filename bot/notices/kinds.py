"""The kinds of messages that the store writes first, and what is said of one."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.mailroom.timers import Timer

#: The kind of their timers, and of the event on which the conversation takes its turn.
NOTICE = "notice"


class NoticeKind(str, enum.Enum):
    """Why the store writes."""

    UNPAID = "unpaid"
    #: A part was paid; the rest is due.
    BALANCE = "balance"
    #: It should have left the warehouse and has not, or an article is sold out.
    LATE = "late"
    RESTOCK = "restock"
    #: Asked about a product, and did not buy it.
    NOT_BOUGHT = "not_bought"
    #: Received a while ago, and nothing went wrong.
    DELIVERED = "delivered"


@dataclass(frozen=True)
class Notice:
    """One message that the store writes first; JSON in its timer and in its event."""

    kind: NoticeKind
    #: Unique for ever: what was told under it is not told again.
    key: str
    #: None: the buyer never wrote, see ``bot.notices.first``.
    conversation_id: int | None
    order_number: str | None = None
    #: The product's code or the SKU that is meant.
    product: str | None = None

    @classmethod
    def of(cls, timer: Timer) -> Notice:
        """The notice that a timer stands for."""
        return read(timer.key, timer.conversation_id, timer.data)

    @property
    def subject(self) -> str:
        """What its timer is about."""
        return f"order:{self.order_number}" if self.order_number else f"product:{self.product}"

    @property
    def data(self) -> dict[str, Any]:
        """What its timer and its event tell."""
        return {"kind": self.kind.value, "number": self.order_number, "product": self.product}


def read(key: str, conversation_id: int | None, data: Mapping[str, Any]) -> Notice:
    """A notice out of what its timer or its event tells."""
    return Notice(NoticeKind(data["kind"]), key, conversation_id, data.get("number"), data.get("product"))


def key_of(kind: NoticeKind, about: str, times: int = 1) -> str:
    """A notice's key: ``notice:unpaid:CD-100001:1``."""
    return f"{NOTICE}:{kind.value}:{about}:{times}"
