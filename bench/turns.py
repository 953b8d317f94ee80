"""Whole turns, beside stock Rasa: the same examples, flows, messages and load, in one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bench.driving import Measured, Side, measure
from bench.ours import Ours, fill, throw_away, train
from bench.processes import running
from bench.rival.building import build
from bench.rival.running import Rival
from bench.talk import Buyers, Conversation
from bot.settings import ROOT, Settings

SEED = 2
CONVERSATIONS = 48
WARM_UP = 8
#: The script has no more words of its own.
MOST = 150
#: Exit code when somebody stops it.
STOPPED = 130


@dataclass(frozen=True)
class Target:
    """One line of the table, and what the ratio of ours to the rival's must be."""

    name: str
    figure: Callable[[Measured], float]
    sign: str = ""
    bound: float = 0.0

    def ratio(self, ours: Measured, rival: Measured) -> float:
        theirs = self.figure(rival)
        return self.figure(ours) / theirs if theirs else math.inf

    def reached(self, ratio: float) -> bool | None:
        if not self.sign:
            return None
        return ratio >= self.bound if self.sign == "≥" else ratio < self.bound


TABLE = (
    Target("messages per CPU-second", lambda side: side.per_cpu_second, "≥", 3),
    Target("p95 of a message, ms", lambda side: side.p95_seconds * 1e3, "<", 1 / 2),
    Target("memory of all processes, MB (PSS)", lambda side: side.memory_bytes / 1e6, "<", 1 / 2),
    Target("start to first answer, s", lambda side: side.ready_seconds, "<", 1 / 5),
    Target("median of a message, ms", lambda side: side.median_seconds * 1e3),
    Target("messages per second", lambda side: side.messages / side.wall_seconds),
    Target("CPU of a message, ms", lambda side: side.cpu_seconds / side.messages * 1e3),
    Target("processes", lambda side: side.processes),
    Target("expected flow taken, %", lambda side: side.expected * 100),
)


def table(ours: Measured, rival: Measured, names: tuple[str, str]) -> str:
    """Both sides beside each other, with the ratio and what it should be."""
    rows = [("", *names, "ratio", "target", "")]
    for target in TABLE:
        figures = target.figure(ours), target.figure(rival)
        ratio = target.ratio(ours, rival)
        reached = target.reached(ratio)
        verdict = {None: "", True: "reached", False: "MISSED"}[reached]
        wanted = f"{target.sign} {target.bound:g}" if target.sign else ""
        rows.append((target.name, *(f"{figure:,.1f}" for figure in figures), f"{ratio:.2f}", wanted, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def explanation(conversations: int, messages: int, at_once: int) -> str:
    return f"""\
{conversations} scripted conversations (seed {SEED}), {messages} messages, no text twice.
{at_once} buyers at a time, each waits for the reply; {WARM_UP} conversations before, as a warm-up.
Both sides get the same messages over HTTP from one driver, which isn't counted.
crossdesk:   `crossdesk serve` with one worker; web chat and delivery included; SQLite with full sync; the
             cache of sentence vectors is empty.
Rasa 3.6.21: `rasa run` (REST channel, SQL tracker store in SQLite) and its action server, on a copy of the
             store; the pipeline and policies of `rasa init`; our English examples (crossdesk has learnt
             those of all languages), domain and flows. It reads every text itself. Trained for few epochs,
             and on these very messages: its accuracy isn't measured.
CPU, memory: of all processes of a side; memory is the sum of proportional set sizes after the load.
"""


def prepare(folder: Path, cache: Path, count: int) -> tuple[Sequence[Side], Sequence[Conversation]]:
    """Both sides with their stores and models, and the conversations: those of the warm-up first."""
    settings = throw_away(folder)
    store = folder / "rival.sqlite"
    fill(settings)
    with closing(sqlite3.connect(folder / "crossdesk.sqlite")) as connection:
        connection.execute("VACUUM INTO ?", (str(store),))
    # The rival learns as many as there usually are: a shorter run needs no training of its own.
    script = Buyers(store, SEED).conversations(WARM_UP + max(count, CONVERSATIONS))
    say("Models: trained if they are not there yet; the rival's then takes some minutes …")
    built = build(ROOT, cache, [line for talk in script for line in talk])
    train(settings, cache)
    # Ours first: it pays for what the other then finds in the disk's cache.
    return (Ours(settings), Rival(ROOT, built, store, folder)), script[: WARM_UP + count]


async def run(
    sides: Sequence[Side], folder: Path, script: Sequence[Conversation], at_once: int
) -> list[Measured]:
    """Measure one side after the other."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
    measured = []
    for side in sides:
        say(f"{side.name} …")
        with running(folder / f"{side.name}.log") as group:
            try:
                measured.append(await measure(side, group, script[:WARM_UP], script[WARM_UP:], at_once))
            except Exception:
                say(group.said()[-3000:])
                raise
    return measured


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench-turns", description=__doc__)
    add = partial(parser.add_argument, type=int, metavar="N")
    add("--conversations", default=CONVERSATIONS, help=f"how many are measured, 1 to {MOST}")
    add("--at-once", default=4, help=f"buyers who write at the same time, 1 to {MOST}")
    chosen = parser.parse_args(arguments)
    if not (1 <= chosen.conversations <= MOST and 1 <= chosen.at_once <= MOST):
        parser.error(f"give numbers from 1 to {MOST}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    cache = Settings.load().files / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-turns-") as name:
            folder = Path(name)
            sides, script = prepare(folder, cache, chosen.conversations)
            say(explanation(chosen.conversations, sum(map(len, script[WARM_UP:])), chosen.at_once))
            ours, rival = asyncio.run(run(sides, folder, script, chosen.at_once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped")
        return STOPPED
    say("\n" + table(ours, rival, (Ours.name, Rival.name)))
    results = {Ours.name: asdict(ours), Rival.name: asdict(rival)}
    path = cache / "turns.json"
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"\nAll figures, and the messages that were answered otherwise than expected: {path}")
    met = [target.reached(target.ratio(ours, rival)) for target in TABLE]
    return 1 if False in met else 0


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
