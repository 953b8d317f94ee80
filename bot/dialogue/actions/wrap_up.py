"""How a flow or a conversation ends: left half-way, thanks, what is still open, goodbye."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.actions.known_orders import order_if_known
from bot.dialogue.actions.parcels import current_parcel
from bot.dialogue.actions.recommending import offer_to_add
from bot.dialogue.actions.step import NOTHING, Slots, Speaker, Step
from bot.dialogue.several import PENDING
from bot.dialogue.turn import Turn
from bot.shop.policy import is_dispatch_late, promised_late
from bot.shop.values import Order, OrderState

#: What is done for buyers whose order goes well.
_CALM = frozenset(
    {
        "order_state",
        "parcel",
        "payment_methods",
        "payment_answer",
        "shipping",
        "product",
        "stock",
        "change_address",
        "change_items",
        "note",
        "gift",
        "combine",
        "delivery_instructions",
        "confirm_receipt",
    }
)


class Leave(Step):
    """Never mind: the buyer leaves a flow half-way."""

    title = "action_leave"
    flow = "left"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Let go of the form; nothing was done."""
        speaker.say("utter_left" if tracker.active_loop_name else "utter_what_next")
        return {"leave_form": True}


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
            return say_goodbye(turn, tracker, speaker)
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

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """End the conversation's business; an identity stays checked for its time."""
        return say_goodbye(turn, tracker, speaker)


def say_goodbye(turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
    """Thank for writing and let go of what was done."""
    turn.memory.pop(PENDING, None)
    order = _order_that_goes_well(turn, tracker)
    if order is not None:
        offer_to_add(turn, speaker, order)
    speaker.say("utter_goodbye", store=turn.rules.store.name, assistant=turn.rules.store.assistant)
    return {"leave_form": True, "done": None, "paused_intent": None, "asked": NOTHING}


def _order_that_goes_well(turn: Turn, tracker: Tracker) -> Order | None:
    """The known buyer's order, if all is solved and nothing was wrong: trouble is no time to sell."""
    done = set(tracker.get_slot("done") or ())
    if tracker.get_slot("asked") != "all_solved" or turn.case is not None or not done or done - _CALM:
        return None
    order = order_if_known(turn, tracker)
    if order is None:
        return None
    parcel = current_parcel(order)
    now = turn.clock.now()
    late = promised_late(order, now) or is_dispatch_late(order, turn.rules, now)
    late = late or (parcel is not None and parcel.delay_cause is not None)
    return None if late or order.state in (OrderState.CANCELLED, OrderState.RETURNED) else order


class WhatIsOpen(Step):
    """Not solved after all."""

    title = "action_what_is_open"
    flow = "wrap_up"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Ask what is still open, with a person one click away."""
        speaker.say("utter_what_is_open")
        return {}
