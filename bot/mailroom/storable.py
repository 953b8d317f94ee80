"""What a database can hold of a message: PostgreSQL refuses what SQLite takes in silence."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from bot.errors import NeverError
from bot.mailroom.tables import conversations, inbox
from bot.messages import Attachment, Inbound
from bot.privacy import mask_cards

#: What no database stores as text: zero bytes and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _length(table: Any, name: str) -> int:
    return int(table.c[name].type.length)


#: What may be cut: it names nothing.
_CUT = {
    "sender_name": _length(conversations, "sender_name"),
    "language_hint": _length(inbox, "language_hint"),
    "network": _length(inbox, "network"),
}
#: What must stay unique: where it is too long, a digest stands for its end.
_IDS = {name: _length(inbox, name) for name in ("message_id", "edits")}
#: What is answered to, so it must stay as it is.
_ADDRESS = {name: _length(conversations, name) for name in ("channel", "account", "sender")}


def storable(message: Inbound) -> Inbound:
    """The message without what must not or cannot be stored.

    Raises:
        NeverError: its sender's address is longer than any.
    """
    for name, longest in _ADDRESS.items():
        if len(getattr(message, name)) > longest:
            raise NeverError(f"a message whose {name} has more than {longest} characters cannot be taken")
    values = _clean(vars(dataclasses.replace(message, text=mask_cards(message.text))))
    for name, longest in _CUT.items():
        values[name] = values[name] and values[name][:longest]
    for name, longest in _IDS.items():
        values[name] = values[name] and _unique(values[name], longest)
    values["attachments"] = tuple(Attachment(**_clean(vars(item))) for item in message.attachments)
    values["note"] = _clean(message.note)
    return Inbound(**values)


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _unique(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return f"{text[: longest - len(digest) - 1]}…{digest}"
