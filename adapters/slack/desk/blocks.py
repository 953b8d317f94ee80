"""Parts of messages and modals: what people wrote stands in plain or rich text, where markup is text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import UnknownCurrencyError, format_currency, get_currency_precision

from adapters.slack.blocks import MOST_TITLE, MOST_WORDS
from adapters.slack.desk.hearing import OURS, VALUE
from adapters.slack.text import parts, shortened
from bot.desk.wording import named

Block = dict[str, Any]
Run = dict[str, Any]

#: Slack's limits: a header, a modal's title, an option, an input.
_MOST_HEADER, _MOST_MODAL, _MOST_OPTION, MOST_INPUT = 150, 24, 75, 3_000
#: Options of one list, elements of one block of actions.
_MOST_OPTIONS, _MOST_ACTIONS = 100, 25


def plain(text: str, most: int) -> Block:
    """Plain text, cut to what Slack takes; never empty."""
    return {"type": "plain_text", "text": shortened(" ".join(text.split()), most) or "…", "emoji": False}


def run(text: str, *, bold: bool = False) -> Run:
    """Words as they are."""
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def moment(at: dt.datetime) -> Run:
    """A time as each reader's own clock shows it."""
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{date_short_pretty}, {time}",
        "fallback": f"{at:%Y-%m-%d %H:%M} UTC",
    }


def link(text: str, url: str) -> Run:
    """Words that lead somewhere."""
    return {"type": "link", "url": url, "text": text, "style": {"bold": True}}


def section(*runs: Run) -> Block:
    """Words in a row."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(runs)}]}


def spoken(head: Sequence[Run], text: str) -> list[Block]:
    """A head, and words below it as a quotation, in as many blocks as they need."""
    made: list[Block] = []
    for part in parts(text, MOST_WORDS):
        quote = {"type": "rich_text_quote", "elements": [run(part)]}
        elements = [quote] if made else [{"type": "rich_text_section", "elements": list(head)}, quote]
        made.append({"type": "rich_text", "elements": elements})
    return made or [section(*head)]


def header(text: str) -> Block:
    """A message's title."""
    return {"type": "header", "text": plain(text, _MOST_HEADER)}


def button(title: str, act: str, *about: int, style: str | None = None) -> Block:
    """A button of ours."""
    name = ":".join((OURS + act, *map(str, about)))
    made = {"type": "button", "action_id": name, "text": plain(title, MOST_TITLE), "value": name}
    return made | ({"style": style} if style else {})


def actions(buttons: Iterable[Block]) -> list[Block]:
    """Buttons in a row; no block where there are none."""
    found = list(buttons)[:_MOST_ACTIONS]
    return [{"type": "actions", "elements": found}] if found else []


def choice(title: str, options: Sequence[tuple[str, str]], *, act: str | None = None) -> Block:
    """A list to choose from: pairs of value and title."""
    return {
        "type": "static_select",
        "action_id": VALUE if act is None else OURS + act,
        "placeholder": plain(title, MOST_TITLE),
        "options": [
            {"text": plain(shown, _MOST_OPTION), "value": value[:150]}
            for value, shown in options[:_MOST_OPTIONS]
        ],
    }


def typed(*, many: bool = False, initial: str = "", most: int = MOST_INPUT) -> Block:
    """A field to type into."""
    element = {"type": "plain_text_input", "action_id": VALUE, "multiline": many, "max_length": most}
    return element | ({"initial_value": initial[:most]} if initial else {})


def asked(name: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    """A question of a modal; ``name`` is what its answer is found by."""
    made = {
        "type": "input",
        "block_id": name,
        "label": plain(label, 150),
        "element": element,
        "optional": optional,
    }
    return made | ({"hint": plain(hint, 150)} if hint else {})


def modal(act: str, title: str, submit: str, told: str, blocks: Sequence[Block]) -> Block:
    """A modal of ours; ``told`` comes back with whatever is done in it."""
    return {
        "type": "modal",
        "callback_id": OURS + act,
        "title": plain(title, _MOST_MODAL),
        "submit": plain(submit, _MOST_MODAL),
        "close": plain("Cancel", _MOST_MODAL),
        "private_metadata": told,
        "blocks": list(blocks),
    }


def language_name(code: str) -> str:
    """A language's English name; the code where there is none."""
    try:
        return Locale.parse(code).english_name or code
    except (UnknownLocaleError, ValueError):
        return code


def money(minor: int, currency: str) -> str:
    """A sum in its currency's own digits."""
    try:
        digits = get_currency_precision(currency)
        return str(format_currency(Decimal(minor).scaleb(-digits), currency, locale="en"))
    except UnknownCurrencyError:
        return f"{minor} {currency}"


def worded(value: str) -> str:
    """A value of an enumeration as words."""
    return named(value)
