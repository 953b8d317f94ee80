"""Every error of Slack's SDK as exactly one of ours."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from slack_bolt.error import BoltError
from slack_sdk.errors import (
    BotUserAccessError,
    SlackApiError,
    SlackClientConfigurationError,
    SlackClientError,
    SlackClientNotConnectedError,
    SlackTokenRotationError,
)

from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError, UnknownOutcomeError

#: Slack did nothing, and may do it later.
LATER = frozenset(
    {"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org"}
)
#: Slack's own words: part of it may have been done.
UNKNOWN = frozenset({"fatal_error", "internal_error"})
#: Slack refuses everything, or this kind of thing, until a person acts.
PERSON = frozenset(
    {
        "access_denied",
        "account_inactive",
        "accesslimited",
        "app_uninstalled",
        "deprecated_endpoint",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "messages_tab_disabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
        "unknown_method",
    }
)
#: What to do about it, where Slack's word does not say it.
ADVICE = {
    "missing_scope": "add the scope '{needed}' under OAuth & Permissions and install the app again",
    "messages_tab_disabled": "switch on the Messages Tab under App Home",
}
_RENEW = "install the app again and set the new token in the environment"


def to_error(error: BaseException) -> CrossdeskError:
    """What an error of the SDK, or of the HTTP client below it, means for what was tried.

    Anything that nobody knows may have come after Slack had acted.
    """
    if isinstance(error, CrossdeskError):
        return error
    if isinstance(error, SlackApiError):
        return _of_answer(error.response)
    if isinstance(error, SlackTokenRotationError | SlackClientConfigurationError | BotUserAccessError):
        return OperatorError(f"Slack refuses the token: {_RENEW}")
    if isinstance(error, SlackClientNotConnectedError | aiohttp.ClientConnectorError):
        return TryLaterError("Slack cannot be reached")
    if isinstance(error, SlackClientError | BoltError | aiohttp.InvalidURL):
        # Refused by the SDK, before anything was sent.
        return NeverError(f"Slack's SDK refuses it: {type(error).__name__}")
    if isinstance(error, asyncio.TimeoutError):
        return UnknownOutcomeError("Slack did not answer in time")
    return UnknownOutcomeError(f"the connection to Slack broke: {type(error).__name__}")


def code_of(error: BaseException) -> str:
    """Slack's own word for what ``Wire.call`` raised; empty if there is none."""
    cause = error.__cause__
    data = getattr(cause.response, "data", None) if isinstance(cause, SlackApiError) else None
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _of_answer(response: Any) -> CrossdeskError:
    """What Slack's answer means; where it is no answer of Slack's, its HTTP status."""
    data = getattr(response, "data", response)
    data = data if isinstance(data, dict) else {}
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    code = str(data.get("error") or "")[:80]
    if code in LATER or status in (429, 503):
        return TryLaterError(
            f"Slack takes no more for now: {code or status}", retry_after=_retry_after(response)
        )
    if code in UNKNOWN or (not code and status not in (400, 401, 403, 404, 413)):
        return UnknownOutcomeError(f"Slack failed: {code or status}")
    if code in PERSON or code.startswith("restricted_action") or status in (401, 403):
        advice = ADVICE.get(code, _RENEW).format(needed=data.get("needed", "?"))
        return OperatorError(f"Slack refuses: {code or status}; {advice}")
    return NeverError(f"Slack refuses this message: {code or status}")


def _retry_after(response: Any) -> float | None:
    headers = getattr(response, "headers", None) or {}
    try:
        return max(float(headers.get("Retry-After", "")), 0.0)
    except (TypeError, ValueError):
        return None
