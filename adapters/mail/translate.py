"""A letter to our values: pure, and total over whatever anybody may send."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.mail.automatic import Silence, failed_addresses, silence
from adapters.mail.letter import File, Letter
from adapters.mail.marks import Marks, ids, without_tags
from adapters.mail.options import CHANNEL
from adapters.mail.phrases import phrases
from adapters.mail.quotes import new_words
from adapters.mail.vouching import conversation
from bot.messages import Inbound

#: In characters; of longer letters the rest is not read.
TEXT_LIMIT = 20_000
#: What the inbox takes for an id, in characters.
_LONGEST_ID = 200
_LONGEST_NAME, _LONGEST_SUBJECT = 60, 200
#: So many ids of a thread go into the next letter.
_REFERENCES = 12


@dataclass(frozen=True)
class Account:
    """A mailbox, as far as its letters are read."""

    address: str
    marks: Marks
    #: All addresses of the store.
    own: frozenset[str]
    authserv_id: str | None = None


@dataclass(frozen=True)
class Arrived:
    """A buyer's letter."""

    message: Inbound
    #: To be kept, and put into ``message.attachments``.
    files: Sequence[File]
    #: How many more there are than anybody reads.
    more_files: int


@dataclass(frozen=True)
class Unanswered:
    """A letter that gets no answer."""

    reason: Silence


@dataclass(frozen=True)
class Returned:
    """Letters of ours that could not be delivered, and never will be."""

    #: Their ``Outbound.key``.
    keys: Sequence[str]
    why: str


def translate(letter: Letter, account: Account, received_at: dt.datetime) -> Arrived | Unanswered | Returned:
    """What a letter is to us.

    Args:
        letter: as it was read.
        account: the mailbox in which it lay.
        received_at: when the mailbox got it; aware, UTC.
    """
    reason = silence(letter, account.own)
    if reason is Silence.BOUNCE:
        keys = _returned_keys(letter, account)
        return Returned(keys, _why(letter)) if keys else Unanswered(reason)
    if reason is not None:
        return Unanswered(reason)
    name, address = letter.author
    sender = conversation(letter, account.address, account.marks, account.authserv_id)
    if len(sender) > _LONGEST_ID:
        return Unanswered(Silence.NO_SENDER)
    subject = without_tags(letter.subject)
    return Arrived(
        message=Inbound(
            channel=CHANNEL,
            account=account.address,
            message_id=_message_id(letter, address),
            sender=sender,
            text=_text(letter, subject),
            sent_at=letter.sent_at(received_at),
            sender_name=_name(name),
            language_hint=_language(letter),
            numbered=True,
            note={
                "subject": subject[:_LONGEST_SUBJECT],
                "message_id": letter.message_id[:500],
                "references": " ".join(one for one in letter.references[-_REFERENCES:] if len(one) <= 200),
            },
        ),
        files=letter.files,
        more_files=letter.more_files,
    )


def bare_subject(subject: str) -> str:
    """Without "Re:" and its likes, however many there are."""
    while found := phrases().before_subject.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def _text(letter: Letter, subject: str) -> str:
    words = new_words(letter.body)[:TEXT_LIMIT].rstrip()
    bare = bare_subject(subject)
    if not words:
        return bare
    # What begins a thread says what it is about in its subject, and may say it only there.
    begins = bare == subject.strip() and not letter.references
    return f"{bare}\n\n{words}" if begins and bare and bare.casefold() not in words.casefold() else words


def _message_id(letter: Letter, address: str) -> str:
    """Ids are the senders' own, and some programs give one twice: nobody's letter may pass for another's."""
    own = letter.message_id
    if not own:
        said = "\n".join((letter.header("date"), letter.subject, letter.body))
        own = f"sha256:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}"
    whole = f"{address} {own}"
    if len(whole) <= _LONGEST_ID:
        return whole
    return f"sha256:{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()}"


def _name(name: str) -> str | None:
    """A name to greet the buyer by; nothing that advertises in a greeting."""
    plain = " ".join(name.strip("'\" ").split())
    if not plain or len(plain) > _LONGEST_NAME or re.search(r"[@:/<>\d]|www\.", plain):
        return None
    return plain


def _language(letter: Letter) -> str | None:
    for header in ("content-language", "accept-language"):
        found = re.match(r"\s*([a-z]{2})(?![a-z])", letter.header(header).lower())
        if found:
            return found[1]
    return None


def _returned_keys(letter: Letter, account: Account) -> list[str]:
    """Of the letters of ours that a bounce speaks of, those that truly went to whom it names."""
    failed = failed_addresses(letter)
    if not failed:
        return []
    named = set(failed)
    text = [letter.body, letter.header("in-reply-to"), letter.header("references")]
    for part in letter.message.walk():
        text += [str(part.get("message-id", "")), str(part.get("references", ""))][
            : 1 + (part is letter.message)
        ]
        payload = part.get_payload()
        if isinstance(payload, str) and part.get_content_type() in ("text/plain", "text/rfc822-headers"):
            text.append(payload[:50_000])
    found = []
    for mark in ids("\n".join(text)):
        if mark.key and any(account.marks.holds(mark, account.address, one) for one in named):
            found.append(mark.key)
    return list(dict.fromkeys(found))


def _why(letter: Letter) -> str:
    for part in letter.message.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in part.walk():
                said = str(block.get("diagnostic-code") or "") or str(block.get("status") or "")
                if said:
                    return "the letter came back: " + " ".join(re.sub(r"\S+@\S+", "…", said).split())[:150]
    return "the letter came back: " + re.sub(r"\S+@\S+", "…", letter.subject)[:150]
