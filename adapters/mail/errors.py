"""What the libraries raise, as exactly one of: try later, a person must act, never, unknown."""

from __future__ import annotations

import enum
import imaplib
import re
import ssl

import aiosmtplib
from imapclient.exceptions import (
    CapabilityError,
    IMAPClientError,
    InvalidCriteriaError,
    LoginError,
)

from bot.errors import CrossdeskError, NeverError, OperatorError, TryLaterError, UnknownOutcomeError


class Step(enum.Enum):
    """How far a letter had come when something went wrong."""

    CONNECT = "connect"
    SENDER = "sender"
    RECIPIENT = "recipient"
    #: From the first byte of the letter to the server's word after the last one.
    LETTER = "letter"


#: What an IMAP server says where the password is right and the time is wrong.
_BUSY = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|temporar|too many|try again", re.IGNORECASE)
#: Enhanced status codes (RFC 3463) of what is about us rather than about the buyer or the letter.
_ABOUT_US = re.compile(r"\b5\.7\.\d+\b|relay", re.IGNORECASE)


def sorted_error(error: BaseException, step: Step) -> CrossdeskError:
    """One of the four for whatever a library, a socket or TLS raised.

    ``UnknownOutcomeError`` only where the letter may have been taken: after its last byte nobody knows.
    """
    if isinstance(error, CrossdeskError):
        return error
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        # There is one recipient.
        error, step = error.recipients[0], Step.RECIPIENT
    said = _words(error)
    if _about_certificate(error):
        return OperatorError(f"the server's certificate is not accepted: {said}")
    if isinstance(error, aiosmtplib.SMTPException):
        return _smtp(error, step, said)
    if isinstance(error, LoginError):
        if _BUSY.search(said):
            return TryLaterError(f"the mailbox is busy: {said}")
        return OperatorError(f"the mailbox refuses our login: {said}")
    if isinstance(error, (CapabilityError, InvalidCriteriaError)):
        return OperatorError(f"the IMAP server cannot do what we need: {said}")
    if isinstance(error, (IMAPClientError, imaplib.IMAP4.error, OSError, EOFError, TimeoutError)):
        # Sockets, DNS and TLS too: among them what breaks off in the middle of a letter.
        return UnknownOutcomeError(said) if step is Step.LETTER else TryLaterError(said)
    # Whatever else there is (a letter that a library chokes on): trying again would choke again.
    return UnknownOutcomeError(said) if step is Step.LETTER else NeverError(said)


def _smtp(error: aiosmtplib.SMTPException, step: Step, said: str) -> CrossdeskError:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return OperatorError(f"the SMTP server cannot do what we need: {said}")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _refusal(error, step, said)
    if step is Step.LETTER:
        return UnknownOutcomeError(said)
    # Gone, or silent: nothing goes out of this mailbox for now.
    return TryLaterError(said, whole_account=step is Step.CONNECT)


def _refusal(error: aiosmtplib.SMTPResponseException, step: Step, said: str) -> CrossdeskError:
    if error.code < 0 or error.code // 100 not in (4, 5):
        # No answer that SMTP knows.
        return UnknownOutcomeError(said) if step is Step.LETTER else TryLaterError(said)
    if error.code // 100 == 4:
        # 421: it closes; anything else is about this letter, such as a greylist.
        return TryLaterError(said, whole_account=error.code == 421 or step is Step.CONNECT)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or error.code in (530, 534, 535, 538):
        return OperatorError(f"the SMTP server refuses our login: {said}")
    if step in (Step.CONNECT, Step.SENDER):
        return OperatorError(f"the SMTP server takes no letters from us: {said}")
    if step is Step.RECIPIENT and _ABOUT_US.search(error.message):
        return OperatorError(f"the SMTP server does not forward our letters: {said}")
    return NeverError(said)


def _about_certificate(error: BaseException | None) -> bool:
    for _ in range(5):
        if error is None:
            return False
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _words(error: BaseException) -> str:
    """On one line, short, and without the buyer's address, which servers like to repeat."""
    told = error.message if isinstance(error, aiosmtplib.SMTPException) else str(error)
    # IMAP's libraries pass the server's bytes on as Python shows them.
    told = re.sub(r"^b(['\"])(.*)\1$", r"\2", str(told), flags=re.DOTALL)
    code = f"{error.code} " if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    plain = " ".join(str(told).split())
    return f"{code}{re.sub(r'[^ <>@]+@[^ <>@]+', '…', plain)[:180] or type(error).__name__}"
