"""Taking turns: a claimed message goes through the engine, and all that follows is one transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.clock import Clock
from bot.database import Database
from bot.dialogue import meaning, tape
from bot.dialogue.composing import Composer
from bot.dialogue.deadline import deadline
from bot.dialogue.engine import Engine, topic_of, typed_text
from bot.dialogue.grounds import grounds_of, version_of
from bot.dialogue.meanwhile import TOLD, LeftToPeopleError, keep_if_told, only_tell
from bot.dialogue.reading import MessageReader
from bot.dialogue.recovery import Recovery
from bot.dialogue.relaying import Relay
from bot.dialogue.replies import Replies
from bot.dialogue.report import TurnReport
from bot.dialogue.tables import turns
from bot.dialogue.turn import Turn, Understanding
from bot.errors import LostClaimError, ModelError, TryLaterError, TurnTimeoutError
from bot.mailroom import inbox, line, outbox
from bot.mailroom.heartbeat import Heartbeat
from bot.mailroom.inbox import MESSAGE, Claim
from bot.messages import Button
from bot.settings import ShopRules

log = logging.getLogger(__name__)

#: Without a heartbeat a claim outlasts the longest turn by this, in seconds: only a dead worker's runs out.
LEASE_MARGIN = 40

_INSERT = turns.insert()


class AbandonedTurnError(RuntimeError):
    """Whoever took the turn gave no more sign of life, time and again."""


class TurnTaker:
    """Takes one turn after another; owns nothing but the engine."""

    def __init__(
        self,
        database: Database,
        rules: ShopRules,
        replies: Replies,
        clock: Clock,
        engine: Engine | None,
        worker: str,
        channel: str | None = None,
        heartbeat: Heartbeat | None = None,
        tried: Callable[[int], Engine | None] = lambda _: None,
    ) -> None:
        self._database = database
        self._clock = clock
        #: None where the model does not load: then every message goes to a person.
        self._released = engine
        #: The one that takes this turn.
        self._engine = engine
        #: The candidate whose a conversation is, by its number; None: it is nobody's but the released one's.
        self._tried = tried
        self._worker = worker
        #: Takes turns of this channel only, if one is named.
        self._channel = channel
        #: Keeps what is claimed; without one, the lease is long.
        self._heartbeat = heartbeat
        longest = dt.timedelta(seconds=rules.serving.turn_seconds + LEASE_MARGIN)
        self._lease = longest if heartbeat is None else heartbeat.lease
        self._reader = MessageReader(database)
        self._is_quiet = False
        self._equip(rules, replies)
        tape.listen(database)

    @property
    def engine(self) -> Engine | None:
        """The released model; None where none loads."""
        return self._released

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waited at the last look, and the database tells of what comes."""
        return self._is_quiet

    def serve_with(self, engine: Engine) -> None:
        """Take the next turns with another model; only between two turns."""
        self._released = self._engine = engine

    def speak(self, replies: Replies) -> None:
        """Take the next turns with other words; only between two turns."""
        if replies is not self._replies:
            self._equip(self._rules, replies)

    def govern(self, rules: ShopRules) -> None:
        """Take the next turns by other rules; only between two turns."""
        if rules is not self._rules:
            self._equip(rules, self._replies)

    def _equip(self, rules: ShopRules, replies: Replies) -> None:
        self._rules, self._replies = rules, replies
        #: Of the rules.
        self._version = version_of(rules)
        self._composer = Composer(rules, replies, self._clock)
        self._relay = Relay(self._database, rules, replies, self._clock)
        self._recovery = Recovery(self._database, rules, replies, self._clock)

    def take_next(self) -> TurnReport | None:
        """Claim the oldest waiting message and take its turn; None if nothing waits.

        Raises:
            TryLaterError: the database is away; nothing was lost.
        """
        with self._database.begin() as connection:
            held = inbox.claim(
                connection,
                self._worker,
                now=self._clock.now(),
                lease=self._lease,
                channel=self._channel,
            )
            # What may not be taken yet comes due without anybody telling.
            self._is_quiet = held is None and not self._database.is_sqlite and line.is_empty(connection)
            if held is not None and held.row.kind == MESSAGE and held.row.button is None:
                # Read here, it costs no unit of work of its own.
                self._reader.recall(held, outbox.last_buttons(connection, held.conversation.id))
        return None if held is None else replace(self.take(held), channel=held.conversation.channel)

    def take(self, held: Claim) -> TurnReport:
        """Take a claimed turn to its end: answered, relayed, put off, or buried with a case.

        Raises:
            TryLaterError: the database is away; the turn is taken again.
        """
        with contextlib.nullcontext() if self._heartbeat is None else self._heartbeat.over(held):
            return self._take(held)

    def _take(self, held: Claim) -> TurnReport:
        # Once a turn, whatever is released meanwhile: it is understood and answered by one model.
        self._engine = self._tried(held.conversation.id) or self._released
        try:
            if held.row.attempts >= self._rules.serving.turn_tries:
                # Only of claims that ended by themselves: every other failure is settled where it is counted.
                return self._buried(held, AbandonedTurnError())
            try:
                with deadline(self._rules.serving.turn_seconds):
                    return self._relay.take(
                        held, self._heard, self._reader.offered, self._meanwhile
                    ) or self._answer(held)
            except LostClaimError:
                raise
            except TryLaterError:
                self._let_go(held)
                raise
            except Exception as error:
                return self._failed(held, error)
        except LostClaimError:
            # Also where the turn was finished when its time ran out: then there is nothing left to do.
            log.warning("turn on inbox row %s: another worker has it", held.row.id)
            return TurnReport(held.conversation.id, "lost")

    def _let_go(self, held: Claim) -> None:
        """Let the turn be taken again at once, if the database is back; if not, its lease ends by itself."""
        with contextlib.suppress(TryLaterError), self._database.begin() as connection:
            inbox.release(connection, held)

    def _failed(self, held: Claim, error: Exception) -> TurnReport:
        last = held.row.attempts + 1 >= self._rules.serving.turn_tries
        # A model that is away and a turn that took too long have no second try.
        if last or isinstance(error, (ModelError, TurnTimeoutError)):
            return self._buried(held, error)
        self._recovery.put_off(held, error)
        return TurnReport(held.conversation.id, "put off")

    def _buried(self, held: Claim, error: Exception) -> TurnReport:
        case, said = self._recovery.bury(held, error)
        return TurnReport(held.conversation.id, "buried", (said,), flow="failed", case=case)

    def _heard(self, held: Claim) -> Understanding | None:
        """What a typed message means that is for people; what they must see is relayed unread, too."""
        if self._engine is None or held.row.button is not None or not typed_text(held.row.text):
            return None
        try:
            return self._reader.read(self._engine, held)
        except TurnTimeoutError:
            raise
        except Exception as error:
            log.warning("inbox row %s is relayed unread: %s", held.row.id, type(error).__name__)
            return None

    def _meanwhile(self, held: Claim) -> TurnReport | None:
        """Answer a buyer who waits for a person, where that takes no question back and changes nothing.

        The playbook's "the one needed is away": stay useful meanwhile. Whatever goes wrong here, a person
        has the conversation and the message.
        """
        if self._engine is None or not (held.row.button or typed_text(held.row.text)):
            return None
        try:
            if topic_of(self._reader.read(self._engine, held).intent) not in TOLD:
                return None
            return self._answer(held, meanwhile=True)
        except (LostClaimError, TryLaterError, TurnTimeoutError):
            raise
        except LeftToPeopleError:
            return None
        except Exception as error:
            log.warning("inbox row %s is relayed unanswered: %s", held.row.id, type(error).__name__)
            return None

    def _answer(self, held: Claim, *, meanwhile: bool = False) -> TurnReport:
        """Answer a message.

        Args:
            held: the claimed row.
            meanwhile: a person is waited for: only what tells something is said.

        Raises:
            LeftToPeopleError: a person must answer; nothing is kept.
        """
        if self._engine is None:
            raise ModelError
        now = self._clock.now()
        with tape.recording() as recorded:
            read = self._reader.read(self._engine, held)
            with self._database.begin() as connection:
                offered = self._reader.recalled(held)
                turn, rest = self._composer.prepare(connection, held, read, now, offered)
                below: Sequence[Button] = ()
                if meanwhile:
                    below = only_tell(turn)
                said = self._composer.speak(self._engine, turn, held, rest, below)
                if meanwhile:
                    keep_if_told(turn, said)
                kept = tape.sealed(recorded, held, offered, meanwhile=meanwhile)
                self._record(turn, meaning.reading_of(held.row, read, turn.asked_by), now, kept)
                note = f"case {turn.case.id}" if turn.case else (turn.silence or "answered")
                inbox.finish(connection, held, note, now=now)
        return TurnReport(
            held.conversation.id,
            note,
            said,
            turn.understanding,
            turn.flow,
            turn.steps,
            turn.facts,
            turn.case,
            grounds_of(self._rules, self._version, turn.replied),
        )

    def _record(
        self, turn: Turn, reading: Mapping[str, Any] | None, now: dt.datetime, kept: bytes | None
    ) -> None:
        turn.connection.execute(
            _INSERT,
            {
                "conversation_id": turn.conversation.id,
                "inbox_id": turn.row.id,
                "at": now,
                "model": self._engine.model if self._engine else None,
                "words": turn.replies.version or None,
                "language": turn.understanding.language,
                "intent": turn.understanding.intent,
                "confidence": turn.understanding.confidence,
                "reading": reading,
                "flow": turn.flow,
                "steps": list(turn.steps),
                "facts": list(turn.facts),
                "tape": kept,
                "grounds": grounds_of(self._rules, self._version, turn.replied),
            },
        )
