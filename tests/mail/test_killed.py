"""A service that is killed while buyers write letters: nothing is lost, nothing is out of order."""

from __future__ import annotations

import asyncio
import email
import email.policy
import email.utils
import random
import re
import smtplib
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.mailroom.tables import conversations, inbox, outbox
from tests.channels.mail_rig import VOUCHED, empty, options_for, post_office
from tests.chaos.script import KINDS
from tests.peers.postoffice import HOST, USERS, PostOffice
from tests.service.victim import Victim

pytestmark = pytest.mark.timeout(900)

#: How long it may take until all is answered, in seconds.
PATIENCE = 800.0
OURS, BUYERS = "help@shop.test", "ann@cust.test"
_PLACE = re.compile(r"\b(\d+)\.(\d)/\d after \d+")


@dataclass(frozen=True)
class Seen:
    """A letter in a buyer's mailbox."""

    message_id: str
    #: When our server took it, in seconds.
    at: float
    #: Which parts of which answers stand in it.
    places: tuple[tuple[int, int], ...]


def seen(office: PostOffice) -> dict[str, list[Seen]]:
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    with office.client(BUYERS) as client:
        client.select_folder("INBOX", readonly=True)
        for one in client.fetch(client.search(), ["BODY.PEEK[]"]).values():
            letter: Any = email.message_from_bytes(one[b"BODY[]"], policy=email.policy.default)
            # The lowest but one is the submission's: what the queue does later is not ours.
            received = letter.get_all("Received")[-1].rpartition(";")[2]
            text = letter.get_body(("plain",)).get_content()
            places = tuple((int(number), int(part)) for number, part in _PLACE.findall(text.split("\n> ")[0]))
            at = email.utils.parsedate_to_datetime(received).timestamp()
            found[letter["To"]].append(Seen(letter["Message-ID"], at, places))
    return found


def counts(database: Database) -> tuple[int, int]:
    """How many messages were taken to their end, and how many of ours wait."""
    with database.begin() as connection:
        done = connection.execute(sa.select(sa.func.count()).where(inbox.c.state == "done")).scalar_one()
        waits = connection.execute(
            sa.select(sa.func.count()).where(outbox.c.state.in_(("queued", "sending")))
        ).scalar_one()
    return done, waits


def doubtful(database: Database) -> tuple[Counter[str], set[str]]:
    """How often it is unknown what became of a letter, by buyer; and who therefore has a person."""
    with database.begin() as connection:
        rows = connection.execute(
            sa.select(conversations.c.sender, outbox.c.state, outbox.c.doubts).join(
                conversations, conversations.c.id == outbox.c.conversation_id
            )
        ).all()
    doubts: Counter[str] = Counter()
    for row in rows:
        doubts[row.sender] += bool(row.doubts or row.state == "unknown")
    return doubts, {row.sender for row in rows if row.state == "unknown"}


def judge(office: PostOffice, written: dict[str, list[str]], database: Database) -> Counter[str]:
    """Hold what buyers have against what they wrote."""
    told: Counter[str] = Counter()
    doubts, with_person = doubtful(database)
    for buyer, letters in seen(office).items():
        times = Counter(one.message_id for one in letters)
        repeated = {one for one, count in times.items() if count > 1}
        assert all(times[one] == 2 for one in repeated)
        assert len(repeated) <= doubts[buyer], f"repeated without a doubt: {buyer}"
        money = {number for number, kind in enumerate(written[buyer], 1) if kind == "money"}
        assert not any(
            number in money for one in letters if one.message_id in repeated for number, _ in one.places
        )
        told["repeated"] += len(repeated)
        firsts = {one.message_id: one for one in sorted(letters, key=lambda one: (-one.at, one.places))}
        ordered = sorted(firsts.values(), key=lambda one: (one.at, one.places))
        places = [place for one in ordered for place in one.places]
        assert places == sorted(places), f"out of order: {buyer}: {places}"
        if buyer in with_person:
            told["with a person"] += 1
            continue
        expected = [
            (number, part)
            for number, kind in enumerate(written[buyer], 1)
            for part in range(1, KINDS[kind][1] + 1)
        ]
        assert places == expected, f"lost: {buyer}: {places}"
        told["answered"] += len(written[buyer])
    return told


async def run(place: Path, database: Database, *, messages: int, buyers: int, kills: int) -> Counter[str]:
    chance = random.Random(7)
    office = post_office()
    await asyncio.to_thread(empty, office, OURS, BUYERS)
    secrets = {"CROSSDESK_MAIL_PASSWORD": USERS[OURS], "SSL_CERT_FILE": str(office.certificate)}
    service = Victim(place, database, "mail", options_for(office, OURS), secrets)
    written: dict[str, list[str]] = defaultdict(list)
    with smtplib.LMTP(HOST, office.lmtp) as line:
        for number in range(messages):
            buyer = BUYERS.replace("@", f"+{number % buyers}@")
            kinds = written[buyer]
            # What confirms money comes last: its outcome may be a person's business.
            last = number >= messages - buyers
            kinds.append("money" if last and number % 3 == 0 else chance.choice(("talk", "talk", "pair")))
            head = (
                f"Authentication-Results: {VOUCHED}\r\nFrom: {buyer}\r\nMessage-ID: <{number}@cust.test>\r\n"
            )
            line.sendmail(BUYERS, [OURS], f"{head}\r\n{len(kinds)} {kinds[-1]}\r\n".encode())
    end = time.monotonic() + PATIENCE
    try:
        service.start()
        for kill in range(1, kills + 1):
            while counts(database)[0] < kill * messages // (kills + 1):
                assert time.monotonic() < end, service.said()[-2000:]
                await asyncio.sleep(0.05)
            service.kill()
            service.start()
        while counts(database) != (messages, 0):
            assert time.monotonic() < end, service.said()[-2000:]
            await asyncio.sleep(0.2)
    finally:
        service.kill()
    # The buyers' server takes its time.
    with database.begin() as connection:
        sent = sa.select(sa.func.count()).where(outbox.c.state == "sent")
        # Of whom a person has the case since, nobody knows how much the bot has left unsaid.
        expected = connection.execute(sent).scalar_one()
    while sum(len({one.message_id for one in letters}) for letters in seen(office).values()) < expected:
        assert time.monotonic() < end
        await asyncio.sleep(0.5)
    return judge(office, written, database)


async def test_what_buyers_write_survives_a_kill(tmp_path: Path, database: Database) -> None:
    told = await run(tmp_path, database, messages=20, buyers=10, kills=1)
    assert told["answered"] > 12


@pytest.mark.proof
async def test_a_thousand_letters_survive_many_kills(tmp_path: Path, database: Database) -> None:
    told = await run(tmp_path, database, messages=1_000, buyers=100, kills=10)
    print(told)
    assert told["answered"] > 900
