"""``make chaos``: thousands of messages through processes that are killed, over both databases."""

from __future__ import annotations

import argparse
import dataclasses
import secrets
import signal
import sys
import time
from typing import Any

from bot.errors import CrossdeskError
from bot.settings import Settings
from bot.training import models
from tests.chaos.driver import Plan, run
from tests.chaos.faults import FAULTS
from tests.peers.postgres import Server, programs


def main() -> int:
    # However it is ended, it leaves nothing running.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("ended from outside"))
    standard = Plan()
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="what is written, killed and disturbed")
    parser.add_argument("--messages", type=int, default=standard.messages)
    parser.add_argument("--buyers", type=int, default=standard.buyers)
    parser.add_argument("--seconds", type=float, default=standard.seconds, help="over how long they write")
    parser.add_argument("--kill-every", type=float, default=standard.kill_every, help="seconds; 0: never")
    parser.add_argument(
        "--disturb-every", type=float, default=standard.disturb_every, help="seconds; 0: never"
    )
    parser.add_argument("--patience", type=float, default=standard.patience)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one of the two")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="break the mailroom in this way")
    parser.add_argument(
        "--model",
        action="store_true",
        help="the trained model answers; a kill every 15 s, some 16 minutes each",
    )
    asked = vars(parser.parse_args())
    only = asked.pop("database")
    if asked.pop("model"):
        standard, asked = _with_model(parser, standard, asked)
    asked["seed"] = secrets.randbelow(10**6) if asked["seed"] is None else asked["seed"]
    plan = dataclasses.replace(standard, **asked)
    print(
        f"seed {plan.seed}: {plan.messages} messages of {plan.buyers} buyers in {plan.seconds:.0f} s",
        flush=True,
    )
    good = True
    for kind in ("sqlite", "postgresql") if only is None else (only,):
        good &= _one(kind, plan)
    return 0 if good else 1


def _with_model(
    parser: argparse.ArgumentParser, standard: Plan, asked: dict[str, Any]
) -> tuple[Plan, dict[str, Any]]:
    """The standard run of the real model, and what was asked for beside it."""
    try:
        model = models.current_path(Settings.load())
    except CrossdeskError as error:
        parser.error(str(error))
    given = {name: value for name, value in asked.items() if value != getattr(standard, name)}
    slow = {"messages": 3_000, "buyers": 300, "seconds": 930.0, "kill_every": 15.0, "disturb_every": 20.0}
    return dataclasses.replace(standard, model=str(model), **slow), {"seed": asked["seed"], **given}


def _one(kind: str, plan: Plan) -> bool:
    begun = time.monotonic()

    def tell(words: str) -> None:
        print(f"{kind} {time.monotonic() - begun:4.0f} s: {words}", flush=True)

    if kind == "sqlite":
        verdict = run(plan, tell=tell)
    else:
        folder = programs()
        if folder is None:
            tell("there is no PostgreSQL here")
            return False
        server = Server(folder)
        try:
            server.start()
            verdict = run(plan, server, tell)
        finally:
            server.remove()
    tell(f"{'GOOD' if verdict.good else 'BAD'}\n{verdict}")
    return verdict.good


if __name__ == "__main__":
    sys.exit(main())
