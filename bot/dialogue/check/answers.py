"""What a buyer may answer: every class of it, for every state that a conversation can be in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.dialogue.turn import Understanding
from bot.messages import Attachment, Button

FILE = Path(__file__).with_name("answers.yml")
#: Surely meant, hardly meant.
SURE, UNSURE = 0.95, 0.6
#: Another topic that is answered at once, one that needs an order, one that opens a form of its own.
TOPICS = ("payment_methods", "order_state", "product_stock")
#: Forms that many flows open, whatever they are about: asked anything once for all of them …
SHARED = frozenset({"identity_form", "product_form", "destination_form"})
#: … and then filled for each of them, with these.
FINISHED = frozenset({"right", "button"})
#: Answers that never fill a form: given again and again, they must come to an end.
NEVER_ENDING = ("none", "nonsense", "photo", "yes", "no", "doubtful yes")
#: Slots whose yes is the buyer's consent to what was read back or offered.
CONSENT = ("_confirmed", "bargain_answer")
#: Typed where anything is asked for; as a price it is more than what is offered.
MORE = "999999"
#: In a text of an answer: the code that was sent last, known only on the way.
CODE = "<code>"
FORMS_OF_GOODS = frozenset({"advice_form", "product_form", "destination_form", "coupon_form"})
#: The answer to an offer names which one it is.
_OFFER = re.compile(r"\b(?:yes|no)-\d+$")
PHOTO = Attachment("photo.jpg", "image/jpeg", 9, "")
#: Buttons of one kind that are pressed: the first ones and the last.
PRESSED = 2


@dataclass(frozen=True)
class State:
    """Where a conversation stands, as far as it matters for what comes next."""

    #: A person has it.
    is_over: bool = False
    form: str | None = None
    slot: str | None = None
    #: What the open form is about, or the flow that was left and may be gone back to.
    intent: str | None = None
    paused: str | None = None
    asked: str = "nothing"
    awaits: str | None = None
    is_known: bool = False
    misunderstandings: int = 0
    #: Replies of the last turn, where a form is open; they tell what it is asking.
    said: tuple[str, ...] = ()
    #: Payloads that can be pressed, without the values in them.
    offered: tuple[str, ...] = ()

    @property
    def question(self) -> tuple[object, ...]:
        """What is being asked and how often it was: states that share it take the same answers.

        Of forms that many flows open it does not matter here which one did, see ``FINISHED``.
        """
        if self.form is None:
            return (self.asked, self.awaits, self.misunderstandings, self.offered)
        wish = None if self.form in SHARED else self.intent
        # Which of several offers is made is told by its buttons alone.
        offer = tuple(kind for kind in self.offered if _OFFER.search(kind))
        return (self.form, self.slot, wish, self.said, self.misunderstandings, offer)


@dataclass(frozen=True)
class Answer:
    """One thing that a buyer does."""

    #: Its class, such as ``right``, ``wrong`` or ``leave``.
    kind: str
    meant: Understanding
    payload: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def __str__(self) -> str:
        said = self.payload or self.meant.text
        return f"{self.kind} ({said})" if said and said != self.kind else self.kind

    def with_code(self, code: str) -> Answer:
        """The same, with the code that was sent last in place of ``CODE``."""
        text = self.meant.text
        return (
            replace(self, meant=replace(self.meant, text=text.replace(CODE, code))) if CODE in text else self
        )


@dataclass(frozen=True)
class World:
    """What a buyer can name: an order of theirs, and what the store sells."""

    values: Mapping[str, str]
    table: Mapping[str, Any] = field(default_factory=lambda: YAML(typ="safe").load(FILE.read_text("utf-8")))

    def written(self, which: str, slot: str) -> Iterator[Answer]:
        """The texts that are listed for a slot."""
        for one in self.table[which].get(slot) or ():
            text = one["text"].format_map(self.values)
            found = {name: value.format_map(self.values) for name, value in one.get("entities", {}).items()}
            yield Answer(which, meaning("inform" if found else "out_of_scope", text, **found))


def meaning(intent: str, text: str = "", sure: float = SURE, /, **entities: str) -> Understanding:
    """What understanding would make of a message."""
    text = text or " ".join(str(value) for value in entities.values()) or intent.replace("_", " ")
    found = []
    for name, value in entities.items():
        start = max(text.find(str(value)), 0)
        end = min(start + len(str(value)), len(text))
        found.append({"entity": name, "value": value, "start": start, "end": end})
    ranking = ((intent, sure), ("order_state", 0.2), ("product_stock", 0.1))
    return Understanding(text, "en", True, intent, sure, ranking, tuple(found))


def pressed(payload: str) -> Understanding:
    """What Rasa makes of a button's payload."""
    intent, brace, slots = payload.lstrip("/").partition("{")
    values: Mapping[str, Any] = json.loads(brace + slots) if brace else {}
    return meaning(intent, "", 1.0, **values)


