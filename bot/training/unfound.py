"""What is marked in the store's examples and the bot does not find: it looks by rules, not by examples."""

from __future__ import annotations

import datetime as dt

from bot.dialogue.lean import keep_tensorflow_out
from bot.settings import Settings
from bot.training.checks import read_marked
from bot.training.findings import Finding, Kind
from bot.training.values import Mark
from nlu.evaluation import LabelledSetError

#: What an admin can do about it.
_HINTS = {
    "product": "is there still a product of this code, and do the words name another one, too?",
    "order_number": "`patterns.order_number` in the rules says how yours look",
    "tracking_number": "`patterns.tracking_number` in the rules says how yours look",
    "size": "the sizes of the shop's variants are known",
    "colour": "the colours of the shop's variants are known",
}


def unfound(settings: Settings) -> list[Finding]:
    """Look for all marks of the store's examples, as the bot looks today; takes seconds where there are any.

    Args:
        settings: the store's folder.
    """
    try:
        marked = [(one, marks) for one, marks in read_marked(settings.store / "nlu") if marks]
    except LabelledSetError:
        # It is told by whoever checks the examples.
        return []
    if not marked:
        return []
    keep_tensorflow_out()
    # Imports Rasa.
    from bot.training.named import Named

    find, now = Named(), dt.datetime.now(dt.timezone.utc)
    findings = []
    for one, marks in marked:
        found = find(one.text, one.language, now)
        findings += [
            Finding(Kind.UNFOUND, _says(one.text, mark), one.intent, one.language, one.text)
            for mark in marks
            if not mark.is_among(found)
        ]
    return findings


def _says(text: str, mark: Mark) -> str:
    words, kind = text[mark.start : mark.end], mark.kind.replace("_", " ")
    what = kind if mark.value is None else f"{kind} {mark.value}"
    says = f"“{words[:60]}” was marked as {what} in “{text[:100]}”, and the bot does not find it"
    return f"{says}: {_HINTS[mark.kind]}" if mark.kind in _HINTS else says
