"""Taking turns: a claimed message goes through the engine, and all that follows is one transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.clock import Clock
from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.values import Case
from bot.dialogue.actions.facts import fact_asked
from bot.dialogue.deadline import deadline
from bot.dialogue.engine import FALLBACK_INTENT, Engine, typed_text
from bot.dialogue.recovery import Recovery
from bot.dialogue.replies import Replies
from bot.dialogue.tables import turns
from bot.dialogue.trackers import remembered
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.words import Words
from bot.errors import LostClaimError, ModelError, TryLaterError, TurnTimeoutError
from bot.mailroom import conversations, inbox, outbox
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.inbox import MESSAGE, Claim
from bot.messages import Author, Button, Weight
from bot.settings import ShopRules
from bot.shop.database_shop import DatabaseShop
from bot.shop.identity import Identity
from bot.shop.values import Customer

log = logging.getLogger(__name__)

#: A claim outlasts the longest turn by this, in seconds: only a dead worker's can run out.
LEASE_MARGIN = 40
#: Characters of the last question that are kept for the case card.
LONGEST_WORDS = 200
#: Events that a case tells the conversation, and on which the bot has nothing to say.
SILENT_EVENTS = {"case_closed": "the agent closed the case; the last word was theirs"}
#: What a message with a threat or harm in it is acted upon as.
THREAT_INTENT = "service_threat"
#: Messages that are no question of their own: they neither count as repeated nor break a row of questions.
_SMALL = ("service_", "inform", "no_order_number", FALLBACK_INTENT, "out_of_scope")

#: Entities that say who asks, not what about.
_PROOFS = ("email", "phone")
_INSERT = turns.insert()


class SilentTurnError(RuntimeError):
    """A turn ended without a word, a case or a reason."""


@dataclass(frozen=True)
class TurnReport:
    """What came of one turn, for those who watch: ``converse``, ``chat`` and tests."""

    conversation_id: int
    note: str
    said: Sequence[Said] = ()
    understanding: Understanding | None = None
    flow: str | None = None
    steps: Sequence[Any] = ()
    facts: Sequence[Any] = ()
    case: Case | None = None


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
    ) -> None:
        self._database = database
        self._rules = rules
        self._replies = replies
        self._clock = clock
        #: None where the model does not load: then every message goes to a person.
        self._engine = engine
        self._worker = worker
        #: Takes turns of this channel only, if one is named.
        self._channel = channel
        self._lease = dt.timedelta(seconds=rules.serving.turn_seconds + LEASE_MARGIN)
        self._recovery = Recovery(database, rules, replies, clock)

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
        return None if held is None else self.take(held)

    def take(self, held: Claim) -> TurnReport:
        """Take a claimed turn to its end: answered, relayed, put off, or buried with a case.

        Raises:
            TryLaterError: the database is away; the turn is taken again.
        """
        try:
            try:
                with deadline(self._rules.serving.turn_seconds):
                    return self._relay(held) or self._answer(held)
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

    def _relay(self, held: Claim) -> TurnReport | None:
        """Leave a message to the person who has the conversation; None if the bot must answer."""
        if held.row.kind in SILENT_EVENTS:
            with self._database.begin() as connection:
                inbox.finish(connection, held, SILENT_EVENTS[held.row.kind], now=self._clock.now())
            return TurnReport(held.conversation.id, "silent")
        if held.row.kind != MESSAGE or held.conversation.owner is Owner.BOT:
            return None
        with self._database.begin() as connection:
            case = Cases(connection, self._rules, self._clock).buyer_wrote(held.conversation.id)
            if case is None:
                # Nobody has it after all: the buyer must not be left in silence.
                conversations.set_owner(connection, held.conversation.id, Owner.BOT)
                return None
            inbox.finish(connection, held, "relayed", now=self._clock.now())
        return TurnReport(held.conversation.id, "relayed", case=case)

    def _answer(self, held: Claim) -> TurnReport:
        if self._engine is None:
            raise ModelError
        talk, row = held.conversation, held.row
        now = self._clock.now()
        understanding = self._understand(held)
        with self._database.begin() as connection:
            events, memory = remembered(connection, talk.id)
            understanding = _unless_repeated(_threat_first(understanding), row.kind, memory, self._rules)
            language = understanding.language
            if row.kind == MESSAGE and row.button is None and language != talk.language:
                conversations.set_language(connection, talk.id, language)
            shop = DatabaseShop(connection, self._rules, self._clock)
            customer = self._customer(shop, talk.customer_id, memory)
            turn = Turn(
                connection=connection,
                clock=self._clock,
                rules=self._rules,
                conversation=talk,
                row=row,
                replies=self._replies,
                words=self._words(language, customer),
                shop=shop,
                identity=Identity(connection, self._rules, self._clock),
                cases=Cases(connection, self._rules, self._clock),
                understanding=understanding,
                customer=customer,
                stored_events=events,
                memory=memory,
            )
            said = self._engine.take(turn)
            if not said and turn.case is None:
                raise SilentTurnError(f"nothing was said to inbox row {row.id}")
            for number, one in enumerate(said):
                outbox.post(
                    connection,
                    talk.id,
                    one.text,
                    now=now,
                    buttons=one.buttons,
                    author=Author.BOT,
                    language=one.language,
                    weight=Weight.CONFIRMATION if turn.confirms else Weight.TALK,
                    key=f"turn:{row.id}:{number}",
                )
            self._record(turn, now)
            note = f"case {turn.case.id}" if turn.case else "answered"
            inbox.finish(connection, held, note, now=now)
        return TurnReport(talk.id, note, said, understanding, turn.flow, turn.steps, turn.facts, turn.case)

    def _understand(self, held: Claim) -> Understanding:
        """What the message means; the encoder works here, outside of the transaction."""
        talk, row = held.conversation, held.row
        if row.kind != MESSAGE:
            return _plain(row.kind, talk.language)
        engine = self._engine
        if engine is None:
            raise ModelError
        if row.button is not None:
            with self._database.begin() as connection:
                pressed = outbox.offered_button(connection, talk.id, row.button)
            return _plain("stale_button", talk.language) if pressed is None else self._pressed(pressed, talk)
        typed = self._typed_button(talk.id, row.text)
        if typed is not None:
            return self._pressed(typed, talk)
        text = typed_text(row.text)
        if not text:
            return _plain(FALLBACK_INTENT, talk.language)
        return engine.understand(
            text,
            {"language_hint": row.language_hint, "language": talk.language, "now": row.sent_at.isoformat()},
        )

    def _pressed(self, button: Button, talk: Conversation) -> Understanding:
        """What a button means: its payload says it, its title is what the buyer said."""
        if self._engine is None:
            raise ModelError
        read = self._engine.understand(button.payload)
        # What a button carries is ours: a product's name in it threatens nobody.
        return replace(
            read, text=button.title, language=talk.language, language_known=True, mood="calm", threat=None
        )

    def _typed_button(self, conversation_id: int, text: str) -> Button | None:
        """The offered button whose words were typed instead of pressing it."""
        with self._database.begin() as connection:
            offered = outbox.last_buttons(connection, conversation_id)
        spoken = _bare(text)
        return next((button for button in offered if _bare(button.title) == spoken), None)

    def _customer(
        self, shop: DatabaseShop, customer_id: int | None, memory: dict[str, Any]
    ) -> Customer | None:
        """The buyer, while the identity check still holds."""
        if customer_id is None or not memory.get("verified_at"):
            return None
        checked = dt.datetime.fromisoformat(memory["verified_at"])
        if self._clock.now() - checked > dt.timedelta(hours=self._rules.identity.valid_hours):
            return None
        return shop.customer(customer_id)

    def _words(self, language: str, customer: Customer | None) -> Words:
        spoken = language if language in self._replies.languages() else self._rules.fallback_language
        words = Words(spoken, self._rules.store.timezone, self._clock.now().date(), zone_is_theirs=False)
        return words if customer is None else words.for_zone(customer.timezone)

    def _record(self, turn: Turn, now: dt.datetime) -> None:
        turn.connection.execute(
            _INSERT,
            {
                "conversation_id": turn.conversation.id,
                "inbox_id": turn.row.id,
                "at": now,
                "model": self._engine.model if self._engine else None,
                "language": turn.understanding.language,
                "intent": turn.understanding.intent,
                "confidence": turn.understanding.confidence,
                "flow": turn.flow,
                "steps": list(turn.steps),
                "facts": list(turn.facts),
            },
        )


def _bare(words: str) -> str:
    """Words without case, punctuation and white space around them."""
    return words.strip(" \t\n.!?,;:'\"").casefold()


def _plain(intent: str, language: str) -> Understanding:
    return Understanding("", language, True, intent, 1.0, (), ())


def _threat_first(read: Understanding) -> Understanding:
    """Whatever else a message is about: one that threatens, or tells of harm, goes to a person."""
    return read if read.threat is None else replace(read, intent=THREAT_INTENT)


def _unless_repeated(
    read: Understanding, kind: str, memory: dict[str, Any], rules: ShopRules
) -> Understanding:
    """Count the same question about the same things; the third in a row goes to a person."""
    if kind != MESSAGE or read.intent.startswith(_SMALL):
        if read.intent in ("service_thanks", "service_goodbye", "service_human"):
            memory.pop("last_question", None)
        return read
    about = {f"{one['entity']}={one.get('value')}" for one in read.entities if one["entity"] not in _PROOFS}
    # A product has many facts: asking for one after another is no repetition.
    asked = fact_asked(read.intent, read.text) if read.intent.startswith("product_") else None
    before = set(memory.get("last_about") or ())
    # Naming the thing for the first time, or no longer, is the same question asked again.
    same = [read.intent, asked] == [memory.get("last_question"), memory.get("last_fact")] and (
        about <= before or not before
    )
    memory["question_count"] = memory.get("question_count", 0) + 1 if same else 1
    memory.update(last_question=read.intent, last_fact=asked, last_topic_intent=read.intent)
    memory["last_about"] = sorted(before | about if same else about)
    if read.text:
        memory["last_words"] = read.text[:LONGEST_WORDS]
    if memory["question_count"] < rules.understanding.repeats:
        return read
    memory["question_count"] = 0
    return replace(read, intent="repeated_question")
