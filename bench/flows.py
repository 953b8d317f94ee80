"""What a turn costs with all flows, beside the same program with the first few: `python -m bench.flows`."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.driving import Measured, measure
from bench.ours import Ours, environment, fill, read_before, throw_away
from bench.processes import end_by_signals, running
from bench.talk import Buyers, Conversation
from bot.settings import ROOT, Settings

SEED = 2
#: By how much a message may cost more with all flows.
MOST = 1.2
#: Each side is measured so often, in turns; the medians are compared.
ROUNDS = 3
WARM_UP, CONVERSATIONS = 8, 48
#: The flows of the first working whole, which are all that these buyers need.
FIRST = (
    "aftersales/refund_policy", "aftersales/refund_state", "aftersales/return",
    "anytime/human", "anytime/identity", "anytime/not_understood", "anytime/talk", "anytime/wrap_up",
    "insales/charged_twice", "insales/not_received", "insales/order_state", "insales/parcel",
    "insales/payment_declined", "presales/payment_methods", "presales/product",
)  # fmt: skip
#: What a program consists of when it serves.
PARTS = (
    "adapters", "bot", "nlu", "replies", "requirements", "stories",
    "config.yml", "domain.yml", "pyproject.toml", "shop.yml",
)  # fmt: skip
ALL, FEW = "all flows", "the first few"


def with_first_flows(folder: Path) -> Path:
    """A copy of the program that has no other flows than the first; the domain is whole."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    kept = {folder / "stories" / f"{name}.yml" for name in FIRST}
    for path in (folder / "stories").rglob("*.yml"):
        if path not in kept:
            path.unlink()
    missing = [str(path) for path in kept if not path.exists()]
    if missing:
        raise SystemExit(f"these flows have moved: {', '.join(missing)}")
    return folder


def trained(root: Path, settings: Settings, cache: Path, models: Path) -> None:
    """Give a store the model of a program, and keep it with what its training has found out."""
    kept = {"cache": cache, "models": models}
    for name, place in kept.items():
        if place.exists():
            shutil.copytree(place, settings.files / name, dirs_exist_ok=True)
    subprocess.run([sys.executable, "-m", "bot", "train"], env=environment(settings), cwd=root, check=True)
    for name, place in kept.items():
        shutil.copytree(settings.files / name, place, dirs_exist_ok=True)


async def run(
    roots: Mapping[str, Path], stores: Mapping[str, Settings], folder: Path, script: Sequence[Conversation]
) -> dict[str, list[Measured]]:
    """Measure the two in turns."""
    end_by_signals()
    measured: dict[str, list[Measured]] = {name: [] for name in roots}
    for number in range(ROUNDS):
        part = script[number * (WARM_UP + CONVERSATIONS) :]
        for name, root in roots.items():
            say(f"{name}, round {number + 1} …")
            with running(folder / "serve.log") as group:
                found = await measure(
                    Ours(stores[name], root=root),
                    group,
                    part[:WARM_UP],
                    part[WARM_UP : WARM_UP + CONVERSATIONS],
                    [],
                    1,
                )
            measured[name].append(found)
    return measured


def told(measured: Mapping[str, Sequence[Measured]]) -> tuple[str, bool]:
    """The table, and whether all flows cost no more than they may."""
    lines, costs = [], {}
    for name, rounds in measured.items():
        each = [1e3 * one.cpu_seconds / one.messages for one in rounds]
        costs[name] = statistics.median(each)
        lines.append(
            f"{name:15}{costs[name]:8.1f} ms of processor time a message "
            f"({', '.join(f'{one:.1f}' for one in each)}); "
            f"answered as expected {100 * min(one.expected for one in rounds):.0f} %"
        )
    ratio = costs[ALL] / costs[FEW]
    reached = ratio <= MOST
    lines.append(f"{'ratio':15}{ratio:8.2f} ≤ {MOST} {'reached' if reached else 'MISSED'}")
    return "\n".join(lines), reached


def main(arguments: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="bench-flows", description=__doc__).parse_args(arguments)
    cache = Settings.load().files / "bench" / "flows"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-flows-") as name:
            folder = Path(name)
            (folder / "program").mkdir()
            roots = {ALL: ROOT, FEW: with_first_flows(folder / "program")}
            stores = {}
            for number, (which, root) in enumerate(roots.items()):
                place = folder / str(number)
                place.mkdir()
                stores[which] = throw_away(place)
                fill(stores[which])
                say(f"{which}: the model is trained if there is none yet …")
                trained(root, stores[which], cache / "cache", cache / f"models-{number}")
            script = Buyers(folder / "0" / "crossdesk.sqlite", SEED).conversations(
                ROUNDS * (WARM_UP + CONVERSATIONS)
            )
            for settings in stores.values():
                read_before(settings, [line.text for talk in script for line in talk][::2])
            measured = asyncio.run(run(roots, stores, folder, script))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped")
        return 130
    text, reached = told(measured)
    say(text)
    results = {name: [asdict(one) for one in rounds] for name, rounds in measured.items()}
    path = cache / "flows.json"
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if reached else 1


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
