"""Cards: a case, several at once, a request. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.slack.blocks import MOST_WORDS
from adapters.slack.desk.blocks import (
    Block,
    Run,
    actions,
    button,
    header,
    language_name,
    moment,
    money,
    run,
    section,
    spoken,
    worded,
)
from adapters.slack.text import escaped, shortened
from bot.desk.values.cases import CaseState, Priority
from bot.desk.values.requests import Request, RequestKind, RequestState, RequestView
from bot.desk.values.views import CaseSummary, CaseView

#: Cases listed in one message.
MOST_LISTED = 20


@dataclass(frozen=True)
class Card:
    """A message as it is posted, but for its place."""

    #: For notifications; escaped.
    text: str
    blocks: tuple[Block, ...]

    @property
    def digest(self) -> str:
        """Another one for each content."""
        told = json.dumps([self.text, self.blocks], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def identified(name: str, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks with ids by which their message is found again."""
    return tuple({**block, "block_id": f"{name}.{number}"} for number, block in enumerate(blocks))


def case_card(view: CaseView, sign: str) -> Card:
    """A case's message in its queue's channel."""
    case = view.summary
    blocks = [
        header(_title(case)),
        *spoken([run("Wants", bold=True)], shortened(view.card.wants, MOST_WORDS)),
    ]
    blocks.append(section(*_rows(view)))
    blocks += actions(_buttons(view))
    if case.owner_id is not None and case.state is not CaseState.CLOSED:
        told = f"In the thread: {sign} before a message sends it to the buyer; without, it is a remark."
        if case.direct:
            told = f"Direct mode: all that {case.owner} writes in the thread goes to the buyer."
        blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": told}]})
    wants = shortened(case.wants, 200)
    return Card(escaped(f"{_title(case)}: {wants}"), identified(f"case:{case.id}", blocks))


def moved_card(view: CaseView) -> Card:
    """What is left of a case's message once it is shown in another channel."""
    told = f"{_title(view.summary)}: now in the queue {view.summary.queue}"
    return Card(escaped(told), identified(f"moved:{view.summary.id}", [section(run(told))]))


def digest_card(cases: Sequence[CaseSummary], waiting: int) -> Card:
    """Several new cases in one message, while so many come that each has to wait for its own."""
    told = f"{waiting} cases wait. Each gets a message of its own, one by one; whoever can, takes one now."
    blocks = [section(run(told, bold=True))]
    for case in cases[:MOST_LISTED]:
        blocks.append(section(run(f"{_title(case)}\n"), run(shortened(case.wants, 300) or "…")))
        blocks += actions([button("Claim", "claim", case.id, style="primary")])
    first = cases[0].id
    return Card(escaped(told), identified(f"digest:{first}", blocks))


def request_card(view: RequestView) -> Card:
    """A request's message to those who decide."""
    request = view.request
    pending = request.state is RequestState.PENDING
    approval = request.kind is RequestKind.APPROVAL
    title = f"{'Approval' if approval else 'Question'} {request.id}: {worded(request.purpose)}"
    blocks = [header(title), *spoken([run("Asked", bold=True)], shortened(request.question, MOST_WORDS))]
    blocks.append(section(*_request_rows(view)))
    if pending and approval:
        other = [] if request.is_whole else [button("Another amount…", "counter", request.id)]
        yes = button("Approve", "approve", request.id, style="primary")
        blocks += actions([yes, *other, button("Decline…", "decline", request.id, style="danger")])
    elif pending:
        blocks += actions([button("Answer…", "answer", request.id, style="primary")])
    notice = title if pending else f"{title}: {worded(request.state.value)}"
    return Card(escaped(notice), identified(f"request:{request.id}", blocks))


def _title(case: CaseSummary) -> str:
    urgent = "" if case.priority is Priority.NORMAL else f"{case.priority.name.lower()}: "
    return f"#{case.id} {urgent}{case.buyer or 'a buyer'} · {worded(case.intent)}"


