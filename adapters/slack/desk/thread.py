"""A case's thread: what was said and done, as posts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from adapters.slack.desk.blocks import (
    Block,
    Run,
    actions,
    button,
    language_name,
    moment,
    run,
    section,
    spoken,
)
from adapters.slack.text import escaped, shortened
from bot.desk.port.board import BoardCase, BoardEvent, BoardLine
from bot.desk.values.cases import CaseState
from bot.desk.values.history import EventKind
from bot.desk.wording import plain
from bot.messages import Attachment, Author

#: What one post holds at most, in characters and in blocks: Slack refuses what is far longer.
MOST_WORDS, MOST_BLOCKS = 9_000, 40

#: States of replies that need no more attention.
REACHED = frozenset({"sent", "delivered"})
#: Events that the card or the lines show.
_SEEN_ELSEWHERE = frozenset({EventKind.OPENED, EventKind.SHOWN, EventKind.REPLIED, EventKind.BUYER_WROTE})
_WORDS = {
    EventKind.ADDED: "the bot added",
    EventKind.CLAIMED: "claimed it",
    EventKind.APPROVED: "said yes to the reply",
    EventKind.DECLINED: "said no to the reply",
    EventKind.REVEALED: "looked at",
    EventKind.RELEASED: "put it back",
    EventKind.TAKEN_OVER: "took it over",
    EventKind.PASSED_ON: "passed it on",
    EventKind.CLOSED: "closed it",
    EventKind.HANDED_BACK: "handed it back to the bot",
    EventKind.LAPSED: "back in the queue",
    EventKind.SNOOZED: "laid it aside",
    EventKind.WOKEN: "it is taken up again",
    EventKind.REOPENED: "opened again",
    EventKind.DIRECT_ON: "switched direct mode on: all that the owner writes here goes to the buyer",
    EventKind.DIRECT_OFF: "switched direct mode off",
    EventKind.RETRIED: "has it sent again",
    EventKind.CHANGED: "changed a reply",
    EventKind.WITHDRAWN: "took a reply back",
    EventKind.RATED: "gave a rating",
    EventKind.COMMENTED: "wrote to the rating",
    EventKind.ASKED_AGAIN: "the queue is asked again",
    EventKind.ESCALATED: "moved up to the supervisors",
    EventKind.ALARMED: "the buyer threatens or tells of harm: a supervisor should look",
    EventKind.OPERATOR_TOLD: "the operator is told",
    EventKind.REPAIRED: "repaired",
    EventKind.REFUSED: "was refused",
}


@dataclass(frozen=True)
class Item:
    """A line or an event to be shown."""

    #: Of the line; 0 for an event.
    position: int
    #: Of the event; 0 for a line.
    event: int
    blocks: tuple[Block, ...]
    #: What notifications say.
    notice: str
    #: Whether it is a reply to the buyer, whose way is shown at its own message.
    reply: bool = False
    attachments: tuple[Attachment, ...] = ()

    @property
    def name(self) -> str:
        """By which its blocks are found again."""
        return f"l{self.position}" if self.position else f"e{self.event}"


@dataclass(frozen=True)
class Post:
    """One message in the thread."""

    text: str
    blocks: tuple[Block, ...]
    #: What is shown once this has been posted; the last items' rest may follow in the next post.
    done: tuple[Item, ...] = ()


@dataclass
class _Open:
    blocks: list[Block] = field(default_factory=list)
    done: list[Item] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    words: int = 0

    def closed(self) -> Post:
        notice = escaped(shortened("\n".join(self.notices), 500)) or "…"
        return Post(notice, tuple(self.blocks), tuple(self.done))


def items(found: BoardCase, after_line: int, after_event: int, again: int = 0) -> list[Item]:
    """What is to be shown, in the order in which it happened.

    Args:
        found: the case.
        after_line: the line up to which all is shown.
        after_event: the same of events.
        again: the line up to which another thread told it: of replies, that they reached the buyer.
    """
    buyer = found.view.summary.buyer or "The buyer"
    lines = [_line(one, buyer, found, again) for one in found.lines if one.line.position > after_line]
    events = [_event(one, found) for one in found.events if one.event.id > after_event]
    merged: list[Item] = []
    # Each in its own order, whatever the channels' clocks say.
    times = {one.line.position: one.line.at for one in found.lines}
    moments = {one.event.id: one.event.at for one in found.events}
    while lines or events:
        if lines and (not events or times[lines[0].position] <= moments[events[0].event]):
            merged.append(lines.pop(0))
        else:
            merged.append(events.pop(0))
    return merged


def posts(case_id: int, found: Sequence[Item], posted: Collection[str] = ()) -> list[Post]:
    """The items in as few posts as Slack's limits allow, without the blocks that are posted already."""
    made: list[Post] = []
    now = _Open()
    for item in found:
        if (item.reply or item.attachments) and now.blocks:
            made.append(now.closed())
            now = _Open()
        for number, block in enumerate(item.blocks):
            name = f"{case_id}:{item.name}.{number}"
            if name in posted:
                continue
            words = len(str(block))
            if now.blocks and (now.words + words > MOST_WORDS or len(now.blocks) >= MOST_BLOCKS):
                made.append(now.closed())
                now = _Open()
            now.blocks.append({**block, "block_id": name})
            now.words += words
        now.done.append(item)
        now.notices.append(item.notice)
        if item.reply or item.attachments:
            made.append(now.closed())
            now = _Open()
    if now.done:
        made.append(now.closed())
    return made


