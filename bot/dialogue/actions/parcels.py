"""Where is my parcel: on its way, late with its true cause, stuck, delivered, or not received."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.answers import first_meant
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.interruptions import back_to
from bot.dialogue.actions.known_orders import is_before_shipping, known_order
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, remembered, typed_answer
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.shop.policy import can_extend, is_dispatch_late, is_stuck, local_day, promised_late
from bot.shop.values import (
    ON_ITS_WAY,
    DelayCause,
    LineState,
    Order,
    OrderLine,
    OrderState,
    RemarkColour,
    Shipment,
    ShipmentState,
)

#: Signs in a carrier's words of where a parcel was left; the first that fits wins.
PROOFS = {
    "signed": ("sign",),
    "neighbour": ("neighbo",),
    "pickup_point": ("pick-up", "pickup", "collected", "locker"),
    "mailbox": ("mailbox", "letterbox", "letter box"),
    "safe_place": ("place", "porch", "garage", "door"),
}


#: What the buyer is asked to send when a parcel is late for this cause.
AWAITS = {DelayCause.PHONE_MISSING: "phone", DelayCause.WRONG_ADDRESS: "address"}


#: What words say to "have you looked around?"; the first that a message holds wins.
LOOKED = {"looked_not": "no", "looked": "yes"}


def new_date(turn: Turn, order: Order, parcel: Shipment | None, cause: DelayCause) -> dt.date:
    """The date that replaces a missed one: the carrier's, or so many days from today by the cause."""
    today = local_day(turn.clock.now(), order.timezone)
    ours = today + dt.timedelta(days=turn.rules.shipping.delay_days[cause.value])
    theirs = parcel.expected_on if parcel else None
    return theirs if theirs is not None and theirs > today else ours


def proof_of(words: str) -> str:
    """Which of the known proofs of delivery a carrier's words mean; ``scan`` where they say nothing more."""
    lowered = words.lower()
    return next((name for name, signs in PROOFS.items() if any(sign in lowered for sign in signs)), "scan")


def current_parcel(order: Order) -> Shipment | None:
    """The parcel that a question is about: the first one that has not been delivered, else the last."""
    waiting = [parcel for parcel in order.shipments if parcel.state is not ShipmentState.DELIVERED]
    return waiting[0] if waiting else (order.shipments[-1] if order.shipments else None)


class WhereIsParcel(Step):
    """Tracking, with the delay's true cause when there is one, and the next step."""

    title = "action_where_is_parcel"
    flow = "parcel"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Tell what is known of the order's parcel."""
        return tell_parcel(turn, tracker, speaker, known_order(turn, tracker))


