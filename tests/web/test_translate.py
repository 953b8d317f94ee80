from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.web.translate import (
    NO_ID,
    NOT_JSON,
    NOTHING,
    TEXT_LIMIT,
    TOO_LONG,
    UNKNOWN_BUTTON,
    UNKNOWN_FILE,
    Refusal,
    Sender,
    cleared,
    to_inbound,
    to_line,
    to_page,
)
from bot.messages import Attachment, Author, Button, Inbound, Outbound, TranscriptLine

NOW = dt.datetime(2024, 5, 6, 12, 0, tzinfo=dt.timezone.utc)
ID = "0b4c7a52-6a39-4b62-9a3c-6f6f3c1a2b11"
SENDER = Sender("visitor-1", "192.0.2.7")


def read_button(token: str) -> str | None:
    return token.removeprefix("signed:") if token.startswith("signed:") else None


KEPT = Attachment("cup.jpg", "image/jpeg", 9, "attachments/ab/cd")


def read_file(token: str) -> Attachment | None:
    return KEPT if token == "file" else None


def translated(raw: bytes) -> Inbound | Refusal:
    return to_inbound(raw, SENDER, NOW, read_button, read_file)


def posted(**body: object) -> Inbound | Refusal:
    return translated(json.dumps({"id": ID, **body}).encode())


def text_of(text: str) -> str:
    message = posted(text=text)
    assert isinstance(message, Inbound), message
    return message.text


def test_a_text_becomes_a_message_of_this_visitor() -> None:
    assert posted(text=" Where is my parcel? ", language="nl") == Inbound(
        channel="web",
        account="chat",
        message_id=f"visitor-1:{ID}",
        sender="visitor-1",
        text="Where is my parcel?",
        sent_at=NOW,
        language_hint="nl",
        network="192.0.2.7",
    )


def test_a_pressed_button_brings_its_payload_and_no_text() -> None:
    message = posted(button='signed:/refund_policy{"days": "7"}', text="ignored")
    assert isinstance(message, Inbound)
    assert (message.button, message.text) == ('/refund_policy{"days": "7"}', "")


def test_the_same_id_of_two_visitors_makes_two_messages() -> None:
    raw = json.dumps({"id": ID, "text": "hello"}).encode()
    one = to_inbound(raw, SENDER, NOW, read_button, read_file)
    other = to_inbound(raw, Sender("visitor-2", None), NOW, read_button, read_file)
    assert isinstance(one, Inbound)
    assert isinstance(other, Inbound)
    assert one.message_id != other.message_id


@pytest.mark.parametrize(
    "form", [ID.upper(), "{" + ID + "}", ID.replace("-", ""), "", 7, None, ["x"], "x" * 36]
)
def test_an_id_is_a_uuid_in_its_one_form(form: object) -> None:
    answer = posted(id=form, text="hello")
    assert answer == NO_ID or (isinstance(answer, Inbound) and answer.message_id.endswith(ID))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe{",
        b"[" * 60_000,
        b'{"id":' + b"1" * 60_000 + b"}",
        b'{"id": NaN, "text"}',
        '{"text": "h\u00e9"}'.encode("latin-1"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    assert translated(raw) == NOT_JSON


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t", "\u200b\u200d\ufeff", "\u202e", "\x00\x01", None, 5, {"a": 1}]
)
def test_a_text_with_nothing_to_read_is_refused(text: object) -> None:
    assert posted(text=text) == NOTHING


def test_four_thousand_characters_are_taken_and_one_more_is_not() -> None:
    assert text_of("é" * TEXT_LIMIT) == "é" * TEXT_LIMIT
    assert text_of("🙂" * TEXT_LIMIT) == "🙂" * TEXT_LIMIT
    assert posted(text="x" * (TEXT_LIMIT + 1)) == TOO_LONG


@pytest.mark.parametrize("button", ["/approve_refund", "", 5, ["signed:/x"], "signed:" + "x" * 5_000])
def test_a_button_that_we_never_offered_is_refused(button: object) -> None:
    assert posted(button=button, text="hello") == UNKNOWN_BUTTON


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2067\u2066mixed\u2069\u2069", "mixed"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        # What scripts and emoji need stays.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("שלום\u200f!", "שלום\u200f!"),
        ("<b>&amp;</b> {{ 7*7 }} '; --", "<b>&amp;</b> {{ 7*7 }} '; --"),
    ],
)
def test_tricks_are_cleared_and_words_are_not(typed: str, kept: str) -> None:
    assert text_of(typed) == kept


