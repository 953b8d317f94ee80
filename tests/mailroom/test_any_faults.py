"""For any sequence of faults buyers see their messages in order, and no confirmation twice."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count, groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from bot.channels import Found
from bot.clock import SetClock
from bot.database import Database
from bot.desk.values.cases import Reason
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError
from bot.mailroom.delivery import Delivery
from bot.messages import Outbound, Weight
from bot.settings import Settings
from tests.mailroom.office import Office
from tests.mailroom.shelf import Register, Shelf

#: What happens at a try: each name says whether the message went out before it.
NOT_OUT = {
    "busy": TryLaterError("busy", retry_after=7),
    "away": TryLaterError("away"),
    "revoked": OperatorError("the token was revoked"),
    "never": NeverError("blocked"),
    "lost on the way": UnknownOutcomeError("timed out"),
}
OUT = {"answer lost": UnknownOutcomeError("timed out"), "against its promise": KeyError("what")}
DEATHS = ("dies before", "dies after")
FAULTS = (*NOT_OUT, *OUT, *DEATHS)
#: Longer than every lease and every wait.
LONG = 801

_numbers = count(1)
_messages = st.lists(
    st.tuples(
        st.sampled_from(["ana", "ben"]),
        st.sampled_from(list(Weight)),
        st.lists(st.sampled_from(FAULTS), max_size=4),
    ),
    min_size=1,
    max_size=6,
)


class _Faulty:
    """Follows a script, message by message and try by try."""

    def __init__(self) -> None:
        self.script: dict[str, list[str]] = {}
        #: A deliverer is to die now.
        self.deadly = asyncio.Event()
        super().__init__()

    async def send(self, message: Outbound) -> str | None:
        assert isinstance(self, Shelf)
        self.tries.append(message.text)
        script = self.script[message.text]
        what = script.pop(0) if script else "fine"
        if what in NOT_OUT:
            raise NOT_OUT[what]
        if what == "dies before":
            self.deadly.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.sent.append(message)
        if what in OUT:
            raise OUT[what]
        if what == "dies after":
            self.deadly.set()
            await asyncio.Event().wait()
        return f"id-{len(self.sent)}"


class FaultyShelf(_Faulty, Shelf):
    pass


class FaultyRegister(_Faulty, Register):
    async def look_up(self, message: Outbound) -> Found:
        return await Register.look_up(self, message)


class _Mortal:
    """A deliverer's way to the database, which dies with it.

    A task that is cancelled leaves its thread running, which a killed process does not: what has begun is
    done before the death, and nothing begins after it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._busy = 0
        self._dead = False
        self._changed = threading.Condition()

    def begin(self) -> AbstractContextManager[Connection]:
        return self._alive(self._database.begin)

    def look(self) -> AbstractContextManager[Connection]:
        return self._alive(self._database.look)

    @contextmanager
    def _alive(self, way: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
        with self._changed:
            if self._dead:
                raise TryLaterError("dead")
            self._busy += 1
        try:
            with way() as connection:
                yield connection
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def die(self) -> None:
        with self._changed:
            self._dead = True
            self._changed.wait_for(lambda: not self._busy)


def _hired(office: Office, deliverers: int) -> list[Delivery]:
    crew = [office.another() for _ in range(deliverers)]
    for one in crew:
        one._database = _Mortal(office.database)
    return crew


async def _run(office: Office, deliverers: int) -> None:
    """Deliver until nothing waits; who dies has a successor, and nothing of theirs is tidied up."""
    shelf = office.shelf
    assert isinstance(shelf, _Faulty)
    crew = _hired(office, deliverers)
    for _ in range(120):
        await asyncio.gather(*(one.deliver_due() for one in crew))
        done = [asyncio.create_task(one.finish()) for one in crew]
        death = asyncio.create_task(shelf.deadly.wait())
        everything = asyncio.gather(*done)
        await asyncio.wait({everything, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if shelf.deadly.is_set():
            for one in crew:
                await _kill(one)
            shelf.deadly.clear()
            crew = _hired(office, deliverers)
        office.wait(LONG)
        if not {"queued", "sending"} & set(office.states().values()):
            return
    raise AssertionError(f"something waits for ever: {office.states()}")


async def _kill(delivery: Delivery) -> None:
    assert isinstance(delivery._database, _Mortal)
    delivery._database.die()
    tasks = list(delivery._under_way.values())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("kind", [FaultyShelf, FaultyRegister])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(messages=_messages, deliverers=st.integers(1, 2))
def test_buyers_see_their_messages_in_order_and_no_confirmation_twice(
    database: Database,
    clock: SetClock,
    kind: type[Shelf],
    messages: list[tuple[str, Weight, list[str]]],
    deliverers: int,
    settings: Settings,
) -> None:
    run = next(_numbers)
    shelf = kind()
    assert isinstance(shelf, _Faulty)
    office = Office(database, clock, settings, shelf, {})
    posted: dict[str, list[tuple[str, Weight]]] = defaultdict(list)
    for sender in ("ana", "ben"):
        office.add("web", f"{sender}-{run}-{kind.__name__}")
    for number, (sender, weight, faults) in enumerate(messages):
        name, text = f"{sender}-{run}-{kind.__name__}", f"{run}-{kind.__name__}-{number}"
        shelf.script[text] = list(faults)
        office.post(text, to=name, weight=weight)
        posted[name].append((text, weight))
    asyncio.run(_run(office, deliverers))
    states = office.states()
    for name, said in posted.items():
        seen = shelf.texts(name)
        order = [text for text, _ in said]
        # A repetition follows at once, before anything else.
        assert [text for text, _ in groupby(seen)] == [text for text in order if text in seen]
        for text, weight in said:
            times = seen.count(text)
            can_ask = kind is FaultyRegister
            assert times <= (1 if weight is Weight.CONFIRMATION or can_ask else 2)
            if times == 0:
                assert states[text] in ("failed", "unknown")
            if can_ask:
                assert states[text] == ("sent" if times else "failed")
    troubled = [name for name, said in posted.items() if any(states[text] != "sent" for text, _ in said)]
    assert office.cases() == [Reason.UNDELIVERED] * len(troubled)
