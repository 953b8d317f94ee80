"""Which service a question about shipping names, and whether it asks for cost and time at once."""

from __future__ import annotations

import pytest

from bot.dialogue.actions.shipping_words import asks_cost_and_time, services_named
from bot.settings import ServiceRules

OFFERED = {name: ServiceRules(carriers=["UPS"], days=(2, 4), cost="4.90") for name in ("standard", "express")}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "how long does express take?",
            "wie lange dauert Eilversand?",
            "¿y el envío exprés?",
            "serviço expresso",
        ),
        *(
            "livraison express",
            "экспресс-доставка",
            "الشحن السريع",
            "加急多久到",
            "速達は何日ですか",
            "특급 배송",
        ),
    ],
)
def test_a_service_that_is_named_is_told_alone(text: str) -> None:
    assert list(services_named(text, OFFERED)) == ["express"]


@pytest.mark.parametrize(
    "text", ["how long does it take?", "快递多久到", "la livraison, c'est combien ?", ""]
)
def test_words_for_any_delivery_name_no_service(text: str) -> None:
    assert services_named(text, OFFERED) == OFFERED


def test_a_service_that_does_not_go_there_leaves_those_that_do() -> None:
    assert list(services_named("express?", {"standard": OFFERED["standard"]})) == ["standard"]


@pytest.mark.parametrize(
    ("both", "time", "cost"),
    [
        ("How long and what does it cost to Germany?", "how long does it take?", "how much is shipping?"),
        (
            "Was kostet der Versand und wie lange dauert er?",
            "Wie lange dauert der Versand?",
            "Was kostet das?",
        ),
        (
            "combien coûte la livraison et en combien de temps ?",
            "combien de temps ?",
            "combien coûte l'envoi ?",
        ),
        ("¿cuánto cuesta y cuánto tarda?", "¿cuánto tarda?", "¿cuánto cuesta el envío?"),
        ("quanto custa e quanto tempo leva?", "quanto tempo leva?", "quanto custa o frete?"),
        ("сколько стоит доставка и сколько дней?", "сколько дней идёт?", "сколько стоит доставка?"),
        ("كم تكلفة الشحن وكم يستغرق؟", "كم يستغرق الشحن؟", "كم تكلفة الشحن؟"),
        ("运费多少，几天到？", "几天到？", "运费多少？"),
        ("送料と日数を教えてください", "何日かかりますか", "送料はいくらですか"),
        ("배송비는 얼마고 얼마나 걸려요?", "얼마나 걸려요?", "배송비는 얼마예요?"),
    ],
)
def test_cost_and_time_are_told_apart_and_together(both: str, time: str, cost: str) -> None:
    assert asks_cost_and_time(both)
    assert not asks_cost_and_time(time)
    assert not asks_cost_and_time(cost)
