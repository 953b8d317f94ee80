from __future__ import annotations

import pytest
from starlette.requests import Request

from adapters.web.limits import BodyTooSlowError, RateLimit, network_of, read_body


class Ticks:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    ticks = Ticks()
    limit = RateLimit(2, 60, ticks=ticks)
    assert [limit.wait("a"), limit.wait("a")] == [0, 0]
    ticks.now += 20.5
    assert limit.wait("a") == 40
    assert limit.wait("b") == 0
    ticks.now += 39.5
    assert [limit.wait("a"), limit.wait("a"), limit.wait("a")] == [0, 0, 60]


def test_refused_events_do_not_prolong_the_wait() -> None:
    ticks = Ticks()
    limit = RateLimit(1, 10, ticks=ticks)
    limit.wait("a")
    for _ in range(5):
        ticks.now += 1
        assert limit.wait("a") > 0
    ticks.now += 5
    assert limit.wait("a") == 0


def test_a_flood_of_senders_does_not_fill_the_memory() -> None:
    limit = RateLimit(1, 60, keys=100)
    for number in range(1_000):
        limit.wait(str(number))
    assert len(limit._seen) == 100


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("a unix socket" + "x" * 100, ("a unix socket" + "x" * 100)[:64]),
    ],
)
def test_an_ipv6_subscriber_has_one_network(host: str, network: str) -> None:
    assert network_of(Request({"type": "http", "client": (host, 1), "headers": []})) == network


def test_a_request_from_nowhere_has_no_network() -> None:
    assert network_of(Request({"type": "http", "client": None, "headers": []})) is None


async def test_a_body_that_never_comes_is_given_up() -> None:
    async def never() -> dict[str, object]:
        import asyncio

        return await asyncio.get_running_loop().create_future()

    request = Request({"type": "http", "method": "POST", "headers": []}, never)
    with pytest.raises(BodyTooSlowError):
        await read_body(request, patience=0.01)
