"""What answers nothing: not understood, out of scope, a file alone, a button of a question that is over."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.complaints import CAUSE, COMPLAINT, own_complaint
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import interrupted
from bot.dialogue.actions.known_orders import given_contact
from bot.dialogue.actions.ratings import STARS, stars_of, take_stars
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.files import NOT_KEPT, values_of
from bot.dialogue.turn import Turn
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
            asks_why = answers.means(answers.WHY, turn.understanding.text)
            reply = "utter_why_asked" if asks_why else "utter_not_understood_in_form"
            return ask_again(turn, tracker, speaker, reply)
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
