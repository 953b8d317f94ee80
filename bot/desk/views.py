"""What a frontend shows: cases as lists and pages, masked, with the acts this very person may do."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from bot.desk import clocks, hours, ranks
from bot.desk.cases import Cases
from bot.desk.masking import mask_card, masked_fields
from bot.desk.port import Act, CaseSummary, CaseView, QueueCount
from bot.desk.tables import case_drafts, cases, people
from bot.desk.values import Case, CaseState, DraftState, EventKind, Outcome, Person
from bot.mailroom import transcript
from bot.mailroom.tables import conversations
from bot.privacy import mask_cards

#: How many of the newest lines of a conversation a case's page shows.
LINES_SHOWN = 200


def summaries(known: Cases, found: Sequence[Case]) -> Sequence[CaseSummary]:
    """The cases as lines of a list, in the given order."""
    ids = [case.id for case in found]
    talks = {
        row.id: row
        for row in known.connection.execute(
            sa.select(conversations.c.id, conversations.c.channel, conversations.c.sender_name).where(
                conversations.c.id.in_([case.conversation_id for case in found])
            )
        )
    }
    owners = _names(known, {case.owner_id for case in found if case.owner_id is not None})
    drafted = set(
        known.connection.execute(
            sa.select(case_drafts.c.case_id).where(
                case_drafts.c.case_id.in_(ids), case_drafts.c.state == DraftState.PENDING.value
            )
        ).scalars()
    )
    return tuple(_summary(case, talks[case.conversation_id], owners, case.id in drafted) for case in found)


def view(known: Cases, case: Case, person: Person) -> CaseView:
    """The case's page as this person may see it."""
    drafts = known.drafts(case.id)
    lines = transcript.lines(known.connection, case.conversation_id, limit=LINES_SHOWN)
    return CaseView(
        summary=summaries(known, [case])[0],
        fence=case.fence,
        card=mask_card(case.card),
        masked=masked_fields(case.card),
        suggested_replies=tuple(known.suggested_replies(case, person)),
        local_time=local_time(case.card.timezone, known.clock.now()),
        transcript=tuple(dataclasses.replace(line, text=mask_cards(line.text)) for line in lines),
        # That the buyer wrote is seen in the conversation itself.
        events=tuple(event for event in known.events(case.id) if event.kind is not EventKind.BUYER_WROTE),
        drafts=tuple(drafts),
        acts=acts(known, case, person, bool(drafts)),
        reply_needs_approval=ranks.reply_needs_approval(known.rules, person.rank),
        outcomes=tuple(Outcome),
        queues=tuple(queue for queue in known.rules.queues if queue != case.queue),
        summary_text=case.summary,
    )


def acts(known: Cases, case: Case, person: Person, drafted: bool) -> frozenset[Act]:
    """What this person may do with the case now; each act checks again for itself."""
    rules = known.rules

    def may(right: str) -> bool:
        return ranks.may(rules, person, right)

    closed = case.state is CaseState.CLOSED
    own = case.owner_id == person.id and not closed
    over = may("take_over") and not closed
    allowed = {
        Act.CLAIM: case.state is CaseState.OPEN and may("claim") and ranks.serves(rules, person, case.queue),
        Act.REPLY: own and may("reply"),
        Act.NOTE: may("note"),
        Act.CLOSE: own and may("close"),
        Act.HAND_BACK: own and may("hand_back"),
        Act.RELEASE: own and may("claim"),
        Act.PASS_ON: own or over,
        Act.TAKE_OVER: over and not own and case.owner_id is not None,
        Act.REVEAL: case.owner_id == person.id or may("take_over"),
        Act.APPROVE: drafted and ranks.may_approve(rules, person),
    }
    return frozenset(act for act, given in allowed.items() if given)


def queue_counts(known: Cases) -> Sequence[QueueCount]:
    """All queues of ``shop.yml`` with their counts, in its order."""
    now = known.clock.now()
    late = sa.or_(cases.c.level > 0, cases.c.due_at <= now)
    rows = known.connection.execute(
        sa.select(
            cases.c.queue,
            sa.func.sum(sa.case((cases.c.owner_id.is_(None), 1), else_=0)).label("open"),
            sa.func.sum(sa.case((cases.c.owner_id.is_not(None), 1), else_=0)).label("owned"),
            sa.func.sum(sa.case((late, 1), else_=0)).label("late"),
        )
        .where(cases.c.state != CaseState.CLOSED.value)
        .group_by(cases.c.queue)
    )
    counted: Mapping[str, Any] = {row.queue: row for row in rows}
    # A queue that shop.yml no longer has is shown as long as it holds cases.
    return tuple(
        QueueCount(
            queue=queue,
            open=int(counted[queue].open) if queue in counted else 0,
            owned=int(counted[queue].owned) if queue in counted else 0,
            late=int(counted[queue].late) if queue in counted else 0,
            in_hours=hours.is_open(clocks.hours_of(known.rules, queue), now),
        )
        for queue in dict.fromkeys([*known.rules.queues, *counted])
    )


def local_time(timezone: str | None, now: dt.datetime) -> dt.datetime | None:
    """The time of day where the buyer is, if that zone is known."""
    try:
        return None if timezone is None else now.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _names(known: Cases, ids: set[int]) -> Mapping[int, str]:
    rows = known.connection.execute(sa.select(people.c.id, people.c.name).where(people.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _summary(case: Case, talk: Any, owners: Mapping[int, str], drafted: bool) -> CaseSummary:
    card = mask_card(case.card)
    return CaseSummary(
        id=case.id,
        queue=case.queue,
        state=case.state,
        reason=case.reason,
        intent=case.intent,
        topic=case.topic,
        priority=case.priority,
        language=case.language,
        channel=talk.channel,
        buyer=card.name or talk.sender_name,
        wants=" ".join(card.wants.split()),
        owner_id=case.owner_id,
        owner=None if case.owner_id is None else owners.get(case.owner_id),
        opened_at=case.opened_at,
        clock=case.clock,
        due_at=case.due_at,
        level=case.level,
        awaiting_approval=drafted,
        closed_at=case.closed_at,
        outcome=case.outcome,
    )
