"""Composing a turn: from what a message means in its conversation to all that is said to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection

from bot.clock import Clock, SetClock
from bot.desk import satisfaction
from bot.desk.cases import Cases
from bot.dialogue import context, meaning, several
from bot.dialogue.actions.feed import as_of
from bot.dialogue.answered_notices import as_answer
from bot.dialogue.assortment import as_asked
from bot.dialogue.engine import Engine
from bot.dialogue.files import not_kept
from bot.dialogue.insisting import unless_insisting
from bot.dialogue.letters import as_letter
from bot.dialogue.replies import Replies
from bot.dialogue.trackers import remembered
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.words import Words
from bot.mailroom import conversations, outbox
from bot.mailroom.inbox import MESSAGE, Claim
from bot.messages import Author, Button, Weight
from bot.settings import ShopRules
from bot.shop.database_shop import DatabaseShop
from bot.shop.feed import entries
from bot.shop.identity import Identity
from bot.shop.values import Customer
from bot.spelling import plain
from nlu.common_words import COMMON_WORDS

#: What messages are made of, whatever they are about: the shop finds no product by it.
TELL_NOTHING = frozenset(plain(word) for spoken in COMMON_WORDS.values() for word in spoken)


class SilentTurnError(RuntimeError):
    """A turn ended without a word, a case or a reason."""


@dataclass(frozen=True)
class Composer:
    """Makes a turn of what was read, and speaks it; the caller's unit of work keeps it.

    Args:
        rules: the store's.
        replies: what is said.
        clock: when what is said is said; the turn itself has one time.
    """

    rules: ShopRules
    replies: Replies
    clock: Clock

    def prepare(
        self,
        connection: Connection,
        held: Claim,
        read: Understanding,
        now: dt.datetime,
        offered: Sequence[Button] = (),
    ) -> tuple[Turn, Sequence[Understanding]]:
        """The turn as it stands before anything is said, and the wishes that wait for the first one's end.

        Args:
            connection: the turn's unit of work.
            held: the claimed row.
            read: what it means by itself.
            now: the turn's one time.
            offered: the buttons below what was said last, as far as they are known.
        """
        talk, row, clock = held.conversation, held.row, SetClock(now)
        events, memory = remembered(connection, talk.id)
        commented = meaning.commented_case(row, memory)
        understanding = meaning.as_story(read, memory, is_comment=commented is not None)
        if row.kind == MESSAGE:
            understanding = as_asked(context.in_context(as_answer(understanding, memory), memory, offered))
        # The answer to a form's question is one answer, whatever it speaks of.
        asked_by = memory.get("form")
        wishes = [understanding] if asked_by else several.divided(understanding)
        first = meaning.threat_first(wishes[0])
        understanding = meaning.unless_repeated(first, row.kind, memory, self.rules)
        several.asked_anew(memory, understanding)
        language = meaning.language_of(understanding, memory, talk.language)
        if language != talk.language:
            conversations.set_language(connection, talk.id, language)
        shop = DatabaseShop(
            connection,
            self.rules,
            clock,
            conversation_id=talk.id,
            turn_id=row.id,
            tell_nothing=TELL_NOTHING,
            language=language,
        )
        customer = self._customer(shop, talk.customer_id, memory, now)
        words = Words.of_store(self.replies.spoken(language), self.rules.store.timezone, now)
        turn = Turn(
            connection=connection,
            clock=clock,
            rules=self.rules,
            conversation=talk,
            row=row,
            replies=self.replies,
            words=words if customer is None else words.for_buyer(customer.timezone, customer.country),
            shop=shop,
            identity=Identity(connection, self.rules, clock),
            cases=Cases(connection, self.rules, clock),
            understanding=understanding,
            customer=customer,
            stored_events=events,
            memory=memory,
            asked_by=asked_by,
        )
        if commented is not None:
            satisfaction.comment(connection, clock, commented, row.text)
        return turn, wishes[1:]

    def speak(
        self,
        engine: Engine,
        turn: Turn,
        held: Claim,
        rest: Sequence[Understanding],
        below: Sequence[Button] = (),
    ) -> list[Said]:
        """Take the turn with a model, and queue what is said.

        Args:
            engine: the model.
            turn: as ``prepare`` made it.
            held: the claimed row.
            rest: the wishes that wait for the first one's end.
            below: what is offered below the last thing said, beside that one's own buttons.

        Raises:
            SilentTurnError: a buyer would have been left in silence.
        """
        talk, row = held.conversation, held.row
        # Where there are no words, the flow says what became of the files.
        of_files = not_kept(turn.replies, self.rules, row, turn.words.language) if row.text else ()
        told = [*of_files, *unless_insisting(turn, _served(engine, turn, rest)), *as_of(turn)]
        if told and below:
            told[-1] = replace(told[-1], buttons=(*told[-1].buttons, *below))
        said = as_letter(
            turn.replies,
            told,
            channel=talk.channel,
            language=turn.words.language,
            name=turn.customer.name if turn.customer else talk.sender_name,
            store=self.rules.store,
        )
        if not said and turn.case is None and (turn.silence is None or row.kind == MESSAGE):
            raise SilentTurnError(f"nothing was said to inbox row {row.id}")
        weight = Weight.CONFIRMATION if turn.confirms else Weight.TALK
        post(turn.connection, held, said, self.clock.now(), weight)
        if turn.held:
            entries.hold(turn.connection, row.id, turn.held)
        return said

    def _customer(
        self, shop: DatabaseShop, customer_id: int | None, memory: dict[str, Any], now: dt.datetime
    ) -> Customer | None:
        """The buyer, while the identity check still holds."""
        if customer_id is None or not memory.get("verified_at"):
            return None
        checked = dt.datetime.fromisoformat(memory["verified_at"])
        if now - checked > dt.timedelta(hours=self.rules.identity.valid_hours):
            return None
        return shop.customer(customer_id)


def post(
    connection: Connection,
    held: Claim,
    said: Sequence[Said],
    now: dt.datetime,
    weight: Weight = Weight.TALK,
) -> None:
    """Queue what the bot says in a turn, each line under the turn's own key."""
    for number, one in enumerate(said):
        outbox.post(
            connection,
            held.conversation.id,
            one.text,
            now=now,
            buttons=one.buttons,
            author=Author.BOT,
            language=one.language,
            weight=weight,
            key=f"turn:{held.row.id}:{number}",
        )


def _served(engine: Engine, turn: Turn, rest: Sequence[Understanding]) -> list[Said]:
    """What is said to the first request, and to those that wait once nothing else is under way."""
    said: list[Said] = []
    if rest:
        several.put_off(turn.memory, rest)
        said.append(several.announce(turn, turn.understanding, rest))
    said += engine.take(turn)
    first, steps = turn.understanding, list(turn.steps)
    while (wish := several.next_one(turn)) is not None:
        turn.understanding = wish
        said.append(several.turn_to(turn, wish))
        said += engine.take(turn)
        steps += turn.steps
    # The turn is told of as the message's: what waits may be an older one's.
    turn.understanding, turn.steps = first, steps
    return said
