"""Shipping before purchase: whether, how, how long, what it costs and who pays duties, from the lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker

from bot.dialogue.actions.advice import category_name
from bot.dialogue.actions.change import word
from bot.dialogue.actions.cities import country_of_city
from bot.dialogue.actions.deals import basket_told, say_missing
from bot.dialogue.actions.elsewhere import names_a_place
from bot.dialogue.actions.shipping_words import asks_cost_and_time, services_named
from bot.dialogue.actions.step import Form, Slots, Speaker, Step, remembered
from bot.dialogue.turn import Turn
from bot.messages import Button
from bot.settings import LaneRules, ServiceRules
from bot.settings.lanes import ServiceName
from bot.shop.policy import arrival, is_sent, lane_of, local_day, served
from bot.shop.values import Money

KNOWN, UNKNOWN = "known", "unknown"
#: Countries that are named as examples of where the store sends to.
NAMED = 12


def place_named(turn: Turn, *, asked: bool) -> str | None:
    """The country that a message names, or that the city which it names lies in; its ISO 3166 code.

    Args:
        turn: the message's.
        asked: whether the buyer was asked for it, so that a city may be typed in small letters.
    """
    read = turn.understanding
    country = read.first("country")
    if country is not None:
        return str(country)
    # A product's name may hold a city's: "Oxford Shirt".
    return None if read.first("product") else country_of_city(read.text, asked=asked)


class FindDestination(Step):
    """Begins every question about shipping: finds out where to."""

    title = "action_find_destination"
    flow = "shipping"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """The country in the message, the one spoken of before, or the buyer's own."""
        intent = turn.understanding.intent
        goods = basket_told(turn)
        asked = {"text": turn.understanding.text, "goods": goods.minor if goods else None}
        begun: Slots = {"shipping_question": intent, "shipping_asked": asked, "misunderstandings": 0}
        # "And to zürich?", after one country was told of.
        named = place_named(turn, asked=tracker.get_slot("destination") is not None)
        if named is None and names_a_place(turn.understanding.text):
            # Neither the country spoken of before nor the buyer's own, and perhaps none at all.
            speaker.say("utter_place_unknown")
            return begun | {"destination": None, "destination_step": UNKNOWN}
        own = turn.customer.country if turn.customer else None
        country = named or tracker.get_slot("destination") or own
        if country:
            return begun | {"destination": str(country), "destination_step": KNOWN}
        if intent == "logistics_destinations":
            names = [turn.words.country(code) for code in served(turn.rules)]
            more = len(names) - NAMED
            listed = turn.words.beside(names[:NAMED])
            speaker.say("utter_destinations_more" if more > 0 else "utter_destinations", countries=listed)
        return begun | {"destination_step": UNKNOWN}


