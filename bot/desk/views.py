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
from bot.desk.masking import mask_card, mask_text, masked_fields
from bot.desk.requests import Requests
from bot.desk.searching import others
from bot.desk.tables import case_drafts, cases, people
from bot.desk.values.cases import Case, CaseCard, CaseState, Outcome
from bot.desk.values.figures import QueueCount
from bot.desk.values.history import EventKind
from bot.desk.values.people import Person
from bot.desk.values.replies import DraftState
from bot.desk.values.requests import Decision, Request, RequestKind, RequestState, RequestView
from bot.desk.values.views import Act, CaseSummary, CaseView, Offered
from bot.errors import DeskError
from bot.mailroom import conversations as conversations_of
from bot.mailroom import transcript
from bot.mailroom.tables import conversations
from bot.messages import TranscriptLine
from bot.privacy import mask_cards
from bot.shop import exchange
from bot.shop.money import Money
from bot.shop.tables import customers

#: How many of the newest lines of a conversation a case's page shows.
LINES_SHOWN = 200
#: And how many at most if more came since the case was opened.
MOST_LINES = 2_000
#: How many intents are offered on closing.
MOST_LIKELY = 3
#: What the model holds for less likely than this is no guess of its own; of 0 to 1.
LEAST_LIKELY = 0.02
#: What a case is never about: an answer to a question of ours; and none of the meanings, its own choice.
ANSWER, ELSE = "inform", "out_of_scope"


def summaries(
    known: Cases, found: Sequence[Case], masked: Mapping[int, CaseCard] | None = None
) -> Sequence[CaseSummary]:
    """The cases as lines of a list, in the given order; ``masked`` are cards that were masked already."""
    masked = masked or {}
    ids = [case.id for case in found]
    talks = {
        row.id: row
        for row in known.connection.execute(
            sa.select(conversations.c.id, conversations.c.channel, conversations.c.sender_name).where(
                conversations.c.id.in_([case.conversation_id for case in found])
            )
        )
    }
    owners = _names(
        known, {one for case in found for one in (case.owner_id, *case.offered_to) if one is not None}
    )
    drafted = set(
        known.connection.execute(
            sa.select(case_drafts.c.case_id).where(
                case_drafts.c.case_id.in_(ids), case_drafts.c.state == DraftState.PENDING.value
            )
        ).scalars()
    )
    return tuple(
        _summary(
            case,
            masked.get(case.id) or mask_card(case.card),
            talks[case.conversation_id],
            owners,
            case.id in drafted,
        )
        for case in found
    )


def view(known: Cases, case: Case, person: Person) -> CaseView:
    """The case's page as this person may see it."""
    drafts = known.drafts(case.id)
    lines = _lines(known, case.conversation_id, since=since(known, case))
    shown = {line.position for line in lines}
    # Once: looking for phone numbers is most of what a page costs.
    card = mask_card(case.card)
    told = tuple(one for one in card.likely if one.confidence >= LEAST_LIKELY and one.intent != ANSWER)
    card = dataclasses.replace(card, likely=told)
    return CaseView(
        summary=summaries(known, [case], {case.id: card})[0],
        fence=case.fence,
        card=card,
        masked=masked_fields(case.card, card),
        suggested_replies=tuple(known.suggested_replies(case, person, card)),
        local_time=local_time(case.card.timezone, known.clock.now()),
        transcript=lines,
        # That the buyer wrote is seen in the conversation itself.
        events=tuple(event for event in known.events(case.id) if event.kind is not EventKind.BUYER_WROTE),
        drafts=tuple(drafts),
        acts=acts(known, case, person, bool(drafts)),
        reply_needs_approval=ranks.reply_needs_approval(known.rules, person.rank),
        outcomes=tuple(Outcome),
        queues=tuple(queue for queue in known.rules.queues if queue != case.queue),
        summary_text=case.summary,
        deliveries=tuple(one for one in known.deliveries(case) if one.position in shown or not one.position),
        likely_intents=likely_intents(case),
        true_intent=case.true_intent,
        comment=mask_text(case.comment, case.card.country),
        others=tuple(others(known, case)),
    )


