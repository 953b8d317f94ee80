"""The desk's values in an agent's words: names of states and reasons, times, money, languages."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision

from adapters.web.files import PICTURES
from bot.desk import wording

_ENGLISH = Locale.parse("en")

#: What the plain name of a value does not say well enough.
_LABELS = {
    "Reason": {
        "asked_for_human": "Asked for a person",
        "repeated": "Asked the same several times",
        "angry": "Upset buyer",
        "always_human": "Sensitive topic",
        "above_authority": "Above the bot’s limit",
        "failed": "A look-up or action failed",
        "language": "Language",
        "flow_missing": "No script for this yet",
        "policy": "Left to people by policy",
        "undelivered": "A message may not have arrived",
        "orphaned": "Nobody was answering",
    },
    "CaseState": {
        "open": "Unclaimed",
        "claimed": "First answer due",
        "waiting_buyer": "Waiting for the buyer",
        "waiting_us": "Buyer wrote again",
        "snoozed": "Laid aside",
    },
    "ClockKind": {
        "claim": "Claim",
        "first_answer": "First answer",
        "open_question": "Answer",
        "snooze": "Laid aside until",
    },
    "RequestKind": {"approval": "Approval of money", "question": "Question"},
    "RequestState": {"countered": "Granted with another amount", "timed_out": "Nobody answered in time"},
    "CardField": {"email": "E-mail", "wants": "Wants"},
    "EventKind": {
        "opened": "opened the case",
        "added": "added to the case",
        "shown": "shows the case",
        "buyer_wrote": "wrote",
        "claimed": "claimed the case",
        "replied": "replied",
        "awaiting_approval": "wrote a draft that waits for a yes",
        "approved": "approved the draft",
        "declined": "declined the draft",
        "noted": "noted",
        "revealed": "looked at",
        "released": "released the case",
        "taken_over": "took the case over",
        "passed_on": "passed the case on",
        "closed": "closed the case",
        "handed_back": "closed the case and handed it back to the bot",
        "lapsed": "put the case back into the queue",
        "snoozed": "laid the case aside",
        "woken": "took the case up again",
        "reopened": "reopened the case",
        "direct_on": "switched direct writing on",
        "direct_off": "switched direct writing off",
        "retried": "had a reply sent again",
        "changed": "changed a reply",
        "withdrawn": "took back a reply",
        "rated": "rated the help",
        "commented": "wrote something to the rating",
        "asked_again": "asked the queue again",
        "escalated": "moved the case up to the supervisor",
        "alarmed": "saw that the buyer threatens or tells of harm",
        "operator_told": "told the operator",
        "repaired": "mended a fault",
        "refused": "was refused",
    },
}
_DELIVERY = {
    "queued": "Being sent",
    "sending": "Being sent",
    "sent": "Sent",
    "delivered": "Delivered",
    "failed": "Not delivered",
    "unknown": "Perhaps not delivered",
}


def label(value: enum.Enum) -> str:
    """A value's name as an agent reads it."""
    plain = str(value.name).lower()
    words = _LABELS.get(type(value).__name__, {}).get(plain)
    return words or plain.replace("_", " ").capitalize()


def topic(intent: str) -> str:
    """``refund_where_is_it`` as words."""
    return wording.named(intent).capitalize()


def spoken(text: str) -> str:
    """The text of an event, in which the names of intents and reasons stand among words."""
    return wording.plain(text)


def delivery(state: str) -> str:
    """What became of a message of ours."""
    return _DELIVERY.get(state, state)


def language(code: str) -> str:
    """A language's English name."""
    try:
        return Locale.parse(code, sep="-").get_display_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code


def country(code: str) -> str:
    """A country's English name."""
    return str(_ENGLISH.territories.get(code.upper(), code))


def money(minor: int, currency: str) -> str:
    """An amount of minor units with its currency."""
    return str(format_currency(minor / 10 ** get_currency_precision(currency), currency, locale="en"))


def span(seconds: float) -> str:
    """A length of time, roughly, as people say it."""
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 60 * 24:
        return f"{minutes // 60} h {minutes % 60} min"
    days = minutes // (60 * 24)
    return f"{days} day" if days == 1 else f"{days} days"


class Times:
    """Times in the store's zone, for pages whose reader's zone only the browser knows."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def day(self, at: dt.datetime) -> str:
        """The date."""
        return f"{at.astimezone(self._zone):%a %d %b %Y}"

    def moment(self, at: dt.datetime) -> str:
        """Date and time, with the zone's name."""
        return f"{at.astimezone(self._zone):%d %b %H:%M %Z}"


def filesize(count: int) -> str:
    """A file's size for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{max(round(count / 1e3), 1)} kB"


def teach(environment: jinja2.Environment, timezone: str) -> None:
    """Give templates these words."""
    times = Times(timezone)
    filters: dict[str, Any] = {
        "label": label,
        "topic": topic,
        "delivery": delivery,
        "spoken": spoken,
        "language": language,
        "country": country,
        "span": span,
        "bytes": filesize,
        "day": times.day,
        "moment": times.moment,
        "utc": lambda at: at.astimezone(dt.timezone.utc).isoformat(timespec="seconds"),
    }
    environment.filters.update(filters)
    environment.tests["picture"] = lambda file: file.media_type in PICTURES
    environment.globals["money"] = money
