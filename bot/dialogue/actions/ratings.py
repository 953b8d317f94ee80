"""Praise and ratings: asked for once; of a bad one the cause is sought. Nothing is given for any."""

from __future__ import annotations

import math
import re

from rasa_sdk import Tracker

from bot.desk import satisfaction
from bot.dialogue.actions import answers
from bot.dialogue.actions.complaints import CAUSE
from bot.dialogue.actions.step import Slots, Speaker, Step, inform, remembered
from bot.dialogue.turn import COMMENTS, HEARS, Turn
from bot.messages import Button

#: What was asked for, in the slot ``awaits``: how many stars.
STARS = "stars"
MOST = 5
#: What a button's title has as often as it means.
STAR = "★"
#: From so many stars on a rating is a good one.
GOOD = 4
_OF_TEN = re.compile(r"\b(10|[0-9])(?:[.,]\d)?\s*(?:/|out of|von|sur|de|из|中)\s*10\b", re.IGNORECASE)
_SHAPES = re.compile("[★⭐🌟]")
_DIGIT = re.compile(r"(?<![\d.,/-])(10|[0-9])(?![\d%-])")


class TakePraise(Step):
    """Kind words: thanks, and the one question for a rating."""

    title = "action_praise"
    flow = "rating"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Thank; in a form nothing is asked beside it."""
        speaker.say("utter_praise")
        return {} if tracker.active_loop_name else ask_rating(turn, tracker, speaker)


class TakeRating(Step):
    """Stars, or the wish to give some."""

    title = "action_rating"
    flow = "rating"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Thank for a good one, look for the cause of a bad one; without stars, ask how many."""
        stars = stars_of(turn)
        if stars is not None:
            return take_stars(turn, tracker, speaker, stars)
        speaker.say("utter_rating_how", [] if tracker.active_loop_name else star_buttons())
        return {} if tracker.active_loop_name else {"awaits": STARS}


def ask_rating(turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
    """Ask for a rating, once for an order."""
    asked = turn.memory.setdefault("rating_asked", [])
    about = tracker.get_slot("order_number") or ""
    if about in asked:
        return {}
    asked.append(about)
    speaker.say("utter_ask_rating", star_buttons())
    return {"awaits": STARS}


def stars_of(turn: Turn) -> int | None:
    """How many stars a message gives, of five; None where it tells none."""
    pressed = turn.understanding.first("stars")
    if pressed is not None:
        return int(pressed) if str(pressed) in "12345" else None
    text = turn.understanding.text
    of_ten = _OF_TEN.search(text)
    if of_ten is not None:
        return max(1, math.ceil(int(of_ten.group(1)) / 2))
    shapes = _SHAPES.findall(text)
    if shapes:
        return min(len(shapes), MOST)
    # "From 2 to 5 now": the last one counts.
    digits = [int(digit) for digit in _DIGIT.findall(re.sub(r"/\s*5\b", "", text))]
    if digits:
        return max(1, digits[-1] if digits[-1] <= MOST else math.ceil(digits[-1] / 2))
    said = answers.first_meant([f"stars_{count}" for count in range(MOST, 0, -1)], text)
    return None if said is None else int(said[-1])


def take_stars(turn: Turn, tracker: Tracker, speaker: Speaker, stars: int) -> Slots:
    """Thank for a rating; of a bad one the cause is asked for."""
    turn.read("rating", stars=stars, order=tracker.get_slot("order_number"))
    done: Slots = {"done": remembered(tracker, "rating")}
    helped = satisfaction.rate(turn.connection, turn.clock, turn.conversation.id, stars)
    if helped is not None:
        # What they write next belongs to it, whatever else it is.
        turn.memory[COMMENTS] = helped.case.id
    if stars < GOOD:
        turn.memory["bad_review"] = helped is None
        turn.memory[HEARS] = tracker.active_loop_name is None
        speaker.say("utter_rating_bad")
        return done | ({} if tracker.active_loop_name else {"awaits": CAUSE})
    turn.memory.pop("bad_review", None)
    if helped is not None:
        speaker.say("utter_satisfaction_good", agent=helped.agent)
        return done
    points = turn.customer.points if turn.customer and turn.rules.payment.points else 0
    speaker.say("utter_rating_good")
    if turn.customer is not None:
        reply = "utter_kept_for_next_points" if points else "utter_kept_for_next"
        speaker.say(reply, points=str(points))
    return done


def star_buttons() -> list[Button]:
    """A button for each number of stars, the most first."""
    return [
        Button(STAR * stars, inform("", stars=str(stars)).payload.replace("/inform", "/service_rating"))
        for stars in range(MOST, 0, -1)
    ]
