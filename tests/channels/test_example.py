"""A channel in a package of its own is installed, found and tried without an edit of ours."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from bot import schema
from bot.channels import ENTRY_POINTS
from bot.cli import doctor
from bot.database import Database


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, doctor.Finding]:
    """What ``crossdesk doctor`` finds in a store that has it on."""
    (tmp_path / "shop.yml").write_text(
        f"channels: [web, postbox]\nchannel_options: {{postbox: {{folder: {tmp_path / 'box'}}}}}\n"
    )
    url = f"sqlite:///{tmp_path / 'crossdesk.sqlite'}"
    monkeypatch.setenv("CROSSDESK_STORE", str(tmp_path))
    monkeypatch.setenv("CROSSDESK_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("CROSSDESK_DATABASE_URL", url)
    database = Database(url)
    schema.upgrade(database)
    database.close()
    return {finding.what: finding for finding in doctor.examine()}


def test_an_installed_package_offers_its_channel(installed_example: Path) -> None:
    (entry,) = metadata.entry_points(group=ENTRY_POINTS, name="postbox")
    assert entry.dist is not None
    assert (entry.dist.name, entry.dist.version) == ("crossdesk-postbox", "1.0")
    module = entry.load().__module__
    assert module == "crossdesk_postbox"
    assert Path(str(entry.dist.locate_file("crossdesk_postbox.py"))).parent == installed_example


def test_the_doctor_tries_it(found: dict[str, doctor.Finding], tmp_path: Path) -> None:
    assert not found["postbox folder"].fine
    assert found["postbox folder"].says == f"make {tmp_path / 'box'}/in and out"
    for part in ("in", "out"):
        (tmp_path / "box" / part).mkdir(parents=True)
    assert {one.what: one for one in doctor.examine()}["postbox folder"].fine
