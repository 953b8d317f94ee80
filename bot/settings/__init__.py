"""Settings: ``shop.yml`` for the store's rules, the environment for the place it runs in."""

from __future__ import annotations

from bot.settings.desk import ClockRules, QueueRules
from bot.settings.lanes import LaneRules, ServiceRules
from bot.settings.outside import FeedRules, FirstLetterRules, NoticeRules
from bot.settings.place import ROOT, Settings, environment
from bot.settings.reading import read_rules
from bot.settings.rules import ShopRules
from bot.settings.running import AttachmentRules, RetentionRules
from bot.settings.store import CodeRules, IdentityRules, OrderNumberPattern, PatternRules, StoreRules

__all__ = [
    "ROOT",
    "AttachmentRules",
    "ClockRules",
    "CodeRules",
    "FeedRules",
    "FirstLetterRules",
    "IdentityRules",
    "LaneRules",
    "NoticeRules",
    "OrderNumberPattern",
    "PatternRules",
    "QueueRules",
    "RetentionRules",
    "ServiceRules",
    "Settings",
    "ShopRules",
    "StoreRules",
    "environment",
    "read_rules",
]