def undelivered(case_id: int, found: BoardLine) -> tuple[Block, ...]:
    """What is said below a reply that did not reach the buyer."""
    why = found.line.why or "the channel does not say why"
    if found.line.change is not None:
        return tuple(spoken([run(f"The buyer still sees the earlier message: {why}", bold=True)], ""))
    state = (
        "Nobody can tell whether this reached the buyer"
        if found.line.state == "unknown"
        else ("This did not reach the buyer")
    )
    again = button("Try again", "retry", case_id, found.line.position)
    return (*spoken([run(f"{state}: {why}", bold=True)], shortened(found.line.text, 300)), *actions([again]))


def _line(one: BoardLine, buyer: str, found: BoardCase, again: int) -> Item:
    line = one.line
    if line.author is Author.BUYER:
        language = language_name(found.view.summary.language)
        head = f"{buyer} ({language})"
        if line.change == "deleted":
            head += " took a message back"
        elif line.change == "edited":
            head += " changed a message to"
        if found.view.summary.direct:
            # Whoever answers must know it at this very message.
            head += " · direct mode"
    elif line.author is Author.AGENT:
        head = f"{line.author_name or 'An agent'} to the buyer"
        if line.change is not None:
            head += ", taking back" if line.change == "deleted" else ", instead of"
            head += " an earlier message"
    else:
        head = "The bot"
    files = [f"{file.name}{'' if file.path else ' (not kept)'}" for file in line.attachments]
    runs = [run(head, bold=True), run("  "), moment(line.at)]
    if files:
        runs.append(run("\nFiles: " + ", ".join(files)))
    text = "" if line.change == "deleted" else line.text
    kept = tuple(file for file in line.attachments if file.path) if line.author is Author.BUYER else ()
    return Item(
        line.position,
        0,
        tuple(spoken(runs, text)),
        f"{head}: {shortened(text, 200)}",
        reply=line.author is Author.AGENT and not (line.position <= again and line.state in REACHED),
        attachments=kept,
    )


def _event(one: BoardEvent, found: BoardCase) -> Item:
    event = one.event
    if event.kind in _SEEN_ELSEWHERE:
        return Item(0, event.id, (), "")
    if event.kind is EventKind.NOTED:
        head, text = f"Remark by {event.actor}", event.text
        blocks = tuple(spoken([run(head, bold=True), run("  "), moment(event.at)], text))
    elif event.kind is EventKind.AWAITING_APPROVAL:
        head, text = f"{event.actor} would like to send", event.text
        blocks = (
            *spoken([run(head, bold=True), run("  "), moment(event.at)], text),
            *actions(_deciding(event.text, found)),
        )
    else:
        head = f"{event.actor}: {_WORDS.get(event.kind, event.kind.value.replace('_', ' '))}"
        text = plain(event.text)
        blocks = (section(*_told(head, text), run("  "), moment(event.at)),)
    return Item(0, event.id, blocks, f"{head} {shortened(text, 100)}".strip())


def _told(head: str, text: str) -> Iterator[Run]:
    yield run(head)
    if text:
        yield run(f" ({shortened(text, 1_000)})")


def _deciding(text: str, found: BoardCase) -> Iterator[Block]:
    if found.view.summary.state is CaseState.CLOSED:
        return
    for draft in found.view.drafts:
        if draft.text == text:
            case = found.view.summary.id
            yield button("Send it", "send_draft", case, draft.id, style="primary")
            yield button("Decline…", "decline_draft", case, draft.id, style="danger")
