"""Our letters: words escaped, headers on one line, in the thread and the direction of the buyer."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from typing import Any

import pytest

from adapters.mail.compose import compose
from adapters.mail.marks import address_of, ids, sender_of, tags
from bot.messages import Answered, Author, Button, Outbound
from tests.mail.reading import MARKS, OURS, arrived

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.timezone.utc)
ANN = "ann@mailer.example"


def outbound(text: str = "Hello", **more: Any) -> Outbound:
    return Outbound(
        **{
            "key": "turn:1:0",
            "channel": "mail",
            "account": OURS,
            "sender": ANN,
            "text": text,
            "author": Author.BOT,
            "position": 2,
            "created_at": NOW,
            **more,
        }
    )


def composed(message: Outbound, note: dict[str, str] | None = None, text: str = "hi") -> Any:
    answered = None if note is None else Answered("x", text, NOW, note)
    raw = compose(message, answered, marks=MARKS, store="Shop").as_bytes()
    return email.message_from_bytes(raw, policy=email.policy.default)


@pytest.mark.parametrize(
    "subject",
    ["x\r\nBcc: eve@evil.example", "x\nBcc: eve@evil.example", "x\x00\u2028y", "=?utf-8?q?=0ABcc:_e?="],
)
def test_a_subject_adds_no_header(subject: str) -> None:
    name = "Kim\r\nBcc: eve@evil.example =?utf-8?q?=0ABcc:_e?="
    letter = composed(outbound(author_name=name), {"subject": subject})
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("Re: ")


def test_ids_that_are_none_are_not_repeated() -> None:
    for bad in ("<a b>", "<=?utf-8?q?=0ABcc:_e?=>", "<a", "<a>\r\nBcc: e"):
        letter = composed(outbound(), {"subject": "x", "message_id": bad})
        assert letter["In-Reply-To"] is letter["References"] is letter["Bcc"] is None
    note = {
        "subject": "x",
        "message_id": "<a@x>",
        "references": "<b@x> <=?utf-8?q?=0ABcc:_e?=@x> nonsense <c@x>",
    }
    letter = composed(outbound(), note)
    assert letter["References"].split() == ["<b@x>", "<c@x>", "<a@x>"]


def test_words_are_escaped_and_pages_are_linked() -> None:
    text = 'a <b> & "c" https://x.example/?a=1&b=2. <script>'
    page = composed(outbound(text)).get_body(("html",)).get_content()
    assert "<script>" not in page
    assert '<a href="https://x.example/?a=1&amp;b=2">' in page


def test_arabic_is_written_from_right_to_left() -> None:
    page = composed(outbound("مرحبا", language="ar")).get_body(("html",)).get_content()
    assert '<html lang="ar" dir="rtl">' in page


def test_choices_are_numbered_in_the_buyers_language() -> None:
    message = outbound(language="de", buttons=(Button("Ja", "/affirm"), Button("Nein", "/deny")))
    text = composed(message).get_body(("plain",)).get_content()
    assert text.splitlines()[-3:] == ["Sie können mit einer Zahl antworten:", "1. Ja", "2. Nein"]


def test_what_a_person_writes_is_no_machines_letter() -> None:
    letter = composed(outbound(author=Author.AGENT, author_name="Kim"), {"subject": "x"})
    assert letter["Auto-Submitted"] is None
    assert letter["From"] == f'"Kim (Shop)" <{OURS}>'


def test_a_letter_of_ours_is_never_answered_by_us() -> None:
    letter = composed(outbound(), {"subject": "x"})
    assert letter["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize("sender", [ANN, sender_of(ANN, "abcdefghij")])
def test_an_answer_to_ours_belongs_to_the_conversation_that_ours_was_in(sender: str) -> None:
    letter = composed(outbound(sender=sender))
    assert letter["To"] == address_of(sender) == ANN
    back = f"From: {ANN}\r\nIn-Reply-To: {letter['Message-ID']}\r\n\r\nyes\r\n".encode()
    assert arrived(back).message.sender == sender
    by_subject = f"From: {ANN}\r\nSubject: Re: {letter['Subject']}\r\n\r\nyes\r\n".encode()
    assert arrived(by_subject).message.sender == sender


def test_marks_are_checked_for_account_address_and_key() -> None:
    (mark,) = ids(MARKS.message_id(OURS, ANN, "turn:1:0"))
    (tag,) = tags(MARKS.tag(OURS, ANN))
    assert MARKS.holds(mark, OURS, ANN)
    assert MARKS.holds(tag, OURS, ANN)
    assert not MARKS.holds(mark, "sales@shop.example", ANN)
    assert not MARKS.holds(mark, OURS, "eve@mailer.example")
    (other,) = ids(MARKS.message_id(OURS, ANN, "turn:2:0"))
    assert mark.proof != other.proof != tag.proof
