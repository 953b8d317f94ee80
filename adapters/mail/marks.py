"""What we put into our letters to know them again: nobody can make it up who never got a letter of ours."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

#: Between the buyer's address and the thread of a letter that nothing vouches for; no domain has it.
APART = "#"
_ID = re.compile(
    r"<crossdesk\.(?P<key>[a-z0-9_-]{2,200})\.(?P<thread>[a-z2-7]{10}|0)\.(?P<proof>[a-z2-7]{16})@[^<>@\s]{1,200}>",
    re.IGNORECASE,
)
_TAG = re.compile(r"\[ref (?P<thread>[a-z2-7]{10}|0)-(?P<proof>[a-z2-7]{16})\]", re.IGNORECASE)


@dataclass(frozen=True)
class Mark:
    """A mark that was found in a letter; it means nothing until ``Marks`` has checked it."""

    thread: str
    proof: str
    #: ``Outbound.key`` of the letter of ours that is meant; None for a mark from a subject.
    key: str | None


@dataclass(frozen=True)
class Marks:
    """Makes and checks them with the store's own secret."""

    secret: bytes

    def message_id(self, account: str, sender: str, key: str) -> str:
        """The Message-ID of a letter of ours: the same each time that it is sent."""
        coded = base64.b32encode(key.encode()).decode().rstrip("=").lower()
        thread = _thread(sender)
        return (
            f"<crossdesk.{coded}.{thread}.{self._proof(account, sender, key)}@{account.rpartition('@')[2]}>"
        )

    def tag(self, account: str, sender: str) -> str:
        """What stands in the subject, for mail programs that forget what they answer."""
        return f"[ref {_thread(sender)}-{self._proof(account, sender, None)}]"

    def holds(self, mark: Mark, account: str, address: str) -> bool:
        """Whether a letter with this mark went from this account to this address."""
        proof = self._proof(account, sender_of(address, mark.thread), mark.key)
        return hmac.compare_digest(proof, mark.proof)

    def _proof(self, account: str, sender: str, key: str | None) -> str:
        said = "\n".join((account, sender, key or ""))
        return _letters(hmac.new(self.secret, said.encode(), hashlib.sha256).digest(), 16)


def sender_of(address: str, thread: str) -> str:
    """The conversation of an address: of its own, or one thread's where nothing vouches for the address."""
    return address if thread == "0" else f"{address}{APART}{thread}"


def address_of(sender: str) -> str:
    """Where letters of a conversation go."""
    return sender.partition(APART)[0] if "@" not in sender.partition(APART)[2] else sender


def thread_of(root: str) -> str:
    """The name of the thread that begins with a Message-ID."""
    return _letters(hashlib.sha256(root.encode("utf-8", "replace")).digest(), 10)


def ids(text: str) -> list[Mark]:
    """Every Message-ID of ours in a text, in order."""
    found = []
    for match in _ID.finditer(text):
        coded = match["key"].upper()
        try:
            key = base64.b32decode(coded + "=" * (-len(coded) % 8)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        found.append(Mark(match["thread"].lower(), match["proof"].lower(), key))
    return found


def tags(subject: str) -> list[Mark]:
    """Every mark in a subject."""
    return [Mark(found["thread"].lower(), found["proof"].lower(), None) for found in _TAG.finditer(subject)]


def without_tags(subject: str) -> str:
    """A subject as the buyer reads it."""
    return " ".join(_TAG.sub("", subject).split())


def _thread(sender: str) -> str:
    thread = sender.rpartition(APART)[2] if address_of(sender) != sender else ""
    return thread or "0"


def _letters(digest: bytes, count: int) -> str:
    return base64.b32encode(digest).decode().lower()[:count]
