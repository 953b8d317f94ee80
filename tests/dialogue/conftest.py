"""The bot with its real model, and a buyer to talk to it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from bot.clock import SetClock
from bot.database import Database
from bot.dialogue.recovery import load_replies
from bot.dialogue.replies import Replies
from bot.settings import Settings, ShopRules

with warnings.catch_warnings(record=True):
    # Rasa switches the warnings of old libraries on again while it is imported: they are caught and dropped.
    from tests.dialogue.talking import Talk


@pytest.fixture(scope="session")
def replies(settings: Settings) -> Replies:
    return load_replies(settings)


@pytest.fixture
def talk(database: Database, rules: ShopRules, replies: Replies, clock: SetClock, engine: Any) -> Talk:
    """A buyer and the bot."""
    return Talk(database, rules, replies, clock, engine)


@pytest.fixture
def mute(database: Database, rules: ShopRules, replies: Replies, clock: SetClock) -> Talk:
    """A buyer and a bot whose model does not load."""
    return Talk(database, rules, replies, clock, None)
