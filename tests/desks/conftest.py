"""Runs each test of the suite for every frontend."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from tests.desks.rig import DeskRig

#: A frontend's rig: module and class.
RIGS = {"web": "tests.desks.web_rig:WebRig", "slack": "tests.desks.slack_rig:SlackDeskRig"}


@pytest.fixture(params=sorted(RIGS))
async def rig(request: Any, tmp_path: Path, settings: Settings, empty_file: Path) -> AsyncIterator[DeskRig]:
    """A store whose people work in one frontend."""
    module, _, name = RIGS[request.param].partition(":")
    # Making the tables takes longer than the test.
    shutil.copy(empty_file, tmp_path / "desk.sqlite")
    made: DeskRig = getattr(import_module(module), name)(tmp_path, settings)
    assert made.name == request.param
    await made.open()
    try:
        yield made
    finally:
        await made.close()
