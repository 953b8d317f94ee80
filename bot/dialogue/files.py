"""Files that buyers send: what is said to one without a word, and of one that was not kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.dialogue.replies import Replies
from bot.dialogue.turn import Said
from bot.mailroom.inbox import MESSAGE, Claim, InboxRow
from bot.mailroom.tables import inbox
from bot.settings import ShopRules

#: What a message means that is nothing but files.
FILE_ALONE = "file_alone"
#: The reply that tells of a file that was not kept.
NOT_KEPT = "utter_file_not_kept"
#: Files that come so soon after one another were sent together, whatever the channel made of them.
TOGETHER = dt.timedelta(seconds=60)


def is_bare(row: InboxRow) -> bool:
    """Whether a message is files and nothing else."""
    return bool(row.attachments) and row.button is None and not row.text.strip()


def came_along(connection: Connection, held: Claim) -> bool:
    """Whether these files were sent together with those of the message before, which is answered already."""
    if not is_bare(held.row) or any(not file.path for file in held.row.attachments):
        return False
    before = connection.execute(
        sa.select(inbox.c.data, inbox.c.received_at)
        .where(
            inbox.c.conversation_id == held.conversation.id,
            inbox.c.kind == MESSAGE,
            inbox.c.id < held.row.id,
        )
        .order_by(inbox.c.id.desc())
        .limit(1)
    ).one_or_none()
    return (
        before is not None
        and bool(before.data.get("attachments"))
        and held.row.received_at - before.received_at <= TOGETHER
    )


def values_of(rules: ShopRules, row: InboxRow) -> dict[str, Any] | None:
    """What ``utter_file_not_kept`` says of the files that were not kept; None if all were."""
    lost = [file.name for file in row.attachments if not file.path]
    return {"file": ", ".join(lost[:3]), "megabytes": rules.attachments.megabytes} if lost else None


def not_kept(replies: Replies, rules: ShopRules, row: InboxRow, language: str) -> list[Said]:
    """What the buyer is told of files that were too large, or of a kind that the store does not take."""
    values = values_of(rules, row)
    if values is None:
        return []
    reply = replies.say(NOT_KEPT, language, values)
    return [Said(reply.text, (), reply.language)]
