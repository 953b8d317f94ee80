"""A complaint: heard out, said back, owned, and handed over with a date; who is angry comes first."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import HEARS, Turn

#: What was asked for, in the slot ``awaits``: what happened, and why so few stars.
COMPLAINT, CAUSE = "complaint", "review"
#: A message of so many characters tells what happened; one without blanks between words needs fewer.
TOLD, TOLD_UNSPACED = 60, 20
#: What is said back of it.
_LONGEST = 200


class HearComplaint(Step):
    """Asks what happened, unless that was told; in a form it is heard, and the form goes on, once."""

    title = "action_complaint"
    flow = "complaint"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Hear it out before anything is promised."""
        again = turn.memory.get("complained", False)
        turn.memory["complained"] = True
        if tracker.active_loop_name and not again:
            speaker.say("utter_complaint_in_form")
            return {}
        text = turn.understanding.text
        told = len(text) >= (TOLD if text.isascii() or " " in text else TOLD_UNSPACED)
        awaited = tracker.get_slot("awaits")
        if again or told or awaited in (COMPLAINT, CAUSE):
            return own_complaint(turn, tracker, speaker, review=awaited == CAUSE)
        speaker.say("utter_complaint_hear")
        turn.memory[HEARS] = True
        return {"awaits": COMPLAINT}


def own_complaint(turn: Turn, tracker: Tracker, speaker: Speaker, *, review: bool = False) -> Slots:
    """Say it back in the buyer's words, own it, and have a person answer by a date.

    With ``review``, it is the cause of a bad rating: whether that may be looked at again is asked, too.
    """
    told = " ".join(turn.understanding.text.split())
    if told:
        speaker.say("utter_complaint_restated", complaint=told[:_LONGEST])
    if review:
        speaker.say("utter_review_update")
    turn.memory.pop("complained", None)
    return {"awaits": None, "done": remembered(tracker, COMPLAINT)} | hand_over(
        turn,
        tracker,
        speaker,
        Reason.ANGRY if turn.understanding.mood == "angry" else Reason.POLICY,
        why="the cause of a bad rating" if review else "a complaint: to be answered with a remedy",
        intent="service_complaint",
        priority=Priority.HIGH,
        reply="utter_complaint_owned",
    )