class DestinationForm(Form):
    """Asks for the country."""

    title = "validate_destination_form"
    flow = "shipping"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:  # noqa: ARG002
        """Take the country that is named."""
        country = place_named(turn, asked=True)
        if country is None:
            return {}
        return {"destination": str(country), "destination_step": KNOWN, "misunderstandings": 0}

    def wanted(self, turn: Turn, slots: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        """One question."""
        return ("destination",)


class TellShipping(Step):
    """The answer for one country."""

    title = "action_tell_shipping"
    flow = "shipping"

    def act(self, turn: Turn, tracker: Tracker, speaker: Speaker) -> Slots:
        """By what was asked; inside another form, that form goes on by itself."""
        country = str(tracker.get_slot("destination"))
        question = str(tracker.get_slot("shipping_question"))
        lane, place = lane_of(country, turn.rules), turn.words.country(country)
        turn.read("lane", country=country, served=lane is not None)
        if lane is None:
            speaker.say("utter_not_served", country=place)
        else:
            _tell(turn, tracker, speaker, question, lane, country)
        open_form = tracker.active_loop_name not in (None, "destination_form")
        return {} if open_form else {"done": remembered(tracker, "shipping")}


def _tell(
    turn: Turn, tracker: Tracker, speaker: Speaker, question: str, lane: LaneRules, country: str
) -> None:
    place = turn.words.country(country)
    code = tracker.get_slot("product")
    product = turn.shop.product(code) if code else None
    if product is not None and not is_sent(product, country, turn.rules):
        speaker.say("utter_product_not_sent", product=turn.words.product(product), country=place)
        return
    told = tracker.get_slot("shipping_asked") or {}
    text = str(told.get("text") or "")
    asked = services_named(text, lane.services)
    match question:
        case "logistics_duties" | "payment_tax":
            say_duties(turn, speaker, country)
            return
        case "logistics_shipping_cost" | "logistics_shipping_time" if asks_cost_and_time(text):
            speaker.say("utter_shipping_services", country=place, services=_each(turn, asked, _whole))
        case "logistics_shipping_cost":
            speaker.say("utter_shipping_cost", country=place, services=_each(turn, asked, _cost))
            if told.get("goods") and any(one.can_be_free for one in asked.values()):
                say_missing(turn, speaker, Money(int(told["goods"]), turn.rules.store.currency))
        case "logistics_shipping_time":
            _say_time(turn, speaker, asked, place)
        case "logistics_services":
            speaker.say("utter_shipping_services", country=place, services=_each(turn, asked, _whole))
        case _:
            ways = _each(turn, lane.services, _whole)
            speaker.say("utter_ships_to", _more(turn), country=place, services=ways)
    if lane.not_sent and question in ("logistics_destinations", "logistics_services"):
        goods = turn.words.all_of([category_name(turn, name) for name in lane.not_sent])
        speaker.say("utter_not_sent_there", country=place, goods=goods)


def _more(turn: Turn) -> list[Button]:
    return [Button(word(turn, "utter_meaning_logistics_duties"), "/logistics_duties")]


def _say_time(turn: Turn, speaker: Speaker, ways: Mapping[ServiceName, ServiceRules], place: str) -> None:
    timezone = turn.customer.timezone if turn.customer else turn.rules.store.timezone
    today = local_day(turn.clock.now(), timezone)
    first = next(iter(ways.values()))
    speaker.say(
        "utter_shipping_time",
        country=place,
        services=_each(turn, ways, _time),
        hours=turn.rules.shipping.dispatch_hours,
        expected=turn.words.day(arrival(first, today)),
    )


def say_duties(turn: Turn, speaker: Speaker, country: str) -> None:
    """Who pays duties and import tax in a country, and up to what value none are due."""
    lane, place = lane_of(country, turn.rules), turn.words.country(country)
    if lane is None:
        speaker.say("utter_not_served", country=place)
        return
    reply = "utter_duties_ours" if lane.duties.paid_by == "store" else "utter_duties_theirs"
    speaker.say(reply, country=place)
    free = lane.duties.free_below
    if free is not None and lane.duties.paid_by == "buyer":
        speaker.say("utter_duties_free_below", country=place, free=_money(turn, free))


def _each(turn: Turn, ways: Mapping[ServiceName, ServiceRules], tell: Any) -> str:
    mark = {"fr": " ; ", "zh": "；", "ja": "；", "ar": "؛ "}.get(turn.words.language.partition("-")[0], "; ")
    return mark.join(tell(turn, name, service) for name, service in ways.items())


def _cost(turn: Turn, name: str, service: ServiceRules) -> str:
    values = {"service": word(turn, f"utter_service_{name}"), "cost": _money(turn, service.cost)}
    if not service.cost:
        return word(turn, "utter_service_free", **values)
    if not service.can_be_free:
        return word(turn, "utter_service_cost", **values)
    free = _money(turn, turn.rules.shipping.free_from)
    return word(turn, "utter_service_cost_free_from", free=free, **values)


def _time(turn: Turn, name: str, service: ServiceRules) -> str:
    low, high = service.days
    return word(turn, "utter_service_time", service=word(turn, f"utter_service_{name}"), days=f"{low}–{high}")


def _whole(turn: Turn, name: str, service: ServiceRules) -> str:
    low, high = service.days
    carriers = turn.words.any_of(service.carriers)
    cost = _cost(turn, name, service)
    return word(turn, "utter_service_whole", cost=cost, carriers=carriers, days=f"{low}–{high}")


def _money(turn: Turn, amount: Any) -> str:
    return turn.words.money(Money.of(amount, turn.rules.store.currency))
