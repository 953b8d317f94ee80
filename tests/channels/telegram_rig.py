"""Telegram, as the suite needs it: polled, with one buyer in a private chat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from bot.channels import Channel, Reception, build_channel
from bot.settings import Settings
from tests.channels.rig import Can, File, Rig, Shown, Trouble
from tests.peers.telegram_api import BAD_GATEWAY, BLOCKED, PAUSED, UNAUTHORIZED, BotApi, Fault, keyboards

VARIABLE = "CROSSDESK_TELEGRAM_TOKEN"
_FAULTS = {
    Trouble.AWAY: {"*": PAUSED},
    Trouble.REVOKED: {"*": UNAUTHORIZED},
    Trouble.GONE: {"sendMessage": BLOCKED},
}


class TelegramRig:
    """A bot, and Ana who writes to it."""

    name: ClassVar[str] = "telegram"
    #: A bot is not told of deletions.
    can: ClassVar[frozenset[Can]] = frozenset(Can) - {Can.DELETIONS}
    troubles: ClassVar[frozenset[Trouble]] = frozenset(Trouble)

    def __init__(self, place: Path) -> None:
        del place
        self.api = BotApi()
        self.options: Any = {"api": self.api.address}
        self._said: dict[str, dict[str, Any]] = {}
        self._started = False

    async def open(self, settings: Settings, reception: Reception) -> Channel:
        if not self._started:
            await self.api.start()
            os.environ[VARIABLE] = self.api.token
            self._started = True
        return build_channel(self.name, settings, reception)

    async def says(self, text: str, files: Sequence[File] = ()) -> str:
        if not files:
            return self._note(await self.api.says(text))
        update: dict[str, Any] = {}
        for number, file in enumerate(files):
            name = f"file{len(self.api.files)}"
            self.api.files[name] = file.content
            document = {
                "file_id": name,
                "file_unique_id": f"u{name}",
                "file_name": file.name,
                "mime_type": file.media_type,
                "file_size": len(file.content),
            }
            more = {"caption": text} if text and not number else {}
            album = {"media_group_id": f"album{name[:4]}"} if len(files) > 1 else {}
            update = await self.api.shares(document=document, **more, **album)
        return self._note(update)

    async def repeats(self, message: str) -> None:
        await self.api.happens({"message": self._said[message]["message"]})

    async def edits(self, message: str, text: str) -> None:
        said = self._said[message]["message"]
        await self.api.happens({"edited_message": {**said, "text": text, "edit_date": said["date"] + 5}})

    async def takes_back(self, message: str) -> None:
        raise NotImplementedError

    async def chooses(self, title: str) -> None:
        data = [
            button["callback_data"]
            for shown in self.api.shown
            for button in keyboards(shown)
            if button["text"] == title
        ]
        await self.api.presses(data[-1])

    async def sees(self) -> Sequence[Shown]:
        return [_shown(one) for one in self.api.shown]

    async def trouble(self, what: Trouble | None) -> None:
        self.api.faults = dict(_FAULTS[what]) if what is not None else {}

    async def garbage(self) -> None:
        self.api.faults["getUpdates"] = [
            BAD_GATEWAY,
            Fault(200, body=b"{"),
            Fault(200, body=b'{"ok": true, "result": {"update_id": 1}}'),
            Fault(0, cut=True),
        ]
        deep: Any = []
        for _ in range(200):
            deep = [deep]
        chat = {"id": 5501, "type": "private"}
        for update in (
            "update",
            {"update_id": "one", "message": {}},
            {},
            {"message": None},
            {"message": "hello"},
            {"message": {"message_id": 1, "date": -1, "chat": chat, "text": "x"}},
            {"message": {"message_id": 2**80, "date": 1, "chat": chat, "text": "x"}},
            {"message": {"message_id": 1, "date": 1, "chat": {"id": "5501", "type": "private"}}},
            {"message": {"message_id": 1, "date": 1, "chat": deep}},
            {"callback_query": {"id": "1", "from": {"id": 5501}, "data": 5}},
            {"my_chat_member": {"chat": chat}},
            {"purchased_paid_media": {"from": {"id": 1}}},
        ):
            await self.api.happens(update)

    async def close(self) -> None:
        os.environ.pop(VARIABLE, None)
        await self.api.stop()

    def _note(self, update: dict[str, Any]) -> str:
        number = str(update["message"]["message_id"])
        self._said[number] = update
        return number


def _shown(message: dict[str, Any]) -> Shown:
    if "file" in message:
        file = message["file"]
        return Shown("", (), (File(file["name"], file["type"], file["content"]),))
    return Shown(message["text"], tuple(button["text"] for button in keyboards(message)))


_: type[Rig] = TelegramRig
