"""Whatever a buyer means while a form asks them something, there is an answer or a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.dialogue.engine import Engine
from bot.dialogue.rehearsal import Rehearsal
from bot.dialogue.turn import Understanding
from bot.settings import ROOT
from bot.shop.values import OrderSample

pytestmark = pytest.mark.model

#: What happens inside and is never meant by a message.
_INSIDE = {
    "inform",
    "handed_back",
    "case_late",
    "feed_settled",
    "notice",
    "notice_answer",
    "request_answered",
    "request_late",
    "stale_button",
    "file_alone",
}
#: The message that opens each form, and the situation whose order it is about.
_FORMS = {
    "identity_form": ("where is my parcel?", None),
    "product_form": ("is it in stock?", None),
    "advice_form": ("what do you recommend?", None),
    "destination_form": ("how much is shipping?", None),
    "coupon_form": ("my coupon code doesn't work", None),
    "bargain_form": ("can you make the Tindra Rain Jacket cheaper?", None),
    "quotation_form": ("do you offer wholesale prices?", None),
    "change_form": ("cancel my order {number}, {email}", "paid"),
    "return_form": ("I want to return order {number}, {email}", "returnable_within_authority"),
    "not_received_form": (
        "it says delivered but I don't have it, {number}, {email}",
        "delivered_not_received",
    ),
}


def _meanings() -> list[str]:
    """Every intent that has a rule of its own, and one of those that all go to a person."""
    own: set[str] = set()
    for path in Path(ROOT / "stories").rglob("*.yml"):
        for rule in YAML(typ="safe").load(path.read_text(encoding="utf-8"))["rules"]:
            meant = _intents(rule["steps"])
            own |= set(meant[:1] if rule["rule"] == "no script yet" else meant)
    # A yes comes last: it ends what the form is about.
    return sorted(own - _INSIDE, key=lambda name: (name == "service_affirm", name))


def _intents(steps: list[Mapping[str, Any]]) -> list[str]:
    return [
        name
        for step in steps
        for name in (*_intents(step.get("or", [])), step.get("intent"))
        if name is not None
    ]


@pytest.mark.parametrize("form", _FORMS)
def test_whatever_is_meant_inside_a_form_is_answered(
    form: str,
    rehearsal: Rehearsal,
    samples: dict[str, OrderSample],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opening, situation = _FORMS[form]
    if situation is not None:
        sample = samples[situation]
        opening = opening.format(number=sample.number, email=sample.email)
    opened, unclear = engine.understand(opening), engine.understand("zzz")
    meant: list[Understanding] = []
    # What the model makes of words is not what is shown here: each meaning must have a way on.
    # On the class: a patch of an instance leaves the method behind for every test that shares the engine.
    monkeypatch.setattr(type(engine), "understand", lambda *_: meant.pop(0))
    for intent in _meanings():
        meant[:] = [opened, replace(unclear, intent=intent, confidence=0.9, entities=())]
        asked = rehearsal.play({"sender": intent, "text": opening})
        assert asked["status"] == "bot", asked
        answered = rehearsal.play({"sender": intent, "text": "zzz"})
        assert answered["flow"] != "failed", f"{intent} inside {form}: {answered}"
        assert answered["replies"], f"{intent} inside {form}: {answered}"
