"""The rival's actions: what the flows under measurement need, looked up in the same store's database."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz, process
from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

_ORDER_NUMBER = re.compile(r"CD[-\s]?(\d{6})", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+\w")
_STORE = {"store": "Meridian Goods", "assistant": "Meri"}


@lru_cache
def _store() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["BENCH_STORE"], check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute(
        "CREATE TABLE IF NOT EXISTS rival_cases (id INTEGER PRIMARY KEY, sender TEXT, reason TEXT, said TEXT)"
    )
    return connection


def _row(query: str, *values: Any) -> sqlite3.Row | None:
    row: sqlite3.Row | None = _store().execute(query, values).fetchone()
    return row


def _order_number(text: str) -> str | None:
    found = _ORDER_NUMBER.search(text)
    return f"CD-{found[1]}" if found else None


def _email(text: str) -> str | None:
    found = _EMAIL.search(text)
    return found[0] if found else None


def _is_theirs(number: str, email: str) -> bool:
    row = _row("SELECT email FROM orders WHERE number = ?", number)
    return row is not None and row["email"].casefold() == email.casefold()


def _money(minor: int, currency: str) -> str:
    return f"{currency} {minor / 100:.2f}"


def _add(tracker: Tracker, what: str) -> SlotSet:
    done = list(tracker.get_slot("done") or ())
    return SlotSet("done", done if what in done else [*done, what])


@dataclass(frozen=True)
class _Call:
    tracker: Tracker
    text: str
    dispatcher: CollectingDispatcher

    def say(self, reply: str, **values: Any) -> None:
        self.dispatcher.utter_message(response=reply, **values)


class _Step(Action):
    title = ""

    def name(self) -> str:
        return self.title

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: Mapping[str, Any],  # noqa: ARG002 (the SDK's signature)
    ) -> list[EventType]:
        events = self.act(_Call(tracker, tracker.latest_message.get("text") or "", dispatcher))
        if tracker.get_slot("asked") == "all_solved" and self.title != "action_wrap_up":
            events.append(SlotSet("asked", "nothing"))
        return events

    def act(self, call: _Call) -> list[EventType]:
        raise NotImplementedError


class Greet(_Step):
    title = "action_greet"

    def act(self, call: _Call) -> list[EventType]:
        call.say("utter_greet_day_nameless", **_STORE)
        return []


class CheckIdentity(_Step):
    title = "action_check_identity"

    def act(self, call: _Call) -> list[EventType]:
        number, email = _order_number(call.text), _email(call.text)
        begun = [SlotSet("flow", "order_state"), SlotSet("flow_intent", "order_state")]
        if number and email and _is_theirs(number, email):
            return [*begun, SlotSet("order_number", number), SlotSet("order_step", "order_state")]
        return [
            *begun,
            SlotSet("order_number", number),
            SlotSet("contact", email),
            SlotSet("order_step", "unknown"),
        ]


class IdentityForm(_Step):
    title = "validate_identity_form"

    def act(self, call: _Call) -> list[EventType]:
        number, email = _order_number(call.text), _email(call.text)
        filled: dict[str, Any] = {}
        if number:
            filled["order_number"] = number
        if email:
            filled["contact"] = email
        known = {**call.tracker.slots, **filled}
        if filled and known["order_number"] and known["contact"]:
            if _is_theirs(known["order_number"], known["contact"]):
                filled |= {"contact": None, "order_step": "order_state", "requested_slot": None}
                return [SlotSet(name, value) for name, value in filled.items()]
            call.say("utter_identity_wrong")
            filled = {"order_number": None, "contact": None}
            known |= filled
        missing = next((name for name in ("order_number", "contact") if not known.get(name)), None)
        return [SlotSet(name, value) for name, value in {**filled, "requested_slot": missing}.items()]


class AskOrderNumber(_Step):
    title = "action_ask_identity_form_order_number"

    def act(self, call: _Call) -> list[EventType]:
        call.say("utter_ask_order_number")
        return []


class OrderState(_Step):
    title = "action_order_state"

    def act(self, call: _Call) -> list[EventType]:
        order = _row("SELECT * FROM orders WHERE number = ?", call.tracker.get_slot("order_number"))
        if order is None:
            raise LookupError("no order is known")
        parcel = _row("SELECT * FROM shipments WHERE order_id = ? ORDER BY id DESC", order["id"])
        last = parcel and _row(
            "SELECT * FROM shipment_events WHERE shipment_id = ? ORDER BY at DESC", parcel["id"]
        )
        call.say(
            f"utter_order_{order['state']}",
            number=order["number"],
            carrier=parcel["carrier"] if parcel else "",
            place=last["place"] if last else order["ship_city"],
            day=str(last["at"] if last else order["placed_at"])[:10],
            expected=str((parcel and parcel["expected_on"]) or order["promised_on"]),
        )
        return [_add(call.tracker, "order_state")]


class FindProduct(_Step):
    title = "action_find_product"

    def act(self, call: _Call) -> list[EventType]:
        intent = call.tracker.get_intent_of_latest_message()
        names = {row["code"]: row["name"] for row in _store().execute("SELECT code, name FROM products")}
        best = process.extractOne(call.text, names, scorer=fuzz.partial_ratio, score_cutoff=80)
        code = best[2] if best else call.tracker.get_slot("product")
        step = "stock" if intent in ("product_stock", "product_restock") else "facts"
        return [
            SlotSet("product", code),
            SlotSet("product_wish", intent),
            SlotSet("product_question", call.text),
            SlotSet("product_step", step if code else "unknown"),
        ]


class ProductStock(_Step):
    title = "action_product_stock"

    def act(self, call: _Call) -> list[EventType]:
        variants = (
            _store()
            .execute(
                "SELECT p.name, v.* FROM variants v JOIN products p ON p.id = v.product_id WHERE p.code = ?",
                (call.tracker.get_slot("product"),),
            )
            .fetchall()
        )
        there = [variant for variant in variants if variant["stock"] > 0]
        chosen = there or variants
        cheapest = min(chosen, key=lambda variant: variant["price_minor"])
        named = ", ".join(f"{variant['colour']} {variant['size']}".strip() for variant in chosen)
        call.say(
            "utter_stock_in" if there else "utter_stock_out",
            product=cheapest["name"],
            variants=f" ({named})",
            price=_money(cheapest["price_minor"], cheapest["currency"]),
        )
        return [_add(call.tracker, "stock")]


class ProductFacts(_Step):
    title = "action_product_facts"

    def act(self, call: _Call) -> list[EventType]:
        product = _row("SELECT name, facts FROM products WHERE code = ?", call.tracker.get_slot("product"))
        if product is None:
            raise LookupError("no product is known")
        material = json.loads(product["facts"]).get("material", "–")
        call.say("utter_fact_material", product=product["name"], fact=material)
        return [_add(call.tracker, "product")]


class PaymentMethods(_Step):
    title = "action_payment_methods"

    def act(self, call: _Call) -> list[EventType]:
        call.say(
            "utter_payment_methods",
            methods="card, PayPal, bank transfer or mobile wallet",
            cards="Visa, Mastercard, American Express, JCB and UnionPay",
            wallets="Apple Pay, Google Pay or Alipay",
            currencies="EUR, USD, GBP, JPY, CNY, KRW, BRL or AED",
        )
        return [_add(call.tracker, "payment_methods")]


class NotUnderstood(_Step):
    title = "action_not_understood"

    def act(self, call: _Call) -> list[EventType]:
        likeliest = [item["name"] for item in call.tracker.latest_message.get("intent_ranking") or ()][1:4]
        call.say(
            "utter_not_understood",
            buttons=[{"title": name, "payload": f"/{name}"} for name in likeliest],
        )
        return [SlotSet("misunderstandings", 1)]


class OutOfScope(_Step):
    title = "action_out_of_scope"

    def act(self, call: _Call) -> list[EventType]:
        call.say("utter_out_of_scope", **_STORE)
        return []


class HandOver(_Step):
    title = "action_hand_over"

    def act(self, call: _Call) -> list[EventType]:
        said = [event.get("text") for event in call.tracker.events if event.get("event") in ("user", "bot")]
        with _store() as connection:
            connection.execute(
                "INSERT INTO rival_cases (sender, reason, said) VALUES (?, ?, ?)",
                (call.tracker.sender_id, "asked_for_human", json.dumps(said[-6:])),
            )
        call.say("utter_handed_over", by="tomorrow")
        return [ActiveLoop(None), SlotSet("requested_slot", None)]


class WrapUp(_Step):
    title = "action_wrap_up"

    def act(self, call: _Call) -> list[EventType]:
        done = call.tracker.get_slot("done") or ()
        call.say("utter_wrap_up", done=", ".join(done) or "a talk")
        return [SlotSet("asked", "all_solved")]


class SayGoodbye(_Step):
    title = "action_goodbye"

    def act(self, call: _Call) -> list[EventType]:
        call.say("utter_goodbye", **_STORE)
        return [SlotSet("done", None)]
