"""What the review inbox is about: messages, why to look at them, and what people say they mean."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Why(str, enum.Enum):
    """Why somebody should look at a message; the weightiest first."""

    #: The agent who closed the case said that it meant something else.
    AGENT = "agent"
    FALLBACK = "fallback"
    #: Little confidence, or nearly as much in another meaning.
    UNSURE = "unsure"
    #: The buyer said it again in other words.
    REPHRASED = "rephrased"
    #: The flow that it began was left half-way.
    LEFT = "left"
    #: The buyer gave few stars afterwards.
    RATED = "rated"
    #: Drawn at random.
    DRAWN = "drawn"


class ItemState(str, enum.Enum):
    """Where a message stands."""

    WAITING = "waiting"
    #: One person has said what it means, and another must say the same.
    SECOND = "second"
    #: People disagree; it is not trained.
    DISPUTED = "disputed"
    SETTLED = "settled"


class Meaning(str, enum.Enum):
    """What kind of thing somebody says of a message."""

    #: It means this intent, ``out_of_scope`` among them.
    INTENT = "intent"
    #: It asks for two things at once: no example for either.
    TWO = "two"
    #: Nothing can be learnt from it.
    NOTHING = "nothing"


@dataclass(frozen=True)
class Mark:
    """A piece of a message's (masked) text, from `start` up to `end`, and what it names."""

    start: int
    end: int
    #: An entity's name, such as ``product``.
    kind: str
    #: Of a product its code; None: what the words themselves say.
    value: str | None = None

    def overlaps(self, other: Mark) -> bool:
        """Whether the two share a letter."""
        return self.start < other.end and other.start < self.end

    def is_among(self, found: Iterable[Mark]) -> bool:
        """Whether something of this kind (a product: the same one) was found there."""
        return any(
            one.kind == self.kind and one.overlaps(self) and self.value in (None, one.value) for one in found
        )


@dataclass(frozen=True)
class Made:
    """A mark that somebody made, with its number."""

    id: int
    mark: Mark
    #: A login.
    actor: str
    #: Whether a decision of theirs includes it; else it waits for one.
    decided: bool


@dataclass(frozen=True)
class Verdict:
    """What somebody says of a message."""

    meaning: Meaning
    intent: str | None = None
    #: The other one of ``Meaning.TWO``.
    second_intent: str | None = None
    #: ISO 639-1, where the message's is another than the model found.
    language: str | None = None
    #: What it names, in order; a decision on many messages says it of each by itself.
    marks: tuple[Mark, ...] = ()

    def __str__(self) -> str:
        parts = [one for one in (self.intent, self.second_intent) if one]
        return " and ".join(parts) or "nothing to learn from"


@dataclass(frozen=True)
class Actor:
    """Who decides."""

    login: str
    #: None: whoever runs the command line.
    person_id: int | None = None


#: Whoever runs the command line without saying who they are.
OPERATOR = Actor("operator")


@dataclass(frozen=True)
class Item:
    """One message of the inbox."""

    id: int
    at: dt.datetime
    language: str
    #: Personal data masked.
    text: str
    #: Intent and confidence, the likeliest first.
    ranking: tuple[tuple[str, float], ...]
    reasons: tuple[Why, ...]
    state: ItemState
    #: What it was found to be; None unless settled.
    verdict: Verdict | None
    #: What people say of it, by login; only where they disagree.
    said: Mapping[str, Verdict]
    #: What people marked in it, in order.
    marks: tuple[Made, ...] = ()
    #: What the bot found named in it when it came; None: nobody looked.
    named: tuple[Mark, ...] | None = None

    def words(self, mark: Mark) -> str:
        """What a mark is about."""
        return self.text[mark.start : mark.end]

    def is_found(self, mark: Mark) -> bool | None:
        """Whether the bot found something of this kind there; None: nobody looked."""
        return None if self.named is None else mark.is_among(self.named)


@dataclass(frozen=True)
class Group:
    """Messages of one language that mean nearly the same."""

    id: int
    language: str
    #: One of its messages.
    sample: str
    #: The likeliest intents with their share, the likeliest first; at most three.
    likely: tuple[tuple[str, float], ...]
    waiting: int
    second: int
    disputed: int
    #: Uncertainty times size: what there is to learn.
    worth: float
    newest_at: dt.datetime
    fence: int


@dataclass(frozen=True)
class Done:
    """What came of a decision or of taking one back."""

    act_id: int
    group_id: int
    #: What the decision said.
    verdict: Verdict
    #: How many messages it was about, and how many of them are settled, wait for a second person, or are
    #: disputed now.
    items: int
    settled: int
    second: int
    disputed: int


@dataclass(frozen=True)
class ActLine:
    """A decision as the list of what was done tells it."""

    id: int
    at: dt.datetime
    actor: str
    group_id: int
    verdict: Verdict
    language: str
    items: int
    undone_at: dt.datetime | None


@dataclass(frozen=True)
class Outcome:
    """What one model makes of a turn."""

    intent: str | None
    flow: str | None
    said: tuple[str, ...]
    buttons: tuple[str, ...]
    actions: tuple[str, ...]
    #: Whether all of it is known: what was asked for that was not read then may be of today.
    known: bool


@dataclass(frozen=True)
class Difference:
    """The first turn of a conversation in which two models part; what lies after it nobody knows."""

    conversation_id: int
    turn_id: int
    #: What the buyer wrote.
    text: str
    before: Outcome
    after: Outcome

    @property
    def what(self) -> tuple[str, ...]:
        """What changes, such as ``intent``."""
        names = ("intent", "flow", "said", "buttons", "actions")
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.after, name))
