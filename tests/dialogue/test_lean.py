"""TensorFlow is kept out where nothing uses it, and only there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOADS_A_MODEL = """
import sys
from pathlib import Path
from bot.dialogue.lean import keep_tensorflow_out
assert keep_tensorflow_out()
from bot.dialogue.engine import Engine
engine = Engine.load(Path(sys.argv[1]))
print(engine.understand("where is my parcel?").intent, sys.modules["tensorflow"].__class__.__name__)
"""


@pytest.mark.model
def test_a_model_loads_and_understands_without_tensorflow(model_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADS_A_MODEL, str(model_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout.split() == ["logistics_where_is_parcel", "_AbsentModule"], ended.stderr


@pytest.mark.parametrize("part", ["pipeline: [{name: DIETClassifier}]", "policies: [{name: TEDPolicy}]"])
def test_a_configuration_that_computes_with_it_keeps_it(part: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text(part, encoding="utf-8")
    asks = (
        "from pathlib import Path\nfrom bot.dialogue.lean import keep_tensorflow_out\n"
        f"print(keep_tensorflow_out(Path({str(config)!r})))"
    )
    ended = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "False"
