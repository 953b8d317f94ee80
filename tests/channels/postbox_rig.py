"""The example channel's outside: a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from bot.channels import Channel, Reception, build_channel
from bot.settings import Settings
from tests.channels.rig import Can, File, Rig, Shown, Trouble

_NOTICES = {Trouble.AWAY: "back soon", Trouble.REVOKED: "locked", Trouble.GONE: "ana has moved"}


class PostboxRig:
    """A buyer who drops letters into it, and reads those that are handed out."""

    name: ClassVar[str] = "postbox"
    can: ClassVar[frozenset[Can]] = frozenset(Can) - {Can.BUTTONS, Can.CORRECTS}
    troubles: ClassVar[frozenset[Trouble]] = frozenset(Trouble)

    def __init__(self, place: Path) -> None:
        self._place = place
        self.options: Any = {"folder": str(place)}
        for part in ("in", "out"):
            (place / part).mkdir()
        self._dropped: dict[str, dict[str, Any]] = {}

    async def open(self, settings: Settings, reception: Reception) -> Channel:
        return build_channel(self.name, settings, reception)

    async def says(self, text: str, files: Sequence[File] = ()) -> str:
        named = []
        for number, file in enumerate(files):
            path = f"{len(self._dropped)}-{number}.bin"
            (self._place / "in" / path).write_bytes(file.content)
            named.append({"name": file.name, "type": file.media_type, "path": path})
        return self._drop({"text": text, "files": named})

    async def repeats(self, message: str) -> None:
        self._drop({**self._dropped[message], "id": message})

    async def edits(self, message: str, text: str) -> None:
        self._drop({"text": text, "changes": message})

    async def takes_back(self, message: str) -> None:
        self._drop({"changes": message, "deletes": True})

    async def chooses(self, title: str) -> None:
        *_, letter = [json.loads(path.read_text()) for path in self._handed_out()]
        (number,) = re.findall(rf"^(\d+)\. {re.escape(title)}$", letter["text"], re.MULTILINE)
        self._drop({"text": number})

    async def sees(self) -> Sequence[Shown]:
        return [self._shown(json.loads(path.read_text(encoding="utf-8"))) for path in self._handed_out()]

    async def trouble(self, what: Trouble | None) -> None:
        notice = self._place / "notice"
        if what is None:
            notice.unlink()
        else:
            notice.write_text(_NOTICES[what])

    async def garbage(self) -> None:
        for number, raw in enumerate(
            (
                b"",
                b"{",
                b"[]",
                b"null",
                b"\xff\xfe",
                b"[" * 100_000,
                b'{"from": 1}',
                b'{"from": ""}',
                b" " * 2_000_000,
            )
        ):
            (self._place / "in" / f"00000{number}.json").write_bytes(raw)
        (self._place / "in" / "000009.json").write_text(
            '{"from": "ana", "text": 5, "files": [{"path": "../notice"}]}'
        )

    async def close(self) -> None:
        pass

    def _drop(self, letter: dict[str, Any]) -> str:
        number = f"{len(self._dropped) + 100:06}"
        self._dropped[number] = letter
        part = self._place / "in" / f"{number}.part"
        part.write_text(json.dumps({"from": "ana", **letter}), encoding="utf-8")
        part.rename(part.with_suffix(".json"))
        return number

    def _handed_out(self) -> list[Path]:
        return sorted((self._place / "out").glob("*.json"))

    def _shown(self, letter: dict[str, Any]) -> Shown:
        files = [
            File(one["name"], one["type"], (self._place / "out" / one["path"]).read_bytes())
            for one in letter["files"]
        ]
        text, choices = re.subn(r"(?:^|\n)\d+\. .*(?=\n|$)", "", letter["text"])
        found = re.findall(r"^\d+\. (.*)$", letter["text"], re.MULTILINE)
        assert len(found) == choices
        return Shown(text, tuple(found), tuple(files))


_: type[Rig] = PostboxRig
