"""What conversations stand on: a seeded store to copy, and the real bot on the copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.core.policies.rule_policy import RULES, RulePolicy

from bot import schema
from bot.dialogue.engine import Engine
from bot.dialogue.recovery import load_replies
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.replies import Replies
from bot.dialogue.rules import IndexedRulePolicy
from bot.settings import Settings
from bot.shop.values import OrderSample
from bot.training.staging import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Stage:
    """A store to copy for each conversation, and its order for each situation."""
    lexicon = settings.files / "lexicon.json"
    return Stage.build(tmp_path_factory.mktemp("store"), settings.rules, lexicon, schema.upgrade)


@pytest.fixture(scope="session")
def samples(stage: Stage) -> dict[str, OrderSample]:
    """The store's order for each situation."""
    return dict(stage.samples)


@pytest.fixture(scope="session")
def replies(settings: Settings) -> Replies:
    """The shipped words, read once: that takes longer than most conversations."""
    return load_replies(settings)


@pytest.fixture
def rehearsal(
    stage: Stage, tmp_path: Path, settings: Settings, replies: Replies, engine: Engine
) -> Iterator[Rehearsal]:
    """The real bot on a copy of the store, at noon."""
    with stage.set_up(tmp_path, settings.rules, replies, engine) as fresh:
        yield fresh()


@pytest.fixture(autouse=True)
def same_as_rasa(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every prediction in every conversation be what Rasa's own policy predicts."""
    rasa = engine._agent.processor.graph_runner.component(RulePolicy)
    ours = IndexedRulePolicy._predict

    def compared(policy: IndexedRulePolicy, tracker: Any, domain: Any) -> Any:
        prediction, why = ours(policy, tracker, domain)
        expected, reason = RulePolicy._predict(rasa, tracker, domain)
        # Without a rule the reason is the past that has none: ours looks no further back than any rule.
        assert why == reason or not {why, reason} & set(policy.lookup[RULES])
        assert vars(prediction) == vars(expected)
        return prediction, why

    monkeypatch.setattr(IndexedRulePolicy, "_predict", compared)
