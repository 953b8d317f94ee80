"""Every error of Slack's SDK is exactly one of ours."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import slack_bolt.error
import slack_sdk.errors
from slack_sdk.errors import SlackApiError, SlackClientError, SlackTokenRotationError

from adapters.slack.errors import LATER, PERSON, UNKNOWN, to_error
from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError, UnknownOutcomeError

KINDS = (TryLaterError, OperatorError, NeverError, UnknownOutcomeError)


def answer(error: str | None = None, status: int = 200, **headers: str) -> SlackApiError:
    data: Any = {} if error is None else {"ok": False, "error": error}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SlackApiError("refused", SimpleNamespace(data=data, status_code=status, headers=named))


def subclasses(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind}.union(*(subclasses(one) for one in kind.__subclasses__()))


def of(module: Any) -> list[type[BaseException]]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, BaseException)]


def made(kind: type[BaseException]) -> BaseException:
    if kind is SlackApiError:
        return answer("not_in_channel")
    if kind is SlackTokenRotationError:
        return SlackTokenRotationError(answer("invalid_refresh_token"))
    # Whatever it holds does not matter: its kind decides.
    return kind.__new__(kind)


ALL = sorted(
    {*of(slack_sdk.errors), *of(slack_bolt.error), *subclasses(aiohttp.ClientError), asyncio.TimeoutError},
    key=lambda kind: f"{kind.__module__}.{kind.__name__}",
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_sdk_and_of_its_client_has_exactly_one_meaning(
    kind: type[BaseException],
) -> None:
    found = to_error(made(kind))
    assert sum(type(found) is one for one in KINDS) == 1


def test_all_of_the_sdks_errors_were_looked_at() -> None:
    assert subclasses(SlackClientError) <= set(ALL)
    assert len(ALL) > 20


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((answer(code), TryLaterError) for code in sorted(LATER)),
        *((answer(code), OperatorError) for code in sorted(PERSON)),
        *((answer(code), UnknownOutcomeError) for code in sorted(UNKNOWN)),
        (answer("restricted_action_read_only_channel"), OperatorError),
        *(
            (answer(code), NeverError)
            for code in (
                "channel_not_found",
                "not_in_channel",
                "is_archived",
                "invalid_blocks",
                "msg_too_long",
                "no_text",
                "cannot_reply_to_message",
                "a_word_that_slack_invents_tomorrow",
            )
        ),
        (answer(status=429), TryLaterError),
        (answer(status=503), TryLaterError),
        (answer(status=500), UnknownOutcomeError),
        (answer(status=502), UnknownOutcomeError),
        (answer(status=504), UnknownOutcomeError),
        (answer(status=200), UnknownOutcomeError),
        (answer(status=401), OperatorError),
        (answer(status=403), OperatorError),
        (answer(status=404), NeverError),
        (SlackApiError("no JSON", SimpleNamespace(status=502, headers={})), UnknownOutcomeError),
        (ConnectionResetError(), UnknownOutcomeError),
        (aiohttp.ServerDisconnectedError(), UnknownOutcomeError),
    ],
    ids=str,
)
def test_what_slack_says_decides(error: BaseException, kind: type[CrossdeskError]) -> None:
    assert type(to_error(error)) is kind


def test_slack_says_how_long_to_wait() -> None:
    found = to_error(answer("ratelimited", 429, Retry_After="17"))
    assert isinstance(found, TryLaterError)
    assert found.retry_after == 17.0


@pytest.mark.parametrize("said", ["", "soon", "-5", "nan"])
def test_a_wait_that_is_no_time_is_none_or_nothing(said: str) -> None:
    found = to_error(answer("ratelimited", 429, Retry_After=said))
    assert isinstance(found, TryLaterError)
    assert not found.retry_after or not found.retry_after > 0


def test_a_missing_scope_is_named() -> None:
    error = SlackApiError(
        "refused",
        SimpleNamespace(
            data={"ok": False, "error": "missing_scope", "needed": "files:write"}, status_code=200, headers={}
        ),
    )
    assert "files:write" in str(to_error(error))


def test_what_is_ours_already_stays() -> None:
    ours = TryLaterError("the database is away")
    assert to_error(ours) is ours