def _row(label: str, *runs: Run | str | None) -> Iterator[Run]:
    """A line, if there is something to say."""
    found = [run(one) if isinstance(one, str) else one for one in runs if one]
    if found:
        yield run(f"{label}: ", bold=True)
        for number, one in enumerate(found):
            if number:
                yield run(" · ")
            yield one
        yield run("\n")


def _rows(view: CaseView) -> list[Run]:
    case, card = view.summary, view.card
    stake = None if card.money_minor is None or not card.currency else money(card.money_minor, card.currency)
    likely = [f"{worded(one.intent)} {one.confidence:.0%}" for one in card.likely[:3]]
    rows = [
        *_row("Why", worded(case.reason.value), shortened(card.why, 500)),
        *_row(
            "Buyer",
            "verified" if card.verified else "not verified",
            card.standing.value,
            language_name(case.language),
            case.channel,
        ),
        # Not the time of day: for its sake alone the message would be changed every minute.
        *_row("There", card.country, card.timezone),
        *_row("Data", card.email, card.phone, card.address),
        *_row("Order", card.order_number, card.order_state, card.parcel_state),
        *_row("At stake", stake),
        *_row("The bot", *(shortened(line, 200) for line in card.bot_did[-5:])),
        *_row("Understood", *likely),
        *_row("Queue", case.queue),
        *_row("Now", *_now(view)),
    ]
    return rows[:-1]


def _now(view: CaseView) -> Iterator[Run | str]:
    case = view.summary
    if case.state is CaseState.CLOSED:
        yield "closed"
        yield worded(case.outcome.value) if case.outcome else ""
        yield shortened(view.summary_text, 500)
        if case.satisfaction is not None:
            yield f"the buyer gave {case.satisfaction} of 5"
            yield shortened(view.comment, 500)
        return
    yield "nobody has it" if case.owner is None else f"{case.owner} has it"
    yield worded(case.state.value)
    if case.clock is not None and case.due_at is not None:
        yield f"{worded(case.clock.value)} until"
        yield moment(case.due_at)
    if case.level:
        yield f"the clock has run out {case.level}×"
    if case.awaiting_approval:
        yield "a reply waits for a yes"
    if case.offered_to:
        yield f"offered to {', '.join(one.name for one in case.offered_to)}"


def _buttons(view: CaseView) -> Iterator[Block]:
    case = view.summary
    if case.state is CaseState.CLOSED:
        return
    if case.owner_id is None:
        yield button("Claim", "claim", case.id, style="primary")
    else:
        yield button("Reply…", "reply", case.id, style="primary")
        yield button("Close…", "close", case.id)
        if case.state is CaseState.WAITING_BUYER:
            yield button("Snooze…", "snooze", case.id)
        if case.state is CaseState.SNOOZED:
            yield button("Wake", "wake", case.id)
        yield button("Put back", "release", case.id)
        yield button("Take over", "take_over", case.id)
        yield button(
            "Direct mode off" if case.direct else "Direct mode", "direct", case.id, int(not case.direct)
        )
    yield button("Pass on…", "pass_on", case.id)
    if view.masked:
        yield button("Show data…", "reveal", case.id)


def _request_rows(view: RequestView) -> list[Run]:
    request = view.request
    rows = [
        *_row("Buyer", view.buyer or "a buyer", view.channel, language_name(request.language)),
        *_row("Order", request.order_number),
        *_row("Asked", _sum(request, request.asked_minor), _of_what(request)),
        *_row("At most", _sum(request, request.most_minor)),
        *_row("Queue", request.queue),
    ]
    if request.due_at is not None:
        rows += _row("Until", moment(request.due_at))
    if request.state is not RequestState.PENDING:
        granted = _sum(request, request.granted_minor) if request.granted_minor else None
        rows += _row("Decided", worded(request.state.value), request.decided_by, granted)
        rows += _row("Words", shortened(request.answer, 1_000))
    return rows[:-1]


def _of_what(request: Request) -> str | None:
    if request.limit_kind is None:
        return None
    return "off" if request.limit_kind == "discount" else "in goods" if request.is_whole else "back"


def _sum(request: Request, minor: int | None) -> str | None:
    return None if minor is None or not request.currency else money(minor, request.currency)
