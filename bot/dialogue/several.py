"""Several requests in one message: one is served at once, the others when its flow has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.dialogue.turn import Said, Turn, Understanding
from nlu.requests import Request

#: Under this name the conversation remembers what is still to be served.
PENDING = "pending"
#: So many wait at most; who asks for more asks again.
_MOST = 4
#: Characters of a request that are told where no words for its meaning are known.
_LONGEST = 60

#: A person who is asked for comes at once, with all of it.
_AT_ONCE = "service_human"
#: What the warehouse or the carrier may overtake …
_URGENT = frozenset({"order_cancel", "order_change_address", "order_change_items", "logistics_redirect"})
#: … and what a person answers: after it the bot would be silent about the rest.
_LAST = frozenset(
    {"order_place", "product_quotation", "service_account", "service_contact", "service_privacy"}
)
#: What is said once counts for all requests of a message.
_SHARED = ("order_number", "tracking_number", "email", "phone")
#: Beyond every text: an entity of another request has no place in this one.
_ELSEWHERE = 10**9


def divided(read: Understanding) -> list[Understanding]:
    """What a message asks for, each as a message of its own, in the order of serving; one, as a rule.

    In the order in which they were told, but for what can't wait and for what a person answers.
    """
    if len(read.requests) < 2 or read.threat is not None:
        return [read]
    if any(request.intent == _AT_ONCE for request in read.requests):
        return [replace(read, intent=_AT_ONCE)]
    ordered = sorted(read.requests, key=lambda one: (one.intent not in _URGENT, one.intent in _LAST))
    return [_alone(read, request) for request in ordered]


def put_off(memory: dict[str, Any], rest: Sequence[Understanding]) -> None:
    """Remember what is served later."""
    waiting = [*memory.get(PENDING, ()), *map(_stored, rest)]
    by_intent = {one["intent"]: one for one in waiting}
    memory[PENDING] = list(by_intent.values())[:_MOST]


def asked_anew(memory: dict[str, Any], read: Understanding) -> None:
    """Forget what waits and is asked for again: it is served now."""
    memory[PENDING] = [one for one in memory.get(PENDING, ()) if one["intent"] != read.intent]


def next_one(turn: Turn) -> Understanding | None:
    """What is to be served now, if something waits and nothing else is under way; it waits no longer."""
    waiting = turn.memory.get(PENDING)
    if not waiting or turn.case is not None or turn.tracker.active_loop_name is not None:
        return None
    turn.memory[PENDING] = waiting[1:]
    turn.memory["last_topic_intent"] = waiting[0]["intent"]
    one = waiting[0]
    return replace(
        turn.understanding,
        text=one["text"],
        intent=one["intent"],
        confidence=one["confidence"],
        ranking=((one["intent"], one["confidence"]),),
        entities=tuple(one["entities"]),
        requests=(),
    )


def announce(turn: Turn, first: Understanding, rest: Sequence[Understanding]) -> Said:
    """Say that nothing of a message is forgotten."""
    topics = [_topic(turn, one.intent, one.text) for one in rest]
    return _said(
        turn,
        "utter_several_requests",
        first=_topic(turn, first.intent, first.text),
        rest=turn.words.beside(topics),
    )


def turn_to(turn: Turn, wish: Understanding) -> Said:
    """Say which request comes now."""
    return _said(turn, "utter_next_request", topic=_topic(turn, wish.intent, wish.text))


def told(waiting: Sequence[Mapping[str, Any]]) -> str:
    """What still waits, in the buyer's words, for a person."""
    return "; ".join(str(one["text"]) for one in waiting)


def _said(turn: Turn, reply: str, **values: str) -> Said:
    found = turn.replies.say(
        reply, turn.words.language, values, channel=turn.conversation.channel, heard=turn.hears(reply)
    )
    return Said(found.text, found.buttons, found.language)


def _topic(turn: Turn, intent: str, text: str) -> str:
    meaning = f"utter_meaning_{intent}"
    if turn.replies.has(meaning):
        return turn.replies.say(meaning, turn.words.language, {}).text
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _alone(read: Understanding, request: Request) -> Understanding:
    """One request as if it had been written alone, with what the others say of order and buyer."""
    start, end = request.start, request.end
    own = [
        {**one, "start": one["start"] - start, "end": one["end"] - start}
        for one in read.entities
        if start <= one["start"] and one["end"] <= end
    ]
    kinds = {one["entity"] for one in own}
    shared = (*_SHARED, "product") if request.intent.startswith("product_") else _SHARED
    others = [
        {**one, "value": _as_typed(read, one), "start": _ELSEWHERE, "end": _ELSEWHERE}
        for one in read.entities
        if one["entity"] in shared and one["entity"] not in kinds
    ]
    return replace(
        read,
        text=read.text[start:end].strip(),
        intent=request.intent,
        confidence=request.confidence,
        ranking=((request.intent, request.confidence),),
        entities=(*own, *others),
        requests=(),
    )


def _as_typed(read: Understanding, entity: Mapping[str, Any]) -> Any:
    """A phone number as it was typed: what a national form means only the order's country tells."""
    return read.text[entity["start"] : entity["end"]] if entity["entity"] == "phone" else entity["value"]


def _stored(read: Understanding) -> dict[str, Any]:
    return {
        "text": read.text,
        "intent": read.intent,
        "confidence": read.confidence,
        "entities": [dict(one) for one in read.entities],
    }
