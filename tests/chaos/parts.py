"""The parts of crossdesk that are killed, each in a process of its own: what ``serve`` runs, on real tables.

Acceptance behind a socket, the worker's own main function, delivery, and a person at the desk who answers
whatever the bot handed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.channels import UNLIMITED
from bot.clock import SystemClock
from bot.database import Database
from bot.desk.acts import CaseActs
from bot.desk.people import People
from bot.desk.tables import cases
from bot.desk.undelivered import open_undelivered
from bot.desk.values.cases import CaseState, Outcome
from bot.desk.values.people import Person
from bot.dialogue import worker
from bot.dialogue.recovery import Recovery
from bot.dialogue.replies import Replies
from bot.errors import CrossdeskError, TryLaterError, UnknownOutcomeError
from bot.mailroom import conversations
from bot.mailroom.acceptance import Acceptance
from bot.mailroom.delivery import Delivery
from bot.mailroom.tables import inbox, outbox
from bot.messages import Author, Inbound, Outbound
from bot.settings import Settings
from bot.training.watch import Watch
from bot.workers import WorkerDiedError
from tests.chaos.script import ANSWER, CHANNEL

#: How often each looks whether there is something to do, in seconds; in ``serve`` the front wakes it.
LOOK = 0.1
#: How long one answer of the fake channel is waited for, in seconds.
PATIENCE = 20.0


class Slip:
    """The channel's side in the delivering process: each message over a connection of its own."""

    name = CHANNEL
    idempotent = False
    limits = UNLIMITED

    def __init__(self, carrier: Path) -> None:
        self._carrier = str(carrier)
        self._me = f"{os.getpid()}-{time.time():.3f}"

    def routes(self) -> Sequence[Any]:
        return ()

    async def start(self) -> None:
        """Stay on the line: that it breaks is how the channel learns that we died."""
        _, self._line = await asyncio.open_unix_connection(self._carrier)
        self._line.write(json.dumps({"deliverer": self._me}).encode() + b"\n")
        await self._line.drain()

    async def stop(self) -> None:
        self._line.close()

    async def send(self, message: Outbound) -> str | None:
        reader, writer = await asyncio.open_unix_connection(self._carrier)
        asked = {"key": message.key, "to": message.sender, "text": message.text, "by": self._me}
        try:
            writer.write(json.dumps(asked).encode() + b"\n")
            answer = (await asyncio.wait_for(reader.readline(), PATIENCE)).decode().split()
        finally:
            writer.close()
        if answer[:1] == ["busy"]:
            raise TryLaterError("the channel is busy", retry_after=float(answer[1]))
        if answer != ["sent"]:
            raise UnknownOutcomeError("the channel timed out")
        return message.key


def work(settings: Settings, name: str, model: Path) -> None:
    """A worker; standard input and output are its line to whoever started it."""
    worker.run_worker(settings, name, [model], Watch(settings))


def take_back(settings: Settings, name: str, replies: Replies) -> None:
    """What a front does when a worker of its own machine has died."""
    database = Database(settings.database_url)
    with contextlib.suppress(TryLaterError):
        Recovery(database, settings.rules, replies, SystemClock()).take_back(name, WorkerDiedError())
    database.close()


async def receive(settings: Settings, path: Path) -> None:
    """A front: takes messages at a socket, and says that it has each after it is committed."""
    database, clock = Database(settings.database_url), SystemClock()
    acceptance = Acceptance(database, clock, lambda _: "en")

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            read = json.loads(await reader.readline())
            message = Inbound(**{**read, "sent_at": dt.datetime.fromisoformat(read["sent_at"])})
            try:
                await acceptance.accept(message)
                writer.write(b"accepted\n")
            except TryLaterError:
                writer.write(b"later\n")
            await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)  # noqa: ASYNC240 (nothing else is to be done yet)
    server = await asyncio.start_unix_server(met, path)
    async with server:
        await server.serve_forever()


async def deliver(settings: Settings, carrier: Path) -> None:
    """A deliverer, as ``serve`` runs it."""
    database, clock = Database(settings.database_url), SystemClock()
    more = asyncio.Event()
    channel: Any = Slip(carrier)
    await channel.start()

    def undelivered(connection: Connection, conversation_id: int, why: str) -> None:
        open_undelivered(connection, settings.rules, clock, conversation_id, why)

    delivery = Delivery(database, {CHANNEL: channel}, clock, undelivered, on_more=more.set)
    while True:
        more.clear()
        with contextlib.suppress(TryLaterError):
            await delivery.deliver_due()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(more.wait(), LOOK)


def attend(settings: Settings) -> None:
    """A person who answers each message that the bot left to people, and hands the conversation back."""
    database, clock = Database(settings.database_url), SystemClock()
    person: Person | None = None
    open_cases = sa.select(cases.c.id, cases.c.conversation_id).where(cases.c.state != CaseState.CLOSED.value)
    while True:
        try:
            with database.begin() as connection:
                person = person or People(connection, settings.rules, clock).list()[0]
                waiting = connection.execute(open_cases.order_by(cases.c.id)).all()
            for case in waiting:
                with contextlib.suppress(CrossdeskError), database.begin() as connection:
                    acts = CaseActs(connection, settings.rules, clock)
                    _serve(acts, person, case.id, case.conversation_id)
        except TryLaterError:
            pass
        time.sleep(LOOK)


def _serve(acts: CaseActs, person: Person, case_id: int, talk: int) -> None:
    """One case from claim to hand-back, in one transaction."""
    connection = acts.connection
    conversations.hold(connection, talk)
    case = acts.get(case_id)
    if case.owner_id != person.id:
        case = acts.claim(case_id, person)
    said = set(
        connection.execute(
            sa.select(outbox.c.text).where(
                outbox.c.conversation_id == talk, outbox.c.author == Author.AGENT.value
            )
        ).scalars()
    )
    for text in _owed(connection, talk):
        if text not in said:
            case = acts.reply(case_id, person, text, case.fence)
    acts.hand_back(case_id, person, Outcome.SOLVED, "answered", case.fence)


def _owed(connection: Connection, talk: int) -> list[str]:
    """What a person has to say in a conversation: to what the bot did not answer, and to what may be lost."""
    left = connection.execute(
        sa.select(inbox.c.text)
        .where(
            inbox.c.conversation_id == talk,
            inbox.c.kind == "message",
            sa.or_(inbox.c.note == "relayed", inbox.c.state == "buried"),
        )
        .order_by(inbox.c.id)
    ).scalars()
    doubtful = connection.execute(
        sa.select(outbox.c.text)
        .where(outbox.c.conversation_id == talk, outbox.c.state == "unknown", outbox.c.author == "bot")
        .order_by(outbox.c.id)
    ).scalars()
    owed = [f"{text.split()[0]} by a person" for text in left]
    answers = [ANSWER.fullmatch(text) for text in doubtful]
    return owed + [f"{found['number']}.{found['part']} assured by a person" for found in answers if found]