def kind_of(payload: str) -> str:
    """A payload without its values: buttons of one kind lead the same way, but for offers (``no-2``)."""
    intent, brace, slots = payload.partition("{")
    values: Mapping[str, Any] = json.loads(brace + slots) if brace else {}
    names = [
        f"{name} {value}" if _OFFER.search(str(value)) else name for name, value in sorted(values.items())
    ]
    return " ".join((intent, *names))


def answers(state: State, buttons: Sequence[Button], world: World) -> Iterator[Answer]:
    """Every class of answer to what was said last."""
    yield from _presses(buttons)
    yield from _small(state)
    if state.form is None:
        yield Answer("another topic", meaning(TOPICS[0]))
        if state.paused:
            yield Answer("back again", meaning(state.paused))
        return
    slot = state.slot or ""
    yield from world.written("right", slot)
    yield from world.written("wrong", slot)
    yield Answer("wrong", meaning("inform", MORE, **{slot: MORE}))
    yield Answer("question back", meaning("refund_policy", "Why do you need that?"))
    # One that needs an order, and one that opens a form of its own: each where the other would not leave it.
    yield Answer("another topic", meaning(TOPICS[1 if state.form in FORMS_OF_GOODS else 2]))
    if state.intent:
        yield Answer("back again", meaning(state.intent))
    yield Answer("photo", meaning("nlu_fallback", ""), attachments=(PHOTO,))
    if slot.endswith(CONSENT):
        yield Answer("doubtful yes", meaning("service_affirm", "well, maybe yes, I do not know", UNSURE))


def _presses(buttons: Sequence[Button]) -> Iterator[Answer]:
    by_kind: dict[str, list[str]] = {}
    for button in buttons:
        by_kind.setdefault(kind_of(button.payload), []).append(button.payload)
    for payloads in by_kind.values():
        for payload in dict.fromkeys((*payloads[: PRESSED - 1], payloads[-1])):
            yield Answer("button", pressed(payload), payload)


def _small(state: State) -> Iterator[Answer]:
    yield Answer("yes", meaning("service_affirm", "yes"))
    yield Answer("no", meaning("service_deny", "no"))
    yield Answer("none", meaning("nlu_fallback", "zzz", UNSURE))
    yield Answer("nonsense", meaning("out_of_scope", "purple banana"))
    yield Answer("leave", meaning("service_leave"))
    if state.form or state.asked != "nothing":
        yield Answer("thanks", meaning("service_thanks"))
        yield Answer("stale button", meaning("stale_button"), '/inform{"gone": "1"}')


def openings(intents: Sequence[str], about_orders: Sequence[str], world: World) -> Iterator[Answer]:
    """Every way to begin: each intent alone, and with what it is about."""
    for intent in intents:
        yield Answer("open", meaning(intent))
        if intent.startswith("product_"):
            text = f"{world.values['product']}?"
            yield Answer("open", meaning(intent, text, product=world.values["code"]))
        if intent == "product_stock":
            # A kind of goods that there are several of, and one that there is not.
            for goods in (world.values["goods"], "zeppelins"):
                yield Answer("open", meaning(intent, f"Do you sell {goods}?"))
        if intent.startswith(("logistics_", "payment_tax")) and intent not in about_orders:
            yield Answer("open", meaning(intent, "To Germany?", country="DE"))


def about_order(intent: str, number: str, email: str) -> Answer:
    """A wish with all that the identity check needs."""
    return Answer("open", meaning(intent, f"{intent} {number} {email}", order_number=number, email=email))
