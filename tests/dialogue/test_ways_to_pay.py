"""Which ways to pay are asked for by name, in ten languages, and what the bot says of each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.dialogue.actions.ways_to_pay import CASH_ON_DELIVERY, is_taken, named_in
from bot.settings import ShopRules

CARD, TRANSFER = "card", "bank_transfer"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("can i pay w/ klarna", ["Klarna"]),
        ("do you take Apple Pay or amex?", ["American Express", "Apple Pay"]),
        ("is cash on delivery possible", [CASH_ON_DELIVERY]),
        ("with my Visa card", ["Visa"]),
        ("¿puedo pagar contra reembolso?", [CASH_ON_DELIVERY]),
        ("y bizum?", ["Bizum"]),
        ("con tarjeta de crédito", [CARD]),
        ("geht Nachnahme?", [CASH_ON_DELIVERY]),
        ("kann ich per Überweisung zahlen", [TRANSFER]),
        ("mit Kreditkarte?", [CARD]),
        ("vous prenez les virements ?", [TRANSFER]),
        ("paiement en espèces", [CASH_ON_DELIVERY]),
        ("aceitam pix?", ["Pix"]),
        ("dá pra pagar na entrega?", [CASH_ON_DELIVERY]),
        ("можно наложенным платежом?", [CASH_ON_DELIVERY]),
        ("оплата картой", [CARD]),
        ("через СБП можно?", ["SBP"]),
        ("في دفع عند الاستلام؟", [CASH_ON_DELIVERY]),
        ("هل تقبلون تابي أو تمارا", ["Tabby", "Tamara"]),
        ("تحويل بنكي", [TRANSFER]),
        ("可以用支付宝吗", ["Alipay"]),
        ("可以貨到付款嗎", [CASH_ON_DELIVERY]),
        ("微信可以吗", ["WeChat Pay"]),
        ("代引きは使えますか", [CASH_ON_DELIVERY]),
        ("PayPayで払えますか？", ["PayPay"]),
        ("クレジットカードは使えますか", [CARD]),
        ("카카오페이 되나요?", ["KakaoPay"]),
        ("계좌이체 가능한가요", [TRANSFER]),
        # Nothing by name.
        ("how can I pay?", []),
        ("Wie kann ich bezahlen?", []),
        ("welche Zahlungsarten gibt es, ich wohne in Barcelona", []),
        ("什么付款方式", []),
        ("my discard pile is pixelated", []),
    ],
)
def test_what_is_named(asked: str, named: Sequence[str]) -> None:
    assert list(named_in(asked)) == named


def test_what_the_store_takes_stands_in_its_rules(rules: ShopRules) -> None:
    taken = rules.payment.copy(
        update={
            "cash_on_delivery": True,
            "methods": ("card", "paypal"),
            "wallets": ("BLIK",),
            "instalments": None,
        }
    )
    assert [is_taken(name, taken) for name in ("PayPal", "BLIK", CARD, CASH_ON_DELIVERY)] == [True] * 4
    assert [is_taken(name, taken) for name in ("Klarna", "Bizum", TRANSFER)] == [False] * 3
    assert is_taken("Klarna", rules.payment)