def tell_parcel(turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots:
    """Tell what is known of the parcel; what the warehouse or the carrier must do is set going."""
    done, awaits = "parcel", None
    parcel, now = current_parcel(order), turn.clock.now()
    if parcel is not None:
        cause = parcel.delay_cause.value if parcel.delay_cause else None
        turn.read("parcel", number=parcel.number, state=parcel.state.value, cause=cause)
    if parcel is None and order.state in ON_ITS_WAY:
        return tell_untracked(turn, tracker, speaker, order, "logistics_where_is_parcel")
    if is_before_shipping(order) or parcel is None:
        backordered = [line for line in order.lines if line.state is LineState.BACKORDERED]
        if backordered and order.state is not OrderState.UNPAID:
            return _tell_oversold(turn, tracker, speaker, order, backordered)
        missed = parcel is not None and parcel.delay_cause is DelayCause.WAREHOUSE_MISSED
        if order.state is not OrderState.UNPAID and (missed or is_dispatch_late(order, turn.rules, now)):
            _urge_warehouse(turn, speaker, order)
            done = "urged"
        else:
            say_state(turn, speaker, order)
    elif order.state in (OrderState.RETURNED, OrderState.CANCELLED):
        say_state(turn, speaker, order)
    elif order.state is OrderState.DELIVERED:
        speaker.say("utter_parcel_delivered", **_values(turn, order, parcel))
    elif is_stuck(parcel, turn.rules, now, order.ship_to.country):
        _trace(turn, speaker, order, parcel)
        done = "trace"
    else:
        _say_on_its_way(turn, speaker, order, parcel)
        awaits = AWAITS.get(parcel.delay_cause) if parcel.delay_cause else None
    return {"done": remembered(tracker, done), "awaits": awaits, **back_to(turn, tracker, speaker)}


def tell_untracked(turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, intent: str) -> Slots:
    """Sent or delivered by the shop's word, and no parcel is known: people find out, nobody guesses."""
    say_state(turn, speaker, order)
    why = "the shop's data has no parcel of an order that was sent"
    return {"done": remembered(tracker, "parcel")} | hand_over(
        turn, tracker, speaker, Reason.POLICY, why=why, intent=intent, order=order
    )


def _tell_oversold(
    turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, lines: Sequence[OrderLine]
) -> Slots:
    """Sold out before it was packed: when more comes, and the choice to wait, change or cancel."""
    items = turn.words.all_of([turn.words.line(line) for line in lines])
    days = [_restock_day(turn, line) for line in lines]
    known = [day for day in days if day is not None]
    done = {"done": remembered(tracker, "order_state")}
    if len(known) < len(days):
        speaker.say("utter_oversold_no_date", number=order.number, items=items)
        return done | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why="sold out before it was packed, and no date for more is known",
            intent="logistics_not_shipped",
            order=order,
        )
    day = max(known)
    dispatch = day + dt.timedelta(hours=turn.rules.shipping.dispatch_hours)
    values = {"day": turn.words.day(day), "dispatch": turn.words.day(dispatch)}
    speaker.say("utter_oversold", number=order.number, items=items, **values)
    return done | back_to(turn, tracker, speaker)


def _restock_day(turn: Turn, line: OrderLine) -> dt.date | None:
    product = turn.shop.product(line.sku)
    variant = next((one for one in product.variants if one.sku == line.sku), None) if product else None
    day = variant.restock_on if variant else None
    today = local_day(turn.clock.now(), turn.rules.store.timezone)
    return day if day is not None and day >= today else None


def _values(turn: Turn, order: Order, parcel: Shipment) -> dict[str, str]:
    words = turn.words
    last = parcel.last_event
    return {
        "number": order.number,
        "carrier": parcel.carrier,
        "tracking": parcel.tracking_number,
        "place": last.place if last else order.ship_to.city,
        "day": words.day_of(last.at if last else parcel.shipped_at or order.placed_at),
        "country": words.country(order.ship_to.country),
    }


def _say_on_its_way(turn: Turn, speaker: Speaker, order: Order, parcel: Shipment) -> None:
    """Late with its cause, or on time with its date."""
    cause = parcel.delay_cause
    today = local_day(turn.clock.now(), order.timezone)
    expected = parcel.expected_on or order.promised_on
    if cause is None and (
        promised_late(order, turn.clock.now()) or (expected is not None and expected < today)
    ):
        at_customs = parcel.state is ShipmentState.AT_CUSTOMS
        cause = DelayCause.CUSTOMS_CLEARANCE if at_customs else DelayCause.CARRIER_DELAY
    values = _values(turn, order, parcel)
    if cause is not None:
        day = turn.words.day(new_date(turn, order, parcel, cause))
        speaker.say(f"utter_delay_{cause.value}", _protection(turn, order), expected=day, **values)
        return
    reply = {
        ShipmentState.OUT_FOR_DELIVERY: "utter_parcel_out_for_delivery",
        ShipmentState.AT_CUSTOMS: "utter_parcel_at_customs",
    }.get(parcel.state, "utter_parcel_on_its_way")
    speaker.say(reply, expected=turn.words.day(expected or today), **values)


def _protection(turn: Turn, order: Order) -> list[Button]:
    """A late parcel's buyer is offered a longer protection without having to ask."""
    times = turn.shop.protection_extensions(order.number)
    if not can_extend(order, times, turn.rules, turn.clock.now()):
        return []
    title = turn.replies.say("utter_protection_offer", turn.words.language, {}).text
    return [Button(title, "/logistics_extend_protection")]


