"""One channel's cases, caught up one by one: mostly those that are shown already, new ones in their order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from adapters.slack.desk.cards import MOST_LISTED
from adapters.slack.desk.posting import CLOSED
from adapters.slack.desk.troubles import advice
from adapters.slack.errors import code_of
from bot.errors import CrossdeskError, NeverError, OperatorError

log = logging.getLogger(__name__)

#: Waits after a failure, in seconds; the last one repeats. The second while a person has to act.
WAITS, LONG_WAIT = (1.0, 2.0, 5.0, 15.0), 60.0
#: So many that are shown already, or pressing, come before one that is new: threads that never rest must not
#: keep new cases from being seen.
IN_A_ROW = 3
#: What has failed so often in a row is worth telling the operator of.
PATIENCE = 3


class Lane:
    """The work of one channel, for ever.

    Args:
        channel: its id.
        digest_from: so many new cases at once are listed together first.
        catch_up: shows what of a case is not shown yet.
        enlist: posts a list of these cases.
        trouble: told why nothing is shown, once that lasts, and with None that it is again.
    """

    def __init__(
        self,
        channel: str,
        digest_from: int,
        catch_up: Callable[[int], Awaitable[None]],
        enlist: Callable[[str, Sequence[int], int], Awaitable[None]],
        trouble: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self.channel = channel
        self._digest_from = digest_from
        self._catch_up = catch_up
        self._enlist = enlist
        self._trouble = trouble
        # As sets that keep their order.
        self._hot: dict[int, None] = {}
        self._new: dict[int, None] = {}
        self._listed: set[int] = set()
        self._in_a_row = 0
        #: What is being shown.
        self._busy: int | None = None
        self._something = asyncio.Event()
        self._said = ""

    @property
    def idle(self) -> bool:
        """Whether all is shown."""
        return self._busy is None and not self._hot and not self._new

    def add(self, case_id: int, *, new: bool, listed: bool) -> None:
        """Have a case caught up."""
        if new and case_id not in self._hot:
            self._new[case_id] = None
        else:
            self._new.pop(case_id, None)
            self._hot[case_id] = None
        if listed:
            self._listed.add(case_id)
        self._something.set()

    def drop(self, case_id: int) -> None:
        """Another channel shows this case now."""
        for waiting in (self._hot, self._new):
            waiting.pop(case_id, None)
        self._listed.discard(case_id)

    async def run(self) -> None:
        """Catch up, for ever; what fails is tried again, in its order."""
        failures = 0
        while True:
            if self.idle:
                self._something.clear()
                await self._something.wait()
            try:
                await self._step()
                failures, self._said = 0, ""
                await self._trouble(None)
            except CrossdeskError as error:
                failures += 1
                if _needs_person(error) or failures >= PATIENCE:
                    await self._trouble(advice(self.channel, error))
                await asyncio.sleep(self._wait(error, failures))
            except Exception as error:
                # A fault of ours in one case must not hold up the others; the next sweep tries it again.
                log.error("case %s cannot be shown in Slack: %s", self._busy, type(error).__name__)
            finally:
                self._busy = None

    async def _step(self) -> None:
        of_new = bool(self._new) and (not self._hot or self._in_a_row >= IN_A_ROW)
        self._in_a_row = 0 if of_new else self._in_a_row + 1
        fresh = [case_id for case_id in self._new if case_id not in self._listed]
        if of_new and len(self._new) >= self._digest_from and len(fresh) > 1:
            group = fresh[:MOST_LISTED]
            await self._enlist(self.channel, group, len(self._new))
            self._listed.update(group)
            return
        queue = self._new if of_new else self._hot
        self._busy = case_id = next(iter(queue))
        # What comes while it is shown is shown by the next round.
        del queue[case_id]
        try:
            await self._catch_up(case_id)
        except CrossdeskError:
            # If another channel shows it meanwhile, the next round finds that out.
            later = [one for one in queue if one != case_id]
            queue.clear()
            queue.update(dict.fromkeys([case_id, *later]))
            raise
        self._listed.discard(case_id)

    def _wait(self, error: CrossdeskError, failures: int) -> float:
        human = _needs_person(error)
        wait = LONG_WAIT if human else WAITS[min(failures, len(WAITS)) - 1]
        if str(error) != self._said:
            self._said = str(error)
            say = log.error if human else log.warning
            say("the desk's channel %s in Slack waits; cases go on in the web desk: %s", self.channel, error)
        return max(wait, getattr(error, "retry_after", None) or 0.0)


def _needs_person(error: CrossdeskError) -> bool:
    return isinstance(error, OperatorError) or (isinstance(error, NeverError) and code_of(error) in CLOSED)
