"""What may happen at any time: a greeting, not being understood, small answers, leaving, wrapping up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.complaints import CAUSE, COMPLAINT, own_complaint
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.identity import given_contact, interrupted
from bot.dialogue.actions.ratings import STARS, stars_of, take_stars
from bot.dialogue.actions.step import NOTHING, Slots, Speaker, Step
from bot.dialogue.files import NOT_KEPT, values_of
from bot.dialogue.several import PENDING
from bot.dialogue.turn import Turn
from bot.dialogue.waiting import offers
from bot.messages import Button

#: The likeliest meanings that are offered as buttons.
MEANINGS = 3
#: How likely one must be to be offered: of "???" every meaning is as likely as every other.
LIKELY = 0.02
#: What the bot may have asked the buyer to send, and what it is about.
AWAITED = {"phone": "logistics_delivery_instructions", "address": "logistics_redirect"}
#: What only a message to a store names.
OURS = ("product", "order_number", "tracking_number")
#: Meanings that nobody chooses from a list.
NOT_OFFERED = frozenset(
    {"service_affirm", "service_deny", "service_thanks", "service_goodbye", "out_of_scope"}
)


class DeadEndError(RuntimeError):
    """A flow stopped in the middle of a turn: its rules lack a step."""


def part_of_day(hour: int) -> str:
    """Which greeting fits an hour of the buyer's day."""
    if 5 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening"


def give_up(turn: Turn, tracker: Tracker, speaker: Speaker, times: int) -> Slots:
    """Hand over after so many misunderstandings: inside a form to the queue of what it is about."""
    return hand_over(
        turn,
        tracker,
        speaker,
        Reason.NOT_UNDERSTOOD,
        why=f"not understood {times} times in a row",
        intent=interrupted(tracker),
        reply="utter_not_understood_again",
    )


def ask_again(turn: Turn, tracker: Tracker, speaker: Speaker, reply: str, **values: Any) -> Slots:
    """Say why a message did not answer the form's question; after the last time hand over."""
    times = int(tracker.get_slot("misunderstandings") or 0) + 1
    if times >= turn.rules.understanding.misunderstandings:
        return give_up(turn, tracker, speaker, times)
    speaker.say(reply, **values)
    return {"misunderstandings": times}


