"""Taking turns: a claimed message goes through the engine, and all that follows is one transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection

from bot.clock import Clock, SetClock
from bot.database import Database
from bot.desk import satisfaction
from bot.desk.acts import ASK_SATISFACTION
from bot.desk.cases import Cases
from bot.desk.values.cases import Case
from bot.dialogue import meaning, several, tape
from bot.dialogue.actions.feed import as_of
from bot.dialogue.actions.ratings import STAR, star_buttons
from bot.dialogue.answered_notices import as_answer
from bot.dialogue.deadline import deadline
from bot.dialogue.engine import FALLBACK_INTENT, Engine, typed_text
from bot.dialogue.files import FILE_ALONE, came_along, is_bare, not_kept
from bot.dialogue.grounds import grounds_of, version_of
from bot.dialogue.letters import as_letter
from bot.dialogue.recovery import Recovery
from bot.dialogue.relaying import to_supervisors
from bot.dialogue.replies import Replies
from bot.dialogue.tables import turns
from bot.dialogue.trackers import remembered
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.words import Words
from bot.errors import LostClaimError, ModelError, TryLaterError, TurnTimeoutError
from bot.mailroom import conversations, inbox, outbox
from bot.mailroom.conversations import Conversation, Owner
from bot.mailroom.heartbeat import Heartbeat
from bot.mailroom.inbox import MESSAGE, Claim
from bot.messages import Author, Button, Weight
from bot.settings import ShopRules
from bot.shop.database_shop import DatabaseShop
from bot.shop.feed import entries
from bot.shop.identity import Identity
from bot.shop.values import Customer
from bot.spelling import plain
from nlu.common_words import COMMON_WORDS

log = logging.getLogger(__name__)

#: Without a heartbeat a claim outlasts the longest turn by this, in seconds: only a dead worker's runs out.
LEASE_MARGIN = 40
#: Events that a case tells the conversation, and on which the bot has nothing to say.
SILENT_EVENTS = {"case_closed": "the agent closed the case; the last word was theirs"}
#: What messages are made of, whatever they are about: the shop finds no product by it.
TELL_NOTHING = frozenset(plain(word) for spoken in COMMON_WORDS.values() for word in spoken)


_INSERT = turns.insert()


class SilentTurnError(RuntimeError):
    """A turn ended without a word, a case or a reason."""


class AbandonedTurnError(RuntimeError):
    """Whoever took the turn gave no more sign of life, time and again."""


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
    #: What it stands on, as ``grounds.grounds_of`` tells it.
    grounds: Mapping[str, Any] | None = None
    #: The conversation's; only from ``take_next``.
    channel: str = ""


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
        self._rules = rules
        self._replies = replies
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
        #: Of the rules.
        self._version = version_of(rules)
        self._recovery = Recovery(database, rules, replies, clock)
        tape.listen(database)
        #: The newest buttons of what was claimed last.
        self._offered: tuple[Claim | None, Sequence[Button]] = (None, ())

    @property
    def engine(self) -> Engine | None:
        """The released model; None where none loads."""
        return self._released

    def serve_with(self, engine: Engine) -> None:
        """Take the next turns with another model; only between two turns."""
        self._released = self._engine = engine

    def speak(self, replies: Replies) -> None:
        """Take the next turns with other words; only between two turns."""
        if replies is not self._replies:
            self._replies = replies
            self._recovery = replace(self._recovery, replies=replies)

    def govern(self, rules: ShopRules) -> None:
        """Take the next turns by other rules; only between two turns."""
        if rules is not self._rules:
            self._rules = rules
            self._version = version_of(rules)
            self._recovery = replace(self._recovery, rules=rules)

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
            if held is not None and held.row.kind == MESSAGE and held.row.button is None:
                # Read here, it costs no unit of work of its own.
                self._offered = (held, outbox.last_buttons(connection, held.conversation.id))
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
        if held.row.kind == ASK_SATISFACTION:
            return self._ask_satisfaction(held)
        if held.row.kind in SILENT_EVENTS:
            with self._database.begin() as connection:
                inbox.finish(connection, held, SILENT_EVENTS[held.row.kind], now=self._clock.now())
            return TurnReport(held.conversation.id, "silent")
        if held.row.kind != MESSAGE:
            return None
        if held.conversation.owner is Owner.BOT:
            return self._come_along(held)
        threat = self._threat(held)
        with self._database.begin() as connection:
            cases = Cases(connection, self._rules, self._clock)
            known = cases.open_case_of(held.conversation.id)
            case = cases.buyer_wrote(held.conversation.id, threat, held.row.text)
            if case is None:
                # Nobody has it after all: the buyer must not be left in silence.
                conversations.set_owner(connection, held.conversation.id, Owner.BOT)
                return None
            said = [*not_kept(self._replies, self._rules, held.row, held.conversation.language)]
            if threat and known is not None and case.owner_id is None and case.queue != known.queue:
                words = self._words(held.conversation.language, None, self._clock.now())
                said.append(to_supervisors(self._replies, self._rules, words, self._clock.now()))
            self._post(connection, held, said)
            inbox.finish(connection, held, "relayed", now=self._clock.now())
        return TurnReport(held.conversation.id, "relayed", said, case=case)

    def _threat(self, held: Claim) -> str | None:
        """Which threat or harm a typed message tells of; what people must see is relayed unread, too."""
        if self._engine is None or held.row.button is not None or not typed_text(held.row.text):
            return None
        try:
            return self._understand(held).threat
        except TurnTimeoutError:
            raise
        except Exception as error:
            log.warning("inbox row %s is relayed unread: %s", held.row.id, type(error).__name__)
            return None

    def _ask_satisfaction(self, held: Claim) -> TurnReport:
        """Ask once for stars after a person has helped; not in the middle of something else."""
        talk = held.conversation
        with self._database.begin() as connection:
            asked = satisfaction.to_ask(connection, int(held.row.data["data"]["case_id"]))
            _, memory = remembered(connection, talk.id)
            if asked is None or talk.owner is not Owner.BOT or memory.get("form"):
                inbox.finish(connection, held, "no time to ask for a rating", now=self._clock.now())
                return TurnReport(talk.id, "silent")
            language = self._replies.spoken(talk.language)
            reply = self._replies.say("utter_ask_satisfaction", language, {"agent": asked.agent})
            human = self._replies.say("utter_meaning_service_human", language, {}).text
            # From one on: where choices are numbered, so many stars have that number.
            choices = (*reversed(star_buttons()), Button(human, "/service_human"))
            said = as_letter(
                self._replies,
                [Said(reply.text, choices, reply.language)],
                channel=talk.channel,
                language=language,
                name=talk.sender_name,
                store=self._rules.store,
            )
            self._post(connection, held, said)
            inbox.finish(connection, held, "asked for a rating", now=self._clock.now())
        return TurnReport(talk.id, "asked for a rating", said)

    def _come_along(self, held: Claim) -> TurnReport | None:
        """Leave a file unanswered that was sent together with one that has its answer; None if it was not."""
        if not is_bare(held.row):
            return None
        with self._database.begin() as connection:
            if not came_along(connection, held):
                return None
            inbox.finish(connection, held, "sent along with the file before", now=self._clock.now())
        return TurnReport(held.conversation.id, "silent")

    def _answer(self, held: Claim) -> TurnReport:
        if self._engine is None:
            raise ModelError
        now = self._clock.now()
        with tape.recording() as recorded:
            read = self._understand(held)
            with self._database.begin() as connection:
                turn, said = self._composed(connection, held, read, now)
                claimed, offered = self._offered
                kept = tape.sealed(recorded, held, offered if claimed is held else ())
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

    def _composed(
        self, connection: Connection, held: Claim, read: Understanding, now: dt.datetime
    ) -> tuple[Turn, Sequence[Said]]:
        """The turn itself, as far as a replay takes it again: all of it has one time."""
        talk, row, clock = held.conversation, held.row, SetClock(now)
        events, memory = remembered(connection, talk.id)
        commented = meaning.commented_case(row, memory)
        understanding = meaning.as_story(read, memory, is_comment=commented is not None)
        if row.kind == MESSAGE:
            understanding = meaning.in_context(as_answer(understanding, memory), memory)
        # The answer to a form's question is one answer, whatever it speaks of.
        asked_by = memory.get("form")
        wishes = [understanding] if asked_by else several.divided(understanding)
        first = meaning.threat_first(wishes[0])
        understanding = meaning.unless_repeated(first, row.kind, memory, self._rules)
        several.asked_anew(memory, understanding)
        language = meaning.language_of(understanding, memory)
        if language != talk.language:
            conversations.set_language(connection, talk.id, language)
        shop = DatabaseShop(
            connection,
            self._rules,
            clock,
            conversation_id=talk.id,
            turn_id=row.id,
            tell_nothing=TELL_NOTHING,
            language=language,
        )
        customer = self._customer(shop, talk.customer_id, memory, now)
        turn = Turn(
            connection=connection,
            clock=clock,
            rules=self._rules,
            conversation=talk,
            row=row,
            replies=self._replies,
            words=self._words(language, customer, now),
            shop=shop,
            identity=Identity(connection, self._rules, clock),
            cases=Cases(connection, self._rules, clock),
            understanding=understanding,
            customer=customer,
            stored_events=events,
            memory=memory,
            asked_by=asked_by,
        )
        if commented is not None:
            satisfaction.comment(connection, clock, commented, row.text)
        said = as_letter(
            turn.replies,
            [*self._of_files(turn, held), *self._served(turn, wishes[1:]), *as_of(turn)],
            channel=talk.channel,
            language=turn.words.language,
            name=turn.customer.name if turn.customer else talk.sender_name,
            store=self._rules.store,
        )
        if not said and turn.case is None and (turn.silence is None or row.kind == MESSAGE):
            raise SilentTurnError(f"nothing was said to inbox row {row.id}")
        self._post(connection, held, said, Weight.CONFIRMATION if turn.confirms else Weight.TALK)
        if turn.held:
            entries.hold(connection, row.id, turn.held)
        return turn, said

    def _of_files(self, turn: Turn, held: Claim) -> Sequence[Said]:
        # Where there are no words, the flow says it.
        return not_kept(turn.replies, self._rules, held.row, turn.words.language) if held.row.text else ()

    def _post(
        self, connection: Connection, held: Claim, said: Sequence[Said], weight: Weight = Weight.TALK
    ) -> None:
        for number, one in enumerate(said):
            outbox.post(
                connection,
                held.conversation.id,
                one.text,
                now=self._clock.now(),
                buttons=one.buttons,
                author=Author.BOT,
                language=one.language,
                weight=weight,
                key=f"turn:{held.row.id}:{number}",
            )

    def _served(self, turn: Turn, rest: Sequence[Understanding]) -> list[Said]:
        """What is said to the first request, and to those that wait once nothing else is under way."""
        if self._engine is None:
            raise ModelError
        said: list[Said] = []
        if rest:
            several.put_off(turn.memory, rest)
            said.append(several.announce(turn, turn.understanding, rest))
        said += self._engine.take(turn)
        first, steps = turn.understanding, list(turn.steps)
        while (wish := several.next_one(turn)) is not None:
            turn.understanding = wish
            said.append(several.turn_to(turn, wish))
            said += self._engine.take(turn)
            steps += turn.steps
        # The turn is told of as the message's: what waits may be an older one's.
        turn.understanding, turn.steps = first, steps
        return said

    def _understand(self, held: Claim) -> Understanding:
        """What the message means; the encoder works here, outside of the transaction."""
        talk, row = held.conversation, held.row
        if row.kind != MESSAGE:
            return meaning.plain(row.kind, talk.language)
        engine = self._engine
        if engine is None:
            raise ModelError
        if row.button is not None and row.command:
            return self._pressed(Button(row.text, row.button), talk)
        if row.button is not None:
            with self._database.begin() as connection:
                pressed = outbox.offered_button(connection, talk.id, row.button)
            return (
                meaning.plain("stale_button", talk.language)
                if pressed is None
                else self._pressed(pressed, talk)
            )
        typed = self._typed_button(held)
        if typed is not None:
            return self._pressed(typed, talk)
        text = typed_text(row.text)
        if not text:
            return meaning.plain(FILE_ALONE if is_bare(row) else FALLBACK_INTENT, talk.language)
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

    def _typed_button(self, held: Claim) -> Button | None:
        """The offered button whose words were typed instead of pressing it."""
        claimed, offered = self._offered
        if claimed is not held:
            with self._database.begin() as connection:
                offered = outbox.last_buttons(connection, held.conversation.id)
        spoken = meaning.bare(held.row.text)
        chosen = meaning.number_of(spoken) or 0
        if held.row.numbered and 1 <= chosen <= len(offered):
            return offered[chosen - 1]
        # So many stars may be typed as their number.
        meant = (spoken, STAR * chosen)
        return next((button for button in offered if meaning.bare(button.title) in meant), None)

    def _customer(
        self, shop: DatabaseShop, customer_id: int | None, memory: dict[str, Any], now: dt.datetime
    ) -> Customer | None:
        """The buyer, while the identity check still holds."""
        if customer_id is None or not memory.get("verified_at"):
            return None
        checked = dt.datetime.fromisoformat(memory["verified_at"])
        if now - checked > dt.timedelta(hours=self._rules.identity.valid_hours):
            return None
        return shop.customer(customer_id)

    def _words(self, language: str, customer: Customer | None, now: dt.datetime) -> Words:
        spoken = self._replies.spoken(language)
        words = Words(spoken, self._rules.store.timezone, now.date(), zone_is_theirs=False)
        return words if customer is None else words.for_buyer(customer.timezone, customer.country)

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
