"""Whatever IMAP, SMTP, TLS or a socket raises is exactly one of four: what may have been sent is unknown."""

from __future__ import annotations

import imaplib
import inspect
import socket
import ssl
from typing import Any

import aiosmtplib
import pytest
from imapclient import exceptions as imap

from adapters.mail.errors import Step, sorted_error
from bot.errors import NeverError, OperatorError, TryLaterError, UnknownOutcomeError

FOUR = (TryLaterError, OperatorError, NeverError, UnknownOutcomeError)


def made(kind: type[Any]) -> Any:
    if issubclass(kind, aiosmtplib.SMTPRecipientsRefused):
        return kind([aiosmtplib.SMTPRecipientRefused(550, "no such user", "a@b.c")])
    if issubclass(kind, (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused)):
        return kind(550, "refused", "a@b.c")
    if issubclass(kind, aiosmtplib.SMTPResponseException):
        return kind(550, "refused")
    return kind("said")


KINDS = [
    kind
    for module in (aiosmtplib.errors, imap, imaplib.IMAP4)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception) and not issubclass(kind, Warning)
] + [
    OSError,
    TimeoutError,
    ConnectionResetError,
    socket.gaierror,
    ssl.SSLError,
    EOFError,
    ValueError,
    KeyError,
]


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_exactly_one_of_four(kind: type[Any], step: Step) -> None:
    found = sorted_error(made(kind), step)
    assert type(found) in FOUR
    assert "a@b.c" not in str(found)
    assert str(found)


@pytest.mark.parametrize("step", [Step.CONNECT, Step.SENDER, Step.RECIPIENT])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_before_the_letter_goes_nothing_is_unknown(kind: type[Any], step: Step) -> None:
    assert not isinstance(sorted_error(made(kind), step), UnknownOutcomeError)


@pytest.mark.parametrize(
    ("code", "said", "step", "expected"),
    [
        (421, "4.3.2 closing", Step.CONNECT, TryLaterError),
        (450, "4.2.0 greylisted", Step.RECIPIENT, TryLaterError),
        (451, "4.7.1 try later", Step.LETTER, TryLaterError),
        (452, "4.2.2 full", Step.RECIPIENT, TryLaterError),
        (550, "5.1.1 no such user", Step.RECIPIENT, NeverError),
        (554, "5.7.1 relay access denied", Step.RECIPIENT, OperatorError),
        (550, "5.7.60 not allowed to send as this sender", Step.SENDER, OperatorError),
        (530, "5.7.0 authentication required", Step.SENDER, OperatorError),
        (552, "5.3.4 too large", Step.LETTER, NeverError),
        (554, "5.7.1 spam", Step.LETTER, NeverError),
        (-1, "", Step.LETTER, UnknownOutcomeError),
        (250, "what", Step.LETTER, UnknownOutcomeError),
    ],
)
def test_a_servers_answer_is_taken_as_it_is_meant(
    code: int, said: str, step: Step, expected: type[Exception]
) -> None:
    assert type(sorted_error(aiosmtplib.SMTPResponseException(code, said), step)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiosmtplib.SMTPAuthenticationError(535, "5.7.8 bad"), OperatorError),
        (aiosmtplib.SMTPAuthenticationError(454, "4.7.0 later"), TryLaterError),
        (imap.LoginError("[AUTHENTICATIONFAILED] Authentication failed."), OperatorError),
        (imap.LoginError("[UNAVAILABLE] Temporary authentication failure."), TryLaterError),
        (ssl.SSLCertVerificationError("self-signed"), OperatorError),
        (imaplib.IMAP4.abort("socket error: EOF"), TryLaterError),
    ],
)
def test_a_refused_login_needs_a_person_and_a_busy_server_does_not(
    error: Exception, expected: type[Exception]
) -> None:
    assert type(sorted_error(error, Step.CONNECT)) is expected


def test_a_certificate_is_told_of_through_what_wraps_it() -> None:
    wrapped = aiosmtplib.SMTPConnectError("cannot connect")
    wrapped.__cause__ = ssl.SSLCertVerificationError("expired")
    assert isinstance(sorted_error(wrapped, Step.CONNECT), OperatorError)


def test_a_server_that_closes_stops_the_whole_account() -> None:
    found = sorted_error(aiosmtplib.SMTPResponseException(421, "too many connections"), Step.SENDER)
    assert isinstance(found, TryLaterError)
    assert found.whole_account
