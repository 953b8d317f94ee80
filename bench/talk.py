"""What buyers say in the benchmark, and what must come of it: scripted by a seed, no text said twice."""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Answers inside a form need no intent: both bots take the number or the address from the text.
NO_INTENT = ""


@dataclass(frozen=True)
class Line:
    """A buyer's message."""

    text: str
    #: What it means; the rival is trained on it.
    intent: str
    #: A pattern that the replies match if the flow took the expected step.
    expected: str

    def is_answered_by(self, replies: str) -> bool:
        return re.search(self.expected, replies) is not None


Conversation = tuple[Line, ...]

_OPENERS = ("", "hi, ", "hello, ", "hey, ", "good day, ", "excuse me, ", "one question: ", "ok, ")
_CLOSERS = ("?", " please?", ", thanks", " then?", "??", ", please")
_WORDINGS: dict[str, Sequence[Sequence[str]]] = {
    "service_greeting": (
        ("hello", "hi there", "good morning", "good evening", "hey", "hi", "good afternoon", "hello there"),
        ("", " from Lisbon", " from Oslo", " from Berlin", " from Toronto", " everyone", " to you", " all"),
        ("", "!", " :)"),
    ),
    "order_state": (
        _OPENERS,
        (
            "what is the status of my order",
            "can you tell me the state of my order",
            "has my order been confirmed",
            "I want to check the status of my order",
            "did my order go through",
        ),
        _CLOSERS,
    ),
    "payment_methods": (
        _OPENERS,
        (
            "which payment methods do you accept",
            "what ways to pay do you have",
            "can I pay with PayPal",
            "do you take credit cards",
            "how can I pay here",
        ),
        _CLOSERS,
    ),
    "product_details": (
        _OPENERS,
        (
            "what is it made of",
            "what material is it made of",
            "which material is it",
            "can you tell me what it is made of",
        ),
        _CLOSERS,
    ),
    "service_human": (
        _OPENERS,
        (
            "I want to talk to a person",
            "can I speak to a human agent",
            "connect me to a real person",
            "let me talk to someone from your team",
        ),
        _CLOSERS,
    ),
    "service_thanks": (
        ("thanks", "thank you", "thanks a lot", "many thanks", "thank you so much", "thx"),
        ("", " for your help", " for the answer", " for checking", ", very kind", ", that helped"),
        ("", "!", " :)", "."),
    ),
    "service_affirm": (
        ("yes", "yes it is", "yep", "yeah", "yes indeed", "sure"),
        (", all solved", ", everything is solved", ", that is right", ", correct", ""),
        ("", "!", ".", " :)"),
    ),
}
_STOCK = ("is the {} in stock", "do you have the {} in stock", "is the {} available right now")
#: Who signs, once each text was said without a name: then all of them are new again.
_NAMES = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gwen", "Hal", "Ines", "Jon", "Kim", "Liv")
_SYLLABLES = ("vor", "quel", "nub", "zat", "plim", "gro", "wex", "dush", "kra", "bli", "fop", "yun")


class Buyers:
    """Says each thing in words of its own, about orders and products that are in the store."""

    def __init__(self, store: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        self._wordings = {intent: self._shuffled(parts) for intent, parts in _WORDINGS.items()}
        with sqlite3.connect(store) as connection:
            self._orders = self._drawn(
                connection,
                "SELECT o.number, o.email, c.phone FROM orders o JOIN customers c ON c.id = o.customer_id "
                "WHERE o.state = 'delivered' GROUP BY c.id ORDER BY o.number",
            )
            self._products = self._drawn(
                connection,
                "SELECT name FROM products WHERE json_extract(facts, '$.material') IS NOT NULL ORDER BY code",
            )
        connection.close()

    def conversations(self, count: int) -> list[Conversation]:
        """So many conversations, of each kind in turn."""
        kinds = itertools.cycle((self._step_by_step, self._at_once, self._shopping, self._lost))
        return [next(kinds)() for _ in range(count)]

    def _step_by_step(self) -> Conversation:
        number, email, _ = next(self._orders)
        return (
            self._greeting(),
            self._say("order_state", "send me the order number"),
            Line(f"it is {number}", NO_INTENT, "e-mail address or phone number"),
            Line(email, NO_INTENT, f"Order {number} was delivered"),
            self._thanks(),
            self._yes(),
        )

    def _at_once(self) -> Conversation:
        number, email, _ = next(self._orders)
        asked = next(self._wordings["order_state"])
        return (
            self._greeting(),
            Line(
                f"{asked.rstrip('?')}: order {number}, my e-mail is {email}",
                "order_state",
                f"Order {number} was delivered",
            ),
            self._say("payment_methods", "You can pay by"),
            self._thanks(),
            self._yes(),
        )

    def _shopping(self) -> Conversation:
        return (
            self._greeting(),
            self._stock(),
            self._say("product_details", "is made of"),
            self._say("payment_methods", "You can pay by"),
            self._thanks(),
            self._yes(),
        )

    def _lost(self) -> Conversation:
        return (
            self._greeting(),
            self._stock(),
            self._nonsense(),
            self._say("service_human", "passed this"),
        )

    def _say(self, intent: str, expected: str) -> Line:
        return Line(next(self._wordings[intent]), intent, expected)

    def _greeting(self) -> Line:
        return self._say("service_greeting", "automated assistant")

    def _thanks(self) -> Line:
        return self._say("service_thanks", "Is everything solved")

    def _yes(self) -> Line:
        return self._say("service_affirm", "Thank you for writing")

    def _stock(self) -> Line:
        (product,) = next(self._products)
        return Line(f"{self._rng.choice(_STOCK).format(product)}?", "product_stock", "in stock|sold out")

    def _nonsense(self) -> Line:
        words = ("".join(self._rng.choices(_SYLLABLES, k=2)) for _ in range(4))
        # Both ways out are one action and one reply.
        refusals = "not sure what you mean|couldn't read that|outside what I can help"
        return Line(" ".join(words), NO_INTENT, refusals)

    def _shuffled(self, parts: Sequence[Sequence[str]]) -> Iterator[str]:
        texts = ["".join(chosen) for chosen in itertools.product(*parts)]
        self._rng.shuffle(texts)
        return itertools.chain(texts, (f"{text} ({name})" for name in _NAMES for text in texts))

    def _drawn(self, connection: sqlite3.Connection, query: str) -> Iterator[tuple[str, ...]]:
        rows = connection.execute(query).fetchall()
        self._rng.shuffle(rows)
        return itertools.cycle(rows)