def since(known: Cases, case: Case) -> int | None:
    """The position of the first line since the case was opened, if there is one."""
    return transcript.first_since(known.connection, case.conversation_id, case.opened_at)


def other_lines(known: Cases, case: Case, conversation_id: int) -> Sequence[TranscriptLine]:
    """What was said in another conversation of the case's buyer.

    Raises:
        DeskError: it is none of theirs, or no longer.
    """
    if conversation_id not in {one.conversation_id for one in others(known, case)}:
        raise DeskError("This is none of the buyer's conversations, or it was taken apart from them again.")
    return _lines(known, conversation_id)


def likely_intents(case: Case) -> tuple[str, ...]:
    """What the case may really have been about, likeliest first, at most three."""
    ranked = sorted(case.card.likely, key=lambda one: -one.confidence)
    named = (one for one in [*(one.intent for one in ranked), case.intent] if one not in (ANSWER, ELSE))
    return tuple(dict.fromkeys(named))[:MOST_LIKELY]


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
        Act.SNOOZE: own and may("reply") and case.state.is_buyers_turn,
        Act.WAKE: own and case.state is CaseState.SNOOZED,
        Act.DIRECT: own and ranks.may_approve(rules, person),
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


def request_view(known: Requests, request: Request, person: Person) -> RequestView:
    """The request as this person may see it."""
    talk = conversations_of.get(known.connection, request.conversation_id)
    rules, limit = known.rules, None
    allowed = {Decision.ANSWER: known.may_answer(request, person)}
    if request.kind is RequestKind.APPROVAL:
        may = ranks.may(rules, person, "approve")
        own = Money.of(ranks.limit(rules, person.rank, request.limit_kind or ""), rules.store.currency)
        limit = exchange.convert(known.connection, own, request.currency or own.currency).minor if may else 0
        limit = min(limit, request.most_minor or 0)
        allowed = {
            Decision.APPROVE: may and (request.asked_minor or 0) <= limit,
            Decision.COUNTER: limit > 0 and not request.is_whole,
            Decision.DECLINE: may,
        }
    pending = request.state is RequestState.PENDING
    return RequestView(
        request=dataclasses.replace(
            request, question=mask_text(request.question), answer=mask_text(request.answer)
        ),
        channel=talk.channel,
        buyer=_customer(known, talk.customer_id) or talk.sender_name,
        limit_minor=limit,
        may=frozenset(each for each, given in allowed.items() if given and pending),
    )


def local_time(timezone: str | None, now: dt.datetime) -> dt.datetime | None:
    """The time of day where the buyer is, if that zone is known."""
    try:
        return None if timezone is None else now.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _lines(known: Cases, conversation_id: int, since: int | None = None) -> tuple[TranscriptLine, ...]:
    """The newest lines, and all from ``since`` on."""
    found = transcript.lines(known.connection, conversation_id, limit=LINES_SHOWN)
    if since is not None and len(found) == LINES_SHOWN and since < found[0].position:
        found = transcript.lines(known.connection, conversation_id, after=since - 1, limit=MOST_LINES)
    return tuple(
        dataclasses.replace(line, text=mask_cards(line.text), why=line.why and mask_text(line.why))
        for line in found
    )


def _names(known: Cases, ids: set[int]) -> Mapping[int, str]:
    rows = known.connection.execute(sa.select(people.c.id, people.c.name).where(people.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _customer(known: Requests, customer_id: int | None) -> str | None:
    """The name of who a checked identity says it is; None if none was, or no name is known."""
    if customer_id is None:
        return None
    asked = sa.select(customers.c.name).where(customers.c.id == customer_id)
    name: str | None = known.connection.execute(asked).scalar_one_or_none()
    return name


def _summary(case: Case, card: CaseCard, talk: Any, owners: Mapping[int, str], drafted: bool) -> CaseSummary:
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
        offered_to=tuple(
            Offered(one, owners[one])
            for one in (case.offered_to if case.state is CaseState.OPEN else ())
            if one in owners
        ),
        direct=case.direct,
        satisfaction=case.satisfaction,
        order_number=case.card.order_number,
        unseen=case.waits_unseen,
    )
