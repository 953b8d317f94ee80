"""Handing over: a case in the right queue, and the truth about who answers and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker

from bot.desk.hours import is_open, promise, waits_shut
from bot.desk.values.cases import CaseCard, Likely, Priority, Reason, Standing
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.several import PENDING, told
from bot.dialogue.turn import Turn
from bot.dialogue.waiting import leave_button, offers
from bot.shop.values import Order

#: Replies after which nothing is under way but an answer.
LEAVABLE = frozenset({"utter_handed_over", "utter_passed_on", "utter_repeated", "utter_not_understood_again"})
#: Lines of what was said that go on the card.
CARD_LINES = 6


def hand_over(
    turn: Turn,
    tracker: Tracker,
    speaker: Speaker,
    reason: Reason,
    *,
    why: str,
    intent: str | None = None,
    priority: Priority = Priority.NORMAL,
    order: Order | None = None,
    queue: str | None = None,
    reply: str = "utter_handed_over",
    known: Mapping[str, Any] | None = None,
) -> Slots:
    """Open a case (or add to the open one), tell the buyer who answers by when, and stop every form.

    Args:
        turn: the current turn.
        tracker: the conversation so far.
        speaker: says the reply.
        reason: why a person is needed.
        why: the reason in one line of English, for the card.
        intent: what the case is about; by default what the buyer just said.
        priority: how far up it stands.
        order: the order it is about, if its buyer is identified.
        queue: overrides the queue that ``shop.yml`` gives for the intent.
        reply: what to say; ``_closed`` is appended out of the queue's hours.
        known: fields of the card that the flow knows better than this turn.
    """
    about = intent or turn.understanding.intent
    waiting = turn.memory.pop(PENDING, None)
    if waiting:
        why = f"{why}; also asks: {told(waiting)}"
    queue = queue or turn.rules.queue_for(about)
    turn.case = turn.cases.open(
        turn.conversation.id,
        intent=about,
        reason=reason,
        card=replace(card(turn, tracker, why, order), **(known or {})),
        queue=queue,
        priority=priority,
        language=turn.words.language,
    )
    rules = turn.rules.queues[queue]
    now = turn.clock.now()
    by = promise(rules, turn.rules.clocks, now)
    # Nobody needs to wait overnight for what they can do without.
    may_leave = reply in LEAVABLE and waits_shut(rules, now, by) and turn.cases.may_be_left(turn.case)
    offered = [leave_button(turn.replies, turn.words.language)] if may_leave else []
    speaker.say_now(reply if is_open(rules, now) else f"{reply}_closed", offered, by=turn.words.moment(by))
    return {"leave_form": True, "misunderstandings": 0}


def card(turn: Turn, tracker: Tracker, why: str, order: Order | None = None) -> CaseCard:
    """The case card of the playbook, filled from what this turn knows."""
    customer = turn.customer
    standing = Standing.NEW
    if customer is not None:
        if turn.shop.is_valued(customer.id):
            standing = Standing.VALUED
        elif turn.shop.is_returning(customer.id, order.number if order else None):
            standing = Standing.RETURNING
    number = (
        tracker.get_slot("order_number") if tracker.get_slot("order_step") not in (None, "unknown") else None
    )
    if order is None and number and customer is not None:
        known = turn.shop.order(number)
        order = known if known is not None and known.customer_id == customer.id else None
    parcel = order.shipments[-1] if order is not None and order.shipments else None
    last = parcel.last_event if parcel else None
    return CaseCard(
        wants=_wish(turn),
        why=why,
        name=customer.name if customer else turn.conversation.sender_name,
        verified=customer is not None,
        standing=standing,
        language=turn.words.language,
        timezone=customer.timezone if customer else None,
        country=customer.country if customer else None,
        email=customer.email if customer else None,
        phone=customer.phone if customer else None,
        address=f"{order.ship_to.street}, {order.ship_to.postcode} {order.ship_to.city}" if order else None,
        bot_did=tuple(tracker.get_slot("done") or ()) + _said(tracker),
        order_number=order.number if order else None,
        order_state=_spoken(order.state.value) if order else None,
        parcel_state=f"{_spoken(parcel.state.value)}: {last.text}, {last.place}" if parcel and last else None,
        money_minor=order.total.minor if order else None,
        currency=order.currency if order else None,
        likely=tuple(Likely(name, sure) for name, sure in turn.understanding.ranking[:3]),
    )


def _wish(turn: Turn) -> str:
    """What the buyer wants in their own words; before an answer or the wish for a person what they asked."""
    said = turn.understanding.text or _spoken(turn.understanding.intent)
    asked = turn.memory.get("last_words")
    follows = turn.asked_by or turn.understanding.intent == "service_human"
    return f"{asked} – {said}" if asked and follows and asked != said else said


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _said(tracker: Tracker) -> tuple[str, ...]:
    said = [event.get("text") for event in tracker.events if event.get("event") == "bot"]
    return tuple(f"said: {text}" for text in said[-CARD_LINES:] if text)


class HandOver(Step):
    """A human, please: at once, with no second try to keep the buyer."""

    title = "action_hand_over"
    flow = "human"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Hand over to the queue of what was spoken about before."""
        about = turn.memory.get("last_topic_intent") or turn.understanding.intent
        return hand_over(
            turn, tracker, speaker, Reason.ASKED_FOR_HUMAN, why=f"spoke of: {_spoken(about)}", intent=about
        )


class PassToQueue(Step):
    """A wish that the bot understands and has no script for yet."""

    title = "action_pass_to_queue"
    flow = "passed_on"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Hand over to the intent's own queue."""
        intent = turn.understanding.intent
        wholesale = turn.rules.queue_for(intent) == "wholesale"
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.WHOLESALE if wholesale else Reason.FLOW_MISSING,
            why=f"understood as {intent}; the bot has no script for it",
            reply="utter_passed_on",
        )


class HandOverThreat(Step):
    """A dispute, a lawyer, the press, an injury: never argued, straight to a supervisor."""

    title = "action_hand_over_threat"
    flow = "threat"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Hand over to the supervisors, at the top of their queue."""
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.ALWAYS_HUMAN,
            why="on the always-human list: a dispute, a threat or an injury",
            priority=Priority.URGENT,
            reply="utter_threat",
        )


class HandOverRepeated(Step):
    """The same question for the third time."""

    title = "action_hand_over_repeated"
    flow = "repeated"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Hand over: what the bot says does not help this buyer."""
        about = str(turn.memory.get("last_question", turn.understanding.intent))
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.REPEATED,
            why=f"asked the same ({about}) {turn.rules.understanding.repeats} times",
            intent=about,
            reply="utter_repeated",
        )


class WelcomeBack(Step):
    """A person has handed the conversation back."""

    title = "action_welcome_back"
    flow = "handed_back"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Say that the assistant is there again, knowing that a colleague was."""
        agent = turn.row.data.get("agent")
        reply = "utter_welcome_back" if agent else "utter_welcome_back_nameless"
        speaker.say(reply, agent=agent, assistant=turn.rules.store.assistant)
        return {"leave_form": True, "misunderstandings": 0, "asked": "all_solved"}


class CaseLate(Step):
    """Nobody answered in time: the buyer hears it first, with a new date."""

    title = "action_case_late"
    flow = "case_late"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Apologise once, name the moment by which somebody answers, and offer to do without."""
        until = dt.datetime.fromisoformat(str(turn.row.data["until"]))
        case = turn.cases.open_case_of(turn.conversation.id)
        offered = offers(turn.replies, turn.words.language, turn.cases, case)
        speaker.say("utter_case_late", offered, by=turn.words.moment(until))
        return {}
