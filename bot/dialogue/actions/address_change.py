"""Another address: changed before packing, asked of the warehouse or of logistics after it."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from rasa_sdk import Tracker

from bot.desk.values.cases import Reason
from bot.dialogue.actions import answers
from bot.dialogue.actions.change import Change, Taken, is_question, leaves, yes_or_no
from bot.dialogue.actions.handover import hand_over
from bot.dialogue.actions.order_states import say_state
from bot.dialogue.actions.parcels import current_parcel, tell_untracked
from bot.dialogue.actions.step import Slots, Speaker, remembered
from bot.dialogue.turn import Turn
from bot.shop.addresses import TypedAddress, is_eastern, one_line, read_address
from bot.shop.contact import plain_phone
from bot.shop.policy import CancelWay, can_change, cancel_way
from bot.shop.values import Address, DelayCause, Order

#: Where in a wish for another address the address begins.
_GIVEN = re.compile(
    r"(?:[:：]|\bto\b|\bis\b|\bbe\b|[改换換寄送](?:到|成|为|為))\s*(?P<address>.*\d.*)",
    re.IGNORECASE | re.DOTALL,
)
#: A street with its number, before or behind, whatever the model takes so short a text for.
_STREET = re.compile(
    r"\d+\s?[A-Za-z]?\s+\w[\w.'’-]*(?:\s+\w[\w.'’-]*){1,4}|\w[\w.'’-]*(?:\s+\w[\w.'’-]*){0,4}\s+\d+\s?[A-Za-z]?"
)
#: Kinds of entities that stand in a message beside an address and are none of it.
_NOT_ADDRESS = ("phone", "email", "order_number", "tracking_number")


class ChangeAddress(Change):
    """The same wish before and after shipping; the order's state says who can grant it."""

    flow = "change_address"

    def refuse(self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order) -> Slots | None:
        """What has arrived or is over has no address to change; some carriers let the buyer do it."""
        way = cancel_way(order)
        if way in (CancelWay.OVER, CancelWay.DELIVERED):
            say_state(turn, speaker, order)
            return {}
        parcel = current_parcel(order)
        if way is not CancelWay.SHIPPED:
            return None
        if parcel is None:
            return tell_untracked(turn, tracker, speaker, order, "order_change_address")
        offered = parcel.carrier in turn.rules.shipping.self_redirect
        if offered and parcel.tracking_number and parcel.delay_cause is not DelayCause.WRONG_ADDRESS:
            speaker.say(
                "utter_redirect_yourself",
                number=order.number,
                carrier=parcel.carrier,
                tracking=parcel.tracking_number,
            )
            # Told how, and nothing done: no wrap-up may say that the address was taken down.
            return {}
        return None

    def take(self, turn: Turn, order: Order, part: Any, *, asked: bool) -> Taken:
        """An address, in one message or two; another phone number alone is a change as well."""
        text = _without_numbers(turn) if asked else _given(_without_numbers(turn))
        phone = self._phone(turn, order) if asked else ""
        before = TypedAddress(**part["address"]) if part and part.get("address") else None
        phone = phone or (part or {}).get("phone", "")
        told_plainly = ("," in text and any(letter.isdigit() for letter in text)) or _STREET.fullmatch(
            text.strip()
        )
        is_answer = turn.understanding.intent in ("service_affirm", "service_deny") and not told_plainly
        if is_question(turn) or answers.yes_or_no(text) or is_answer or (leaves(turn) and not told_plainly):
            return Taken(part=part)
        found = read_address(text, order.ship_to, before)
        if found is None or (not found.street and before is None):
            only_phone = phone and before is None and not found
            return Taken(self._detail(turn, None, phone)) if only_phone else Taken(part=part)
        if found.is_whole:
            return Taken(self._detail(turn, found, phone))
        return Taken(part={"address": asdict(found), "phone": phone}) if asked else Taken()

    def corrects(self, turn: Turn) -> bool:
        """A number that was read back is another one: "no, number 20"."""
        return any(map(str.isdecimal, turn.understanding.text)) and not leaves(turn)

    def ask(self, turn: Turn, speaker: Speaker, order: Order, part: Any) -> None:  # noqa: ARG002
        """The whole of it, or what one message left out."""
        speaker.say("utter_ask_address_place" if part else "utter_ask_address", number=order.number)

    def read_back(self, turn: Turn, speaker: Speaker, order: Order, detail: Any) -> None:
        """The whole address, and who grants it."""
        address = _meant(order, detail)
        parcel = current_parcel(order)
        values = {
            "number": order.number,
            "address": _told(address),
            "carrier": parcel.carrier if parcel else "",
            "country": turn.words.country(address.country),
        }
        if address.country != order.ship_to.country:
            reply = "utter_read_back_address_country"
        elif can_change(order):
            reply = "utter_read_back_address"
        else:
            is_packed = cancel_way(order) is CancelWay.PULL
            reply = "utter_read_back_relabel" if is_packed else "utter_read_back_redirect"
        speaker.say(reply, yes_or_no(turn, again=True), **values)

    def make(
        self, turn: Turn, tracker: Tracker, speaker: Speaker, order: Order, detail: Any, seen: str
    ) -> Slots:
        """Change it, or remark it for those who must and tell the buyer by when they hear."""
        address = _meant(order, detail)
        done = {"done": remembered(tracker, self.flow)}
        key = f"address:{order.number}:{len(order.remarks)}"
        if can_change(order) and address.country == order.ship_to.country:
            changed = turn.shop.change_address(order.number, address, seen, key=key)
            turn.confirms = True
            speaker.say("utter_address_changed", number=order.number, address=_told(changed.ship_to))
            return done
        # Personal data stay on the order: the case card names only where to look.
        text = f"The buyer asks for another address: {_told(address)}, {address.country}."
        turn.shop.record_wish(order.number, text, seen, key=key)
        turn.confirms = True
        way = cancel_way(order)
        where = {CancelWay.PULL: "packed", CancelWay.SHIPPED: "shipped"}.get(
            way, "not packed; another country"
        )
        reply = {CancelWay.PULL: "utter_relabel_asked", CancelWay.SHIPPED: "utter_redirect_asked"}
        return done | hand_over(
            turn,
            tracker,
            speaker,
            Reason.POLICY,
            why=f"another address for an order that is {where}; confirmed, and remarked on the order",
            intent="logistics_redirect" if way is CancelWay.SHIPPED else "order_change_address",
            order=order,
            reply=reply.get(way, "utter_address_country_asked"),
        )

    @staticmethod
    def _phone(turn: Turn, order: Order) -> str:
        found = turn.understanding.first("phone")
        return plain_phone(str(found), order.ship_to.country) if found else ""

    @staticmethod
    def _detail(turn: Turn, found: TypedAddress | None, phone: str) -> dict[str, Any]:
        country = turn.understanding.first("country")
        address = asdict(found) if found else None
        return {"address": address, "phone": phone, "country": str(country) if country else ""}


