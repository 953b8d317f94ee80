"""Where messages may be cut."""

from __future__ import annotations

from itertools import pairwise

import pytest

from nlu.clauses import MOST_PARTS, Bond, parts


def _cut(text: str) -> list[str]:
    return [text[part.start : part.end] for part in parts(text)]


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("cancel it and when do I get my money back", ["cancel it", "when do I get my money back"]),
        ("Ist sie da? Außerdem: was kostet der Versand?", ["Ist sie da?", "was kostet der Versand?"]),
        ("Où est mon colis et comment payer ?", ["Où est mon colis", "comment payer ?"]),
        ("¿Dónde está? Por cierto, quiero una factura", ["¿Dónde está?", "quiero una factura"]),
        ("cancela o pedido e quando volta o dinheiro", ["cancela o pedido", "quando volta o dinheiro"]),
        ("отмените заказ и когда вернутся деньги", ["отмените заказ", "когда вернутся деньги"]),
        ("هل المعطف متوفر وكم سعر الشحن", ["هل المعطف متوفر", "وكم سعر الشحن"]),
        ("帮我取消订单，钱什么时候退回来", ["帮我取消订单", "钱什么时候退回来"]),
        ("在庫はありますか？あと送料を教えてください", ["在庫はありますか？", "送料を教えてください"]),
        ("주문 취소해 주시고 환불은 언제 되나요", ["주문 취소해 주시고", "환불은 언제 되나요"]),
        ("1) where is it now 2) the code fails", ["where is it now", "the code fails"]),
    ],
)
def test_two_wishes_are_cut_apart_in_every_language(text: str, wishes: list[str]) -> None:
    assert _cut(text) == wishes


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel?",
        "Hi! Thanks for the quick reply. Where is my parcel?",
        "Guten Tag, wo ist mein Paket?",
        "My card was declined and I tried another card and nothing works",
        "I would also like an invoice",
        "Tell me, when will it come?",
        "leave it at house no. 9 please",
        "write to me at tom.and.ana@field.example please",
        "신발 재고 있나요?",
        "你好，请问我的包裹在哪里",
    ],
)
def test_what_holds_one_wish_is_not_cut(text: str) -> None:
    assert _cut(text) == []


def test_a_word_for_another_matter_is_the_loosest_bond() -> None:
    assert [part.bond for part in parts("where is it. By the way, do you take cards")][1] is Bond.MARKED
    assert [part.bond for part in parts("where is it and do you take cards")][1] is Bond.JOINED


def test_a_long_list_of_wishes_has_no_more_than_three_parts() -> None:
    found = parts("Where is it? How much is it? Can I pay by card? When is it back? Is it big?")
    assert len(found) == MOST_PARTS
    assert found[0].start == 0
    assert all(before.end <= after.start for before, after in pairwise(found))


@pytest.mark.parametrize(
    "text",
    ["", " " * 100_000, "," * 100_000, "?" * 100_000, "and " * 25_000, ". " * 50_000, "吗" * 99_999,
     " \n,." * 25_000, "하고 " * 33_000, "Please cancel it and when do I get my money? " * 2_000,
     "\ud800 and \x00",
     "\u200b and " * 10_000, "1) " * 30_000, "@" * 100_000, "good" * 25_000, "🙏" * 50_000],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_hostile_texts_are_cut_in_few_parts_or_not_at_all(text: str) -> None:
    found = parts(text)
    assert len(found) == 0 or 2 <= len(found) <= MOST_PARTS
    assert all(text[part.start : part.end].strip() for part in found)
