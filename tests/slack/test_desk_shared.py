"""Buyers and the desk share one app and one connection: each hears what is theirs, and nothing else."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.slack import open_channel
from bot.mailroom.tables import inbox
from bot.serving.front import Front
from tests.channels.house import until
from tests.peers.local_slack import BOT, DESK
from tests.slack.desk_house import DeskHouse


async def test_both_are_open_on_one_connection_and_nobody_in_the_desks_channels_is_a_buyer(
    house: DeskHouse,
) -> None:
    case = house.staff.case()
    front = Front(house.opened, house.database, house.clock)
    channel = open_channel(house.opened, front)
    await channel.start()
    try:
        direct = await house.act(house.slack.direct)
        await house.presses(await house.card(case.id), "Claim")
        await house.shows(case.id, "Ana has it")
        await house.writes(case.id, "a remark")
        await house.act(house.slack.says, DESK, f"<@{BOT}> hello, anybody?")
        await house.act(house.slack.says, direct, "Where is my parcel?")

        async def heard() -> list[str]:
            with house.database.begin() as connection:
                rows = connection.execute(sa.select(inbox).where(inbox.c.channel == "slack")).all()
            return [row.text for row in rows]

        async def came() -> bool:
            return "Where is my parcel?" in await heard()

        await until(came, "the buyer's message")
        await house.quiet()
        assert await heard() == ["Where is my parcel?"]
        assert house.edge.called.count("apps.connections.open") == 1
        # Whoever stays goes on when the other one stops.
        await house.stop()
        await house.act(house.slack.says, direct, "Hello?")

        async def went_on() -> bool:
            return "Hello?" in await heard()

        await until(went_on, "the buyer's next message")
    finally:
        await channel.stop()
        await front.workers.stop()
