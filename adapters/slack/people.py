"""Who a user of Slack is: what to call them, and their language, where the app may ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.slack.wire import Wire
from bot.errors import CrossdeskError, OperatorError

#: A message waits for a name no longer than this, in seconds: Slack wants to hear within three.
PATIENCE = 1.0
#: How many are remembered.
MOST = 5_000


@dataclass(frozen=True)
class Person:
    """What Slack tells of a user."""

    name: str | None = None
    #: ISO 639-1.
    language: str | None = None


class People:
    """Asks Slack, once for each user."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: OrderedDict[str, Person] = OrderedDict()
        self._may_ask = True

    async def who(self, user: str) -> Person:
        """The person behind a user's id; of a stranger, or without the right to ask, nothing is known."""
        known = self._known.get(user)
        if known is not None or not self._may_ask:
            return known or Person()
        try:
            asked = self._wire.call(self._wire.client.users_info(user=user, include_locale=True))
            answer = await asyncio.wait_for(asked, PATIENCE)
        except OperatorError:
            # The scope is missing: doctor tells of it.
            self._may_ask = False
            return Person()
        except (CrossdeskError, asyncio.TimeoutError):
            return Person()
        self._known[user] = found = to_person(answer.get("user"))
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return found


def to_person(user: object) -> Person:
    """What ``users.info`` says of a user."""
    if not isinstance(user, Mapping):
        return Person()
    profile = user.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    name = next((one.strip()[:200] for one in names if isinstance(one, str) and one.strip()), None)
    locale = user.get("locale")
    language = locale[:2].lower() if isinstance(locale, str) and locale[:2].isalpha() else None
    return Person(name, language)
