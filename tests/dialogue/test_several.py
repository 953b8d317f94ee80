"""Several requests in one message: in which order they are served, and what each knows of the others."""

from __future__ import annotations

from typing import Any

from bot.dialogue.several import PENDING, asked_anew, divided, put_off
from bot.dialogue.turn import Understanding
from nlu.requests import Request

TEXT = "Which ways can I pay? And cancel CD-100001, call +49 170 1234567"
SECOND = TEXT.index("And")


def a_message(*intents: str, **changes: Any) -> Understanding:
    spans = [(0, SECOND - 1), (SECOND, len(TEXT))]
    requests = tuple(Request(intent, 0.9, *span) for intent, span in zip(intents, spans, strict=False))
    found = [("order_number", "CD-100001", "CD-100001"), ("phone", "+49 170 1234567", "+491701234567")]
    entities = tuple(
        {"entity": kind, "start": TEXT.index(typed), "end": TEXT.index(typed) + len(typed), "value": value}
        for kind, typed, value in found
    )
    values: dict[str, Any] = {"intent": intents[0], "confidence": 0.9, "ranking": ((intents[0], 0.9),)}
    return Understanding(
        TEXT, "en", True, **{**values, "entities": entities, "requests": requests, **changes}
    )


def test_what_the_warehouse_may_overtake_comes_first() -> None:
    assert [one.intent for one in divided(a_message("payment_methods", "order_cancel"))] == [
        "order_cancel",
        "payment_methods",
    ]
    told = divided(a_message("payment_methods", "refund_policy"))
    assert [one.intent for one in told] == ["payment_methods", "refund_policy"]


def test_each_has_its_own_words_and_what_was_said_of_order_and_buyer() -> None:
    first, second = divided(a_message("payment_methods", "refund_policy"))
    assert (first.text, second.text) == (TEXT[: SECOND - 1], TEXT[SECOND:])
    assert first.first("order_number") == second.first("order_number") == "CD-100001"
    # As it was typed: the order's country tells what it means.
    assert first.first("phone") == "+49 170 1234567"
    own = next(one for one in second.entities if one["entity"] == "order_number")
    assert second.text[own["start"] : own["end"]] == "CD-100001"


def test_a_person_who_is_asked_for_gets_all_of_it() -> None:
    (only,) = divided(a_message("payment_methods", "service_human"))
    assert (only.intent, only.text) == ("service_human", TEXT)


def test_a_threat_is_not_divided() -> None:
    threatening = a_message("payment_methods", "order_cancel", threat="legal")
    assert divided(threatening) == [threatening]


def test_what_waits_is_kept_once_and_forgotten_when_it_is_asked_anew() -> None:
    memory: dict[str, Any] = {}
    wishes = divided(a_message("payment_methods", "refund_policy"))
    put_off(memory, wishes)
    put_off(memory, wishes)
    assert [one["intent"] for one in memory[PENDING]] == ["payment_methods", "refund_policy"]
    asked_anew(memory, wishes[0])
    assert [one["intent"] for one in memory[PENDING]] == ["refund_policy"]
