"""What people fill in. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.slack.blocks import MOST_WORDS
from adapters.slack.desk.blocks import (
    MOST_INPUT,
    Block,
    Run,
    asked,
    button,
    choice,
    language_name,
    modal,
    moment,
    money,
    run,
    section,
    spoken,
    typed,
    worded,
)
from adapters.slack.desk.hearing import VALUE
from adapters.slack.text import shortened
from bot.desk.values.cases import CardField
from bot.desk.values.replies import Macro
from bot.desk.values.requests import RequestView
from bot.desk.values.views import Because, CaseView

#: The most macros that are offered: Slack's lists hold so many.
MOST_MACROS = 100
#: What is quoted of a reply that is explained, and told of one kind of reason.
_MOST_QUOTED, _MOST_REASONS = 500, 1_500
_NO_INTENT = "-"
#: What is said where a card number was typed into a modal.
MASKED = (
    "There was a payment card's number in your text, and it was masked: "
    "of its digits only the last four are kept, here and for the buyer."
)


def fingerprint(text: str) -> str:
    """By which a text that was previewed is known again."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def reply(
    view: CaseView,
    told: Mapping[str, Any],
    sender: str,
    macros: Sequence[Macro],
    text: str,
    *,
    previewed: bool,
    masked: bool = False,
) -> Block:
    """The reply box: at the first sending it shows what the buyer will read, at the second it is sent.

    ``masked`` where something was taken out of the text that nobody stores.
    """
    case = view.summary
    before = told.get("turn")
    turn = before + 1 if isinstance(before, int) else 1
    # A field keeps what was typed in it unless it has another name.
    field = f"text#{turn}"
    known = {**told, "turn": turn, "field": field, "previewed": fingerprint(text) if previewed else ""}
    hint = "A yes of an agent is asked for before it goes." if view.reply_needs_approval else ""
    label = f"To {case.buyer or 'the buyer'}, in {language_name(case.language)}"
    blocks = [asked(field, label, typed(many=True, initial=text), hint=hint)]
    if masked:
        blocks.append(section(run(MASKED, bold=True)))
    if previewed:
        blocks += spoken([run(f"The buyer will read this from {sender}:", bold=True)], text)
    elif macros or view.suggested_replies:
        if macros:
            options = [(str(at), f"{one.label}") for at, one in enumerate(macros[:MOST_MACROS])]
            blocks.append({"type": "actions", "elements": [choice("A ready text…", options, act="macro")]})
        for at, suggested in enumerate(view.suggested_replies[:3]):
            blocks.append(section(run(shortened(suggested, 500))))
            blocks.append({"type": "actions", "elements": [button("Use this", "use", case.id, at)]})
    submit = "Send to the buyer" if previewed else "Preview"
    return modal("reply", f"Case {case.id}: reply", submit, json.dumps(known), blocks)


def close(view: CaseView, told: Mapping[str, Any]) -> Block:
    """How it ended, and what it was really about."""
    outcomes = [(one.value, worded(one.value)) for one in view.outcomes]
    intents = [(one, worded(one)) for one in view.likely_intents] + [(_NO_INTENT, "something else")]
    then = [
        ("close", "nothing: the bot answers the buyer's next message"),
        ("hand_back", "the bot goes on at once"),
    ]
    blocks = [
        asked("outcome", "How did it end?", choice("Outcome", outcomes)),
        asked("intent", "What was it really about?", choice("Intent", intents), optional=True),
        asked(
            "then", "And then?", {**choice("Then", then), "initial_option": choice("", then)["options"][0]}
        ),
        asked("summary", "For the next colleague and the bot", typed(many=True), optional=True),
    ]
    return modal("close", f"Close case {view.summary.id}", "Close it", _told(told, "outcome"), blocks)


def intent_of(chosen: str) -> str | None:
    """The intent that was chosen in ``close``."""
    return None if chosen in ("", _NO_INTENT) else chosen


def pass_on(view: CaseView, told: Mapping[str, Any]) -> Block:
    """Which queue is to have it."""
    options = [(queue, worded(queue)) for queue in view.queues]
    blocks = [asked("queue", "To which queue?", choice("Queue", options))]
    return modal("pass_on", f"Pass on case {view.summary.id}", "Pass it on", _told(told, "queue"), blocks)


