"""The web chat's outside: a page without a browser, on the channel's own routes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx
from starlette.applications import Starlette

from bot.channels import Channel, Reception, build_channel
from bot.errors import TryLaterError
from bot.settings import Settings
from tests.channels.rig import Can, File, FileRefusedError, Rig, Shown, Trouble


class WebRig:
    """One visitor with a cookie."""

    name: ClassVar[str] = "web"
    can: ClassVar[frozenset[Can]] = frozenset(
        {Can.BUTTONS, Can.REPEATS, Can.FILES_OUT, Can.FILES_IN, Can.CORRECTS}
    )
    troubles: ClassVar[frozenset[Trouble]] = frozenset()

    def __init__(self, place: Path) -> None:
        del place
        self.options: Any = {}
        self._cookies = httpx.Cookies()
        self._sent: dict[str, dict[str, Any]] = {}

    async def open(self, settings: Settings, reception: Reception) -> Channel:
        channel = build_channel(self.name, settings, reception)
        app = Starlette(routes=list(channel.routes()))
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://shop.test", cookies=self._cookies
        )
        (await self._client.get("/chat")).raise_for_status()
        self._cookies = self._client.cookies
        return channel

    async def says(self, text: str, files: Sequence[File] = ()) -> str:
        tokens = []
        for file in files:
            answer = await self._client.post(
                "/chat/files",
                params={"name": file.name, "id": str(uuid.uuid4())},
                content=file.content,
                headers={"Content-Type": file.media_type},
            )
            if answer.status_code in (413, 415):
                raise FileRefusedError
            answer.raise_for_status()
            tokens.append(answer.json()["file"])
        return await self._post({"text": text, "files": tokens})

    async def repeats(self, message: str) -> None:
        await self._post(self._sent[message])

    async def edits(self, message: str, text: str) -> None:
        raise NotImplementedError

    async def takes_back(self, message: str) -> None:
        raise NotImplementedError

    async def chooses(self, title: str) -> None:
        buttons = [button for line in await self._lines() for button in line["buttons"]]
        *_, payload = [button["payload"] for button in buttons if button["title"] == title]
        await self._post({"button": payload})

    async def sees(self) -> Sequence[Shown]:
        shown = []
        for line in await self._lines():
            if line["author"] != "buyer" and line["change"] is None:
                files = [await self._saved(file) for file in line["files"]]
                choices = tuple(button["title"] for button in line["buttons"])
                shown.append(Shown(line["text"], choices, tuple(files)))
        # Of what was taken back the page shows only that it was.
        return [one for one in shown if one != Shown("")]

    async def trouble(self, what: Trouble | None) -> None:
        raise NotImplementedError

    async def garbage(self) -> None:
        for body in (
            b"",
            b"{",
            b"[]",
            b"\xff",
            b"[" * 100_000,
            b"x" * 200_000,
            b'{"id": 1}',
            b'{"text": "x"}',
        ):
            answer = await self._client.post("/chat/messages", content=body, headers=_JSON)
            assert answer.status_code in (400, 413, 422)

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, body: dict[str, Any]) -> str:
        body = {"id": str(uuid.uuid4()), **body}
        answer = await self._client.post("/chat/messages", json=body)
        if answer.status_code == 503:
            raise TryLaterError
        answer.raise_for_status()
        self._sent[body["id"]] = body
        return str(body["id"])

    async def _saved(self, file: dict[str, Any]) -> File:
        answer = await self._client.get(file["url"])
        answer.raise_for_status()
        return File(file["name"], answer.headers["content-type"], answer.content)

    async def _lines(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = (await self._client.get("/chat/messages?after=0")).json()["messages"]
        return lines


_JSON = {"Content-Type": "application/json"}
_: type[Rig] = WebRig
