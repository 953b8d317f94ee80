"""What the system in which the orders live says of what was asked of it, and how old its facts are."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.values.cases import Priority, Reason
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.step import Slots, Speaker, Step, wishes
from bot.dialogue.turn import Said, Turn
from bot.messages import Button
from bot.shop.feed import entries
from bot.shop.feed.entries import SILENT, FeedState

#: Facts that come from that system, as turns record them.
_THEIRS = frozenset({"order", "parcel", "payment", "product", "refund"})


class FeedSettled(Step):
    """Acknowledged: what was held back is said; refused: a person takes it up."""

    title = "action_feed_settled"
    flow = "feed"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say what came of all that one turn asked for."""
        asked = entries.of_turn(turn.connection, int(turn.row.data["turn_id"]))
        told = [entry for entry in asked if entry.kind not in SILENT]
        refused = [entry for entry in told if entry.state is FeedState.REFUSED]
        turn.read("feed", turn=turn.row.data["turn_id"], refused=len(refused))
        if refused:
            what = wishes(turn, [entry.kind for entry in refused])
            speaker.say("utter_not_done_outside", what=what)
            return hand_over(
                turn,
                tracker,
                speaker,
                Reason.FAILED,
                why=f"the store's own system refused: {', '.join(entry.kind for entry in refused)} "
                f"({refused[0].order_number or 'no order'})",
                intent="order_state",
                priority=Priority.HIGH,
            )
        turn.confirms = True
        speaker.say("utter_confirmed", what=wishes(turn, [entry.kind for entry in told]))
        for entry in told:
            for one in entry.held:
                buttons = [Button(button["title"], button["payload"]) for button in one["buttons"]]
                speaker.say(one["reply"], buttons, **one["values"])
        return {}


def as_of(turn: Turn) -> list[Said]:
    """What is not confirmed yet, and of which time the facts are where they may be out of date."""
    if not turn.rules.feed.is_on or turn.held or turn.case is not None:
        return []
    told = [fact for fact in turn.facts if fact["what"] in _THEIRS]
    if not told:
        return []
    said = []
    numbers = dict.fromkeys(str(fact["number"]) for fact in told if fact["what"] == "order")
    waiting = [kind for number in numbers for kind in turn.shop.unconfirmed(number)]
    if waiting:
        said.append(word(turn, "utter_requested_still", what=wishes(turn, waiting)))
    since = turn.shop.stale_since()
    if since is not None:
        said.append(word(turn, "utter_as_of", moment=turn.words.moment(since)))
    return [Said(text, language=turn.words.language) for text in said]
