"""Speech acts: what a reply declares to do (``acts.yml``), and its words held to that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.dialogue.check.coverage import APOLOGY, Finding, Responses, key_lines, tone_rules
from bot.dialogue.filling import places
from bot.dialogue.replies import read_replies
from bot.settings import ROOT, ShopRules

FILE = Path(__file__).with_name("acts.yml")
#: Remedies that are no place of the text.
BUTTONS, OFFERS, PERSON = "buttons", "offers", "person"
#: The clause of what was settled before.
POLICY = "policy"
_CLOSED = "_closed"
#: A figure that the store's rules should give: days, sums and shares differ from store to store.
_FIGURE = re.compile(r"(?<![A-Z]-)(?<!\d)\d{2,}|\d\s?[%٪％$€£¥]|[$€£¥]\s?\d")
_EXAMPLE = re.compile(r"[A-Z]{2}-\d+")
_PLACE = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


@dataclass(frozen=True)
class Acts:
    """What one reply declares."""

    #: What remedies its apology; None: it does not apologise.
    apology: str | None = None
    #: The clause that its promise stands on; None: it promises nothing of its own.
    promise: str | None = None
    #: Other clauses that it stands on, such as the one by which something is refused.
    clauses: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """``acts.yml``."""

    #: By the place that names a date, the clause it stands on.
    dates: Mapping[str, str]
    replies: Mapping[str, Acts]
    #: By act, patterns of words in the fallback language.
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: By reply, the places of its words in the fallback language.
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path = FILE, said: Path | None = None) -> Table:
        """Read the table, and from the fallback's replies in ``said`` where each names a date."""
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        declared = {key: Acts(**acts) for key, acts in content["replies"].items()}
        found = {} if said is None else read_replies(said)
        named = {
            key: frozenset(name for variant in variants for name in places(variant["text"]))
            for key, variants in found.items()
        }
        return cls(content["dates"], declared, content.get("words", {}), named)

    def of(self, key: str) -> Acts:
        """What a reply declares; its twin for closed hours does the same."""
        return self.replies.get(key) or self.replies.get(key.removesuffix(_CLOSED)) or Acts()

    def clauses(self, key: str) -> tuple[str, ...]:
        """The clauses of ``shop.yml`` that a reply stands on: of what it refuses, promises, and dates."""
        acts = self.of(key)
        promised = [acts.promise] if acts.promise and acts.promise != POLICY else []
        dated = [clause for place, clause in self.dates.items() if place in self.places.get(key, ())]
        return tuple(dict.fromkeys([*acts.clauses, *promised, *dated]))


@lru_cache(maxsize=1)
def shipped() -> Table:
    """The table that belongs to the shipped replies."""
    return Table.read(said=ROOT / "replies" / "en.yml")


def check_acts(
    responses: Responses, file: Path, language: str, table: Table, *, is_fallback: bool
) -> list[Finding]:
    """Where one language's words do something else than is declared."""
    lines = key_lines(file)
    apologies = re.compile("|".join(tone_rules()[language][APOLOGY]), re.IGNORECASE)
    found = []
    for key, variants in responses.items():
        for variant in variants:
            reasons = [*_apology(variant, table.of(key), apologies), *_figures(variant["text"])]
            if is_fallback:
                reasons += _declared(variant["text"], table, key)
            found += [Finding(file, lines.get(key, 1), key, reason) for reason in reasons]
    return list(dict.fromkeys(found))


def check_table(table: Table, responses: Responses, rules: ShopRules, file: Path = FILE) -> list[Finding]:
    """Declarations of no reply, and clauses that the store's rules do not have."""
    lines = key_lines(file)
    found = []
    for key, acts in table.replies.items():
        if key not in responses:
            found.append(Finding(file, lines.get(key, 1), key, "there is no such reply"))
        if acts.promise and acts.promise != POLICY and not _has(rules, acts.promise):
            reason = f"promises beyond policy: shop.yml has no '{acts.promise}'"
            found.append(Finding(file, lines.get(key, 1), key, reason))
        for clause in acts.clauses:
            if not _has(rules, clause):
                reason = f"stands on no clause: shop.yml has no '{clause}'"
                found.append(Finding(file, lines.get(key, 1), key, reason))
    for place, clause in table.dates.items():
        if not _has(rules, clause):
            reason = f"promises beyond policy: shop.yml has no '{clause}'"
            found.append(Finding(file, lines.get(place, 1), place, reason))
    return found


def _apology(variant: Mapping[str, Any], acts: Acts, apologies: re.Pattern[str]) -> Iterator[str]:
    hit = apologies.search(variant["text"])
    if hit is None and acts.apology is not None:
        yield "declares an apology that its words do not hold"
    if hit is not None and acts.apology is None:
        yield f"apologises without a remedy ({hit.group()!r}): declare both in {FILE.name}"
    remedy = acts.apology
    if remedy == BUTTONS and not variant.get("buttons"):
        yield "apologises without its remedy: there are no buttons"
    elif remedy not in (None, BUTTONS, OFFERS, PERSON) and remedy not in places(variant["text"]):
        yield f"apologises without its remedy: {{{remedy}}} is not in the text"


def _figures(text: str) -> Iterator[str]:
    figure = _FIGURE.search(_EXAMPLE.sub("", _PLACE.sub("", text)))
    if figure is not None:
        yield f"promises beyond policy: the figure {figure.group()!r} stands in the words, not in shop.yml"


def _declared(text: str, table: Table, key: str) -> Iterator[str]:
    dated = bool(places(text) & set(table.dates))
    for act, reason in (("wait", "names a wait without its date"), ("promise", "promises without a clause")):
        hit = re.search("|".join(table.words.get(act, ())) or r"(?!)", text, re.IGNORECASE)
        if hit is None or dated or (act == "promise" and table.of(key).promise):
            continue
        yield f"{reason} ({hit.group()!r}): give it a place of `dates`, or declare it, in {FILE.name}"


def clause_of(rules: ShopRules, clause: str) -> Any:
    """What the store's rules say under a dotted name; None if they have no such clause."""
    at: Any = rules
    for name in clause.split("."):
        at = at.get(name) if isinstance(at, Mapping) else getattr(at, name, None)
        if at is None:
            return None
    return at


def _has(rules: ShopRules, clause: str) -> bool:
    return clause_of(rules, clause) is not None
