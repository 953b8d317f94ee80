"""Which turns somebody should look at: what the model was unsure of, and what buyers did after it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk.tables import intent_labels, people
from bot.dialogue.tables import trackers, turns
from bot.mailroom.tables import inbox
from bot.settings.review import ReviewRules
from bot.training.grouping import Encode
from bot.training.masking import masked
from bot.training.values import Why

#: What Rasa calls a message that it did not understand.
FALLBACK = "nlu_fallback"
#: What is acted upon when a buyer asks the same thing again and again.
_REPEATED = "repeated_question"
#: Turns of a conversation that are looked back on.
_LOOK_BACK = 20
#: Cosine from which on the next message says the same again.
SAME_AGAIN = 0.7
#: How much there is to learn at least, whatever the model says of itself.
_DOUBTS = {Why.AGENT: 1.0, Why.FALLBACK: 0.7, Why.REPHRASED: 0.6, Why.RATED: 0.5, Why.LEFT: 0.4}

#: A turn with all that tells whether to look at it.
TURN = sa.select(
    turns.c.id,
    turns.c.conversation_id,
    turns.c.inbox_id,
    turns.c.at,
    turns.c.model,
    turns.c.language,
    turns.c.intent,
    turns.c.reading,
    turns.c.flow,
    turns.c.facts,
    sa.func.coalesce(inbox.c.edited_text, inbox.c.text).label("text"),
).join(inbox, inbox.c.id == turns.c.inbox_id)


@dataclass
class Candidate:
    """A turn that somebody should look at."""

    turn: Any
    reasons: set[Why] = field(default_factory=set)
    #: What the agent said it meant who closed the case: their number, login and the intent.
    agent: tuple[int, str, str] | None = None

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """What the model held likely, the likeliest first."""
        return [(name, float(sure)) for name, sure in self.turn.reading["ranking"]]

    @property
    def doubt(self) -> float:
        """How much there is to learn from it: 0 to 1."""
        sure = [one for _, one in self.ranking]
        least = max((_DOUBTS.get(why, 0.0) for why in self.reasons), default=0.0)
        return round(max(least, 1 - (sure[0] - sure[1])), 4)


class Found(dict[int, Candidate]):
    """Candidates by the number of their message."""

    def add(self, turn: Any, why: Why) -> Candidate:
        """Tell why somebody should look at a turn."""
        candidate = self.setdefault(turn.inbox_id, Candidate(turn))
        candidate.reasons.add(why)
        return candidate


class Finder:
    """Finds, among turns that nobody has looked at yet, those that somebody should.

    Args:
        connection: the caller's unit of work; nothing is written.
        rules: ``review`` in ``shop.yml``.
        encode: makes the sentence vectors.
    """

    def __init__(self, connection: Connection, rules: ReviewRules, encode: Encode) -> None:
        self._connection = connection
        self._rules = rules
        self._encode = encode

    def among(self, new: Sequence[Any], place: int) -> Found:
        """Those of new turns, and of turns before that they tell something about.

        Args:
            new: consecutive turns, as ``TURN`` selects them.
            place: the number of the last turn that was looked at before.
        """
        found = Found()
        self._by_themselves(new, found)
        self._rated_badly(new, found)
        self._said_again(place, new, found)
        return found

    def _by_themselves(self, new: Sequence[Any], found: Found) -> None:
        """Those of which the turn itself tells that the model was wrong, or may have been."""
        for turn in new:
            if not _is_talk(turn):
                continue
            sure = [float(one) for _, one in turn.reading["ranking"]]
            if turn.intent == FALLBACK:
                found.add(turn, Why.FALLBACK)
            elif sure[0] < self._rules.unsure_below or sure[0] - sure[1] < self._rules.margin_below:
                found.add(turn, Why.UNSURE)
            elif is_drawn(turn.inbox_id, self._rules.drawn_percent):
                found.add(turn, Why.DRAWN)

    def _rated_badly(self, new: Sequence[Any], found: Found) -> None:
        """Of a conversation with few stars, the message of which the model was least sure."""
        for turn in new:
            stars = [fact.get("stars") for fact in turn.facts or () if fact.get("what") == "rating"]
            if not any(isinstance(one, int) and one <= self._rules.bad_stars for one in stars):
                continue
            talked = [one for one in _before(self._connection, turn) if _is_talk(one)]
            if talked:
                found.add(min(talked, key=lambda one: float(one.reading["ranking"][0][1])), Why.RATED)

    def _said_again(self, place: int, new: Sequence[Any], found: Found) -> None:
        """Those that the buyer said again, in the same words or in others, right afterwards."""
        within = dt.timedelta(minutes=self._rules.rephrased_minutes)
        last = _last_talk(self._connection, place, {turn.conversation_id for turn in new})
        pairs = []
        for turn in new:
            if not _is_talk(turn):
                continue
            before = last.get(turn.conversation_id)
            last[turn.conversation_id] = turn
            if before is None or turn.at - before.at > within:
                continue
            if turn.intent == _REPEATED:
                found.add(before, Why.REPHRASED)
            else:
                pairs.append((before, turn))
        if not pairs:
            return
        rows = self._encode([masked(one.text) for pair in pairs for one in pair])
        for number, (before, _) in enumerate(pairs):
            if float(rows[2 * number] @ rows[2 * number + 1]) >= SAME_AGAIN:
                found.add(before, Why.REPHRASED)

    def agents_knew(self, place: int, most: int, found: Found) -> int:
        """Find the messages of which the agent who closed the case said that they meant something else.

        Args:
            place: labels after this one are looked at.
            most: labels looked at in one go.
            found: what is found is added to it.

        Returns: the label up to which was looked.
        """
        said = self._connection.execute(
            sa.select(intent_labels, people.c.login)
            .join(people, people.c.id == intent_labels.c.person_id)
            .where(intent_labels.c.id > place)
            .order_by(intent_labels.c.id)
            .limit(most)
        ).all()
        other = {one.inbox_id: one for one in said if one.intent != one.predicted}
        for turn in self._connection.execute(TURN.where(turns.c.inbox_id.in_(list(other)))):
            if _is_talk(turn):
                one = other[turn.inbox_id]
                found.add(turn, Why.AGENT).agent = (one.person_id, one.login, one.intent)
        return int(said[-1].id) if said else place

    def left_alone(self, place: int, before: dt.datetime, most: int, found: Found) -> tuple[int, bool]:
        """Find what began those flows whose question nobody answered.

        Args:
            place: turns after this one are looked at ...
            before: ... if nobody has said anything since this moment.
            most: conversations looked at in one go.
            found: what is found is added to it.

        Returns: the turn up to which was looked, and whether there may be more.
        """
        later = turns.alias()
        silent = self._connection.execute(
            sa.select(turns.c.id, turns.c.conversation_id, turns.c.flow, trackers.c.memory)
            .join(trackers, trackers.c.conversation_id == turns.c.conversation_id)
            .where(
                turns.c.id > place,
                turns.c.at <= before,
                ~sa.exists().where(
                    sa.and_(later.c.conversation_id == turns.c.conversation_id, later.c.id > turns.c.id)
                ),
            )
            .order_by(turns.c.id)
            .limit(most)
        ).all()
        for turn in silent:
            if not turn.memory.get("form"):
                continue
            run = []
            for one in _before(self._connection, turn, including=True):
                if one.flow != turn.flow:
                    break
                run.append(one)
            for one in [one for one in reversed(run) if _is_talk(one)][:1]:
                found.add(one, Why.LEFT)
        return (silent[-1].id if silent else place), len(silent) == most


def _is_talk(turn: Any) -> bool:
    """Whether the buyer said something of their own: no button, and no answer to a form's question."""
    return bool(turn.reading) and not turn.reading.get("form") and any(sign.isalpha() for sign in turn.text)


def is_drawn(number: int, percent: float) -> bool:
    """Whether a message is drawn: always the same ones, evenly spread."""
    digest = hashlib.blake2b(str(number).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < percent / 100


def _before(connection: Connection, turn: Any, *, including: bool = False) -> list[Any]:
    """The turns of a conversation before one of them, the newest first."""
    until = turns.c.id <= turn.id if including else turns.c.id < turn.id
    return list(
        connection.execute(
            TURN.where(turns.c.conversation_id == turn.conversation_id, until)
            .order_by(turns.c.id.desc())
            .limit(_LOOK_BACK)
        )
    )


def _last_talk(connection: Connection, place: int, talks: Iterable[int]) -> dict[int, Any]:
    """The last message of each conversation that was looked at before."""
    newest = (
        sa.select(sa.func.max(turns.c.id))
        .where(turns.c.conversation_id.in_(list(talks)), turns.c.id <= place, turns.c.reading.isnot(None))
        .group_by(turns.c.conversation_id)
    )
    rows = connection.execute(TURN.where(turns.c.id.in_(newest)))
    return {row.conversation_id: row for row in rows if _is_talk(row)}
