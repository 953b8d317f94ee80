"""The app's home page and the answers of ``/desk``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.slack.desk.blocks import Block, Run, actions, button, header, link, moment, run, section, worded
from adapters.slack.text import escaped, shortened
from bot.desk.values.figures import QueueCount, Today
from bot.desk.values.people import Person
from bot.desk.values.views import CaseSummary

#: Cases listed at once.
MOST = 20
NOWHERE: Mapping[int, str] = {}
USAGE = (
    "/desk: my cases and the queues\n"
    "/desk queue NAME: what waits there\n"
    "/desk stats: today's figures\n"
    "/desk find ORDER or NAME\n"
    "/desk away, /desk back\n"
    "/desk transfer CASE QUEUE"
)


def home(
    person: Person,
    mine: Sequence[CaseSummary],
    counts: Sequence[QueueCount],
    today: Today,
    places: Mapping[int, str] = NOWHERE,
) -> Block:
    """The home page of one person; ``places`` as for ``listed``."""
    back = button("I am back", "back") if person.away else button("I am going away", "away")
    blocks = [
        header(f"{person.name} · {person.rank.value}{' · away' if person.away else ''}"),
        *actions([back]),
        *listed("My cases", mine, places),
        header("Queues"),
        section(*queues(counts)),
        header("Today"),
        section(*figures(today)),
    ]
    return {"type": "home", "blocks": blocks[:100]}


def listed(title: str, cases: Sequence[CaseSummary], places: Mapping[int, str] = NOWHERE) -> list[Block]:
    """Cases, a line each; ``places`` are the addresses of their threads, by the cases' ids."""
    runs: list[Run] = []
    for case in cases[:MOST]:
        place = places.get(case.id)
        runs.append(run(f"#{case.id}", bold=True) if place is None else link(f"#{case.id}", place))
        runs.append(run(" "))
        who = "" if case.owner is None else f" · {case.owner}"
        words = f"{case.buyer or 'a buyer'} · {shortened(case.wants, 150)} · {case.queue}"
        runs.append(run(f"{words} · {worded(case.state.value)}{who}"))
        if case.due_at is not None and case.clock is not None:
            runs += [run(f" · {worded(case.clock.value)} until "), moment(case.due_at)]
        runs.append(run("\n"))
    if len(cases) > MOST:
        runs.append(run(f"and {len(cases) - MOST} more"))
    return [header(title), section(*(runs or [run("none")]))]


def queues(counts: Sequence[QueueCount]) -> list[Run]:
    """How many cases stand where."""
    return [
        run(
            f"{one.queue}: {one.open} wait, {one.owned} in hand"
            f"{f', {one.late} late' if one.late else ''}{'' if one.in_hours else ' (closed now)'}\n"
        )
        for one in counts
    ] or [run("none")]


def figures(today: Today) -> list[Run]:
    """Today's figures."""
    first = today.first_answer_seconds
    told = [
        f"opened {today.opened}, answered {today.answered}, closed {today.closed}",
        "first answer: " + ("none yet" if first is None else f"{first / 60:.0f} min (median)"),
        f"clocks that ran out: {today.late}",
        f"ratings: {today.ratings}"
        + ("" if today.satisfaction is None else f", {today.satisfaction:.1f} of 5"),
    ]
    return [run("\n".join(told))]


def only_you(text: str, blocks: Sequence[Block] | None = None) -> dict[str, Any]:
    """An answer that only the asker sees."""
    return {
        "response_type": "ephemeral",
        "text": escaped(shortened(text, 3_000)),
        "blocks": list(blocks) if blocks is not None else [section(run(shortened(text, 3_000)))],
    }
