"""Everything that stands against a ``shop.yml``: its shape, its doors, and the scripts beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import metadata

from bot import channels
from bot.desk.clocks import require_supervisor
from bot.desk.port import frontend
from bot.dialogue import spoken
from bot.dialogue.check import acts
from bot.dialogue.check.coverage import check_said
from bot.errors import ConfigurationError, FaultsError
from bot.settings import ROOT, Settings, ShopRules
from bot.settings.reading import Fault, check_rules, read_text
from bot.settings.released import SHIPPED_FILE, own_file

#: Parts that say where tokens and orders are sent: who may change rules need not be who holds the secrets.
OPERATORS = ("channel_options", "desk_options", "feed")
#: The longest file, in characters: the shipped one has 20,000.
LONGEST = 200_000


def checked(settings: Settings, text: str) -> tuple[ShopRules | None, tuple[Fault, ...]]:
    """The rules that a text makes, if it makes any, and everything that is wrong with it.

    Args:
        settings: where the files lie.
        text: of the store's own file.
    """
    own = own_file(settings)
    if len(text) > LONGEST:
        return None, (Fault(own, None, "", f"has {len(text):,} characters: {LONGEST:,} are allowed"),)
    rules, faults = check_rules(SHIPPED_FILE, own, text)
    if rules is None:
        return None, faults
    return rules, tuple(
        dict.fromkeys([*_doors(settings, rules), *_desk(settings, rules), *_scripts(settings, rules)])
    )


def reserved(settings: Settings, rules: ShopRules) -> tuple[Fault, ...]:
    """What these rules would change that only whoever runs crossdesk may, at the machine itself."""
    own = own_file(settings)
    now, _ = check_rules(SHIPPED_FILE, own, read_text(own))
    before = settings.rules if now is None else now
    says = "only whoever runs crossdesk changes this, in the file or by `crossdesk rules`"
    return tuple(
        Fault(own, None, part, says) for part in OPERATORS if getattr(rules, part) != getattr(before, part)
    )


def required(rules: ShopRules | None, faults: Sequence[Fault], refusal: str) -> ShopRules:
    """The rules that a text makes; ``refusal``: what does not happen where anything is wrong with it.

    Raises:
        FaultsError: something is.
    """
    if rules is None or faults:
        more = f" (and {len(faults) - 2} more: `crossdesk rules check`)" if len(faults) > 2 else ""
        raise FaultsError(
            f"{refusal}: {'; '.join(map(str, faults[:2]))}{more}", faults=tuple(map(str, faults))
        )
    return rules


def _doors(settings: Settings, rules: ShopRules) -> Iterator[Fault]:
    yield from _installed(settings, "channels", rules.channels, channels.ENTRY_POINTS)
    yield from _installed(settings, "desks", rules.desks, frontend.ENTRY_POINTS)


def _installed(settings: Settings, place: str, names: Iterable[str], group: str) -> Iterator[Fault]:
    found = sorted({entry.name for entry in metadata.entry_points(group=group)})
    for name in names:
        if name not in found:
            says = f"no installed package offers '{name}' (there are: {', '.join(found) or 'none'})"
            yield Fault(own_file(settings), None, place, says)


def _desk(settings: Settings, rules: ShopRules) -> Iterator[Fault]:
    try:
        require_supervisor(rules)
    except ConfigurationError as error:
        yield Fault(own_file(settings), None, "queues", str(error).rpartition(": ")[2])


def _scripts(settings: Settings, rules: ShopRules) -> Iterator[Fault]:
    """What the script checker has against it: clauses that replies stand on, words of each language."""
    said = spoken.base(replace(settings, rules=rules))
    files = {language: ROOT / "replies" / f"{language}.yml" for language in rules.languages}
    found = acts.check_table(acts.shipped(), said.get(rules.fallback_language, {}), rules)
    before = settings.rules
    if (rules.languages, rules.fallback_language) != (before.languages, before.fallback_language):
        found += check_said(said, files, rules.fallback_language, strict=True)
    for one in found:
        yield Fault(one.file, one.line, one.key, one.reason)
