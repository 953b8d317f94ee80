"""The script checker over words that lie in no file yet: what it finds, by reply and language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from bot.dialogue import spoken
from bot.dialogue.check import acts
from bot.dialogue.check.coverage import Finding, check_said
from bot.dialogue.check.paths import check_paths
from bot.dialogue.check.scripts import Code, Scripts
from bot.dialogue.spoken import Overlay
from bot.settings import ROOT, ShopRules

#: The longest text of any reply, in characters: none of a letter comes near it.
LONGEST = 4_000


@dataclass(frozen=True)
class Found:
    """Something that stands against words."""

    key: str
    #: Of the words in which it lies.
    language: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key} ({self.language}): {self.reason}"


def check(
    said: Overlay, under: Overlay, keys: Collection[str], rules: ShopRules, *, beside_code: bool = True
) -> list[Found]:
    """Everything that is wrong with some replies, in all languages.

    They are held to tone, places, forms of counts, buttons, length and translation as ``crossdesk check``
    holds the shipped ones, and to what the bot's code knows of them.

    Args:
        said: all that would be said, by language and key.
        under: what lies in files, which code and stories were written for.
        keys: the replies to be looked at.
        rules: the store's.
        beside_code: whether stories and code are looked at, too: that takes a third of a second, and
            the first time some seconds.
    """
    languages, fallback = rules.languages, rules.fallback_language
    files = {language: ROOT / "replies" / f"{language}.yml" for language in languages}
    told = {
        language: {key: variants for key, variants in said.get(language, {}).items() if key in keys}
        for language in languages
    }
    findings = check_said(told, files, fallback, strict=True)
    table = acts.shipped()
    for language, own in told.items():
        is_fallback = language == fallback
        findings += acts.check_acts(own, files[language], language, table, is_fallback=is_fallback)
    found = [Found(one.key, one.file.stem, one.reason) for one in findings]
    for language, own in told.items():
        for key, variants in own.items():
            why = spoken.misfit(variants, spoken.in_files(under, language, key, fallback))
            found += [Found(key, language, why)] if why else []
    if beside_code:
        found += _beside_code(said, keys, fallback)
    return list(dict.fromkeys(found))


def _beside_code(said: Overlay, keys: Collection[str], fallback: str) -> list[Found]:
    """What does not meet stories and code; they are read once in a process."""
    scripts, code = _scripts(), _code()
    file = ROOT / "replies" / f"{fallback}.yml"
    findings: list[Finding] = check_paths(scripts, code, said.get(fallback, {}), file, sorted(code.titles))
    return [Found(one.key, fallback, one.reason) for one in findings if one.key in keys]


@lru_cache(maxsize=1)
def _scripts() -> Scripts:
    return Scripts.read(ROOT)


@lru_cache(maxsize=1)
def _code() -> Code:
    return Code.read(ROOT / "bot" / "dialogue")