def test_half_a_character_does_not_reach_the_database() -> None:
    message = translated(b'{"id": "%s", "text": "a\\ud800b"}' % ID.encode())
    assert isinstance(message, Inbound)
    assert message.text == "ab"


@pytest.mark.parametrize("language", ["en-US", "EN", "x", "", 5, "e\u0301", "\n\n", None])
def test_a_language_that_is_no_code_is_no_hint(language: object) -> None:
    message = posted(text="hello", language=language)
    assert isinstance(message, Inbound)
    assert message.language_hint is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": json_values | st.just(ID),
            "text": json_values,
            "button": json_values,
            "language": json_values,
            "files": json_values | st.lists(st.just("file") | json_values, max_size=7),
        },
    )
)
def test_translation_is_total_over_json(body: object) -> None:
    answer = translated(json.dumps(body).encode())
    if isinstance(answer, Inbound):
        answer.text.encode("utf-8")
        assert len(answer.text) <= TEXT_LIMIT


@settings(deadline=None)
@given(st.binary())
def test_translation_is_total_over_bytes(raw: bytes) -> None:
    assert isinstance(translated(raw), (Inbound, Refusal))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.characters()))
def test_clearing_twice_changes_nothing_more(text: str) -> None:
    assert cleared(cleared(text)) == cleared(text)


def test_a_message_that_is_brought_is_the_line_that_the_transcript_shows() -> None:
    at = dt.datetime(2024, 5, 6, 12, 0, tzinfo=dt.timezone.utc)
    buttons = (Button("Yes", "/affirm"),)
    message = Outbound(
        "k", "web", "chat", "ana", "Hello", Author.AGENT, 3, at, buttons=buttons, author_name="Lena"
    )
    assert to_line(message) == TranscriptLine(3, Author.AGENT, "Hello", at, buttons, "Lena")


def test_the_page_gets_lines_with_signed_buttons_and_utc_times() -> None:
    line = TranscriptLine(
        position=3,
        author=Author.AGENT,
        text="Hello <i>there</i>",
        at=dt.datetime(2024, 5, 6, 14, 0, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        buttons=(Button("Yes", "/affirm"),),
        author_name="Lena",
        state="queued",
        attachments=(KEPT, Attachment("run.exe", "application/x-msdownload", 1, "")),
    )
    assert to_page(line, lambda payload: f"signed:{payload}") == {
        "position": 3,
        "edits": None,
        "change": None,
        "author": "agent",
        "name": "Lena",
        "text": "Hello <i>there</i>",
        "at": "2024-05-06T12:00:00+00:00",
        "buttons": [{"title": "Yes", "payload": "signed:/affirm"}],
        "files": [
            {"name": "cup.jpg", "size": 9, "picture": True, "url": "/chat/files/3/0"},
            {"name": "run.exe", "size": 1, "picture": False, "url": None},
        ],
    }


def test_a_message_may_be_nothing_but_files() -> None:
    for body in ({"files": ["file"]}, {"files": ["file"], "text": " \u200b "}):
        message = posted(**body)
        assert isinstance(message, Inbound)
        assert (message.text, message.attachments) == ("", (KEPT,))


@pytest.mark.parametrize(
    "files", ["file", {}, [None], ["forged"], ["file", "forged"], ["file"] * 6, [["file"]], ["x" * 9_000]]
)
def test_files_that_were_not_sent_by_this_visitor_are_refused(files: object) -> None:
    assert posted(text="look", files=files) == UNKNOWN_FILE
