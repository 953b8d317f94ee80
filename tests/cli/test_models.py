"""``models show`` on the command line: a version's figures, and its pictures as files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.training import models
from tests.cli.conftest import Crossdesk
from tests.training.judged import figures
from tests.training.test_versions import make


@pytest.fixture
def kept(place: Path, settings: Settings) -> Settings:
    own = dataclasses.replace(settings, store=place / "store", files=place / "files")
    models.models_folder(own).mkdir(parents=True, exist_ok=True)
    make(own, 1, figures=figures(wrong=["logistics_delay 1"]))
    make(own, 2)
    return own


def test_a_version_is_told_and_drawn(kept: Settings, crossdesk: Crossdesk, tmp_path: Path) -> None:
    shown = crossdesk("models", "show", "m1", "--pictures", str(tmp_path / "drawn"))
    assert shown.code == 0
    assert "logistics_delay is taken for order_state: 13" in shown.out
    assert "ar 95.0" in shown.out
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "confusion.svg",
        "languages.svg",
        "reliability.svg",
    ]
    assert "logistics_delay" in (tmp_path / "drawn" / "confusion.svg").read_text(encoding="utf-8")
    told = json.loads(crossdesk("models", "show", "m1", "--json").out)
    assert told["figures"]["confusions"] == [["logistics_delay", "order_state", 13]]


def test_a_version_that_nobody_judged_has_no_pictures(
    kept: Settings, crossdesk: Crossdesk, tmp_path: Path
) -> None:
    refused = crossdesk("models", "show", "m2", "--pictures", str(tmp_path / "drawn"))
    assert refused.code == 2
    assert "nobody has judged m2.tar.gz" in refused.err
    assert not (tmp_path / "drawn").exists()
