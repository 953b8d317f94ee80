"""What is wrong with the examples, found before minutes are spent on training with them.

The shipped examples are held to this by the project's own tests: here the store's own are looked at, and what
they have to do with the shipped ones.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bot.settings import ROOT, Settings
from bot.training.annotating import unannotated
from bot.training.examples import sameness
from bot.training.findings import Finding, Kind, as_json
from bot.training.values import Mark
from nlu.evaluation import Labelled, LabelledSetError, read_labelled

#: The sentences that models are judged by.
TEST_SET = Path("tests") / "nlu" / "data"


def check(settings: Settings, known: Collection[str], root: Path = ROOT) -> list[Finding]:
    """Look at the store's examples; the gravest findings first.

    Args:
        settings: the store's folder, its languages, and how many examples are too few.
        known: all intents there are.
        root: the project's root.
    """
    try:
        own = [one for one, _ in read_marked(settings.store / "nlu")]
        shipped = _read(root / "nlu" / "data")
        judged = _read(root / TEST_SET)
    except LabelledSetError as error:
        return [Finding(Kind.UNREADABLE, f"{error}: mend the file, or take it away")]
    found = [
        *_unknown(own, known),
        *_two_intents(own, shipped),
        *_leaks(own, judged),
        *_duplicates(own, shipped),
        *_thin(settings, own, shipped, known),
    ]
    return sorted(found, key=lambda one: list(Kind).index(one.kind))


def _read(folder: Path) -> list[Labelled]:
    return read_labelled(folder) if folder.is_dir() and any(folder.rglob("*.yml")) else []


def read_marked(folder: Path) -> list[tuple[Labelled, tuple[Mark, ...]]]:
    """The examples of a folder without what is marked in them, and with it beside.

    Raises:
        LabelledSetError: a file cannot be read.
    """
    found = []
    for one in _read(folder):
        try:
            text, marks = unannotated(one.text)
        except ValueError as error:
            raise LabelledSetError(f"{folder}: in “{one.text[:100]}” {error}") from error
        found.append((replace(one, text=text), marks))
    return found


def _unknown(own: Iterable[Labelled], known: Collection[str]) -> Iterator[Finding]:
    for intent in sorted({one.intent for one in own} - set(known)):
        yield Finding(
            Kind.UNKNOWN,
            f"there is no intent {intent}: `crossdesk data add-intent` adds it, or take its examples away",
            intent,
        )


def _two_intents(own: Iterable[Labelled], shipped: Iterable[Labelled]) -> Iterator[Finding]:
    meant = _by_text(own)
    for one in shipped:
        same = sameness(one.text)
        if same in meant:
            meant[same].append(one)
    for those in meant.values():
        intents = sorted({one.intent for one in those})
        if len(intents) > 1:
            text = those[0].text
            yield Finding(
                Kind.TWO_INTENTS,
                f"“{text[:100]}” is an example of {' and of '.join(intents)}: undo one of the decisions",
                intents[0],
                those[0].language,
                text,
            )


def _leaks(own: Iterable[Labelled], judged: Iterable[Labelled]) -> Iterator[Finding]:
    test_set = {sameness(one.text) for one in judged}
    for one in own:
        if sameness(one.text) in test_set:
            yield Finding(
                Kind.LEAK,
                f"“{one.text[:100]}” stands in the test set: a model that has learnt it is not judged by it",
                one.intent,
                one.language,
                one.text,
            )


def _duplicates(own: Iterable[Labelled], shipped: Iterable[Labelled]) -> Iterator[Finding]:
    there = {(sameness(one.text), one.intent) for one in shipped}
    for one in own:
        same = (sameness(one.text), one.intent)
        if same in there:
            yield Finding(
                Kind.DUPLICATE,
                f"“{one.text[:100]}” is an example of {one.intent} already: it teaches nothing new",
                one.intent,
                one.language,
                one.text,
            )
        there.add(same)


def _thin(
    settings: Settings, own: Iterable[Labelled], shipped: Iterable[Labelled], known: Collection[str]
) -> Iterator[Finding]:
    counts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in (*own, *shipped):
        counts[one.intent][one.language or settings.rules.fallback_language] += 1
    fewest = settings.rules.review.fewest_examples
    for intent in known:
        for language in settings.rules.languages:
            count = counts[intent][language]
            if count >= fewest:
                continue
            says = f"{intent} has {count or 'no'} example{'s' if count != 1 else ''} in {language}"
            kind = Kind.THIN if count else Kind.MISSING
            yield Finding(kind, f"{says}: {fewest} are the fewest that teach it well", intent, language)


def _by_text(examples: Iterable[Labelled]) -> dict[str, list[Labelled]]:
    found: dict[str, list[Labelled]] = {}
    for one in examples:
        found.setdefault(sameness(one.text), []).append(one)
    return found


if __name__ == "__main__":
    from bot.training.unfound import unfound

    own_settings = Settings.load()
    sys.stdout.write(as_json([*check(own_settings, json.load(sys.stdin)), *unfound(own_settings)]))