def _meant(order: Order, detail: Any) -> Address:
    """The address that is wanted: what was typed, over what the order has."""
    typed = TypedAddress(**detail["address"]) if detail["address"] else None
    known = order.ship_to
    values = asdict(typed.over(known) if typed else known)
    values["phone"] = detail["phone"] or known.phone
    values["country"] = detail["country"] or known.country
    return Address(**values)


def _told(address: Address) -> str:
    return ", ".join(part for part in (one_line(address), address.phone) if part)


def _given(text: str) -> str:
    if is_eastern(text):
        return text
    found = _GIVEN.search(text)
    return found.group("address") if found else ""


def _without_numbers(turn: Turn) -> str:
    """The message without phone, e-mail and order number, and without a country that stands alone."""
    read = turn.understanding
    text = read.text
    # Six digits alone look like an order number, and are a postcode.
    cut = [
        (one["start"], one["end"])
        for one in read.entities
        if one["entity"] in _NOT_ADDRESS
        and (one["entity"] != "order_number" or not text[one["start"] : one["end"]].isdecimal())
    ]
    for one in read.entities:
        alone = (
            text[: one["start"]].rstrip().endswith((",", "\n", ";")) if one["entity"] == "country" else False
        )
        if alone and one["end"] >= len(text.rstrip(" .!")):
            cut.append((one["start"], one["end"]))
    for start, end in sorted(cut, reverse=True):
        text = text[:start] + text[end:]
    return text
