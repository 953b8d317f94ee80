"""Letters as they come are translated as their golden files say, and whatever comes is translated somehow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mail.reading import arrived, taken, told

GOLDEN = Path(__file__).parent / "golden"
LETTERS = sorted(GOLDEN.glob("*.eml"))


@pytest.mark.parametrize("letter", LETTERS, ids=lambda path: path.stem)
def test_a_letter_is_translated_as_its_golden_file_says(letter: Path) -> None:
    expected = json.loads(letter.with_suffix(".json").read_text(encoding="utf-8"))
    assert told(taken(letter.read_bytes())) == expected


def test_there_are_as_many_golden_letters_as_promised() -> None:
    assert len(LETTERS) >= 35


_HEADERS = st.sampled_from(
    (
        *(
            "From",
            "Reply-To",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "References",
            "In-Reply-To",
            "Return-Path",
        ),
        *(
            "Content-Type",
            "Content-Transfer-Encoding",
            "Content-Disposition",
            "Auto-Submitted",
            "MIME-Version",
        ),
        *("Authentication-Results", "Content-Language", "Precedence", "List-Id", "X-Odd", ""),
    )
)
_VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        (
            b"Ann <ann@mailer.example>",
            b"multipart/mixed; boundary=b",
            b"multipart/alternative; boundary=b",
            b"multipart/report; boundary=b",
            b"message/rfc822",
            b"message/delivery-status",
            b'text/html; charset="gb18030"',
            b"text/plain; charset=iso-2022-jp; format=flowed",
            b"text/plain; charset*0*=utf-8''%ff; charset*1=x",
            b"base64",
            b"quoted-printable",
            b"x-uuencode",
            b"=?utf-8?b?gA==?= =?gb18030?q?=81?= =?x-none?q??=",
            b"attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac",
            b"Mon, 99 Foo 99999999 99:99:99 +9999",
            b"\r\n folded\r\n\tonce more",
            b"<a@b> <c@d",
            b"x" * 3_000,
        )
    ),
)
_BODIES = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.sampled_from((b"--b", b"--b--", b"", b"> quoted", b"-- ", b"<blockquote><div>x", b"From: a@b.c")),
    ),
    max_size=12,
)


@st.composite
def _letters(draw: st.DrawFn) -> bytes:
    headers = draw(st.lists(st.tuples(_HEADERS, _VALUES), max_size=8))
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    return head + b"\r\n" + b"\r\n".join(draw(_BODIES))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(_letters(), st.binary(max_size=400)))
def test_whatever_comes_is_translated(raw: bytes) -> None:
    json.dumps(told(taken(raw))).encode()


def test_two_buyers_with_the_same_message_id_are_two_messages() -> None:
    raw = b"From: %s@mailer.example\r\nMessage-ID: <1@printer>\r\n\r\nhello\r\n"
    assert arrived(raw % b"ann").message.message_id != arrived(raw % b"ben").message.message_id


def test_a_letter_without_an_id_has_the_same_one_each_time() -> None:
    raw = b"From: ann@mailer.example\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\n%s\r\n"
    first, again, other = (arrived(raw % text).message.message_id for text in (b"one", b"one", b"two"))
    assert first == again != other


@pytest.mark.parametrize(
    "name", ["Win $$$ http://evil.example", "a@b.example", "www.evil.example", "x" * 90, "50% off: now"]
)
def test_nobody_is_greeted_by_an_advertisement(name: str) -> None:
    raw = f'From: "{name}" <ann@mailer.example>\r\n\r\nhello\r\n'.encode()
    assert arrived(raw).message.sender_name is None


def test_long_ids_and_addresses_fit_into_the_inbox() -> None:
    long = b"From: %s@mailer.example\r\nMessage-ID: <%s@x>\r\nSubject: %s\r\n\r\nhello\r\n"
    message = arrived(long % (b"a" * 60, b"i" * 400, b"s" * 5_000)).message
    assert max(len(message.message_id), len(message.sender), len(message.note["subject"])) <= 200
