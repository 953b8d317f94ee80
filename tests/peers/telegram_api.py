"""Telegram on this machine: telegram-test-api, which others wrote, behind a proxy that does what it lacks.

The emulator keeps users' messages and presses and the bot's answers, in its own shapes. It has no offsets, no
long polls, no files, no limits and no errors, and some of its answers lack what the SDK insists on: the proxy
adds them.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import itertools
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.peers import npm

#: How long anything may take on a machine with much else to do, in seconds.
PATIENCE = 60.0
#: The one buyer, whose private chat bears the same number.
ANA = {"id": 5501, "is_bot": False, "first_name": "Ana", "last_name": "Souza", "language_code": "en"}
_START = (
    "const { TelegramServer } = require(process.argv[1]);"
    "new TelegramServer({ port: Number(process.argv[2]), host: '127.0.0.1', storeTimeout: 3600 }).start();"
    # It ends with whoever started it, however that ends.
    "process.stdin.resume().on('end', () => process.exit());"
)
_BOTS = itertools.count(7_123_456_789)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(PATIENCE)


@functools.lru_cache
def emulator() -> str:
    """The address of the emulator, one for all tests: it tells bots apart by their tokens."""
    try:
        library = npm.installed("telegram") / "telegram-test-api" / "lib" / "telegramServer.js"
    except npm.NotInstalledError as error:
        pytest.skip(f"the Telegram emulator cannot be fetched: {error}")
    port = free_port()
    process = subprocess.Popen(
        [str(npm.node() / "node"), "-e", _START, str(library), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(_end, process)
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return f"http://127.0.0.1:{port}"
        assert process.poll() is None, "the emulator does not start"
        assert time.monotonic() < end, "the emulator does not answer"
        time.sleep(0.05)


@dataclass(frozen=True)
class Fault:
    """What a method answers instead of what it would."""

    status: int
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Instead of Telegram's own form.
    body: bytes | None = None
    #: Whether the method is carried out all the same.
    done: bool = False
    #: Whether the connection is cut instead of an answer.
    cut: bool = False


UNAUTHORIZED = Fault(401, "Unauthorized")
BLOCKED = Fault(403, "Forbidden: bot was blocked by the user")
PAUSED = Fault(500, "Internal Server Error: sending is paused")
BAD_GATEWAY = Fault(502, body=b"<html>Bad Gateway</html>")


def flood(seconds: int) -> Fault:
    return Fault(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


class BotApi:
    """The Bot API for one bot, and the people who write to it."""

    def __init__(self, port: int | None = None) -> None:
        self.bot = str(next(_BOTS))
        self.token = f"{self.bot}:{'A' * 35}"
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        #: By method, ``*`` for all: what it does instead; a list is used up.
        self.faults: dict[str, Fault | list[Fault]] = {}
        #: Every call: method and arguments.
        self.calls: list[tuple[str, dict[str, Any]]] = []
        #: What people see of the bot's, oldest first, as Telegram tells it; files with their ``content``.
        self.shown: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self._updates: list[dict[str, Any]] = []
        self._numbers = itertools.count(880_001)
        self._message_ids = itertools.count(1_000_001)
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def start(self) -> BotApi:
        self._emulator = httpx.AsyncClient(base_url=await asyncio.to_thread(emulator), timeout=PATIENCE)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._method)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            runner, self._runner = self._runner, None
            async with self._changed:
                self._changed.notify_all()
            await self._emulator.aclose()
            await runner.cleanup()

    # --- What people do ---

    async def says(self, text: str, who: dict[str, Any] = ANA) -> dict[str, Any]:
        """A message through the emulator; returns the update."""
        chat = {"id": who["id"], "type": "private", "first_name": who["first_name"]}
        told = {"botToken": self.token, "from": who, "chat": chat, "date": int(time.time()), "text": text}
        await self._emulator.post("/sendMessage", json=told)
        return await self._from_emulator()

    async def presses(self, data: str, who: dict[str, Any] = ANA, **more: Any) -> dict[str, Any]:
        """A press of a button through the emulator."""
        chat = {"id": who["id"], "type": "private", "first_name": who["first_name"]}
        message = {"message_id": 1, "chat": chat, "date": int(time.time()), "text": "…", **more}
        told = {"botToken": self.token, "from": who, "data": data, "message": message}
        await self._emulator.post("/sendCallback", json=told)
        return await self._from_emulator()

    async def shares(
        self, who: dict[str, Any] = ANA, kind: str = "message", **content: Any
    ) -> dict[str, Any]:
        """A message that the emulator has no form for, in the one that Telegram documents."""
        base = {
            "message_id": next(self._message_ids),
            "from": who,
            "chat": {"id": who["id"], "type": "private", "first_name": who["first_name"]},
            "date": int(time.time()),
        }
        return await self.happens({kind: {**base, **content}})

    async def happens(self, update: Any) -> Any:
        """Any update; one with no number gets the next."""
        if isinstance(update, dict):
            update = {"update_id": next(self._numbers), **update}
        async with self._changed:
            self._updates.append(update)
            self._changed.notify_all()
        return update

    async def _from_emulator(self) -> dict[str, Any]:
        found = (await self._emulator.post(f"/bot{self.token}/getUpdates", json={})).json()["result"]
        update: dict[str, Any] = {}
        for update in found:
            update["update_id"] = next(self._numbers)
            if "callback_query" in update:
                update["callback_query"]["chat_instance"] = "1"
            await self.happens(update)
        return update

    # --- What the bot asks ---

    def fault_of(self, method: str) -> Fault | None:
        for key in (method, "*"):
            fault = self.faults.get(key)
            if isinstance(fault, list):
                fault = fault.pop(0) if fault else None
            if fault is not None:
                return fault
        return None

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.calls.append((method, arguments))
        if request.match_info["token"] != self.token:
            return _answer_fault(UNAUTHORIZED)
        fault = self.fault_of(method)
        if fault is not None and not fault.done:
            return self._refuse(request, fault)
        do = getattr(self, f"_{method}", None)
        if do is None:
            return _answer_fault(Fault(404, "Not Found"))
        result = await do(arguments)
        if fault is not None:
            return self._refuse(request, fault)
        if isinstance(result, Fault):
            return _answer_fault(result)
        return web.json_response({"ok": True, "result": result}, dumps=_dumps)

    @staticmethod
    def _refuse(request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.cut and request.transport is not None:
            request.transport.abort()
        return _answer_fault(fault)

    async def _getMe(self, _: dict[str, Any]) -> Any:  # noqa: N802 (Telegram's names)
        return {"id": int(self.bot), "is_bot": True, "first_name": "Meri", "username": "meridian_bot"}

    async def _getUpdates(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        offset, end = int(asked.get("offset", 0)), time.monotonic() + float(asked.get("timeout", 0))
        async with self._changed:
            # What is asked beyond is confirmed, and forgotten.
            self._updates = [one for one in self._updates if _number(one) >= offset]
            while not self._updates and time.monotonic() < end and self._runner is not None:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), max(0.01, end - time.monotonic()))
            return self._updates[: int(asked.get("limit", 100))]

    async def _sendMessage(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        text, markup = asked.get("text", ""), json.loads(asked.get("reply_markup") or "{}")
        if not text.strip():
            return Fault(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            return Fault(400, "Bad Request: message is too long")
        for button in itertools.chain(*markup.get("inline_keyboard", ())):
            if not 1 <= len(button.get("callback_data", "").encode()) <= 64:
                return Fault(400, "Bad Request: BUTTON_DATA_INVALID")
        objects = {key: json.loads(asked[key]) for key in ("link_preview_options",) if key in asked}
        answer = await self._emulator.post(f"/bot{self.token}/sendMessage", json={**asked, **objects})
        message = answer.json()["result"]
        message["date"] //= 1000
        message["from"] = await self._getMe({})
        self.shown.append(message)
        return message

    async def _editMessageText(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        shown = self._of(asked)
        if shown is None:
            return Fault(400, "Bad Request: message to edit not found")
        if shown["text"] == asked["text"]:
            return Fault(
                400, "Bad Request: message is not modified: specified new message content is the same"
            )
        shown["text"] = asked["text"]
        return shown

    async def _deleteMessage(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        shown = self._of(asked)
        if shown is None:
            return Fault(400, "Bad Request: message to delete not found")
        self.shown.remove(shown)
        return True

    def _of(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        place = (asked["chat_id"], asked["message_id"])
        return next(
            (one for one in self.shown if (str(one["chat"]["id"]), str(one["message_id"])) == place), None
        )

    async def _sendDocument(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        return self._show(asked, "document")

    async def _sendPhoto(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        return self._show(asked, "photo")

    def _show(self, asked: dict[str, Any], kind: str) -> Any:
        message = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "chat": {"id": int(asked["chat_id"]), "type": "private"},
        }
        self.shown.append({**message, "file": {"kind": kind, **asked["file"]}})
        return message

    async def _sendChatAction(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _answerCallbackQuery(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _leaveChat(self, _: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _setWebhook(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        self.webhook = asked
        return True

    async def _deleteWebhook(self, _: dict[str, Any]) -> Any:  # noqa: N802
        self.webhook = {}
        return True

    async def _getWebhookInfo(self, _: dict[str, Any]) -> Any:  # noqa: N802
        waiting = len(self._updates)
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": waiting,
        }

    async def _getFile(self, asked: dict[str, Any]) -> Any:  # noqa: N802
        name = asked["file_id"]
        if name not in self.files:
            return Fault(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return {"file_id": name, "file_unique_id": name, "file_path": f"documents/{name}"}

    async def _file(self, request: web.Request) -> web.StreamResponse:
        fault = self.fault_of("file")
        if fault is not None:
            return self._refuse(request, fault)
        return web.Response(body=self.files[request.match_info["path"].partition("/")[2]])


def _number(update: Any) -> float:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else float("inf")


async def _arguments(request: web.Request) -> dict[str, Any]:
    if request.content_type != "multipart/form-data":
        return dict(await request.post())
    found: dict[str, Any] = {}
    async for part in await request.multipart():
        if part.filename is None:
            found[part.name] = await part.text()
        else:
            found["file"] = {
                "name": part.filename,
                "type": part.headers.get("Content-Type", ""),
                "content": bytes(await part.read()),
            }
    return found


def _answer_fault(fault: Fault) -> web.Response:
    if fault.body is not None:
        return web.Response(status=fault.status, body=fault.body)
    told = {"ok": False, "error_code": fault.status, "description": fault.description}
    if fault.parameters:
        told["parameters"] = fault.parameters
    return web.json_response(told, status=fault.status)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda one: None)


def keyboards(shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The buttons below a message."""
    return itertools.chain(*(shown.get("reply_markup") or {}).get("inline_keyboard", ()))
