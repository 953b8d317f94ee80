"""A store that has taught nothing and only changed its flows: a real training, on what lies there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.settings import ROOT, Settings
from bot.training import models, versions
from tests.conftest import KEPT

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

TEXTS = (
    "where is my parcel?",
    "kann ich mit PayPal zahlen?",
    "退款什么时候到账",
    "you are all thieves, I'll sue",
)


@pytest.mark.usefixtures("model_path")
def test_changed_flows_alone_are_trained_on_what_the_shipped_examples_have_taught(
    tmp_path: Path, settings: Settings
) -> None:
    place = replace(settings, files=tmp_path / "files", store=tmp_path / "store")
    shutil.copytree(
        KEPT / "cache",
        place.files / "cache",
        ignore=shutil.ignore_patterns("rasa", "vectors*"),
        copy_function=os.link,
    )
    (place.store / "stories").mkdir(parents=True)
    shutil.copy(ROOT / "stories" / "presales" / "payment_methods.yml", place.store / "stories" / "own.yml")
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "train"],
        env={**os.environ, "CROSSDESK_FILES": str(place.files), "CROSSDESK_STORE": str(place.store)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    released = models.current(place)
    assert released is not None
    assert versions.find(place, released.name).taken_over

    from bot.dialogue.engine import Engine

    before, after = models.current_path(replace(settings, files=KEPT)), models.current_path(place)
    with closing(Engine.load(before)) as old, closing(Engine.load(after)) as new:
        for text in TEXTS:
            assert new.understand(text) == old.understand(text)
