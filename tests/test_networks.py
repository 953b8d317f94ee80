"""Networks that settings name: what is none is refused, and who belongs to one is told whatever they send."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.errors import ConfigurationError
from bot.networks import LOOPBACK, is_among, read_networks
from bot.settings import Settings


@pytest.mark.parametrize(
    ("host", "among"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", True),
        ("10.0.1.7", False),
        ("::ffff:203.0.113.5", False),
        ("", False),
        (None, False),
        ("localhost", False),
        ("127.0.0.1:80", False),
        ("testclient", False),
        ("1" * 5000, False),
        ("10.0.0.7\n", True),
    ],
)
def test_an_address_belongs_to_a_network_or_it_does_not(host: str | None, among: bool) -> None:
    assert is_among(host, read_networks("X", f"{LOOPBACK}, 10.0.0.0/24")) is among


def test_nobody_is_nobody() -> None:
    assert read_networks("X", " None ") == ()
    assert not is_among("127.0.0.1", ())


@pytest.mark.parametrize(
    "text", ["*", "10.0.0.0/33", "10.0.0.5/8", "proxy.example", "10.0.0.1;10.0.0.2", ","]
)
@pytest.mark.parametrize("variable", ["CROSSDESK_PROXIES", "CROSSDESK_WATCHERS"])
def test_what_is_no_network_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} holds '.*': give addresses or networks"):
        Settings.load({variable: text})


def test_only_this_machine_is_believed_and_may_watch_unless_told_otherwise() -> None:
    settings = Settings.load({"CROSSDESK_PROXIES": "", "CROSSDESK_WATCHERS": "192.168.7.0/24"})
    assert [str(network) for network in settings.proxies] == ["127.0.0.0/8", "::1/128"]
    assert [str(network) for network in settings.watchers] == ["192.168.7.0/24"]
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "believed"),
    [("127.0.0.1", True), ("10.0.0.5", True), ("10.0.0.6", False), ("203.0.113.1", False)],
)
async def test_only_named_proxies_are_believed_about_the_buyers_address(host: str, believed: bool) -> None:
    """As the front's web server is given them."""
    settings = Settings.load({"CROSSDESK_PROXIES": "127.0.0.0/8, 10.0.0.5"})

    async def tell(request: Request) -> Response:
        return PlainTextResponse(f"{request.client and request.client.host} {request.url.scheme}")

    told = ProxyHeadersMiddleware(
        Starlette(routes=[Route("/", tell)]), [str(network) for network in settings.proxies]
    )
    door = httpx.ASGITransport(told, client=(host, 4711))  # type: ignore[arg-type]
    # What the buyer wrote into the header stands before what the proxy added.
    forwarded = {"X-Forwarded-For": "127.0.0.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(transport=door, base_url="http://x") as client:
        answer = await client.get("/", headers=forwarded)
    assert answer.text == ("198.51.100.7 https" if believed else f"{host} http")
