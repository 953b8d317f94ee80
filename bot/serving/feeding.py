"""The feed to the store's own system: told for as long as the process delivers, and the buyer hears of it."""

from __future__ import annotations

import asyncio
import logging

from anyio import to_thread
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.errors import ConfigurationError, TryLaterError
from bot.mailroom import inbox
from bot.serving.front import Front
from bot.settings import Settings
from bot.shop.feed import entries
from bot.shop.feed.entries import SILENT, Entry, FeedState
from bot.shop.feed.outlets import JsonLines, Outlet, Webhook
from bot.shop.feed.telling import Feed

log = logging.getLogger(__name__)

#: What is due is looked for this often, in seconds.
POLL = 1.0
#: The kind of the event on which the conversation takes its turn.
SETTLED = "feed_settled"
#: A shorter secret can be guessed.
SHORTEST_SECRET = 24


def outlet_of(settings: Settings) -> Outlet | None:
    """Where the feed goes; None where orders live in this database.

    Raises:
        ConfigurationError: the webhook has no secret, or one that can be guessed.
    """
    told = settings.rules.feed
    if told.file is not None:
        return JsonLines(settings.files / told.file)
    if told.webhook is None:
        return None
    if len(settings.feed_secret or "") < SHORTEST_SECRET:
        raise ConfigurationError(
            f"`feed.webhook` needs CROSSDESK_FEED_SECRET, of {SHORTEST_SECRET} characters or more, such as "
            "what `openssl rand -hex 32` makes"
        )
    return Webhook(told.webhook, settings.feed_secret or "", told.timeout_seconds)


async def feed(front: Front, outlet: Outlet) -> None:
    """Tell what is due, for ever."""
    telling = feed_of(front.database, front.clock, outlet)
    while True:
        try:
            if await to_thread.run_sync(telling.tell_due):
                front.notify()
        except TryLaterError as error:
            log.warning("the feed waits: %s", error)
        await asyncio.sleep(POLL)


def feed_of(database: Database, clock: Clock, outlet: Outlet) -> Feed:
    """The feed, whose buyers hear what comes of it."""
    return Feed(database, clock, outlet, lambda connection, entry: tell_buyer(connection, entry, clock))


def tell_buyer(connection: Connection, entry: Entry, clock: Clock) -> None:
    """Have the bot take a turn once all that one turn asked for is acknowledged, or some is refused."""
    if entry.conversation_id is None or entry.turn_id is None or entry.kind in SILENT:
        return
    asked = [one for one in entries.of_turn(connection, entry.turn_id) if one.kind not in SILENT]
    is_refused = any(one.id == entry.id and one.state is FeedState.REFUSED for one in asked)
    is_whole = all(one.state is FeedState.ACKNOWLEDGED for one in asked) and any(one.held for one in asked)
    if is_refused or is_whole:
        about = {"turn_id": entry.turn_id}
        inbox.accept_event(connection, entry.conversation_id, SETTLED, about, now=clock.now())
