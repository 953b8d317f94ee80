"""Every error of the SDK as exactly one of ours."""

from __future__ import annotations

import datetime as dt

import httpx
from telegram import error as sdk

from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError, UnknownOutcomeError

#: Errors of the connection after which nothing can have reached Telegram.
_BEFORE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def translated(error: sdk.TelegramError, variable: str) -> CrossdeskError:
    """Which of our errors an error of the SDK is. Its words hold no token.

    The order matters: ``BadRequest`` is a ``NetworkError`` to the SDK.

    Args:
        error: raised by a call of the Bot API.
        variable: the environment variable with the token, for the operator.
    """
    if isinstance(error, sdk.RetryAfter):
        seconds = error.retry_after
        wait = seconds.total_seconds() if isinstance(seconds, dt.timedelta) else float(seconds)
        return TryLaterError(f"Telegram asks to wait {wait:.0f} s", retry_after=wait)
    if isinstance(error, sdk.InvalidToken):
        return OperatorError(
            f"Telegram does not know the token in {variable}: was it revoked? @BotFather gives a new one"
        )
    if isinstance(error, sdk.EndPointNotFound):
        return OperatorError("Telegram's server lacks a method: update your Bot API server")
    if isinstance(error, sdk.Conflict):
        return TryLaterError("another program asks Telegram for this bot's messages, or has set a webhook")
    if isinstance(error, sdk.Forbidden | sdk.BadRequest):
        return NeverError(f"Telegram refuses: {error.message}")
    if isinstance(error, sdk.ChatMigrated):
        return NeverError("the chat has become another one")
    if isinstance(error, sdk.PassportDecryptionError):
        return NeverError("a passport cannot be read")
    if isinstance(error, sdk.NetworkError):
        return _of_the_line(error)
    return UnknownOutcomeError("Telegram's answer cannot be read")


def _of_the_line(error: sdk.NetworkError) -> CrossdeskError:
    cause = error.__cause__
    if isinstance(cause, _BEFORE):
        return TryLaterError(f"Telegram cannot be reached ({type(cause).__name__})")
    if cause is None and not isinstance(error, sdk.TimedOut):
        # Its own words, in its own form: it says itself that it did not do it.
        return TryLaterError(f"Telegram cannot do it now: {error.message}")
    said = type(error if cause is None else cause).__name__
    return UnknownOutcomeError(f"Telegram did not answer ({said})")