def snooze(view: CaseView, told: Mapping[str, Any], now: dt.datetime) -> Block:
    """Until when it rests."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    first = int((hour + dt.timedelta(hours=20)).timestamp())
    picker = {"type": "datetimepicker", "action_id": VALUE, "initial_date_time": first}
    blocks = [asked("until", "Until when?", picker, hint="The buyer's next message ends it.")]
    return modal("snooze", f"Snooze case {view.summary.id}", "Snooze it", _told(told, "until"), blocks)


def reveal(view: CaseView, told: Mapping[str, Any]) -> Block:
    """Which field is to be shown."""
    options = [(field.value, worded(field.value)) for field in CardField if field in view.masked]
    blocks = [
        asked(
            "data", "What do you need to see?", choice("Data", options), hint="It is written down who looked."
        )
    ]
    return modal("reveal", f"Data of case {view.summary.id}", "Show it", _told(told, "data"), blocks)


def counter(view: RequestView, told: Mapping[str, Any]) -> Block:
    """Which amount is granted instead."""
    request = view.request
    currency = request.currency or ""
    hint = "" if view.limit_minor is None else f"You may grant up to {money(view.limit_minor, currency)}."
    blocks = [asked("amount", f"Amount in {currency}", typed(most=20), hint=hint)]
    return modal("counter", f"Request {request.id}", "Grant it", _told(told, "amount"), blocks)


def decline(request_id: int, told: Mapping[str, Any]) -> Block:
    """Why not."""
    blocks = [asked("reason", "Why not?", typed(many=True), hint="Only colleagues read it.")]
    return modal("decline", f"Request {request_id}", "Decline it", _told(told, "reason"), blocks)


def answer(view: RequestView, told: Mapping[str, Any]) -> Block:
    """What the department says."""
    request = view.request
    hint = f"In {language_name(request.language)}: the buyer reads it as it is."
    blocks = [
        *spoken([run("Asked", bold=True)], shortened(request.question, MOST_WORDS)),
        asked("answer", "Answer", typed(many=True), hint=hint),
    ]
    return modal("answer", f"Question {request.id}", "Answer it", _told(told, "answer"), blocks)


def decline_draft(case_id: int, told: Mapping[str, Any]) -> Block:
    """Why a trainee's reply is not to go."""
    blocks = [asked("reason", "Why not? The trainee reads it.", typed(many=True))]
    return modal("decline_draft", f"Case {case_id}: reply", "Decline it", _told(told, "reason"), blocks)


def why(case_id: int, told: Sequence[tuple[str, Because | str]], left_out: int = 0) -> Block:
    """Why the bot said these words, or why nobody knows."""
    blocks: list[Block] = []
    for words, because in told:
        blocks += spoken([run("The bot said", bold=True)], shortened(words, _MOST_QUOTED))
        if isinstance(because, str):
            blocks.append(section(run(because)))
        else:
            blocks.append(section(*_reasons(because)))
    if left_out:
        blocks.append(section(run(f"This message shows {left_out} more: the web desk explains each.")))
    made = modal("notice", f"Why: case {case_id}", "Done", "{}", blocks)
    del made["submit"]
    return made


def _reasons(because: Because) -> list[Run]:
    sure = "" if because.confidence is None else f" ({because.confidence:.0%})"
    rows: list[tuple[str, Sequence[str]]] = [
        ("Understood as", [f"{worded(because.intent)}{sure}" if because.intent else "nothing"]),
        ("Flow", [worded(because.flow) if because.flow else "none"]),
        ("Rule", [because.rule]),
        ("Steps", because.steps or ["none"]),
        ("Policy", because.clauses or ["no clause of shop.yml stands behind these words"]),
        ("Version of shop.yml", [because.rules] if because.rules else []),
        ("Facts read", because.facts or ["none"]),
        ("Model", [because.model or "none"]),
    ]
    runs = [run("When: ", bold=True), moment(because.at)]
    for label, values in rows:
        if values:
            runs.append(run(f"\n{label}: ", bold=True))
            between = "\n   " if len(values) > 1 else ""
            runs.append(run(shortened(between + between.join(values), _MOST_REASONS)))
    return runs


def notice(title: str, text: str) -> Block:
    """Something to read; nothing to fill in."""
    made = modal("notice", title, "Done", "{}", [section(run(shortened(text, MOST_INPUT) or "…"))])
    del made["submit"]
    return made


def _told(told: Mapping[str, Any], field: str) -> str:
    return json.dumps({**told, "field": field})
