"""Files in a ``winmail.dat`` are taken out; one made to break its reader is kept as it is."""

from __future__ import annotations

import struct
from email.message import EmailMessage

import pytest

from adapters.mail import winmail
from adapters.mail.letter import Letter, read

_SIGNATURE = 0x223E9F78
_MESSAGE, _ATTACHMENT = 1, 2
#: Names and types of attributes, as MS-OXTNEF has them.
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    packed = [struct.pack("<IH", _SIGNATURE, 1)]
    for level, kind, data in attributes:
        packed.append(
            struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
        )
    return b"".join(packed)


def file(name: bytes, content: bytes) -> list[tuple[int, int, bytes]]:
    return [
        (_ATTACHMENT, _RENDERING, bytes(14)),
        (_ATTACHMENT, _TITLE, name + b"\0"),
        (_ATTACHMENT, _DATA, content),
    ]


def letter(*wrapped: bytes) -> Letter:
    message = EmailMessage()
    message["From"] = "Ann <ann@mailer.example>"
    message.set_content("The cup is broken, see the photo.\n")
    for content in wrapped:
        message.add_attachment(content, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return read([message.as_bytes()])


def test_its_files_are_those_of_the_letter() -> None:
    taken = letter(tnef(*file(b"cup.png", PHOTO), *file(b"bill", b"%PDF-1.4")))
    assert taken.body.strip() == "The cup is broken, see the photo."
    assert [(one.name, one.media_type, one.content()) for one in taken.files] == [
        ("cup.png", "image/png", PHOTO),
        ("bill", "application/octet-stream", b"%PDF-1.4"),
    ]


def test_only_the_first_of_many_is_opened() -> None:
    wrapped = tnef(*file(b"cup.png", PHOTO))
    assert [one.name for one in letter(wrapped, wrapped, wrapped).files] == [
        "cup.png",
        "winmail.dat",
        "winmail.dat",
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no such thing",
        tnef(*file(b"cup.png", PHOTO))[:20],
        tnef((_ATTACHMENT, _DATA, PHOTO)),
        tnef(*file(b"\xff\xfe", PHOTO)),
        tnef((_MESSAGE, _RENDERING, b"")),
    ],
    ids=["nothing", "another thing", "cut short", "no beginning", "no name", "no file"],
)
def test_one_that_cannot_be_read_is_kept_as_it_is(content: bytes) -> None:
    (kept,) = letter(content).files
    assert (kept.name, kept.content()) == ("winmail.dat", content)


def test_one_that_says_it_holds_four_billion_things_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winmail, "SECONDS", 1)
    endless = tnef((_ATTACHMENT, _RENDERING, bytes(14)), (_ATTACHMENT, _PROPERTIES, b"\xff" * 4))
    (kept,) = letter(endless).files
    assert kept.content() == endless
