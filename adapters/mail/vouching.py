"""Whose conversation a letter belongs to: what it says of itself proves nothing."""

from __future__ import annotations

import re

from adapters.mail.letter import Letter
from adapters.mail.marks import Marks, ids, sender_of, tags, thread_of

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"[^"]*"')


def conversation(letter: Letter, account: str, marks: Marks, authserv_id: str | None) -> str:
    """The conversation's sender.

    It is the buyer's address where something vouches for it: the mailbox's own server, or that the letter
    answers one of ours, which only the owner of the address has seen. Else it is the address and the letter's
    thread: whoever pretends to be a buyer begins a conversation in which nobody has identified themselves.
    """
    _, address = letter.author
    answered = [mark for reference in reversed(letter.references) for mark in ids(reference)]
    for mark in (*answered, *tags(letter.subject)):
        if marks.holds(mark, account, address):
            return sender_of(address, mark.thread)
    if authserv_id and address == letter.writer and _authenticated(letter, authserv_id):
        return address
    root = (*letter.references, letter.message_id)[0]
    return sender_of(address, thread_of(root or f"{address} {letter.header('date')} {letter.subject}"))


def _authenticated(letter: Letter, authserv_id: str) -> bool:
    """Whether the mailbox's own server says that ``From`` is true (RFC 8601)."""
    results = letter.all("authentication-results")
    if not results or len(letter.all("from")) != 1:
        return False
    # The topmost was written last: whatever a sender put into the letter stands below it.
    said, before = _QUOTED.sub("", results[0]), ""
    while said != before:
        said, before = _COMMENT.sub("", said), said
    server, *methods = said.split(";")
    if server.split()[:1] != [authserv_id]:
        return False
    domain = letter.writer.rpartition("@")[2]
    return any(_passes(method.split(), domain) for method in methods)


def _passes(words: list[str], domain: str) -> bool:
    if not words:
        return False
    named = {
        name: value.rpartition("@")[2].lower()
        for name, _, value in (word.partition("=") for word in words[1:])
    }
    if words[0] == "dmarc=pass":
        return named.get("header.from") == domain
    if words[0] == "dkim=pass":
        return domain in (named.get("header.d"), named.get("header.i"))
    return False
