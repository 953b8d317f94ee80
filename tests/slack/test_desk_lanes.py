"""In which order a channel's cases are shown, whatever goes on in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import anyio

from adapters.slack.desk.cards import MOST_LISTED
from adapters.slack.desk.lanes import IN_A_ROW, Lane
from bot.tasks import end
from tests.channels.house import PATIENCE

DIGEST_FROM = 4


class Channel:
    """Writes down what a lane shows; threads that never rest have something new whenever they were shown."""

    def __init__(self, restless: Sequence[int] = ()) -> None:
        self.lane = Lane("C1", DIGEST_FROM, self._catch_up, self._enlist, self._trouble)
        self.shown: list[int | tuple[int, ...]] = []
        self._restless = restless
        self._step = asyncio.Event()
        for case_id in restless:
            self.lane.add(case_id, new=False, listed=False)

    async def until(self, enough: Callable[[], bool]) -> None:
        task = asyncio.create_task(self.lane.run())
        with anyio.fail_after(PATIENCE):
            while not enough():
                self._step.clear()
                await self._step.wait()
        await end([task])

    @property
    def cards(self) -> list[int]:
        return [one for one in self.shown if isinstance(one, int) and one not in self._restless]

    async def _catch_up(self, case_id: int) -> None:
        self.shown.append(case_id)
        if case_id in self._restless:
            self.lane.add(case_id, new=False, listed=False)

    async def _enlist(self, channel: str, case_ids: Sequence[int], waiting: int) -> None:
        assert waiting >= len(case_ids)
        self.shown.append(tuple(case_ids))

    async def _trouble(self, why: str | None) -> None:
        """After each step."""
        assert why is None
        self._step.set()
        await asyncio.sleep(0)


async def test_threads_that_never_rest_keep_no_new_case_from_being_seen() -> None:
    channel = Channel(restless=[1, 2])
    for case_id in range(10, 10 + DIGEST_FROM):
        channel.lane.add(case_id, new=True, listed=False)
    await channel.until(lambda: len(channel.cards) == DIGEST_FROM)
    new = [at for at, one in enumerate(channel.shown) if one not in (1, 2)]
    # The list comes first, then each in its order; the threads have the rest.
    assert [channel.shown[at] for at in new] == [(10, 11, 12, 13), 10, 11, 12, 13]
    assert [later - first for first, later in zip([-1, *new], new, strict=False)] == [IN_A_ROW + 1] * 5


async def test_of_many_new_cases_each_is_in_one_list_before_the_first_card() -> None:
    channel = Channel()
    many = range(1, 2 * MOST_LISTED + 4)
    for case_id in many:
        channel.lane.add(case_id, new=True, listed=False)
    await channel.until(lambda: len(channel.cards) == len(many))
    lists = [one for one in channel.shown if isinstance(one, tuple)]
    assert [case_id for one in lists for case_id in one] == list(many)
    assert channel.shown[: len(lists)] == lists
    assert channel.cards == list(many)


async def test_what_another_channel_shows_is_no_longer_waited_for() -> None:
    channel = Channel()
    for case_id in range(1, 6):
        channel.lane.add(case_id, new=True, listed=case_id == 2)
    for case_id in (1, 2):
        channel.lane.drop(case_id)
    await channel.until(lambda: 5 in channel.cards)
    assert channel.cards == [3, 4, 5]
