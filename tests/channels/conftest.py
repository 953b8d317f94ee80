"""Runs each test of the suite for every channel that can do what it needs."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.database import Database
from bot.settings import Settings
from tests.channels.house import House
from tests.channels.rig import Can, Rig, Trouble

#: A channel's rig: module and class.
RIGS = (
    "tests.channels.web:WebRig",
    "tests.channels.postbox_rig:PostboxRig",
    "tests.channels.telegram_rig:TelegramRig",
    "tests.channels.slack_rig:SlackRig",
    "tests.channels.mail_rig:MailRig",
)


#: The example of a channel in a package of its own.
EXAMPLE = Path(__file__).parent / "postbox"
_BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="session", autouse=True)
def installed_example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build the example package as any installer does, and put it where this process finds packages."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "source")
    subprocess.run([sys.executable, "-c", _BUILD, str(folder)], cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    installed = folder / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(installed))
        yield installed


def _rigs() -> list[type[Rig]]:
    found = (rig.partition(":") for rig in RIGS)
    return [getattr(import_module(module), name) for module, _, name in found]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``@needs(…)`` above a test: the rigs that can do that."""
    if "house" not in metafunc.fixturenames:
        return
    needed: set[Can | Trouble] = set()
    for mark in metafunc.definition.iter_markers("needs"):
        needed.update(mark.args)
    rigs = [rig for rig in _rigs() if needed <= {*rig.can, *rig.troubles}]
    metafunc.parametrize("rig_class", rigs, ids=[rig.name for rig in rigs])


@pytest.fixture
async def house(
    rig_class: Any, tmp_path: Path, settings: Settings, database: Database
) -> AsyncIterator[House]:
    """A store with the channel open."""
    place = tmp_path / "outside"
    place.mkdir()
    rig: Rig = rig_class(place)
    files = tmp_path / "files"
    files.mkdir()
    rules = settings.rules.copy(
        update={
            "channels": [rig.name],
            "channel_options": {rig.name: rig.options},
            "attachments": settings.rules.attachments.copy(update={"megabytes": 1}),
        }
    )
    house = House(dataclasses.replace(settings, rules=rules, files=files), database, rig)
    await house.open()
    try:
        yield house
    finally:
        await house.close()
        await rig.close()
