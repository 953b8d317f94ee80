"""A real worker whose greeting does all its work and then waits for ever.

``python -m tests.dialogue.stuck_worker NAME MODEL FILE`` makes FILE when it waits.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from bot.dialogue.worker import run_worker
from bot.settings import Settings
from bot.training.watch import Watch


def main() -> None:
    name, model, sign = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    from bot.dialogue.actions.greeting import Greet

    greet = Greet.act

    def wait(self: Greet, turn: Any, tracker: Any, speaker: Any) -> Any:
        greet(self, turn, tracker, speaker)
        sign.touch()
        while True:
            time.sleep(1)

    Greet.act = wait  # type: ignore[method-assign]
    run_worker(Settings.load(), name, [model], Watch(Settings.load()))


if __name__ == "__main__":
    main()