def _urge_warehouse(turn: Turn, speaker: Speaker, order: Order) -> None:
    """Apologise once, give a new date, urge the warehouse; the buyer may wait, change or cancel."""
    today = local_day(turn.clock.now(), order.timezone)
    expected = new_date(turn, order, None, DelayCause.WAREHOUSE_MISSED)
    turn.shop.add_remark(
        order.number,
        RemarkColour(turn.rules.remarks.special),
        turn.rules.store.assistant,
        f"The buyer asks why this has not shipped. Ship at once; told them {expected.isoformat()}.",
        key=f"urge:{order.number}:{today.isoformat()}",
    )
    turn.confirms = True
    speaker.say("utter_delay_warehouse_missed", number=order.number, expected=turn.words.day(expected))


def _trace(turn: Turn, speaker: Speaker, order: Order, parcel: Shipment) -> None:
    """No scan for too long: a search is opened with logistics, who answer by a named date."""
    trace = turn.shop.open_trace(parcel.id, key=f"trace:{parcel.number}")
    turn.confirms = True
    answer_by = turn.words.day(trace.answer_by)
    speaker.say("utter_parcel_stuck", answer_by=answer_by, **_values(turn, order, parcel))


class StartNotReceived(Step):
    """Delivered, says the scan; the buyer has not got it."""

    title = "action_start_not_received"
    flow = "not_received"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Tell the scan and the proof, or that it was not delivered at all."""
        order = known_order(turn, tracker)
        parcel = current_parcel(order)
        if parcel is None and order.state is OrderState.DELIVERED:
            told = tell_untracked(turn, tracker, speaker, order, "logistics_delivered_not_received")
            return {"way": "closed", **told}
        if parcel is None or parcel.state is not ShipmentState.DELIVERED or parcel.delivered_at is None:
            speaker.say("utter_not_delivered_yet", number=order.number)
            return {"way": "closed", **tell_parcel(turn, tracker, speaker, order)}
        left = turn.replies.say(f"utter_proof_{proof_of(parcel.proof)}", turn.words.language, {}).text
        speaker.say(
            "utter_delivery_scan",
            number=order.number,
            carrier=parcel.carrier,
            moment=turn.words.moment(parcel.delivered_at),
            proof=left,
        )
        return {"way": "open", "checked_around": None}


class NotReceivedForm(Form):
    """Asks whether neighbours, safe place and pick-up point were looked at."""

    title = "validate_not_received_form"
    flow = "not_received"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take a yes or no, typed or by button."""
        answer = turn.understanding.first("checked_around")
        if answer is None and tracker.get_slot("requested_slot") == "checked_around":
            said = first_meant(LOOKED, turn.understanding.text)
            looked = None if said is None else LOOKED[said]
            answer = looked or typed_answer(turn)
        return {} if answer not in ("yes", "no") else {"checked_around": answer, "misunderstandings": 0}

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """One question."""
        return ("checked_around",)


class EndNotReceived(Step):
    """Looked everywhere: a trace and a person at logistics; not yet: what to do first."""

    title = "action_end_not_received"
    flow = "not_received"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Trace it, or say where to look and how to come back."""
        order = known_order(turn, tracker)
        parcel = current_parcel(order)
        answer, cleared = tracker.get_slot("checked_around"), {"checked_around": None}
        if answer == "no" or parcel is None:
            speaker.say("utter_look_around", carrier=parcel.carrier if parcel else "")
            return cleared | {"done": remembered(tracker, "not_received")}
        trace = turn.shop.open_trace(parcel.id, key=f"trace:{parcel.number}")
        turn.confirms = True
        speaker.say("utter_trace_opened", number=order.number, answer_by=turn.words.day(trace.answer_by))
        return (
            cleared
            | {"done": remembered(tracker, "trace")}
            | hand_over(
                turn,
                tracker,
                speaker,
                Reason.POLICY,
                why="scanned as delivered, not received; looked around; a trace is open",
                intent="logistics_delivered_not_received",
                order=order,
            )
        )