def take_awaited(turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots | None:
    """Pass on the phone number or address that the buyer was asked to send; None if this is not it."""
    awaited = tracker.get_slot("awaits")
    if tracker.active_loop_name is None and awaited in (COMPLAINT, CAUSE) and turn.understanding.text:
        return own_complaint(turn, tracker, speaker, review=awaited == CAUSE)
    if tracker.active_loop_name is None and awaited == STARS:
        stars = stars_of(turn)
        return None if stars is None else {"awaits": None} | take_stars(turn, tracker, speaker, stars)
    if awaited not in AWAITED or tracker.active_loop_name:
        return None
    if awaited == "phone" and not turn.understanding.first("phone"):
        return None
    return {"awaits": None} | hand_over(
        turn,
        tracker,
        speaker,
        Reason.FLOW_MISSING,
        why=f"sends the {awaited} that the carrier needs",
        intent=AWAITED[awaited],
        reply="utter_passed_on",
    )


class Greet(Step):
    """Says who speaks, for which store, and what it can help with."""

    title = "action_greet"
    flow = "greeting"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Greet by the hour where the buyer is, if that is known; by name only as the channel gives it."""
        words = turn.words
        name = turn.customer.name if turn.customer else turn.conversation.sender_name
        store = turn.rules.store
        hour = turn.clock.now().astimezone(words.zone).hour
        when = part_of_day(hour) if words.zone_is_theirs else "day"
        reply = f"utter_greet_{when}" if name else f"utter_greet_{when}_nameless"
        speaker.say(reply, name=name, store=store.name, assistant=store.assistant)
        return {}


class NotUnderstood(Step):
    """Not understood: once with the likeliest meanings as buttons, twice a human."""

    title = "action_not_understood"
    flow = "not_understood"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask, or hand over."""
        if tracker.latest_action_name not in (None, "action_listen", tracker.active_loop_name):
            raise DeadEndError(f"no rule goes on after {tracker.latest_action_name}")
        awaited = take_awaited(turn, tracker, speaker)
        if awaited is not None:
            return awaited
        if tracker.active_loop_name:
            return ask_again(turn, tracker, speaker, "utter_not_understood_in_form")
        times = int(tracker.get_slot("misunderstandings") or 0) + 1
        if times >= turn.rules.understanding.misunderstandings:
            return give_up(turn, tracker, speaker, times)
        return {"misunderstandings": times, **offer_meanings(turn, speaker)}


def offer_meanings(turn: Turn, speaker: Speaker) -> Slots:
    """Ask by buttons which of the likeliest meanings it is; what was named needn't be said again."""
    offered = [
        name
        for name, sure in turn.understanding.ranking
        if sure >= LIKELY and name not in NOT_OFFERED and turn.replies.has(f"utter_meaning_{name}")
    ][:MEANINGS]
    buttons = [
        Button(
            turn.replies.say(f"utter_meaning_{name}", turn.words.language, {}).text.rstrip("."),
            f"/{name}",
        )
        for name in offered
    ]
    reply = "utter_not_understood" if buttons else "utter_not_understood_blank"
    human = turn.replies.say("utter_meaning_service_human", turn.words.language, {}).text
    if "service_human" not in offered:
        buttons.append(Button(human, "/service_human"))
    speaker.say(reply, buttons)
    read = turn.understanding
    named = {
        "product": read.first("product"),
        "order_number": read.first("order_number"),
        "contact": given_contact(turn),
    }
    return {slot: value for slot, value in named.items() if value is not None}


class OutOfScope(Step):
    """Something that no store's desk answers: refused kindly, with what the bot can do."""

    title = "action_out_of_scope"
    flow = "out_of_scope"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say so; inside a form, go back to its question, once."""
        store = turn.rules.store.name
        awaited = take_awaited(turn, tracker, speaker)
        if awaited is not None:
            return awaited
        if tracker.active_loop_name is None:
            if any(entity["entity"] in OURS for entity in turn.understanding.entities):
                # It names something of ours, so it was only not understood.
                return offer_meanings(turn, speaker)
            speaker.say("utter_out_of_scope", store=store)
            return {}
        return ask_again(turn, tracker, speaker, "utter_out_of_scope_in_form", store=store)


class Leave(Step):
    """Never mind: the buyer leaves a flow half-way."""

    title = "action_leave"
    flow = "left"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Let go of the form; nothing was done."""
        speaker.say("utter_left" if tracker.active_loop_name else "utter_what_next")
        return {"leave_form": True}


class WhatNext(Step):
    """A bare yes or no, with nothing asked."""

    title = "action_what_next"
    flow = "small_answer"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask for the wish; inside a form, let the form ask again."""
        if tracker.active_loop_name:
            return ask_again(turn, tracker, speaker, "utter_please_choose")
        speaker.say("utter_what_next")
        return {}


class StaleButton(Step):
    """A button of a question that is over, or one that was never offered."""

    title = "action_stale_button"
    flow = "stale_button"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Say so; inside a form, let the form ask again."""
        speaker.say("utter_please_choose" if tracker.active_loop_name else "utter_stale_button")
        return {}


class FileAlone(Step):
    """A file without a word."""

    title = "action_file_alone"
    flow = "file_alone"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say what was kept and what was not; ask what it is about, or let the form ask again."""
        lost = values_of(turn.rules, turn.row)
        kept = any(file.path for file in turn.row.attachments)
        in_form = tracker.active_loop_name is not None
        if lost is not None and in_form and not kept:
            return ask_again(turn, tracker, speaker, NOT_KEPT, **lost)
        if lost is not None:
            speaker.say(NOT_KEPT, **lost)
        if kept and in_form:
            return ask_again(turn, tracker, speaker, "utter_file_alone_in_form")
        if kept:
            speaker.say("utter_file_alone")
        return {}


class WrapUp(Step):
    """Thanks: asks whether all is solved and sums up what was done."""

    title = "action_wrap_up"
    flow = "wrap_up"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Ask, with the summary where there is something to sum up; inside a form, just be polite."""
        if tracker.active_loop_name:
            speaker.say("utter_welcome")
            return {}
        if tracker.get_slot("asked") == "all_solved":
            return say_goodbye(turn, speaker)
        done = [
            turn.replies.say(f"utter_done_{what}", turn.words.language, {}).text
            for what in tracker.get_slot("done") or ()
        ]
        if done and turn.memory.pop("bad_review", False):
            speaker.say("utter_review_update")
        if done:
            speaker.say("utter_wrap_up", done=turn.words.all_of(done))
        else:
            speaker.say("utter_wrap_up_nothing_done")
        return {"asked": "all_solved"}


class SayGoodbye(Step):
    """Goodbye: thanks, and how to come back."""

    title = "action_goodbye"
    flow = "wrap_up"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """End the conversation's business; an identity stays checked for its time."""
        return say_goodbye(turn, speaker)


def say_goodbye(turn: Turn, speaker: Speaker) -> Slots:
    """Thank for writing and let go of what was done."""
    turn.memory.pop(PENDING, None)
    speaker.say("utter_goodbye", store=turn.rules.store.name, assistant=turn.rules.store.assistant)
    return {"leave_form": True, "done": None, "paused_intent": None, "asked": NOTHING}


class WhatIsOpen(Step):
    """Not solved after all."""

    title = "action_what_is_open"
    flow = "wrap_up"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Ask what is still open, with a person one click away."""
        speaker.say("utter_what_is_open")
        return {}


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


class AboutBot(Step):
    """Are you a bot: yes, said plainly."""

    title = "action_about_bot"
    flow = "about_bot"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Name itself, its store and the way to a person."""
        speaker.say("utter_about_bot", store=turn.rules.store.name, assistant=turn.rules.store.assistant)
        return {}


class Capabilities(Step):
    """What can you do."""

    title = "action_capabilities"
    flow = "capabilities"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Offer the main topics."""
        speaker.say("utter_capabilities")
        return {}
