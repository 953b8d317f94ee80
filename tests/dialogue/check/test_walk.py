"""Faults seeded into actions: each is found by walking, and the shipped flows have none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SetClock
from bot.dialogue.actions.identity import CheckIdentity
from bot.dialogue.actions.not_understood import NotUnderstood
from bot.dialogue.actions.orders import TellOrderState
from bot.dialogue.actions.payments import PaymentMethods
from bot.dialogue.actions.step import Slots, Speaker
from bot.dialogue.check.branches import Branches
from bot.dialogue.check.scope import SITUATIONS
from bot.dialogue.check.shares import walk_shared
from bot.dialogue.check.trying import Trier
from bot.dialogue.check.walk import Walk, Walker
from bot.dialogue.check.world import NOON, fill, look
from bot.dialogue.engine import Engine
from bot.dialogue.replies import Replies
from bot.dialogue.turn import Turn
from bot.settings import Settings, ShopRules
from bot.shop.policy import standing
from bot.shop.tables import orders

pytestmark = pytest.mark.model

Walking = Callable[..., Walk]


@pytest.fixture(scope="module")
def walking(
    engine: Engine,
    replies: Replies,
    rules: ShopRules,
    empty_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Walking]:
    """Walks from one intent on, with or without an order that is paid; everything is taken back."""
    path = tmp_path_factory.mktemp("walk") / "store.sqlite"
    shutil.copy(empty_file, path)
    url = f"sqlite:///{path}"
    fill(url)
    branches = Branches(url)
    samples, world = look(branches, rules)

    def walk(intent: str, *situations: str, deepest: int = 1) -> Walk:
        trier = Trier(branches, engine, replies, rules, SetClock(NOON))
        return Walker(partial(map, trier.try_all), samples, world).walk([intent], situations, deepest)

    yield walk
    branches.close()


def _reasons(walk: Walk) -> str:
    return "\n".join(map(str, walk.findings))


@pytest.mark.parametrize("intent", ["payment_coupon", "service_thanks"])
def test_a_few_turns_show_no_fault_of_the_shipped_flows(walking: Walking, intent: str) -> None:
    walk = walking(intent, deepest=2)

    assert not walk.findings, _reasons(walk)
    assert walk.states > 1
    assert walk.steps > 10


def test_walking_leaves_nothing_behind(walking: Walking) -> None:
    assert walking("payment_coupon") == walking("payment_coupon")


def _raises(_turn: Turn, _speaker: Speaker) -> None:
    raise ZeroDivisionError


def _looks_at_an_order(turn: Turn, speaker: Speaker) -> None:
    turn.connection.execute(sa.select(orders.c.total_minor)).first()
    speaker.say("utter_welcome")


def _closes_an_order(turn: Turn, speaker: Speaker) -> None:
    number = str(turn.understanding.first("order_number"))
    order = turn.shop.order(number)
    assert order is not None
    turn.shop.cancel_order(number, standing(order), key=f"fault:{number}")
    speaker.say("utter_welcome")


def _writes_by_itself(turn: Turn, speaker: Speaker) -> None:
    turn.connection.execute(sa.update(orders).values(currency="EUR"))
    speaker.say("utter_welcome")


def _tells_of_another(turn: Turn, speaker: Speaker) -> None:
    other = sa.select(orders.c.number).where(
        orders.c.customer_id != (turn.customer.id if turn.customer else 0)
    )
    turn.read("order", number=turn.connection.execute(other).scalars().first())
    speaker.say("utter_welcome")


#: What an action does instead, on the way that begins so, and what is found.
FAULTS: dict[str, tuple[Any, str, tuple[str, ...], Callable[[Turn, Speaker], Any], str]] = {
    "an exception": (PaymentMethods, "payment_methods", (), _raises, "ZeroDivisionError"),
    "silence": (PaymentMethods, "payment_methods", (), lambda *_: None, "neither a reply nor a case"),
    "a reply without a value": (
        PaymentMethods,
        "payment_methods",
        (),
        lambda _turn, speaker: speaker.say("utter_case_late"),
        "needs a value for 'by'",
    ),
    "a reply that there is not": (
        PaymentMethods,
        "payment_methods",
        (),
        lambda _turn, speaker: speaker.say("utter_nobody"),
        "there is no reply 'utter_nobody'",
    ),
    "a person as the remedy, without a case": (
        PaymentMethods,
        "payment_methods",
        (),
        lambda _turn, speaker: speaker.say("utter_amount_more", taken="1", total="2", number="3"),
        "names a person as the remedy and opens no case",
    ),
    "a fact of an order before the identity check": (
        PaymentMethods,
        "payment_methods",
        (),
        _looks_at_an_order,
        "looks at orders of an order before the buyer is identified",
    ),
    "a fact of another buyer's order": (
        TellOrderState,
        "order_state",
        ("paid_swappable",),
        _tells_of_another,
        "tells of an order of another buyer",
    ),
    "an order that is cancelled without a yes": (
        TellOrderState,
        "order_state",
        ("unpaid",),
        _closes_an_order,
        "does 'cancel_order' without the buyer's yes",
    ),
    "an order that is changed beside the actions": (
        TellOrderState,
        "order_state",
        ("paid_swappable",),
        _writes_by_itself,
        "writes to orders beside the actions",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_an_action_is_found(walking: Walking, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    action, intent, situations, does, reason = FAULTS[fault]

    def act(_self: Any, turn: Turn, _tracker: Any, speaker: Speaker) -> Slots:
        does(turn, speaker)
        return {}

    monkeypatch.setattr(action, "act", act)
    found = [one for one in walking(intent, *situations).findings if reason in one.reason]

    assert found
    assert found[0].file.suffix == ".py"
    assert "after: open (" in found[0].reason


def test_a_way_on_which_no_rule_goes_on_is_found(walking: Walking, monkeypatch: pytest.MonkeyPatch) -> None:
    act = CheckIdentity.act

    def astray(self: CheckIdentity, turn: Turn, tracker: Any, speaker: Speaker) -> Slots:
        return act(self, turn, tracker, speaker) | {"order_step": "invoice"}

    monkeypatch.setattr(CheckIdentity, "act", astray)

    assert "DeadEndError" in _reasons(walking("order_state", "paid_swappable"))


def test_a_form_that_asks_for_ever_is_found(walking: Walking, monkeypatch: pytest.MonkeyPatch) -> None:
    def patient(_self: NotUnderstood, _turn: Turn, _tracker: Any, speaker: Speaker) -> Slots:
        speaker.say("utter_please_choose")
        return {}

    monkeypatch.setattr(NotUnderstood, "act", patient)

    reasons = _reasons(walking("payment_coupon", deepest=2))
    assert "asks for coupon for ever where the answer is 'none'" in reasons


def test_several_processes_find_the_same_as_one(
    walking: Walking, model_path: Path, settings: Settings, empty_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "store.sqlite"
    shutil.copy(empty_file, path)
    walk = walk_shared(model_path, settings, path, 2, intents=["payment_coupon"], deepest=2)

    assert walk.states > 1
    assert walk == walking("payment_coupon", *SITUATIONS, deepest=2)
