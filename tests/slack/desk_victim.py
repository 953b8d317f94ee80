"""A whole service without a model, its buyers and people in Slack: it hands over at once, and is killed."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys

from anyio import to_thread

from bot.channels import build_channel
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.port.frontend import open_desks
from bot.desk.service.desk import DatabaseDesk
from bot.desk.values.cases import CaseCard, Reason
from bot.errors import TryLaterError
from bot.mailroom import inbox
from bot.mailroom.rows import MESSAGE
from bot.serving.delivering import deliver
from bot.serving.doorbook import DoorBook
from bot.serving.doors import open_door
from bot.serving.front import Front
from bot.settings import Settings
from tests.slack.desk_house import Tempo

#: A turn whose process was killed is taken again after it.
LEASE = dt.timedelta(seconds=5)


def hand_over(front: Front) -> bool:
    """Take one turn, in one transaction; False if there is nothing to take."""
    now, rules = front.clock.now(), front.settings.rules
    with front.database.begin() as connection:
        held = inbox.claim(connection, "relay", now=now, lease=LEASE)
        if held is None:
            return False
        if held.row.kind == MESSAGE:
            cases = Cases(connection, rules, front.clock)
            if cases.buyer_wrote(held.conversation.id) is None:
                cases.open(
                    held.conversation.id,
                    intent="logistics_where_is_parcel",
                    reason=Reason.ASKED_FOR_HUMAN,
                    card=CaseCard(wants=held.row.text, name=held.conversation.sender),
                    language="en",
                )
        inbox.finish(connection, held, "relayed", now=now)
    return True


async def hand_all_over(front: Front) -> None:
    while True:
        try:
            while await to_thread.run_sync(hand_over, front):
                front.new_mail.set()
        except TryLaterError:
            pass
        await asyncio.sleep(0.05)


async def main() -> None:
    Tempo().on()
    settings, clock = Settings.load(), SystemClock()
    front = Front(settings, Database(settings.database_url), clock)
    channel = build_channel("slack", settings, front)
    desk = open_desks(settings, DatabaseDesk(front.database, settings.rules, clock, front.notify))["slack"]
    book = DoorBook(front.database, clock, "host-1-a")

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    await asyncio.gather(
        open_door("channel slack", channel.start, tell, book),
        open_door("desk slack", desk.start, tell, book),
        deliver(front, {"slack": channel}),
        hand_all_over(front),
    )


if __name__ == "__main__":
    asyncio.run(main())
