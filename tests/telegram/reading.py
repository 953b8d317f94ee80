"""An update's translation as plain JSON, without what is as always."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from adapters.telegram.translate import translate
from bot.settings import ROOT, read_rules

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.timezone.utc)
BOT = "7123456789"
ORDERS = read_rules(ROOT / "shop.yml").patterns.order_number


def read(update: object) -> dict[str, Any]:
    found = translate(update, BOT, ORDERS, NOW)
    return {"is": type(found).__name__, **_plain(found)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {
            field.name: _plain(told)
            for field in dataclasses.fields(value)
            if (told := getattr(value, field.name)) != field.default and told not in ((), {})
        }
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
