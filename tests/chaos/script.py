"""What buyers write, and an engine whose answers are known beforehand."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.desk.values.cases import CaseCard, Reason
from bot.dialogue.tables import trackers
from bot.dialogue.turn import Said, Turn, Understanding
from bot.mailroom.inbox import MESSAGE
from bot.messages import Inbound

CHANNEL, ACCOUNT = "slip", "shop"
#: How often each kind is written, and how many messages its answer has.
KINDS = {"talk": (50, 1), "pair": (20, 2), "money": (15, 1), "slow": (8, 1), "away": (6, 1), "case": (4, 1)}
#: The kind of what the real model answers, and what is written to it.
REAL = "real"
WORDS = (
    "hello there",
    "good morning!",
    "which payment methods do you accept?",
    "can I pay with PayPal?",
    "what is the Lotus Porcelain Teapot made of?",
    "how heavy is the Dorado Hand Grinder?",
    "and how much does it cost?",
    "is the Tindra Rain Jacket waterproof?",
    "how long does shipping to Germany take?",
    "where is my parcel?",
    "what is the status of my order",
    "the parcel is marked as delivered but I do not have it",
    "how can I return something?",
    "I want to talk to a person",
    "thank you",
    "ok, bye",
)
#: How long what an ``away`` message needs is away, in seconds.
AWAY = 0.9
#: How long a slow turn takes, in seconds.
SLOW = 0.4

# What the real model says follows on lines of its own.
ANSWER = re.compile(
    r"(?P<number>\d+)\.(?P<part>\d+)/(?P<parts>\d+) after (?P<before>\d+)(?P<money> money)?(\n.*)?", re.DOTALL
)
#: What a person at the desk says instead of the bot.
PERSON = re.compile(r"(?P<number>\d+) by a person")
#: What a person says of a message of which nobody knows whether it arrived.
ASSURED = re.compile(r"(?P<number>\d+)\.(?P<part>\d+) assured by a person")
BACK = "back with the bot"


@dataclass(frozen=True)
class Letter:
    """One message that a buyer sends."""

    buyer: str
    #: 1, 2, 3 … of this buyer.
    number: int
    kind: str
    #: When it is sent, in seconds after the beginning.
    at: float
    #: What the real model reads, if it is asked.
    words: str = ""

    @property
    def id(self) -> str:
        return f"{self.buyer}-{self.number}"

    @property
    def text(self) -> str:
        return f"{self.number} {self.kind} {self.words}".rstrip()

    @property
    def parts(self) -> int:
        """Of how many messages the bot's answer consists."""
        return KINDS[self.kind][1] if self.kind in KINDS else 1

    def inbound(self) -> Inbound:
        return Inbound(
            channel=CHANNEL,
            account=ACCOUNT,
            message_id=self.id,
            sender=self.buyer,
            text=self.text,
            sent_at=dt.datetime.now(dt.timezone.utc),
        )


def write_letters(
    seed: int, messages: int, buyers: int, seconds: float, *, real: bool = False
) -> list[Letter]:
    """Messages by many buyers, in bursts of one to four, spread over some time; ``real``: in real words."""
    chance = random.Random(f"letters {seed}")
    names = list(KINDS)
    weights = [KINDS[name][0] for name in names]
    letters: list[Letter] = []
    for buyer in range(buyers):
        count = messages // buyers + (buyer < messages % buyers)
        starts: list[float] = []
        while len(starts) < count:
            starts += [chance.uniform(0, seconds)] * chance.randint(1, 4)
        for number, at in enumerate(sorted(starts[:count]), 1):
            kind = REAL if real else chance.choices(names, weights)[0]
            letters.append(Letter(f"b{buyer}", number, kind, at, chance.choice(WORDS) if real else ""))
    return sorted(letters, key=lambda letter: (letter.at, letter.buyer, letter.number))


class AwayError(RuntimeError):
    """What the turn needs does not answer."""


class ScriptedEngine:
    """In the place of the model; does what a turn does: tracker, case, replies."""

    model = "scripted"
    #: Where it notes what outlives a turn.
    place = Path()

    @classmethod
    def load(cls, model: object) -> ScriptedEngine:
        del model
        return cls()

    def prepare(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to close."""

    def understand(self, text: str, metadata: Mapping[str, Any] | None = None) -> Understanding:
        del metadata
        return Understanding(text, "en", True, "inform", 1.0, (), ())

    def take(self, turn: Turn) -> list[Said]:
        if turn.row.kind != MESSAGE:
            return [Said(BACK)]
        number, kind = turn.row.text.split()
        answered = json.loads(turn.stored_events or "[]")
        self._remember(turn, [*answered, int(number)][-3:])
        if kind == "away":
            self._ask(turn)
        if kind == "slow":
            time.sleep(SLOW)
        if kind == "case":
            turn.case = turn.cases.open(
                turn.conversation.id,
                intent="service_human",
                reason=Reason.ASKED_FOR_HUMAN,
                card=CaseCard(wants=turn.row.text, why="the script says so", name=None, language="en"),
                language="en",
            )
        turn.confirms = kind == "money"
        parts = KINDS[kind][1]
        before = answered[-1] if answered else 0
        return [Said(f"{number}.{part}/{parts} after {before}") for part in range(1, parts + 1)]

    def _ask(self, turn: Turn) -> None:
        """Ask something that is away for a while from when it is asked first."""
        now = turn.clock.now()
        # What is noted outlives the turn, and may be noted on a full disk: a link has no bytes.
        note = self.place / f"away-{turn.row.id}"
        with contextlib.suppress(FileExistsError):
            note.symlink_to(now.isoformat())
        if 0 <= (now - dt.datetime.fromisoformat(str(note.readlink()))).total_seconds() < AWAY:
            raise AwayError

    def _remember(self, turn: Turn, answered: list[int]) -> None:
        values = {"events": json.dumps(answered), "memory": {}, "updated_at": turn.clock.now()}
        talk = turn.conversation.id
        if turn.stored_events is None:
            turn.connection.execute(trackers.insert().values(conversation_id=talk, **values))
        else:
            turn.connection.execute(
                trackers.update().where(trackers.c.conversation_id == talk).values(**values)
            )


class LabelledEngine:
    """The real model; the first line of what it says tells which message it answers."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.model = engine.model

    @classmethod
    def around(cls, load: Callable[[Path], Any]) -> type[LabelledEngine]:
        """A class whose ``load`` loads the real one."""

        class Loaded(cls):  # type: ignore[misc, valid-type]
            @classmethod
            def load(cls, model: Path) -> Any:
                return cls(load(model))

        return Loaded

    def prepare(self) -> None:
        self._engine.prepare()

    def close(self) -> None:
        self._engine.close()

    def understand(self, text: str, metadata: Mapping[str, Any] | None = None) -> Any:
        return self._engine.understand(re.sub(rf"^\d+ {REAL} ", "", text), metadata)

    def take(self, turn: Turn) -> list[Said]:
        if turn.row.kind != MESSAGE:
            return [replace(one, text=f"{BACK}\n{one.text}") for one in self._engine.take(turn)]
        number, before = int(turn.row.text.split()[0]), turn.memory.get("answered", 0)
        # It is kept beside the tracker, in the same row.
        turn.memory["answered"] = number
        said: list[Said] = self._engine.take(turn) or [Said("")]
        money = " money" if turn.confirms else ""
        label = f"{number}.{{}}/{len(said)} after {before}{money}\n"
        return [replace(one, text=label.format(part) + one.text) for part, one in enumerate(said, 1)]
