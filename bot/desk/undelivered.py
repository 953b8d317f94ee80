"""The case of a message of ours that did not reach its buyer."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.desk.cases import Cases
from bot.desk.values.cases import Case, CaseCard, Priority, Reason
from bot.mailroom import conversations
from bot.settings import ShopRules


def open_undelivered(
    connection: Connection, rules: ShopRules, clock: Clock, conversation_id: int, why: str
) -> Case:
    """Open it, or add it to the case that the conversation has, in the caller's unit of work."""
    talk = conversations.get(connection, conversation_id)
    return Cases(connection, rules, clock).open(
        conversation_id,
        intent="service_human",
        reason=Reason.UNDELIVERED,
        card=CaseCard(wants="(a message of ours)", why=why, name=talk.sender_name, language=talk.language),
        priority=Priority.HIGH,
        language=talk.language,
    )
