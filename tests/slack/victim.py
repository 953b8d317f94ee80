"""A whole service with its door on Slack, but without a model: it answers "re: …", and is killed often.

What the buyer's words end with decides: after an even number the answer confirms something.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys

from anyio import to_thread

from bot.channels import build_channel
from bot.clock import SystemClock
from bot.database import Database
from bot.errors import TryLaterError
from bot.mailroom import inbox, outbox
from bot.messages import Author, Weight
from bot.serving.delivering import deliver
from bot.serving.doorbook import DoorBook
from bot.serving.doors import open_door
from bot.serving.front import Front
from bot.settings import Settings

LEASE = dt.timedelta(seconds=60)


def is_confirmation(text: str) -> bool:
    return text[-1] in "02468"


def answer(front: Front) -> bool:
    """Take one turn, in one transaction; False if there is nothing to answer."""
    now = front.clock.now()
    with front.database.begin() as connection:
        held = inbox.claim(connection, "echo", now=now, lease=LEASE)
        if held is None:
            return False
        text = held.row.text
        weight = Weight.CONFIRMATION if is_confirmation(text) else Weight.TALK
        said = f"re: {text}"
        outbox.post(connection, held.conversation.id, said, now=now, author=Author.BOT, weight=weight)
        inbox.finish(connection, held, "answered", now=now)
    return True


async def answer_all(front: Front) -> None:
    while True:
        try:
            while await to_thread.run_sync(answer, front):
                front.new_mail.set()
        except TryLaterError:
            pass
        await asyncio.sleep(0.05)


async def main() -> None:
    settings, clock = Settings.load(), SystemClock()
    front = Front(settings, Database(settings.database_url), clock)
    channel = build_channel("slack", settings, front)
    book = DoorBook(front.database, clock, "host-1-a")
    await asyncio.gather(
        open_door("channel slack", channel.start, lambda line: print(line, file=sys.stderr), book),
        deliver(front, {"slack": channel}),
        answer_all(front),
    )


if __name__ == "__main__":
    asyncio.run(main())
