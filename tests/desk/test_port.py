from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute

from bot.desk.port import frontend
from bot.desk.port.desk import Desk
from bot.desk.port.frontend import DeskFrontend, open_desks
from bot.errors import ConfigurationError
from bot.settings import Settings, ShopRules


class Whiteboard:
    """A frontend of an installed package."""

    name = "whiteboard"

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self.desk = desk

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    async def start(self) -> None: ...

    def changed(self, case_id: int) -> None: ...

    async def stop(self) -> None: ...


def whiteboard(settings: Settings, desk: Desk) -> DeskFrontend:
    return Whiteboard(settings, desk)


@pytest.fixture
def settings(rules: ShopRules, tmp_path: Path) -> Settings:
    with_board = rules.copy(update={"desks": ("whiteboard",)})
    return Settings(rules=with_board, database_url="sqlite://", files=tmp_path, store=tmp_path)


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make packages look installed: the entry points that their metadata would hold."""
    found = tuple(EntryPoint(name, f"{__name__}:whiteboard", frontend.ENTRY_POINTS) for name in names)

    def entry_points(*, group: str) -> Sequence[Any]:
        return [entry for entry in found if entry.group == group]

    monkeypatch.setattr(frontend.metadata, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda self: whiteboard)


def test_a_desk_that_the_store_switched_on_is_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "whiteboard", "other")
    desk: Any = object()
    opened = open_desks(settings, desk)
    assert list(opened) == ["whiteboard"]
    assert isinstance(opened["whiteboard"], Whiteboard)
    assert opened["whiteboard"].desk is desk


def test_a_desk_that_nobody_offers_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "other")
    desk: Any = object()
    with pytest.raises(ConfigurationError, match=r"'whiteboard'.*there are: other"):
        open_desks(settings, desk)
