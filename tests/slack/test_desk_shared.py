"""Buyers and the desk share one app, or have one each: each hears what is theirs, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from adapters.slack import access, open_channel
from adapters.slack.desk import open_desk
from adapters.slack.desk.frontend import SlackDesk
from adapters.slack.desk.options import DESK_APP
from bot.mailroom.tables import conversations, inbox
from bot.serving.front import Front
from tests.channels.house import until
from tests.peers.local_slack import APP_TOKEN, BOT, BOT_TOKEN, DESK, LocalSlack
from tests.slack.desk_house import DeskHouse
from tests.slack.edge import Edge


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


async def test_agents_may_be_in_another_workspace_than_buyers(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.stop()
    community = await asyncio.to_thread(LocalSlack(team="T77COMMUNITY").start)
    edge = Edge(community)
    await edge.start()
    monkeypatch.setenv(access.BOT_TOKEN, "xoxb-community")
    for name, token in zip(DESK_APP.variables, (BOT_TOKEN, APP_TOKEN), strict=False):
        monkeypatch.setenv(name, token)
    rules = house.opened.rules
    options = {"slack": {**rules.desk_options["slack"], "api": house.edge.api}}
    elsewhere = rules.copy(update={"channel_options": {"slack": {"api": edge.api}}, "desk_options": options})
    settings = dataclasses.replace(house.opened, rules=elsewhere)
    front = Front(settings, house.database, house.clock)
    channel, frontend = open_channel(settings, front), open_desk(settings, house.desk)
    house._frontend = frontend
    await asyncio.gather(channel.start(), frontend.start())
    try:
        assert isinstance(frontend, SlackDesk)
        assert all(one.fine for one in await frontend.examine())
        case = house.staff.case()
        await house.presses(await house.card(case.id), "Claim")
        await house.shows(case.id, "Ana has it")
        # A member by the same id of the buyers' workspace is nobody of ours, and writes as a buyer.
        direct = await asyncio.to_thread(community.direct)
        await asyncio.to_thread(community.says, direct, ">> Where is my parcel?")

        async def heard() -> Sequence[tuple[str, str]]:
            query = sa.select(inbox.c.channel, conversations.c.account, inbox.c.text).join(conversations)
            with house.database.begin() as connection:
                rows = connection.execute(query.where(inbox.c.channel == "slack")).all()
            return [(row.account, row.text) for row in rows]

        assert await until(heard, "the buyer's message") == [("T77COMMUNITY", ">> Where is my parcel?")]
        assert house.sent(case) == []
        assert [one for one in edge.called if one.startswith("chat.")] == []
        assert edge.called.count("apps.connections.open") == 1
    finally:
        await house.stop()
        await channel.stop()
        await front.workers.stop()
        await edge.stop()
        await asyncio.to_thread(community.remove)
