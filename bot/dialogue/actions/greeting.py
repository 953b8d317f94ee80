"""Who speaks: a greeting, are you a bot, what can you do."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.turn import Turn


def part_of_day(hour: int) -> str:
    """Which greeting fits an hour of the buyer's day."""
    if 5 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening"


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
