"""What bargaining has come to: made real once, left standing, or asked of a supervisor."""

from __future__ import annotations

from rasa_sdk import Tracker

from bot.desk.requests import Requests
from bot.desk.values.cases import Priority, Reason
from bot.desk.values.requests import Request, RequestState
from bot.dialogue import ladders
from bot.dialogue.actions.change import word
from bot.dialogue.actions.deals import (
    FRESH,
    INTENT,
    Deal,
    concede,
    deal_of,
    say_already,
    say_stands,
    still_theirs,
    what_is,
)
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.offers import FINAL, LEFT, YES
from bot.dialogue.actions.step import Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.values import Money

#: The waiting request's purpose.
PURPOSE = "bargain"


class SubmitBargain(Step):
    """Makes the concession real, asks a supervisor, or leaves the offer standing."""

    title = "action_submit_bargain"
    flow = "bargain"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """By how the form has ended."""
        done: Slots = FRESH | {"done": remembered(tracker, "bargain")}
        deal = deal_of(turn, ladders.get(turn.connection, tracker.get_slot("bargain")["ladder"]))
        answer, wish = tracker.get_slot("bargain_answer"), tracker.get_slot("bargain_price")
        if deal is None or deal.record.granted_minor is not None:
            if deal is not None:
                say_already(turn, speaker, deal)
        elif not still_theirs(turn, deal):
            again = word(turn, "utter_change_what_now")
            speaker.say("utter_change_expired", [Button(again, f"/{INTENT}")])
        elif answer == YES and not deal.off:
            speaker.say("utter_bargain_settled", what=what_is(turn, deal), price=turn.words.money(deal.price))
        elif answer == YES:
            concede(turn, speaker, deal, deal.off, approved=False)
        elif answer in (LEFT, FINAL):
            say_stands(
                turn, speaker, deal, "utter_bargain_final" if answer == FINAL else "utter_bargain_stands"
            )
        else:
            self._ask(turn, speaker, deal, Money(int(wish), deal.price.currency))
        return done | back_to(turn, tracker, speaker)

    @staticmethod
    def _ask(turn: Turn, speaker: Speaker, deal: Deal, wish: Money) -> None:
        what = deal.product.name if deal.product else f"order {deal.record.order_number}"
        plain = [f"{one.major} {one.currency}" for one in (wish, deal.price, deal.offered)]
        asked = Requests(turn.connection, turn.rules, turn.clock).ask_approval(
            turn.conversation.id,
            PURPOSE,
            deal.price - wish,
            key=deal.key,
            most=deal.ladder.most,
            limit_kind="discount",
            question=f"{what}: the buyer would pay {plain[0]} instead of {plain[1]}, and refused {plain[2]}",
            language=turn.words.language,
            order_number=deal.record.order_number,
            data={"ladder": deal.record.id, "wish": wish.minor},
        )
        due = asked.due_at or turn.clock.now()
        speaker.say(
            "utter_bargain_asked",
            what=what_is(turn, deal),
            price=turn.words.money(wish),
            by=turn.words.moment(due),
        )


def bargain_answered(turn: Turn, tracker: Tracker, speaker: Speaker, request: Request) -> Slots:
    """The supervisor has decided, or nobody has in time: the flow goes on."""
    deal = deal_of(turn, ladders.get(turn.connection, request.data["ladder"]))
    turn.flow = "bargain"
    if deal is None or deal.record.granted_minor is not None:
        if deal is not None:
            say_already(turn, speaker, deal)
        return {}
    wish = Money(int(request.data["wish"]), deal.price.currency)
    if request.granted_minor and request.state in (RequestState.APPROVED, RequestState.COUNTERED):
        granted = Money(request.granted_minor, deal.price.currency)
        # Never less than what the bot had offered itself.
        granted = granted if granted > deal.off else deal.off
        approved = request.state is RequestState.APPROVED
        speaker.say(
            "utter_bargain_approved" if approved else "utter_bargain_countered",
            price=turn.words.money(wish),
            off=turn.words.money(granted),
        )
        concede(turn, speaker, deal, granted, approved=True)
        return {}
    if request.state is RequestState.TIMED_OUT and turn.rules.requests.then == "case":
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.ABOVE_AUTHORITY,
            why=f"no supervisor decided in time: {request.question}",
            intent=INTENT,
            priority=Priority.HIGH,
            queue=request.queue,
            order=deal.order if turn.customer else None,
            reply="utter_request_nobody",
        )
    looked = request.state is RequestState.DECLINED
    say_stands(turn, speaker, deal, "utter_bargain_declined" if looked else "utter_bargain_final")
    return {}
