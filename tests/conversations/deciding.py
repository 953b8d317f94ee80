"""``python -m tests.conversations.deciding MODEL``: a supervisor and a worker in one, to be killed.

The model is loaded once; each line read on standard input is a moment (ISO 8601) and a database's URL: from
then on a child decides on all that waits and takes every turn. Its process id is told when it begins, its
exit code when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import datetime as dt
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

#: From Linux's <sys/prctl.h>.
PR_SET_PDEATHSIG = 1


def in_no_hurry(rules: Any) -> Any:
    """The rules, with turns that may take long and die often: else the third death gives them to a person."""
    serving = rules.serving.copy(update={"turn_seconds": 300, "turn_tries": 1_000})
    return rules.copy(update={"serving": serving})


def decide_and_go_on(url: str, engine: Any, replies: Any, rules: Any, now: dt.datetime) -> None:
    """Decide on the oldest request, take the turns, and so on until nothing waits."""
    from bot.clock import SetClock
    from bot.database import Database
    from bot.desk.people import People
    from bot.desk.requests import Requests
    from bot.dialogue.turns import TurnTaker

    database, clock = Database(url), SetClock(now)
    taker = TurnTaker(database, rules, replies, clock, engine, f"worker-{os.getpid()}")
    while True:
        with database.begin() as connection:
            known = Requests(connection, rules, clock)
            waiting = known.list(limit=1)
            if waiting:
                sue = next(one for one in People(connection, rules, clock).list() if one.login == "sue")
                if waiting[0].id % 3 == 0 and not waiting[0].is_whole:
                    known.counter(waiting[0].id, sue, "20.00")
                else:
                    known.approve(waiting[0].id, sue)
        took = False
        while taker.take_next() is not None:
            took = True
        if not waiting and not took:
            return


def main() -> None:
    """Load, then have a child for every line."""
    from bot.dialogue.lean import keep_tensorflow_out

    keep_tensorflow_out()
    from bot.dialogue.engine import Engine
    from bot.dialogue.recovery import load_replies
    from bot.settings import Settings

    (model,) = sys.argv[1:]
    settings = Settings.load()
    engine, replies = Engine.load(Path(model)), load_replies(settings)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            continue
        code = 1
        try:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            engine._loop = asyncio.SelectorEventLoop()
            moment, url = line.split()
            rules, now = in_no_hurry(settings.rules), dt.datetime.fromisoformat(moment)
            decide_and_go_on(url, engine, replies, rules, now)
            code = 0
        except BaseException:
            with contextlib.suppress(OSError):
                traceback.print_exc()
        finally:
            os._exit(code)


if __name__ == "__main__":
    main()
