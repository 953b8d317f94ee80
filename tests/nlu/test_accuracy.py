from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nlu.evaluation import evaluate, read_labelled
from tests.nlu.conftest import CONFIG, ROOT

pytestmark = [pytest.mark.proof, pytest.mark.model, pytest.mark.timeout(1500)]


def test_held_out_messages_are_understood_as_well_as_was_measured(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage
    from rasa.model_training import train_nlu

    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    model = train_nlu("config.yml", str(ROOT / "nlu" / "data"), str(tmp_path / "models"))
    agent = Agent.load(str(model))
    loop = asyncio.new_event_loop()
    result = evaluate(
        lambda text: loop.run_until_complete(agent.processor.parse_message(UserMessage(text))),
        [item for item in read_labelled(ROOT / "tests" / "nlu" / "data") if item.language == "en"],
    )
    loop.close()
    # Measured when this was written: 0.820, 0.881, 0.946, 0.028. The floors leave room for other examples.
    assert result.accuracy >= 0.80
    assert result.topic_accuracy >= 0.85
    assert result.top_three >= 0.88
    assert result.calibration_error <= 0.07
