"""What the store writes first, and what the buyer answers to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions.change import word
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.parcels import new_date
from bot.dialogue.actions.payment_words import payment_values, say_how_to_pay
from bot.dialogue.actions.ratings import STARS, star_buttons
from bot.dialogue.actions.step import Slots, Speaker, Step
from bot.dialogue.answered_notices import NOTICE, OPEN
from bot.dialogue.turn import Turn
from bot.notices import consent, telling
from bot.notices.kinds import Notice, NoticeKind, read
from bot.notices.still import is_true
from bot.shop.policy import local_day
from bot.shop.values import DelayCause, LineState, Order, RemarkColour

#: At which hour of the buyer's day a reminder comes that was agreed on.
REMIND_AT = dt.time(10)
#: The furthest day that may be agreed on.
FURTHEST = dt.timedelta(days=30)
#: What a typed yes or no means, by what was asked.
_YES = {NoticeKind.UNPAID: "pay", NoticeKind.BALANCE: "pay", NoticeKind.LATE: "wait"}
_NO = {NoticeKind.UNPAID: "changed", NoticeKind.BALANCE: "changed"}


class TellNotice(Step):
    """The store writes first: once, while it is true, and to whom it was meant for."""

    title = "action_notice"
    flow = "notice"
    understands = False

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """Say it; nothing of the order but its number and what is to be done is told without a check."""
        notice = read(turn.row.data["key"], turn.conversation.id, turn.row.data)
        customer_id = turn.conversation.customer_id
        turn.read("notice", kind=notice.kind.value, key=notice.key)
        if not is_true(turn.connection, turn.rules, notice, customer_id, turn.clock.now()):
            turn.silence = "a notice that is no longer true"
            return {}
        customer = None if customer_id is None else turn.shop.customer(customer_id)
        if customer is not None:
            turn.words = turn.words.for_buyer(customer.timezone, customer.country)
        values = {"hello": _hello(turn, customer.name if customer else None), "number": notice.order_number}
        slots: Slots = {"leave_form": True, "misunderstandings": 0, "awaits": None}
        if notice.order_number is not None:
            slots["order_number"] = notice.order_number
        turn.memory[NOTICE] = {"kind": notice.kind.value, "number": notice.order_number}
        turn.memory[OPEN] = True
        match notice.kind:
            case NoticeKind.LATE:
                return slots | _tell_late(turn, tracker, speaker, notice, values)
            case NoticeKind.DELIVERED:
                turn.memory.setdefault("rating_asked", []).append(notice.order_number)
                speaker.say("utter_notice_delivered", star_buttons(), **values)
                return slots | {"awaits": STARS}
            case NoticeKind.RESTOCK | NoticeKind.NOT_BOUGHT:
                product = turn.shop.product(notice.product or "")
                if product is None:
                    turn.silence = "a notice of a product that is gone"
                    return {}
                slots["product"] = product.code
                values["product"], values["code"] = turn.words.product(product), product.code
                speaker.say(f"utter_notice_{notice.kind.value}", **values)
            case NoticeKind.UNPAID | NoticeKind.BALANCE:
                second = notice.kind is NoticeKind.UNPAID and notice.key.endswith(":2")
                speaker.say(f"utter_notice_{notice.kind.value}{'_again' if second else ''}", **values)
        return slots


def _hello(turn: Turn, name: str | None) -> str:
    """Who writes, and to whom; a letter says both itself."""
    if turn.replies.written_for("utter_letter", turn.conversation.channel):
        return ""
    store = turn.rules.store
    reply = "utter_notice_hello" if name else "utter_notice_hello_nameless"
    return word(turn, reply, name=name or "", store=store.name, assistant=store.assistant)


def _tell_late(
    turn: Turn, tracker: Tracker, speaker: Speaker, notice: Notice, values: dict[str, Any]
) -> Slots:
    """Not shipped in time: one apology, a new date, the choice; the warehouse is urged."""
    order = turn.shop.order(notice.order_number or "")
    if order is None:
        raise LookupError("a notice of an order that is gone")
    day = _dispatch_day(turn, order)
    if day is None:
        speaker.say("utter_notice_late_no_date", **values)
        return hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"{order.number}: an article is sold out, and no date for more is known; the buyer was told",
            intent="logistics_not_shipped",
            order=order if turn.customer is not None else None,
        )
    turn.shop.add_remark(
        order.number,
        RemarkColour(turn.rules.remarks.special),
        turn.rules.store.assistant,
        f"Not shipped in time. Ship at once; told the buyer {day.isoformat()}.",
        key=f"urge:{notice.key}",
    )
    turn.confirms = True
    speaker.say("utter_notice_late", expected=turn.words.day(day), **values)
    return {}


def _dispatch_day(turn: Turn, order: Order) -> dt.date | None:
    """The new day; None where an article is sold out and nobody knows until when."""
    today = local_day(turn.clock.now(), order.timezone)
    days = [new_date(turn, order, None, DelayCause.WAREHOUSE_MISSED)]
    for line in order.lines:
        if line.state is not LineState.BACKORDERED:
            continue
        product = turn.shop.product(line.sku)
        there = [one.restock_on for one in product.variants if one.sku == line.sku] if product else []
        if not there or there[0] is None or there[0] < today:
            return None
        days.append(there[0] + dt.timedelta(hours=turn.rules.shipping.dispatch_hours))
    return max(days)


class TakeNoticeAnswer(Step):
    """What the buyer answers to what the store wrote first, by button or in words."""

    title = "action_notice_answer"
    flow = "notice_answer"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Remove what keeps the buyer from it, agree on a day, or leave it."""
        asked = turn.memory.get(NOTICE) or {}
        kind = NoticeKind(asked.get("kind", NoticeKind.NOT_BOUGHT.value))
        answer = str(turn.understanding.first("notice_answer") or "no")
        # A button names its own order, whatever was written since.
        number = turn.understanding.first("order_number") or asked.get("number") or ""
        if answer == "yes":
            answer = _YES.get(kind, "other")
        elif answer == "no":
            answer = _NO.get(kind, "no")
        turn.read("notice_answer", answer=answer, number=number)
        slots: Slots = {"misunderstandings": 0, "leave_form": True}
        if number:
            slots["order_number"] = number
        return slots | self._take(turn, speaker, answer, number)

    def _take(self, turn: Turn, speaker: Speaker, answer: str, number: str) -> Slots:
        match answer:
            case "stop":
                consent.stop(turn.connection, turn.conversation.id, turn.clock.now())
                speaker.say("utter_notice_stopped")
            case "pay":
                speaker.say("utter_notice_pay", number=number, **payment_values(turn))
            case "cannot":
                say_how_to_pay(turn, speaker)
                speaker.say("utter_notice_other_payer", number=number)
            case "later":
                self._agree(turn, speaker, number)
            case "doubts":
                speaker.say("utter_notice_doubts")
            case "cheaper":
                speaker.say("utter_notice_cheaper", number=number)
            case "changed":
                speaker.say("utter_notice_changed", number=number)
            case "wait":
                speaker.say("utter_notice_waits", number=number)
            case "restock":
                return self._restock(turn, speaker)
            case "no":
                speaker.say("utter_notice_not_now")
            case _:
                speaker.say("utter_what_next")
        return {}

    @staticmethod
    def _restock(turn: Turn, speaker: Speaker) -> Slots:
        product = turn.shop.product(str(turn.understanding.first("product") or ""))
        if product is None:
            speaker.say("utter_what_next")
            return {}
        code = str(turn.understanding.first("product"))
        telling.ask_restock(turn.connection, turn.conversation.id, code, turn.clock.now())
        speaker.say("utter_notice_restock_noted", product=turn.words.product(product))
        return {}

    @staticmethod
    def _agree(turn: Turn, speaker: Speaker, number: str) -> None:
        """Agree on the day of the next reminder, if the buyer names one that may be."""
        now, zone = turn.clock.now(), turn.words.zone
        today = now.astimezone(zone).date()
        named = str(turn.understanding.first("date") or "")
        try:
            day = dt.date.fromisoformat(named[:10]) if "-" in named else today + dt.timedelta(int(named))
        except ValueError:
            day = today
        if not today < day <= today + FURTHEST:
            turn.memory[OPEN] = True
            speaker.say("utter_notice_when", number=number)
            return
        due = dt.datetime.combine(day, REMIND_AT, zone).astimezone(dt.timezone.utc)
        set_anew = telling.remind_at(turn.connection, turn.rules, turn.conversation, number, due, now)
        reply = "utter_notice_agreed" if set_anew else "utter_notice_no_more"
        speaker.say(reply, number=number, day=turn.words.day(day))
