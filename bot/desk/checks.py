"""What in ``shop.yml`` would keep the desk from working; said before it starts, not in mid-case."""

from __future__ import annotations

from bot.desk import hours
from bot.desk.clocks import SUPERVISOR
from bot.desk.values import Rank
from bot.errors import ConfigurationError
from bot.settings import QueueRules, ShopRules


def problems(rules: ShopRules) -> list[str]:
    """One line for each fault, saying what to change; empty if the desk can work."""
    found = []
    if SUPERVISOR not in rules.queues:
        found.append(f"shop.yml: queues: there is no queue '{SUPERVISOR}', to which unanswered cases move up")
    known = [rank.value for rank in Rank]
    found += [
        f"shop.yml: ranks.{name}: there is no such rank (there are: {', '.join(known)})"
        for name in rules.ranks
        if name not in known
    ]
    for name, queue in rules.queues.items():
        found += [f"shop.yml: queues.{name}: {fault}" for fault in _faults_of(queue)]
    return found


def require_sound(rules: ShopRules) -> None:
    """Let sound rules pass.

    Raises:
        ConfigurationError: names the first fault and what is allowed.
    """
    found = problems(rules)
    if found:
        raise ConfigurationError(found[0])


def _faults_of(queue: QueueRules) -> list[str]:
    found = []
    if not queue.days:
        found.append("it works on no day; give at least one of mon … sun in `days`")
    for key, text in (("from", queue.opens), ("to", queue.closes)):
        hour, minute = (int(part) for part in text.split(":"))
        if hour > 24 or minute > 59 or (hour == 24 and (minute or key == "from")):
            found.append(f"`{key}` is '{text}', which is no time of day (00:00 to 23:59; `to` may be 24:00)")
    if queue.holidays:
        try:
            hours.holidays_of(queue.holidays, 2026)
        except ConfigurationError:
            found.append(f"`holidays` is '{queue.holidays}', which is no known country code (such as DE)")
    return found
