"""How a reply reads to a buyer: with sample facts, in each language and on each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel import Locale

from bot.dialogue.check.coverage import COUNTS
from bot.dialogue.filling import forms, places
from bot.dialogue.lettering import LETTER, NAMELESS, lettered
from bot.dialogue.replies import MissingReplyError, Replies
from bot.dialogue.spoken import Overlay, Variants
from bot.settings import ShopRules
from bot.wording.samples import samples, words_in

#: The channels that are shown, and whether a buyer answers there by a choice's number instead of pressing it.
CHANNELS: Mapping[str, bool] = {"web": False, "telegram": False, "slack": False, "mail": True}


@dataclass(frozen=True)
class Shown:
    """A reply as a buyer reads it."""

    channel: str
    #: ISO 639-1; the fallback where the language has no such reply.
    language: str
    #: ``ltr`` or ``rtl``.
    direction: str
    text: str = ""
    buttons: tuple[str, ...] = ()
    #: Whether the buttons are a numbered list.
    numbered: bool = False
    #: What its counts are shown with; None: it has none.
    count: int | None = None
    #: Why it cannot be said; then there is no text.
    problem: str = ""


def shown(said: Overlay, key: str, language: str, channel: str, rules: ShopRules) -> list[Shown]:
    """A reply on a channel: each way of saying it, once for each form that the language has for its counts.

    Args:
        said: all words by language and key, those of the letter among them.
        key: the reply.
        language: ISO 639-1.
        channel: one of ``CHANNELS``.
        rules: the store's.
    """
    spoken = language if key in said.get(language, {}) else rules.fallback_language
    variants = said.get(spoken, {}).get(key, ())
    own = [one for one in variants if one.get("channel") == channel]
    found = [
        _shown(said, key, spoken, channel, variant, count, rules)
        for variant in own or [one for one in variants if "channel" not in one]
        for count in _counts(variant, spoken)
    ]
    return list(dict.fromkeys(found))


def _shown(
    said: Overlay,
    key: str,
    language: str,
    channel: str,
    variant: Mapping[str, Any],
    count: int | None,
    rules: ShopRules,
) -> Shown:
    direction = Locale.parse(language).text_direction
    letters = {one: said[language][one] for one in (LETTER, NAMELESS) if one in said[language]}
    replies = Replies({language: {**letters, key: [variant]}}, language)
    words = words_in(language, rules)
    named = frozenset[str]().union(*map(places, _texts(variant)))
    try:
        reply = replies.say(key, language, samples(words, rules, named, count), channel=channel)
        letter = None
        if key not in (LETTER, NAMELESS):
            name = samples(words, rules, ["name"], None)["name"]
            letter = lettered(
                replies, reply.text, channel=channel, language=language, name=name, store=rules.store
            )
    except MissingReplyError as error:
        return Shown(channel, language, direction, count=count, problem=str(error))
    titles = tuple(button.title for button in reply.buttons)
    text = reply.text if letter is None else letter.text
    return Shown(channel, language, direction, text, titles, CHANNELS[channel], count)


def _texts(variant: Mapping[str, Any]) -> list[str]:
    buttons: Sequence[Mapping[str, str]] = variant.get("buttons", ())
    return [variant["text"], *(text for button in buttons for text in (button["title"], button["payload"]))]


def _counts(variant: Mapping[str, Any], language: str) -> Sequence[int | None]:
    """A number for each form that the language has, if the words tell a count."""
    if not any(forms(text) for text in _texts(variant)):
        return (None,)
    plural = Locale.parse(language).plural_form
    first: dict[str, int] = {}
    for count in COUNTS[1:]:
        first.setdefault(plural(count), count)
    return tuple(first.values())


def ways(variants: Variants) -> list[str]:
    """What each variant of a reply is for: its channel, or its number where there are several."""
    return [
        variant.get("channel") or (f"way {number}" if len(variants) > 1 else "")
        for number, variant in enumerate(variants, 1)
    ]
