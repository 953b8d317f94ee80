"""Every error of the SDK is exactly one of ours."""

from __future__ import annotations

import inspect

import httpx
import pytest
from telegram import error as sdk

from adapters.telegram.errors import translated
from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError, UnknownOutcomeError

VARIABLE = "CROSSDESK_TELEGRAM_TOKEN"


def of_the_line(error: sdk.NetworkError, cause: BaseException | None) -> sdk.NetworkError:
    error.__cause__ = cause
    return error


LATER = [
    sdk.RetryAfter(7),
    sdk.Conflict("terminated by other getUpdates request"),
    sdk.NetworkError("Internal Server Error: restart"),
    of_the_line(sdk.NetworkError("httpx.ConnectError: "), httpx.ConnectError("refused")),
    of_the_line(sdk.TimedOut(), httpx.ConnectTimeout("")),
    of_the_line(sdk.TimedOut(), httpx.PoolTimeout("")),
]
OPERATOR = [sdk.InvalidToken(), sdk.EndPointNotFound("x")]
NEVER = [
    sdk.Forbidden("Forbidden: bot was blocked by the user"),
    sdk.BadRequest("Bad Request: chat not found"),
    sdk.ChatMigrated(-100),
    sdk.PassportDecryptionError("x"),
]
UNKNOWN = [
    sdk.TimedOut(),
    of_the_line(sdk.TimedOut(), httpx.ReadTimeout("")),
    of_the_line(sdk.NetworkError("httpx.ReadError: "), httpx.ReadError("reset")),
    of_the_line(sdk.NetworkError("httpx.RemoteProtocolError: "), httpx.RemoteProtocolError("closed")),
    of_the_line(sdk.NetworkError("Bad Gateway (502). Parsing … failed"), sdk.TelegramError("Invalid")),
    sdk.TelegramError("Invalid server response"),
]
CASES = [
    *((error, TryLaterError) for error in LATER),
    *((error, OperatorError) for error in OPERATOR),
    *((error, NeverError) for error in NEVER),
    *((error, UnknownOutcomeError) for error in UNKNOWN),
]


@pytest.mark.parametrize(("error", "ours"), CASES, ids=lambda one: getattr(one, "__name__", repr(one)))
def test_an_error_of_the_sdk_is_one_of_ours(error: sdk.TelegramError, ours: type[CrossdeskError]) -> None:
    assert type(translated(error, VARIABLE)) is ours


def test_no_error_of_the_sdk_is_forgotten() -> None:
    theirs = {
        one for _, one in inspect.getmembers(sdk, inspect.isclass) if issubclass(one, sdk.TelegramError)
    }
    assert theirs == {type(error) for error, _ in CASES}


def test_how_long_telegram_asks_to_wait_is_kept() -> None:
    found = translated(sdk.RetryAfter(7), VARIABLE)
    assert isinstance(found, TryLaterError)
    assert found.retry_after == 7.0


def test_a_refused_token_is_told_by_its_variable() -> None:
    assert VARIABLE in str(translated(sdk.InvalidToken("bad 123:abc"), VARIABLE))
