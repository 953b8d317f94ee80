from __future__ import annotations

from typing import Any

import pytest

from bot.desk.checks import problems, require_sound
from bot.errors import ConfigurationError
from bot.settings import QueueRules, ShopRules

HOURS = {"timezone": "Asia/Shanghai", "days": ["mon"], "from": "09:00", "to": "18:00"}


def with_queue(rules: ShopRules, **values: Any) -> ShopRules:
    queues = {**rules.queues, "order": QueueRules.parse_obj({**HOURS, **values})}
    return rules.copy(update={"queues": queues})


def test_the_shipped_rules_are_sound(rules: ShopRules) -> None:
    assert problems(rules) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"days": []}, "works on no day"),
        ({"from": "25:00"}, "`from` is '25:00'"),
        ({"from": "24:00"}, "`from` is '24:00'"),
        ({"to": "09:60"}, "`to` is '09:60'"),
        ({"holidays": "XX"}, "`holidays` is 'XX'"),
    ],
)
def test_a_fault_in_a_queue_is_named(rules: ShopRules, values: dict[str, Any], words: str) -> None:
    found = problems(with_queue(rules, **values))
    assert len(found) == 1
    assert "queues.order" in found[0]
    assert words in found[0]


def test_a_desk_without_a_supervisors_queue_is_refused(rules: ShopRules) -> None:
    queues = {name: queue for name, queue in rules.queues.items() if name != "supervisor"}
    with pytest.raises(ConfigurationError, match="no queue 'supervisor'"):
        require_sound(rules.copy(update={"queues": queues}))


def test_a_rank_that_does_not_exist_is_named(rules: ShopRules) -> None:
    ranks = {**rules.ranks, "boss": rules.ranks["admin"]}
    assert "ranks.boss" in problems(rules.copy(update={"ranks": ranks}))[0]
