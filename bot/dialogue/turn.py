"""The turn that is being taken: what every action, reply and store needs to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.desk.cases import Cases
from bot.desk.values.cases import Case
from bot.dialogue.replies import Replies
from bot.dialogue.words import Words
from bot.mailroom.conversations import Conversation
from bot.mailroom.inbox import InboxRow
from bot.messages import Button
from bot.settings import ShopRules
from bot.shop.identity import Identity
from bot.shop.port import Shop
from bot.shop.values import Customer
from nlu.requests import Request

#: Under this name a conversation remembers that the next message tells what happened.
HEARS = "hears"
#: Under this name it remembers the case to whose rating the next message is a comment.
COMMENTS = "comments"


@dataclass(frozen=True)
class Understanding:
    """What the model made of a message."""

    text: str
    #: ISO 639-1; the store's fallback where the language isn't one of the store's.
    language: str
    #: Whether the language is one of the store's and was recognised.
    language_known: bool
    #: BCP 47: the language with its script where the text tells it (``zh-Hant``); empty: the language alone.
    language_tag: str = field(default="", kw_only=True)
    intent: str
    confidence: float
    #: Likeliest first: (intent, confidence).
    ranking: tuple[tuple[str, float], ...]
    #: Rasa's entities: entity, start, end, value and whatever the extractor adds.
    entities: tuple[Mapping[str, Any], ...]
    #: All that is asked for, in order, with its place in the text; the intent is what is acted upon.
    requests: tuple[Request, ...] = ()
    #: ``calm`` or ``angry``.
    mood: str = "calm"
    #: Which threat or harm it tells of (`nlu.mood.kinds.Threat`), whatever its intent is; None: none.
    threat: str | None = None

    def first(self, entity: str) -> Any:
        """The normal form of the first entity of a kind, or None."""
        return next((found["value"] for found in self.entities if found["entity"] == entity), None)


@dataclass(frozen=True)
class Said:
    """One thing that the bot says in this turn."""

    text: str
    buttons: tuple[Button, ...] = ()
    language: str = "en"


@dataclass
class Turn:
    """One message's turn; everything it writes goes through its connection."""

    connection: Connection
    clock: Clock
    rules: ShopRules
    conversation: Conversation
    row: InboxRow
    replies: Replies
    words: Words
    shop: Shop
    identity: Identity
    cases: Cases
    understanding: Understanding
    #: The buyer, once known by a checked identity.
    customer: Customer | None = None
    #: Rasa's events of the conversation so far as JSON; None for its first message.
    stored_events: str | None = None
    #: What outlives them.
    memory: dict[str, Any] = field(default_factory=dict)
    #: The form whose question the message answers, if one was asked.
    asked_by: str | None = None
    #: The flow that the turn's last business action belongs to.
    flow: str | None = None
    #: The case that this turn opened or added to.
    case: Case | None = None
    #: The identity check was made in this turn.
    identity_checked: bool = False
    #: Why nothing is said to an event, where that is right; a buyer's message is never met with silence.
    silence: str | None = None
    #: True once an order or money was changed: what is said then confirms it.
    confirms: bool = False
    #: What is said once the store's own system has acknowledged what this turn did: replies as JSON.
    held: list[dict[str, Any]] = field(default_factory=list)
    #: Rasa's actions with the policy that chose each, in order.
    steps: list[Mapping[str, Any]] = field(default_factory=list)
    facts: list[Mapping[str, Any]] = field(default_factory=list)
    #: The names of the replies that were said, in order.
    replied: list[str] = field(default_factory=list)
    #: What Rasa would swallow: the first exception of an action or a reply.
    failure: Exception | None = None
    #: Rasa's tracker after the turn.
    tracker: Any = None

    @property
    def channel_identity(self) -> str:
        """Who is at the other end, as far as the channel can tell."""
        talk = self.conversation
        return f"{talk.channel}:{talk.account}:{talk.sender}"

    def now_known(self, customer: Customer | None) -> None:
        """The buyer's identity was just checked: from here on times are told in their own zone."""
        self.customer = customer
        if customer is not None:
            self.words = self.words.for_buyer(customer.timezone, customer.country)

    def hears(self, reply: str) -> int:
        """Note that the buyer is told this, and say how often they were before: 0 where it has one way."""
        if not self.replies.has_variants(reply):
            return 0
        heard: Mapping[str, int] = self.memory.get(_HEARD, {})
        # Not changed in place: a turn that fails is taken again with the same memory.
        self.memory[_HEARD] = {**heard, reply: heard.get(reply, 0) + 1}
        return heard.get(reply, 0)

    def read(self, what: str, **values: Any) -> None:
        """Record a fact that the turn read, for ``/why`` and replay."""
        self.facts.append({"what": what, "at": self.clock.now().isoformat(), **values})


#: Under this name a conversation remembers how often replies of several variants were said.
_HEARD = "heard"

_turn: ContextVar[Turn] = ContextVar("turn")


def current_turn() -> Turn:
    """The turn being taken in this context.

    Raises:
        LookupError: no turn is being taken.
    """
    return _turn.get()


def turn_or_none() -> Turn | None:
    """The turn being taken in this context, if any is."""
    return _turn.get(None)


@contextmanager
def taking(turn: Turn) -> Iterator[Turn]:
    """Make a turn the current one for the block."""
    token = _turn.set(turn)
    try:
        yield turn
    finally:
        _turn.reset(token)
