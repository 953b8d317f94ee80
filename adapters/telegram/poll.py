"""Long polling with an offset of our own, which moves on only when all before it is committed."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence

from adapters.telegram.contents import CHANNEL
from adapters.telegram.intake import Intake
from adapters.telegram.options import Account
from adapters.telegram.shapes import update_id
from adapters.telegram.translate import Happening, Written, translate
from adapters.telegram.wire import MOST, POLL, Wire
from bot.channels import Reception
from bot.clock import Clock
from bot.errors import CrossdeskError, OperatorError, TryLaterError
from bot.settings import OrderNumberPattern

log = logging.getLogger(__name__)

#: Where the offset is written down.
PLACE = "offset"
#: After a week without updates Telegram numbers them anew, perhaps lower: an offset of ours would then hide
#: them. What is older than this is not said; Telegram itself remembers what we confirmed.
KNOWN_FOR = dt.timedelta(days=6)
#: Waits between tries while Telegram or the database is away, in seconds; the last one repeats.
WAITS = (1.0, 2.0, 5.0, 15.0, 30.0)
#: How long the rest of an album is waited for, in seconds.
ALBUM = 1.0


class Poll:
    """Asks Telegram for what is new, for one bot, for as long as it runs."""

    def __init__(
        self,
        account: Account,
        wire: Wire,
        intake: Intake,
        reception: Reception,
        clock: Clock,
        orders: Sequence[OrderNumberPattern],
    ) -> None:
        self._account = account
        self._wire = wire
        self._intake = intake
        self._reception = reception
        self._clock = clock
        self._orders = orders
        self._offset: int | None = None
        self._moved = dt.datetime.min.replace(tzinfo=dt.timezone.utc)
        #: The albums that were waited for already.
        self._waited: frozenset[str] = frozenset()

    async def begin(self) -> None:
        """Find where we stood.

        Raises:
            TryLaterError: the database is away.
        """
        stood = await self._reception.place(CHANNEL, self._account.id, PLACE)
        offset, _, seconds = (stood or "").partition(" ")
        if offset.isdigit() and seconds.isdigit():
            self._offset = int(offset)
            self._moved = dt.datetime.fromtimestamp(int(seconds), dt.timezone.utc)

    async def run(self) -> None:
        """Take in what comes, for ever; trouble is told, and waited out."""
        failures = 0
        while True:
            try:
                await self._once(POLL)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # Ours have words for the operator; of others not even the words are sure to be safe.
                why = str(error) if isinstance(error, CrossdeskError) else type(error).__name__
                log.warning("telegram %s: %s", self._account.id, why)
                if failures or isinstance(error, OperatorError):
                    # A connection that broke once is nobody's business.
                    await self._reception.trouble(CHANNEL, why)
                asked = getattr(error, "retry_after", None)
                await asyncio.sleep(asked or WAITS[min(failures, len(WAITS) - 1)])
                failures += 1
            else:
                if failures:
                    await self._reception.trouble(CHANNEL, None)
                failures = 0

    async def _once(self, timeout: int) -> None:
        """Ask once, and commit what there is.

        Raises:
            CrossdeskError: Telegram or the database is away, or refuses.
        """
        fresh = self._clock.now() - self._moved < KNOWN_FOR
        async with self._wire.bot() as bot:
            found = await bot.raw_updates(self._offset if fresh else None, timeout)
        numbered = [(number, raw) for raw in found if (number := update_id(raw)) is not None]
        if not numbered:
            if found:
                raise TryLaterError("Telegram's updates bear no numbers")
            return
        now = self._clock.now()
        read = [(number, translate(raw, self._account.id, self._orders, now)) for number, raw in numbered]
        ready, waiting = self._apart(read, full=len(found) >= MOST)
        await self._intake.take([one for _, one in ready])
        # What waits is asked for again, with all that came after it: known messages are taken once.
        await self._move(waiting if waiting is not None else max(number for number, _ in read) + 1)
        if waiting is not None:
            await asyncio.sleep(ALBUM)

    def _apart(
        self, read: Sequence[tuple[int, Happening]], *, full: bool
    ) -> tuple[list[tuple[int, Happening]], int | None]:
        """What may be taken now, and from which number on the rest waits for the end of an album."""
        albums = {one.album for _, one in read if isinstance(one, Written) and one.album}
        # Behind a full batch the next is asked for at once.
        new = set() if full else albums - self._waited
        self._waited = frozenset(albums)
        first = next((n for n, one in read if isinstance(one, Written) and one.album in new), None)
        if first is None:
            return list(read), None
        return [one for one in read if one[0] < first], first

    async def _move(self, offset: int) -> None:
        now = self._clock.now()
        await self._reception.set_place(CHANNEL, self._account.id, PLACE, f"{offset} {int(now.timestamp())}")
        self._offset, self._moved = offset, now
