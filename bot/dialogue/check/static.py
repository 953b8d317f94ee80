"""All that can be found by reading the scripts, without running them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.actions import every_action
from bot.dialogue.check import acts
from bot.dialogue.check.coverage import Finding, check_replies
from bot.dialogue.check.paths import check_paths
from bot.dialogue.check.scripts import Code, Scripts
from bot.dialogue.replies import read_replies
from bot.settings import ROOT, ShopRules


@dataclass(frozen=True)
class Sources:
    """The files that are checked."""

    #: Holds ``domain.yml``, ``stories/`` and ``replies/``.
    root: Path = ROOT
    #: The code that takes the actions.
    code: Path = ROOT / "bot" / "dialogue"

    @property
    def replies(self) -> Path:
        """The folder of the replies."""
        return self.root / "replies"


def check_static(
    sources: Sources, rules: ShopRules, table: acts.Table | None = None, actions: Sequence[str] | None = None
) -> list[Finding]:
    """Everything that is wrong with the scripts as they are written.

    Args:
        sources: the files.
        rules: the store's own, to whose clauses promises are held.
        table: what replies declare; the shipped table if left out.
        actions: the names of all actions that there are; those of the bot if left out.

    Raises:
        ConfigurationError: a file of replies is not in Rasa's format.
    """
    table = acts.shipped() if table is None else table
    names = [action().name() for action in every_action()] if actions is None else actions
    fallback = rules.fallback_language
    file = sources.replies / f"{fallback}.yml"
    said = read_replies(file)
    found = check_replies(sources.replies, rules.languages, fallback, strict=True)
    found += check_paths(Scripts.read(sources.root), Code.read(sources.code), said, file, names)
    found += acts.check_table(table, said, rules)
    for language in rules.languages:
        own = sources.replies / f"{language}.yml"
        if own.exists():
            is_fallback = language == fallback
            found += acts.check_acts(read_replies(own), own, language, table, is_fallback=is_fallback)
    return found
