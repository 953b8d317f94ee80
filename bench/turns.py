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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bench.driving import Measured, Side, measure
from bench.ours import Ours, fill, read_before, throw_away, train
from bench.processes import end_by_signals, running
from bench.rival.building import build
from bench.rival.running import Rival
from bench.talk import Buyers, Conversation
from bot.settings import ROOT, Settings
from tests.peers.postgres import Server, programs

SEED = 2
DATABASES = ("sqlite", "postgresql")
CONVERSATIONS = 48
WARM_UP = 8
#: The script has no more words of its own.
MOST = 100
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
    Target("messages per CPU-second", lambda side: side.per_cpu_second, "≥", 5),
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


#: From acceptance to outbox at half load, in seconds.
TURN_P95 = 0.06


def turn_line(side: Measured) -> str:
    """The p95 of a turn at half load, and whether it is what it should be."""
    if side.turn_p95_seconds is None:
        return "p95 from acceptance to outbox at half load: not measured"
    reached = "reached" if side.turn_p95_seconds < TURN_P95 else "MISSED"
    return (
        f"p95 from acceptance to outbox at half load, delivery included: {side.turn_p95_seconds * 1e3:.1f} ms"
        f" < {TURN_P95 * 1e3:.0f} {reached}"
    )


def explanation(conversations: int, messages: int, at_once: int) -> str:
    return f"""\
{conversations} scripted conversations (seed {SEED}), {messages} messages, no text twice.
{at_once} buyers at a time, each waits for the reply; {WARM_UP} conversations before, as a warm-up.
Both sides get the same messages over HTTP from one driver, which isn't counted.
crossdesk:   `crossdesk serve` with one worker; web chat and delivery included; SQLite with full sync, and a
             PostgreSQL of its own that syncs, too, and is counted with it; the encoder has read half of the
             messages before ("every second one"), the other half is new to it.
Rasa 3.6.21: `rasa run` (REST channel, SQL tracker store in SQLite) and its action server, on a copy of the
             store; the pipeline and policies of `rasa init`; our English examples (crossdesk has learnt
             those of all languages), domain and flows. It reads every text itself. Trained for few epochs,
             and on these very messages: its accuracy isn't measured.
CPU, memory: of all processes of a side; memory is the sum of proportional set sizes after the load.
"""


@contextmanager
def prepared(
    folder: Path, cache: Path, count: int, databases: Sequence[str]
) -> Iterator[tuple[Sequence[Side], Sequence[Conversation]]]:
    """All sides with their stores and models, and the conversations: those of the warm-up first."""
    with ExitStack() as stack:
        places = [place(folder / kind, kind, stack) for kind in databases]
        store = folder / "rival.sqlite"
        seeded = throw_away(folder / "seeded")
        (folder / "seeded").mkdir()
        fill(seeded)
        with closing(sqlite3.connect(folder / "seeded" / "crossdesk.sqlite")) as connection:
            connection.execute("VACUUM INTO ?", (str(store),))
        # The rival learns as many as there usually are: a shorter run needs no training of its own.
        script = Buyers(store, SEED).conversations(WARM_UP + max(count + count // 2, CONVERSATIONS))
        say("Models: trained if they are not there yet; the rival's then takes some minutes …")
        lines = [line for talk in script[: WARM_UP + max(count, CONVERSATIONS)] for line in talk]
        built = build(ROOT, cache, lines)
        for settings, _ in places:
            fill(settings)
            train(settings, cache)
            read_before(settings, [line.text for talk in script for line in talk][::2])
        # Ours first: it pays for what the other then finds in the disk's cache.
        ours = [Ours(settings, server) for settings, server in places]
        yield [*ours, Rival(ROOT, built, store, folder)], script[: WARM_UP + count + count // 2]


def place(folder: Path, kind: str, stack: ExitStack) -> tuple[Settings, Server | None]:
    """A store of ours that is thrown away, and the server that holds it."""
    folder.mkdir()
    if kind == "sqlite":
        return throw_away(folder), None
    programs_there = programs()
    if programs_there is None:
        raise SystemExit(
            "there is no PostgreSQL here: install Debian's postgresql, or give --database sqlite"
        )
    server = Server(programs_there, careful=True)
    stack.callback(server.remove)
    server.start()
    return throw_away(folder, server.url(server.create())), server


async def run(
    sides: Sequence[Side], folder: Path, script: Sequence[Conversation], count: int, at_once: int
) -> list[Measured]:
    """Measure one side after the other."""
    end_by_signals()
    warm_up, talks, half = script[:WARM_UP], script[WARM_UP:][:count], script[WARM_UP + count :]
    measured = []
    for side in sides:
        say(f"{side.name} …")
        with running(folder / f"{side.name}.log") as group:
            try:
                measured.append(await measure(side, group, warm_up, talks, half, at_once))
            except Exception:
                say(group.said()[-3000:])
                raise
    return measured


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench-turns", description=__doc__)
    add = partial(parser.add_argument, type=int, metavar="N")
    add("--conversations", default=CONVERSATIONS, help=f"how many are measured, 1 to {MOST}")
    parser.add_argument("--database", choices=DATABASES, help="one of the two")
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
            count, databases = chosen.conversations, [chosen.database] if chosen.database else DATABASES
            with prepared(folder, cache, count, databases) as (sides, script):
                talks = script[WARM_UP:][:count]
                say(explanation(count, sum(map(len, talks)), chosen.at_once))
                *ours, rival = asyncio.run(run(sides, folder, script, count, chosen.at_once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped")
        return STOPPED
    for side, measured in zip(sides, ours, strict=False):
        say("\n" + table(measured, rival, (side.name, Rival.name)))
        say(turn_line(measured))
    results = {side.name: asdict(one) for side, one in zip(sides, [*ours, rival], strict=True)}
    path = cache / "turns.json"
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"\nAll figures, and the messages that were answered otherwise than expected: {path}")
    met = [target.reached(target.ratio(one, rival)) for target in TABLE for one in ours]
    met += [one.turn_p95_seconds is None or one.turn_p95_seconds < TURN_P95 for one in ours]
    return 1 if False in met else 0


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
