"""Shows requests in Slack: approvals to the supervisors, questions to their departments."""

from __future__ import annotations

import asyncio
import logging

from adapters.slack.desk.cards import Card, request_card
from adapters.slack.desk.memory import Memory
from adapters.slack.desk.options import DeskOptions
from adapters.slack.desk.posting import CLOSED, GONE, Posting
from adapters.slack.desk.troubles import Troubles
from adapters.slack.errors import code_of
from bot.desk.port.board import Board
from bot.desk.values.requests import RequestState, RequestView
from bot.errors import CrossdeskError, NeverError, OperatorError, UnknownOutcomeError
from bot.tasks import end

log = logging.getLogger(__name__)

#: They are looked at this often, in seconds.
LOOK = 1.0
#: Waits after a failure, in seconds; the second while a person has to act.
AGAIN, LONG_WAIT = 5.0, 60.0


class Asking:
    """Keeps a message for each request, until it is decided.

    Args:
        board: what is asked.
        memory: where it is shown.
        posting: shows it.
        options: in which channels.
        troubles: told what cannot be shown.
    """

    def __init__(
        self, board: Board, memory: Memory, posting: Posting, options: DeskOptions, troubles: Troubles
    ) -> None:
        self._board = board
        self._memory = memory
        self._posting = posting
        self._options = options
        self._troubles = troubles
        #: What channels showed when that was asked: at the start, and whenever an answer was lost.
        self._there: dict[str, dict[str, str]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, also after a ``stop``."""
        if self._task is None:
            self._there.clear()
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the rest to the next start. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            await end([task])

    async def _run(self) -> None:
        said = ""
        while True:
            wait = LOOK
            try:
                cards = await self._memory.cards()
                for view in await self._board.requests(tuple(cards)):
                    await self._show(view, cards)
                said = ""
                await self._troubles.tell("requests", None)
            except CrossdeskError as error:
                if isinstance(error, OperatorError | NeverError):
                    await self._troubles.tell("requests", f"requests are not shown: {error}")
                wait = max(_wait(error), getattr(error, "retry_after", None) or 0.0)
                if isinstance(error, UnknownOutcomeError):
                    self._there.clear()
                if str(error) != said:
                    said = str(error)
                    log.warning("requests are shown in Slack later: %s", error)
            except Exception as error:
                log.error("requests are shown in Slack later: %s", type(error).__name__)
                wait = AGAIN
            await asyncio.sleep(wait)

    async def _show(self, view: RequestView, cards: dict[int, tuple[str, str, str]]) -> None:
        request, card = view.request, request_card(view)
        channel, ts, digest = cards.get(request.id, ("", "", ""))
        pending = request.state is RequestState.PENDING
        wanted = self._options.channel_of(request.queue)
        if pending and digest == card.digest and channel == wanted:
            return
        if ts and not await self._change(channel, ts, card):
            ts = ""
        if pending and (not ts or channel != wanted):
            channel, ts = wanted, await self._post(wanted, card)
        if pending:
            cards[request.id] = (channel, ts, card.digest)
        else:
            cards.pop(request.id, None)
        await self._memory.set_cards(cards)

    async def _change(self, channel: str, ts: str, card: Card) -> bool:
        """Change a request's message; False if it is not there any more."""
        try:
            await self._posting.change(channel, ts, card.text, card.blocks)
        except NeverError as error:
            log.warning("a request's message in Slack stays as it is: %s", error)
            return code_of(error) not in GONE | CLOSED
        return True

    async def _post(self, channel: str, card: Card) -> str:
        if channel not in self._there:
            self._there[channel] = await self._posting.there(channel)
        known = self._there[channel].pop(str(card.blocks[0]["block_id"]), None)
        return known or await self._posting.post(channel, card.text, card.blocks)


def _wait(error: CrossdeskError) -> float:
    return LONG_WAIT if isinstance(error, OperatorError | NeverError) else AGAIN
