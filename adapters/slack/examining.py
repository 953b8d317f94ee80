"""What ``crossdesk doctor`` looks at: tokens, scopes, the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

from adapters.slack.access import Access
from adapters.slack.wire import Wire
from bot.channels import Examined
from bot.clock import Clock
from bot.errors import CrossdeskError

#: What the bot's token must be allowed, as ``manifest.yml`` asks for it.
SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "mpim:history",
        "mpim:read",
        "users:read",
    }
)
#: What the desk in Slack needs beside that.
DESK_SCOPES = frozenset({"commands", "reactions:write"})
#: Slack's signatures hold for five minutes.
MOST_SKEW = dt.timedelta(minutes=2)


async def examine(wire: Wire, clock: Clock, scopes: frozenset[str] = SCOPES) -> Sequence[Examined]:
    """Look at them; never raises, changes nothing."""
    try:
        wire.access.check()
        answer = await wire.call(wire.client.auth_test())
    except CrossdeskError as error:
        return [Examined("token", False, str(error))]
    headers = {str(name).lower(): str(value) for name, value in (answer.headers or {}).items()}
    found = [
        Examined("token", True, f"'{answer.get('user')}' in the workspace '{answer.get('team')}'"),
        _scopes(headers, scopes),
        _clock(headers, clock.now()),
        await _events(wire, wire.access),
    ]
    return [one for one in found if one is not None]


def _scopes(headers: Mapping[str, str], wanted: frozenset[str]) -> Examined | None:
    if "x-oauth-scopes" not in headers:
        return None
    missing = wanted - {scope.strip() for scope in headers["x-oauth-scopes"].split(",")}
    if missing:
        says = f"missing: {', '.join(sorted(missing))}; add them under OAuth & Permissions, install again"
        return Examined("scopes", False, says)
    return Examined("scopes", True, "all that is needed")


def _clock(headers: Mapping[str, str], now: dt.datetime) -> Examined | None:
    try:
        theirs = parsedate_to_datetime(headers["date"])
        skew = abs(now - theirs.astimezone(dt.timezone.utc))
    except (KeyError, ValueError, TypeError):
        return None
    fine = skew <= MOST_SKEW
    says = f"{skew.total_seconds():.0f} s from Slack's" + ("" if fine else "; set it by a time server (NTP)")
    return Examined("clock", fine, says)


async def _events(wire: Wire, access: Access) -> Examined:
    if access.mode == "http":
        return Examined(
            "events", True, f"come to {access.app.path}, signed; Slack's Request URL must lead there"
        )
    try:
        await wire.call(wire.client.apps_connections_open(app_token=access.app_token))
    except CrossdeskError as error:
        return Examined("events", False, f"no Socket Mode: {error}")
    return Examined("events", True, "come by Socket Mode")
