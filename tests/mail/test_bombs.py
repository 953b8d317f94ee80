"""Letters made to cost more than they weigh: each is read within bounds, and says at least who wrote it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from adapters.mail.letter import MOST_PARTS, Letter, read
from tests.mail.reading import arrived

HEAD = b"From: ann@mailer.example\r\nSubject: hello\r\n"
#: In bytes.
SIZE = 5_000_000


def _parts(part: bytes) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part * (SIZE // len(part))


def _nested(kind: bytes) -> bytes:
    begin = b"Content-Type: %s; boundary=b%d\r\n\r\n--b%d\r\n"
    return HEAD + b"".join(begin % (kind, depth, depth) for depth in range(15_000))


def _folded() -> bytes:
    return HEAD + b"X-Long: x\r\n" + b" yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * (SIZE // 40) + b"\r\nhi"


#: Reads a letter, and says what it took it for and the most memory that was ever used, in bytes.
READER = """
import json, resource, sys
from adapters.mail.letter import read
usage = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = usage()
chunks = iter(lambda: sys.stdin.buffer.read(1_000_000), b"")
letter = read(chunks)
print(json.dumps([letter.author[1], letter.subject, len(letter.files), usage() - before]))
"""


@pytest.mark.parametrize(
    "bomb",
    [
        _parts(b"--x\r\n\r\na\r\n"),
        _parts(b"--x\r\nContent-Type: message/rfc822\r\n\r\n"),
        _nested(b"multipart/mixed"),
        _nested(b"message/rfc822"),
        _folded(),
    ],
    ids=["parts", "letters in it", "parts in parts", "letters in letters", "one header"],
)
def test_a_bomb_costs_a_few_times_its_size(bomb: bytes) -> None:
    ran = subprocess.run([sys.executable, "-c", READER], input=bomb, capture_output=True, check=True)
    author, subject, files, memory = json.loads(ran.stdout)
    assert (author, subject) == ("ann@mailer.example", "hello")
    assert files <= MOST_PARTS
    assert memory < 20 * SIZE


def test_of_a_thousand_attachments_none_is_lost() -> None:
    part = (
        b'--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="%d.png"\r\n\r\nPNG\r\n'
    )
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nlook\r\n"
    raw += b"".join(part % number for number in range(1_000)) + b"--x--\r\n"
    found = arrived(raw)
    assert found.message.text.endswith("look")
    assert [file.name for file in found.files] == [f"{number}.png" for number in range(1_000)]


def test_of_more_the_rest_is_counted() -> None:
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    raw += b"--x\r\nContent-Type: image/png\r\n\r\nPNG\r\n" * (MOST_PARTS + 500) + b"--x--\r\n"
    letter: Letter = read([raw])
    assert len(letter.files) + letter.more_files == MOST_PARTS + 500
    assert letter.more_files > 0
