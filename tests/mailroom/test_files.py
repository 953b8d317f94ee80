"""Files that came with messages are kept whole, once, within the store's limits; of others it is told."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import TryLaterError
from bot.mailroom import files
from bot.messages import Attachment
from bot.settings import AttachmentRules

RULES = AttachmentRules(megabytes=1, types=("image/*", "application/pdf"))


async def parts(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


async def keep(
    place: Path, *contents: bytes, key: str = "web:1", name: str = "a.png", kind: str = "image/png"
) -> Attachment:
    return await files.keep(place, RULES, parts(*contents), key=key, name=name, media_type=kind)


def left_in(place: Path) -> list[Path]:
    return [one for one in place.rglob("*") if one.is_file()]


async def test_a_file_is_kept_below_the_files_folder(tmp_path: Path) -> None:
    kept = await keep(tmp_path, b"one", b"two")

    assert (kept.name, kept.media_type, kept.size) == ("a.png", "image/png", 6)
    assert (tmp_path / kept.path).read_bytes() == b"onetwo"


async def test_the_same_file_again_lies_in_the_same_place(tmp_path: Path) -> None:
    first, again = await keep(tmp_path, b"one"), await keep(tmp_path, b"one")

    assert first == again
    assert len(left_in(tmp_path)) == 1


async def test_what_is_too_large_is_told_of_and_leaves_nothing(tmp_path: Path) -> None:
    kept = await keep(tmp_path, b"x" * 600_000, b"x" * 600_000, b"never read")

    assert (kept.path, kept.size) == ("", 1_200_000)
    assert not left_in(tmp_path)


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-msdownload",
        "text/html",
        "image/svg+xml",
        "IMAGE/SVG+XML; charset=utf-8",
        "",
        "nonsense",
    ],
)
async def test_a_kind_that_the_store_does_not_take_is_not_kept(tmp_path: Path, kind: str) -> None:
    kept = await keep(tmp_path, b"MZ", kind=kind)

    assert kept.path == ""
    assert not left_in(tmp_path)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\box.jpg", "box.jpg"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\x00\n", "file"),
        ("x" * 400 + ".jpeg", "x" * 139 + ".jpeg"),
        ("照片.png", "照片.png"),
    ],
)
async def test_a_name_never_leads_elsewhere(tmp_path: Path, given: str, shown: str) -> None:
    kept = await keep(tmp_path, b"one", name=given)

    assert kept.name == shown
    assert (tmp_path / kept.path).resolve().is_relative_to(tmp_path)


async def test_a_full_disk_is_told_as_try_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TryLaterError, match="the disk is full"):
        await keep(tmp_path, b"one")

    assert not left_in(tmp_path)


async def test_a_line_that_breaks_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"one"
        raise ConnectionResetError

    with pytest.raises(TryLaterError):
        await files.keep(tmp_path, RULES, broken(), key="web:1", name="a.png", media_type="image/png")

    assert not left_in(tmp_path)
