"""A process that tells the feed until it is killed: ``python -m tests.feed.teller DATABASE ADDRESS|FILE``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bot.clock import SystemClock
from bot.database import Database
from bot.shop.feed.outlets import JsonLines, Outlet, Webhook
from bot.shop.feed.telling import Feed
from tests.feed.conftest import SECRET

url, target = sys.argv[1:]
outlet: Outlet = Webhook(target, SECRET, 5.0) if target.startswith("http") else JsonLines(Path(target))
feed = Feed(Database(url), SystemClock(), outlet)
while True:
    feed.tell_due()
    time.sleep(0.01)
