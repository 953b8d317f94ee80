"""What people were asked, answered: the flow that waited goes on, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from rasa_sdk import Tracker

from bot.desk.requests import Requests
from bot.desk.values.requests import Request
from bot.dialogue.actions import approvals, bargained, product_answers
from bot.dialogue.actions.approved import refund_answered, replacement_answered
from bot.dialogue.actions.bargained import bargain_answered
from bot.dialogue.actions.product_answers import fact_answered
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.turn import Turn

#: How each flow goes on, by the purpose of its request.
GOES_ON: Mapping[str, Callable[[Turn, Tracker, Speaker, Request], Slots]] = {
    bargained.PURPOSE: bargain_answered,
    product_answers.PURPOSE: fact_answered,
    approvals.REFUND: refund_answered,
    approvals.REPLACE: replacement_answered,
}


class RequestAnswered(Step):
    """A supervisor has decided, a department has answered, or nobody did in time."""

    title = "action_request_answered"
    flow = "request_answered"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Let the flow that asked go on."""
        asked = Requests(turn.connection, turn.rules, turn.clock).get(int(turn.row.data["request_id"]))
        turn.read("request", id=asked.id, state=asked.state.value, granted=asked.granted_minor)
        return GOES_ON[asked.purpose](turn, tracker, speaker, asked)


class RequestLate(Step):
    """Nobody answered in time, and they are asked again: the buyer gets a new date."""

    title = "action_request_late"
    flow = "request_late"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Apologise once and name the moment by which there is an answer."""
        until = dt.datetime.fromisoformat(str(turn.row.data["until"]))
        speaker.say("utter_case_late", by=turn.words.moment(until))
        return {}
