"""How tests read letters: as one mailbox of a store whose key is known."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from adapters.mail.letter import read
from adapters.mail.marks import Marks
from adapters.mail.translate import Account, Arrived, Returned, Unanswered, translate

OURS = "help@shop.example"
MARKS = Marks(b"0" * 32)
ACCOUNT = Account(OURS, MARKS, frozenset({OURS, "sales@shop.example"}), "mx.shop.example")
NOW = dt.datetime(2026, 11, 22, 12, 31, tzinfo=dt.timezone.utc)


def taken(raw: bytes, account: Account = ACCOUNT) -> Arrived | Unanswered | Returned:
    """What a letter is to us."""
    return translate(read([raw]), account, NOW)


def arrived(raw: bytes, account: Account = ACCOUNT) -> Arrived:
    """A buyer's letter."""
    found = taken(raw, account)
    assert isinstance(found, Arrived), found
    return found


def told(found: Arrived | Unanswered | Returned) -> dict[str, Any]:
    """The same as JSON has it, without what is always so."""
    if isinstance(found, Unanswered):
        return {"unanswered": found.reason.value}
    if isinstance(found, Returned):
        return {"returned": list(found.keys), "why": found.why}
    message = asdict(found.message)
    assert (message["channel"], message["account"], message["numbered"]) == ("mail", OURS, True)
    kept = ("message_id", "sender", "sender_name", "text", "language_hint", "note")
    files = [[file.name, file.media_type, len(file.content())] for file in found.files]
    return {
        **{name: message[name] for name in kept if message[name] is not None},
        "sent_at": message["sent_at"].isoformat(),
        "files": files,
    }
