"""A service that is killed while buyers write on Telegram: nothing is lost, nothing is out of order."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.mailroom.tables import conversations, inbox, outbox
from tests.chaos.script import ANSWER, KINDS
from tests.peers.telegram_api import ANA, BotApi, Fault, flood
from tests.service.victim import Victim

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc"),
]

#: How long it may take until all is answered, in seconds.
PATIENCE = 800.0
#: Of this many sendings one arrives without an answer, and one is refused.
SELDOM = 150


@dataclass(frozen=True)
class Row:
    """A message of ours, as the outbox knows it."""

    chat: str
    text: str
    state: str
    doubts: int


def rows(database: Database) -> list[Row]:
    columns = (conversations.c.sender, outbox.c.text, outbox.c.state, outbox.c.doubts)
    with database.begin() as connection:
        found = connection.execute(
            sa.select(*columns).join(conversations, conversations.c.id == outbox.c.conversation_id)
        ).all()
    return [Row(*row) for row in found]


def is_over(database: Database, messages: int) -> bool:
    """Whether every message was taken to its end, and nothing waits to be sent."""
    with database.begin() as connection:
        done = connection.execute(
            sa.select(sa.func.count()).select_from(inbox).where(inbox.c.state == "done")
        ).scalar_one()
        waits = connection.execute(
            sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_(("queued", "sending")))
        ).scalar_one()
    return bool(done >= messages and not waits)


def judge(api: BotApi, written: dict[str, list[str]], database: Database) -> Counter[str]:
    """Hold what buyers see against what they wrote; raises where a promise is broken."""
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for one in api.shown:
        seen[str(one["chat"]["id"])].append(one["text"])
    ours: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows(database):
        ours[row.chat].append(row)
    told: Counter[str] = Counter()
    for chat, kinds in written.items():
        firsts = list(dict.fromkeys(text for text in seen[chat] if ANSWER.fullmatch(text)))
        places = [
            (int(found["number"]), int(found["part"])) for text in firsts if (found := ANSWER.fullmatch(text))
        ]
        assert places == sorted(places), f"out of order in {chat}: {seen[chat]}"
        doubtful = {row.text for row in ours[chat] if row.doubts or row.state == "unknown"}
        for text, times in Counter(seen[chat]).items():
            told["repeated"] += times - 1
            assert times == 1 or (text in doubtful and times == 2), f"{times} times in {chat}: {text}"
            number = int(text.split(".")[0])
            assert times == 1 or kinds[number - 1] != "money", (
                f"a confirmation was repeated in {chat}: {text}"
            )
        if any(row.state == "unknown" for row in ours[chat]):
            # A person has the conversation since then.
            told["with a person"] += 1
            continue
        expected = [(n, part) for n, kind in enumerate(kinds, 1) for part in range(1, KINDS[kind][1] + 1)]
        assert places == expected, f"lost in {chat}: {places}"
        told["answered"] += len(expected)
    return told


async def run(place: Path, database: Database, *, messages: int, buyers: int, kills: int) -> Counter[str]:
    chance = random.Random(7)
    api = await BotApi().start()
    secrets = {"CROSSDESK_TELEGRAM_TOKEN": api.token}
    service = Victim(place, database, "telegram", {"api": api.address}, secrets)
    troubles: list[Fault | None] = [Fault(0, cut=True, done=True), flood(1), *[None] * (SELDOM - 2)]
    api.faults["sendMessage"] = [chance.choice(troubles) for _ in range(messages * 10)]  # type: ignore[misc]
    written: dict[str, list[str]] = defaultdict(list)
    try:
        service.start()
        for number in range(messages):
            who = {**ANA, "id": 100 + number % buyers}
            kinds = written[str(who["id"])]
            # What confirms money comes last: its outcome may be a person's business.
            last = number >= messages - buyers
            kinds.append("money" if last and number % 3 == 0 else chance.choice(("talk", "talk", "pair")))
            await api.says(f"{len(kinds)} {kinds[-1]}", who)
        end = time.monotonic() + PATIENCE
        for kill in range(1, kills + 1):
            while len(api.shown) < kill * messages // (kills + 1):
                assert time.monotonic() < end, service.said()[-2000:]
                await asyncio.sleep(0.05)
            service.kill()
            service.start()
        while not await asyncio.to_thread(is_over, database, messages):
            assert time.monotonic() < end, service.said()[-2000:]
            await asyncio.sleep(0.2)
        assert api.token not in service.said()
        return judge(api, written, database)
    finally:
        service.kill()
        await api.stop()


async def test_what_buyers_write_survives_a_kill(tmp_path: Path, database: Database) -> None:
    told = await run(tmp_path, database, messages=40, buyers=20, kills=1)
    assert told["answered"] > 30


@pytest.mark.proof
async def test_a_thousand_messages_survive_many_kills(tmp_path: Path, database: Database) -> None:
    told = await run(tmp_path, database, messages=1_000, buyers=200, kills=12)
    print(told)
    assert told["answered"] > 1_000
