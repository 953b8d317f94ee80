"""A mailbox that filled while nobody worked: letters a second into the inbox, and what one of 25 MB costs.

The server is a real one (Dovecot, with TLS). Beside it stands the plainest reader there can be: ``imaplib``
and ``email`` fetch and parse each letter of a copy of the same mailbox and put its text into SQLite, a commit
for each.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import imaplib
import json
import os
import re
import smtplib
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.mail import open_channel
from bot import schema
from bot.clock import SystemClock
from bot.database import Database
from bot.mailroom.tables import inbox
from bot.serving.front import Front
from bot.settings import ROOT, Settings
from tests.peers.postoffice import HOST, USERS, PostOffice, missing

OURS, RIVALS, BUYER = "help@shop.test", "sales@shop.test", "ann@cust.test"
#: What is asked: letters a second, and memory for a letter of 25 MB, in bytes.
WANTED, MOST = 20.0, 200_000_000
LARGE = 25_000_000
#: Letters in the shapes of the common mail programs, in ten languages.
SHAPES = ROOT / "tests" / "mail" / "letters"


def letters(count: int) -> list[bytes]:
    """So many, each with an id and a sender of its own."""
    shapes = [path.read_bytes() for path in sorted(SHAPES.glob("*/*.eml"))]
    # Every letter gets its own; nobody vouches for them.
    unique = re.compile(rb"^(Message-ID|From|Authentication-Results):.*\n(?:[ \t].*\n)*", re.I | re.M)
    found = []
    for number in range(count):
        head, _, body = shapes[number % len(shapes)].replace(b"\r\n", b"\n").partition(b"\n\n")
        head = unique.sub(b"", head + b"\n")
        own = b"Message-ID: <%d@bench.test>\nFrom: Buyer <buyer%d@cust.test>\n" % (number, number)
        found.append((own + head + b"\n" + body).replace(b"\n", b"\r\n"))
    return found


def large() -> bytes:
    """One with a photo that makes it 25 MB on the line."""
    photo = base64.encodebytes(os.urandom(LARGE * 57 // 78)).replace(b"\n", b"\r\n")
    head = b"Message-ID: <large@bench.test>\r\nFrom: Buyer <buyer@cust.test>\r\nMIME-Version: 1.0\r\n"
    head += b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nIt came broken, see the photo.\r\n"
    part = b'--x\r\nContent-Type: image/jpeg\r\nContent-Disposition: attachment; filename="broken.jpg"\r\n'
    return head + part + b"Content-Transfer-Encoding: base64\r\n\r\n" + photo + b"--x--\r\n"


def deliver(office: PostOffice, to: str, written: Sequence[bytes]) -> None:
    """Put them into a mailbox."""
    with smtplib.LMTP(HOST, office.lmtp) as line:
        for letter in written:
            line.sendmail(BUYER, [to], letter)


def settings_for(office: PostOffice, place: Path) -> Settings:
    """The shipped rules with one mailbox, and a place of its own."""
    settings = Settings.load(
        {"CROSSDESK_FILES": str(place), "CROSSDESK_DATABASE_URL": f"sqlite:///{place / 'bench.sqlite'}"}
    )
    line = {"host": HOST, "port": office.imaps}
    mailbox = {
        "address": OURS,
        "imap": line,
        "smtp": {"host": HOST, "port": office.submission, "security": "starttls"},
    }
    options = {"mail": {"mailboxes": [mailbox], "oldest_days": 3650}}
    return replace(settings, rules=settings.rules.copy(update={"channel_options": options}))


async def take_in(settings: Settings, count: int) -> float:
    """Open the channel and wait until so many letters lie in the inbox; seconds from the start on."""
    database = Database(settings.database_url)
    schema.upgrade(database)
    front = Front(settings, database, SystemClock())
    channel: Any = open_channel(settings, front)
    begun = time.perf_counter()
    await channel.start()
    try:
        await asyncio.to_thread(_wait_for, database, count)
        return time.perf_counter() - begun
    finally:
        await channel.stop()
        database.close()


def _wait_for(database: Database, count: int) -> None:
    found = 0
    while found < count:
        time.sleep(0.02)
        with database.begin() as connection:
            found = connection.execute(sa.select(sa.func.count()).select_from(inbox)).scalar_one()


def read_plainly(office: PostOffice, place: Path, count: int) -> float:
    """What the rival does, in seconds."""
    store = sqlite3.connect(place / "plain.sqlite")
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("CREATE TABLE letters (id TEXT PRIMARY KEY, sender TEXT, text TEXT)")
    begun = time.perf_counter()
    with imaplib.IMAP4_SSL(HOST, office.imaps, ssl_context=ssl.create_default_context()) as client:
        client.login(RIVALS, USERS[RIVALS])
        client.select()
        numbers = client.search(None, "ALL")[1][0].split()
        for number in numbers:
            raw = client.fetch(number, "(BODY.PEEK[])")[1][0][1]  # type: ignore[index]
            letter: Any = message_from_bytes(raw, policy=policy.default)  # type: ignore[arg-type]
            body = letter.get_body(("plain", "html"))
            try:
                text = body.get_content() if body is not None else ""
            except (LookupError, KeyError):
                text = ""
            with store:
                store.execute(
                    "INSERT INTO letters VALUES (?, ?, ?)",
                    (str(letter["Message-ID"]), str(letter["From"]), text),
                )
            client.store(number, "+FLAGS", r"\Seen")
    took = time.perf_counter() - begun
    if len(numbers) != count:
        raise RuntimeError(f"the rival found {len(numbers)} letters, not {count}")
    store.close()
    return took


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


def alone(office: PostOffice, place: Path, count: int) -> Mapping[str, float]:
    """Take in what lies there, in a process of its own: seconds, and bytes beyond those at its start."""
    told = {"imaps": office.imaps, "submission": office.submission, "place": str(place), "count": count}
    ran = subprocess.run(
        [sys.executable, "-m", "bench.letters", "--inner", json.dumps(told)],
        env={**os.environ, "SSL_CERT_FILE": str(office.certificate), "CROSSDESK_MAIL_PASSWORD": USERS[OURS]},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: Mapping[str, float] = json.loads(ran.stdout)
    return found


def _inner(told: Mapping[str, Any]) -> None:
    class Ports:
        imaps, submission = told["imaps"], told["submission"]

    settings, before = settings_for(Ports, Path(told["place"])), peak()  # type: ignore[arg-type]
    took = asyncio.run(take_in(settings, told["count"]))
    print(json.dumps({"seconds": took, "memory": peak() - before}))


def main() -> None:
    """Measure, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=1_000)
    parser.add_argument("--inner", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inner:
        _inner(json.loads(asked.inner))
        return
    if (why := missing()) is not None:
        parser.error(why)
    office, count = PostOffice(), asked.letters
    office.start()
    try:
        os.environ["SSL_CERT_FILE"] = str(office.certificate)
        written = letters(count)
        deliver(office, OURS, written)
        deliver(office, RIVALS, written)
        with tempfile.TemporaryDirectory() as folder:
            ours = alone(office, Path(folder), count)["seconds"]
            plain = read_plainly(office, Path(folder), count)
        print(f"crossdesk     {count / ours:7.1f} letters a second ({WANTED:.0f} asked)")
        print(f"plain reader  {count / plain:7.1f} letters a second; ours / plain: {plain / ours:.2f}")
        deliver(office, OURS, [large()])
        with tempfile.TemporaryDirectory() as folder:
            memory = alone(office, Path(folder), 1)["memory"]
        print(f"a letter of {LARGE / 1e6:.0f} MB: {memory / 1e6:.0f} MB of memory ({MOST / 1e6:.0f} asked)")
    finally:
        office.stop()


if __name__ == "__main__":
    main()
