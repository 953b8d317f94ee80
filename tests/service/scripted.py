"""``python -m tests.service.scripted serve …``: the real service, with a script in the place of the model."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from bot.__main__ import main
from bot.training import models


def _serve() -> None:
    really = asyncio.create_subprocess_exec

    async def start(*arguments: Any, **more: Any) -> Any:
        # `python -m bot worker …`
        return await really(sys.executable, "-m", "tests.service.scripted", *arguments[3:], **more)

    asyncio.create_subprocess_exec = start
    models.is_stale = models.has_outgrown = lambda *_: False


def _work() -> None:
    from bot.dialogue.lean import keep_tensorflow_out

    keep_tensorflow_out()
    from bot.dialogue import engine
    from tests.chaos.script import ScriptedEngine

    engine.Engine = ScriptedEngine  # type: ignore[assignment, misc]
    models.current_path = lambda _: Path("scripted")


if __name__ == "__main__":
    (_work if sys.argv[1] == "worker" else _serve)()
    main()
