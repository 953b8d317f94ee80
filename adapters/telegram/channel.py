"""The channel ``telegram``: one or more bots, polled or called."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import chain, repeat

from starlette.routing import BaseRoute, Route

from adapters.telegram.contents import CHANNEL
from adapters.telegram.examine import examine
from adapters.telegram.intake import Intake
from adapters.telegram.options import Account
from adapters.telegram.outgo import Outgo
from adapters.telegram.poll import WAITS, Poll
from adapters.telegram.translate import KINDS, translate
from adapters.telegram.webhook import Webhook
from adapters.telegram.wire import Wire
from bot.channels import Examined, Limits, Rate, Reception
from bot.clock import Clock
from bot.errors import ConfigurationError, CrossdeskError, OperatorError
from bot.messages import Correction, Outbound
from bot.settings import Settings
from bot.tasks import end

#: Of Telegram's calls at the same time: those of one chat come one after the other.
CONNECTIONS = 10


class _Line:
    """All that one bot needs."""

    def __init__(
        self, account: Account, settings: Settings, reception: Reception, clock: Clock, api: str
    ) -> None:
        self.account = account
        self.wire = Wire(account, api)
        self.intake = Intake(account.id, self.wire, reception, clock)
        self.outgo = Outgo(self.wire, settings.files, clock)
        self._orders = settings.rules.patterns.order_number
        self._clock = clock
        self._poll = Poll(account, self.wire, self.intake, reception, clock, self._orders)
        self._reception = reception
        #: What goes on by itself: polling, or trying to start.
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Tell Telegram how we listen, and listen.

        Raises:
            CrossdeskError: Telegram refuses us, or is away; of the kind that says what follows.
        """
        async with self.wire.bot() as bot:
            await bot.get_me()
            if self.account.webhook is not None:
                await bot.set_webhook(
                    self.account.webhook,
                    secret_token=self.account.secret,
                    allowed_updates=list(KINDS),
                    max_connections=CONNECTIONS,
                )
                return
            # What waits there stays.
            await bot.delete_webhook(drop_pending_updates=False)
        await self._poll.begin()
        self._task = asyncio.create_task(self._poll.run())

    def start_later(self, error: CrossdeskError) -> None:
        """Try again and again, and have the operator told why it could not start."""
        self._task = asyncio.create_task(self._start_again(error))

    async def _start_again(self, error: CrossdeskError) -> None:
        for wait in chain(WAITS, repeat(WAITS[-1])):
            await self._reception.trouble(CHANNEL, f"bot {self.account.id}: {error}")
            await asyncio.sleep(wait)
            try:
                await self.start()
            except CrossdeskError as again:
                error = again
            else:
                await self._reception.trouble(CHANNEL, None)
                return

    async def take(self, update: object) -> None:
        """Commit what Telegram brings."""
        await self.intake.take([translate(update, self.account.id, self._orders, self._clock.now())])

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            await end([self._task])
            self._task = None
        await self.intake.stop()
        await self.wire.close()


class Telegram:
    """The channel. A chat's id is its buyer's conversation; a bot's id is the account.

    Args:
        settings: rules and places.
        reception: the bot's side.
        accounts: the bots.
        clock: the time.
        api: the Bot API's address.
        missing: why there are none.
    """

    name = CHANNEL
    #: Telegram knows no key by which it would know a message again.
    idempotent = False
    #: Telegram takes some 30 messages a second, and one a second in a chat, for longer than a moment.
    limits = Limits(account=Rate(25.0, burst=5), chat=Rate(1.0, burst=3))
    local = False

    def __init__(
        self,
        settings: Settings,
        reception: Reception,
        accounts: Sequence[Account],
        clock: Clock,
        *,
        api: str,
        missing: ConfigurationError | None = None,
    ) -> None:
        self._missing = missing
        self._lines = {account.id: _Line(account, settings, reception, clock, api) for account in accounts}
        polled = sorted(account.id for account in accounts if account.webhook is None)
        #: One lease for all bots that are polled.
        self.exclusive: str | None = f"{CHANNEL}:{','.join(polled)}" if polled or missing else None
        self.webhook = Webhook(
            {one: (line.account, line.take) for one, line in self._lines.items() if line.account.webhook},
            partial(reception.forged, CHANNEL),
        )

    def routes(self) -> Sequence[BaseRoute]:
        """Where Telegram calls the bots that have a webhook."""
        return [Route("/telegram/{bot}", self.webhook.receive, methods=["POST"])]

    async def start(self) -> None:
        """Listen, with every bot that Telegram lets in: one that is refused closes no other's door."""
        if self._missing is not None:
            raise self._missing
        failed: list[tuple[_Line, CrossdeskError]] = []

        async def try_line(line: _Line) -> None:
            try:
                await line.start()
            except CrossdeskError as error:
                failed.append((line, error))

        try:
            await asyncio.gather(*(try_line(line) for line in self._lines.values()))
            if len(failed) == len(self._lines):
                raise failed[0][1]
        except BaseException:
            await self.stop()
            raise
        for line, error in failed:
            line.start_later(error)

    async def send(self, message: Outbound) -> str | None:
        """Deliver one message, in as many as Telegram needs for it."""
        line = self._lines.get(message.account)
        if line is None:
            raise self._missing_bot(message.account)
        return await line.outgo.send(message)

    async def correct(self, message: Outbound, former: Correction) -> None:
        """Change or take back what was sent; Telegram lets bots delete for two days."""
        line = self._lines.get(message.account)
        if line is None:
            raise self._missing_bot(message.account)
        await line.outgo.correct(message, former)

    async def stop(self) -> None:
        """Stop listening, with every bot."""
        await asyncio.gather(*(line.stop() for line in self._lines.values()))

    async def examine(self) -> Sequence[Examined]:
        """Try the token and the webhook of each bot."""
        if self._missing is not None:
            return [Examined("token", False, str(self._missing))]
        found = [await examine(line.account, line.wire) for line in self._lines.values()]
        return [one for bot in found for one in bot]

    def _missing_bot(self, account: str) -> CrossdeskError:
        if self._missing is not None:
            return OperatorError(str(self._missing))
        return OperatorError(
            f"no token of the bot {account} is set: name its variable in channel_options.telegram.bots"
        )
