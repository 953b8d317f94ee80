"""A form that the buyer leaves for something else, and the way back to it."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.turn import Turn
from bot.messages import Button

#: Where forms keep the intent that began them, if it is not ``flow_intent`` …
SLOT_OF_FORM = {
    "product_form": "product_wish",
    "advice_form": "advice_wish",
    "destination_form": "shipping_question",
    "change_form": "change_intent",
}
#: … or which one that always is.
INTENT_OF_FORM = {
    "coupon_form": "payment_coupon",
    "bargain_form": "product_bargain",
    "quotation_form": "product_quotation",
}


def interrupted(tracker: Tracker) -> str | None:
    """The intent whose form is open, and which the current message leaves for something else."""
    form = tracker.active_loop_name
    if form is None:
        return None
    intent = INTENT_OF_FORM.get(form) or tracker.get_slot(SLOT_OF_FORM.get(form, "flow_intent"))
    return str(intent) if intent else None


def back_to(turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
    """Offer the way back to a flow that the buyer had left for this one, once."""
    paused = tracker.get_slot("paused_intent")
    if not paused:
        return {}
    if tracker.active_loop_name is None:
        topic = turn.replies.say(f"utter_meaning_{paused}", turn.words.language, {}).text
        yes = turn.replies.say("utter_yes", turn.words.language, {}).text
        no = turn.replies.say("utter_no", turn.words.language, {}).text
        speaker.say_now(
            "utter_back_to", [Button(yes, f"/{paused}"), Button(no, "/service_deny")], topic=topic
        )
    # Otherwise the form that was left is still open and goes on with its question by itself.
    return {"paused_intent": None}
