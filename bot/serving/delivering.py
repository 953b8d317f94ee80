"""The role ``delivery``: takes what is due to its channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from bot.channels import Channel
from bot.errors import TryLaterError
from bot.mailroom.delivery import Delivery
from bot.serving.front import Front
from bot.tasks import set_within

log = logging.getLogger(__name__)

#: The outbox is looked into this often even if nobody woke the front, in seconds …
POLL = 1.0
#: … and this often where the database tells what is new and nothing waits. Less than ``delivery.EVERY``: who
#: was silent for longer takes nothing over at first.
REST = 2.5


async def deliver(front: Front, channels: Mapping[str, Channel]) -> None:
    """Take what is due to its channel, for ever; cancelled, it begins nothing more and ends what it began."""
    delivery = Delivery(
        front.database,
        channels,
        front.clock,
        front.undelivered,
        on_more=front.new_mail.set,
        pace=front.pace,
    )
    elapsed = asyncio.get_running_loop().time
    looked = float("-inf")
    try:
        while True:
            front.new_mail.clear()
            # Who died over a row is asked each second, not with each piece of news.
            news = elapsed() - looked < POLL
            looked = looked if news else elapsed()
            try:
                await delivery.deliver_due(news=news)
            except TryLaterError as error:
                log.warning("delivery waits: %s", error)
            rest = delivery.quiet_for(REST) if front.listener.hears else 0.0
            await set_within(front.new_mail, max(rest, POLL))
    finally:
        await delivery.stop()
