"""The pace of sending: what a channel takes a second, for an account and for one chat, as token buckets."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

from bot.channels import Limits, Rate
from bot.clock import Clock
from bot.messages import Outbound

#: Which of the store's accounts: channel and account.
Account = tuple[str, str]
#: Chats are looked through for those that may be forgotten whenever so many more are known.
MANY = 1000
#: Sums of fractions never quite reach a whole token.
_NEARLY = 1e-6


@dataclass
class _Bucket:
    rate: Rate
    tokens: float
    at: dt.datetime

    def refill(self, now: dt.datetime) -> None:
        # A clock that was set back gives nothing, and one that was set forward no more than a full bucket.
        gained = max((now - self.at).total_seconds(), 0.0) * self.rate.per_second
        self.tokens = min(float(self.rate.burst), self.tokens + gained)
        self.at = now

    def wait(self, now: dt.datetime) -> float:
        self.refill(now)
        missing = 1.0 - self.tokens
        return missing / self.rate.per_second if missing > _NEARLY else 0.0

    def is_full(self, now: dt.datetime) -> bool:
        self.refill(now)
        return self.tokens >= self.rate.burst - _NEARLY


@dataclass(frozen=True)
class _Pause:
    since: dt.datetime
    seconds: float

    def wait(self, now: dt.datetime) -> float:
        gone = (now - self.since).total_seconds()
        # A clock that was set back would prolong it.
        return self.seconds - gone if 0.0 <= gone < self.seconds else 0.0


class Pace:
    """Keeps to the limits of all channels of one process; its deliverers share one.

    Used by one event loop; nothing in it waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[Account, _Bucket] = {}
        self._chats: dict[tuple[str, str, str], _Bucket] = {}
        self._pauses: dict[Account, _Pause] = {}
        self._look_through_at = MANY

    def take(self, message: Outbound, limits: Limits) -> float:
        """Have a message sent now; 0 if it may be, otherwise nothing is taken: the seconds to wait."""
        wait = max(self.account_wait(message, limits), self.chat_wait(message, limits))
        if wait <= 0.0:
            for bucket in self._buckets(message, limits):
                bucket.tokens -= 1.0
        return wait

    def account_wait(self, message: Outbound, limits: Limits) -> float:
        """Seconds until the account of this message may send again."""
        now = self._clock.now()
        account = (message.channel, message.account)
        pause = self._pauses.get(account)
        wait = 0.0 if pause is None else pause.wait(now)
        if pause is not None and wait <= 0.0:
            del self._pauses[account]
        if limits.account is not None:
            wait = max(wait, self._of_account(account, limits.account, now).wait(now))
        return wait

    def chat_wait(self, message: Outbound, limits: Limits) -> float:
        """Seconds until something may be sent to its sender again."""
        now = self._clock.now()
        return 0.0 if limits.chat is None else self._of_chat(message, limits.chat, now).wait(now)

    def pause(self, message: Outbound, seconds: float) -> None:
        """Send nothing more from this message's account for so long: the channel asked for it."""
        if math.isfinite(seconds) and seconds > 0.0:
            self._pauses[message.channel, message.account] = _Pause(self._clock.now(), seconds)

    def _buckets(self, message: Outbound, limits: Limits) -> Iterator[_Bucket]:
        now = self._clock.now()
        if limits.account is not None:
            yield self._of_account((message.channel, message.account), limits.account, now)
        if limits.chat is not None:
            yield self._of_chat(message, limits.chat, now)

    def _of_account(self, account: Account, rate: Rate, now: dt.datetime) -> _Bucket:
        if account not in self._accounts:
            self._accounts[account] = _Bucket(rate, float(rate.burst), now)
        return self._accounts[account]

    def _of_chat(self, message: Outbound, rate: Rate, now: dt.datetime) -> _Bucket:
        chat = (message.channel, message.account, message.sender)
        if chat not in self._chats:
            if len(self._chats) >= self._look_through_at:
                # A full bucket says no more than none.
                self._chats = {key: one for key, one in self._chats.items() if not one.is_full(now)}
                self._look_through_at = len(self._chats) + MANY
            self._chats[chat] = _Bucket(rate, float(rate.burst), now)
        return self._chats[chat]
