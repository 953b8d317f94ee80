"""What a buyer is told who waits for a person: by when there is an answer, and that they may leave it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.desk import clocks, hours
from bot.desk.cases import Cases
from bot.desk.values.cases import Case, CaseState, Reason
from bot.dialogue.replies import Replies
from bot.dialogue.turn import Said, Turn, Understanding
from bot.dialogue.words import Words
from bot.mailroom.tables import outbox
from bot.messages import Button
from bot.settings import ShopRules
from bot.spelling import words_in

#: What the button carries by which a buyer who was told to wait leaves it.
LEAVE = "/service_leave"
#: Cases in which nothing is under way but an answer: leaving them undoes nothing.
QUESTIONS = frozenset(
    {Reason.ASKED_FOR_HUMAN, Reason.NOT_UNDERSTOOD, Reason.REPEATED, Reason.FLOW_MISSING, Reason.WHOLESALE}
)
#: Who writes while everybody is off duty is told so again once our last word is as old as this.
TOLD_AGAIN = dt.timedelta(hours=1)
#: Words of one's own that leave it: as sure as this, and no more than so many.
PLAIN, PLAIN_WORDS = 0.8, 4

_LAST_SAID = sa.select(sa.func.max(outbox.c.created_at)).where(
    outbox.c.conversation_id == sa.bindparam("conversation")
)


def leave_button(replies: Replies, language: str) -> Button:
    """The button by which a buyer leaves the wait."""
    return Button(replies.say("utter_bargain_leave", language, {}).text, LEAVE)


def offers(replies: Replies, language: str, cases: Cases, case: Case | None) -> tuple[Button, ...]:
    """What is offered with each word about the wait: to leave it, if nothing but an answer is under way."""
    if case is None or case.reason not in QUESTIONS or not cases.may_be_left(case):
        return ()
    return (leave_button(replies, language),)


def offers_till_morning(turn: Turn, case: Case) -> tuple[Button, ...]:
    """What is offered below what the bot tells meanwhile: to leave the wait, if it outlasts working hours.

    An answer must not take the way out with it: pages show the newest message's buttons only.
    """
    now, at_work = turn.clock.now(), clocks.hours_of(turn.rules, case.queue)
    if hours.is_open(at_work, now) and not hours.waits_shut(at_work, now, turn.cases.promise(case)):
        return ()
    return offers(turn.replies, turn.words.language, turn.cases, case)


def leaves(offered: Sequence[Button], chosen: Button | None, read: Understanding | None) -> bool:
    """Whether a buyer whom the newest message offers to leave the wait does.

    Args:
        offered: that message's buttons.
        chosen: the one of them that was pressed or typed.
        read: what typed words mean, if a model reads them.
    """
    if chosen is not None:
        return chosen.payload == LEAVE
    if read is None or read.threat is not None or LEAVE not in {button.payload for button in offered}:
        return False
    plainly = read.confidence >= PLAIN and words_in(read.text) <= PLAIN_WORDS
    return read.intent == LEAVE.lstrip("/") and plainly


def told_again(
    connection: Connection, replies: Replies, rules: ShopRules, cases: Cases, case: Case, words: Words
) -> list[Said]:
    """What a buyer hears who writes while everybody is off duty, unless they heard from us not long ago."""
    now = cases.clock.now()
    if case.state is not CaseState.OPEN or hours.is_open(clocks.hours_of(rules, case.queue), now):
        return []
    last = connection.execute(_LAST_SAID, {"conversation": case.conversation_id}).scalar_one()
    if last is not None and now - last < TOLD_AGAIN:
        return []
    by = words.moment(cases.promise(case))
    reply = replies.say("utter_handed_over_closed", words.language, {"by": by})
    return [Said(reply.text, offers(replies, words.language, cases, case), reply.language)]
