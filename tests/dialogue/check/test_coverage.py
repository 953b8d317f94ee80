"""Replies in all languages: what the shipped ones hold to, and each fault that would be found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.dialogue.check.coverage import TONE, check_replies, tone, tone_rules
from bot.settings import ROOT, ShopRules

#: A sentence for each rule of tone that breaks it.
BREACHES = {
    "en": [
        "Please wait patiently.",
        "We guarantee it.",
        "It is the courier's fault.",
        "Hey there!",
        "Dear sir",
    ],
    "zh": ["请您耐心等待。", "我们保证今天送到。", "这是快递员的问题。", "你的订单", "先生您好"],
    "es": [
        "Tenga paciencia.",
        "Siempre llega a tiempo.",
        "Es culpa del correo.",
        "Tu pedido",
        "Estimado cliente",
    ],
    "fr": ["Merci de patienter.", "C’est garanti.", "C’est la faute du livreur.", "Ton colis", "Cher client"],
    "de": [
        "Bitte haben Sie Geduld.",
        "Garantiert morgen.",
        "Schuld ist die Post.",
        "Dein Paket",
        "Sehr geehrter",
    ],
    "pt": [
        "Aguarde um pouco.",
        "Garantimos o prazo.",
        "A culpa é do correio.",
        "Teu pedido",
        "Prezado cliente",
    ],
    "ru": [
        "Наберитесь терпения.",
        "Гарантируем срок.",
        "По вине перевозчика.",
        "Твой заказ",
        "Уважаемый покупатель",
    ],
    "ar": ["يرجى التحلي بالصبر.", "نضمن الوصول غدًا.", "هذا خطأ شركة الشحن.", "أين طلبك ", "عزيزي العميل"],
    "ja": [
        "しばらくお待ちください。",
        "必ず届きます。",
        "配送業者のせいです。",
        "あなたの注文",
        "彼女の注文",
    ],
    "ko": ["잠시만 기다려 주세요.", "반드시 도착합니다.", "택배사 탓입니다.", "당신의 주문", "언니 주문"],
}


def test_the_shipped_replies_have_no_fault_in_any_language(rules: ShopRules) -> None:
    found = check_replies(ROOT / "replies", rules.languages, rules.fallback_language)
    assert not found, "\n".join(map(str, found))


def test_every_language_of_the_store_has_replies(rules: ShopRules) -> None:
    assert {path.stem for path in (ROOT / "replies").glob("*.yml")} == set(rules.languages)


def test_every_language_has_every_rule_of_tone(rules: ShopRules) -> None:
    assert set(tone_rules()) == set(rules.languages)
    assert all(set(of_language) == {*TONE, "apology"} for of_language in tone_rules().values())


@pytest.mark.parametrize(
    ("language", "sentence", "reason"),
    [
        (language, sentence, reason)
        for language, sentences in BREACHES.items()
        for sentence, reason in zip(sentences, TONE.values(), strict=True)
    ],
)
def test_a_breach_of_tone_is_found_in_each_language(language: str, sentence: str, reason: str) -> None:
    assert any(found.startswith(reason) for found in tone(sentence, language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I'm sorry. We apologise."),
        ("zh", "抱歉，非常对不起。"),
        ("es", "Lo lamentamos. Disculpe."),
        ("fr", "Veuillez nous excuser. Pardon."),
        ("de", "Das tut mir leid, entschuldigen Sie."),
        ("pt", "Desculpe, lamentamos."),
        ("ru", "Извините, приносим извинения."),
        ("ar", "نعتذر منكم ونأسف."),
        ("ja", "申し訳ございません。お詫びいたします。"),
        ("ko", "죄송합니다. 사과드립니다."),
    ],
)
def test_a_second_apology_is_found_in_each_language(language: str, text: str) -> None:
    assert any(found.startswith("has more than one apology") for found in tone(text, language))
    first = text.split("。" if "。" in text and language != "zh" else "，" if language == "zh" else ".")[0]
    if language not in ("de", "pt", "ru", "ar"):
        assert not list(tone(first, language))


# --- Faults, each seeded into a file ---

MODEL: dict[str, Any] = {
    "utter_a": [{"text": "Order {number} is here now.", "buttons": [{"title": "Yes", "payload": "/yes"}]}],
    "utter_b": [{"text": "{n, plural, one {# day} other {# days}}"}],
    "utter_c": [{"text": "Hello"}, {"text": "Dear {name}", "channel": "mail"}],
}
GOOD: dict[str, Any] = {
    "utter_a": [{"text": "Заказ: {number}.", "buttons": [{"title": "Да", "payload": "/yes"}]}],
    "utter_b": [{"text": "{n, plural, one {# день} few {# дня} many {# дней} other {# дня}}"}],
    "utter_c": [{"text": "Здравствуйте"}, {"text": "Здравствуйте, {name}", "channel": "mail"}],
}


def _found(folder: Path, own: dict[str, Any], *, strict: bool = False) -> list[str]:
    for language, responses in (("en", MODEL), ("ru", own)):
        with (folder / f"{language}.yml").open("w", encoding="utf-8") as file:
            YAML().dump({"version": "3.1", "responses": responses}, file)
    return [str(finding) for finding in check_replies(folder, ("en", "ru"), "en", strict=strict)]


def test_replies_that_match_have_no_fault(tmp_path: Path) -> None:
    assert not _found(tmp_path, GOOD, strict=True)


def test_a_key_that_a_language_lacks_is_a_fault_only_where_it_is_asked_for(tmp_path: Path) -> None:
    own = {key: GOOD[key] for key in ("utter_a", "utter_b")}
    assert not _found(tmp_path, own)
    assert _found(tmp_path, own, strict=True) == [f"{tmp_path / 'ru.yml'}:1: utter_c: is missing"]


@pytest.mark.parametrize(
    ("key", "variants", "says"),
    [
        ("utter_d", [{"text": "Лишнее"}], "is not in the fallback language"),
        ("utter_a", [{"text": "Заказ здесь.", "buttons": GOOD["utter_a"][0]["buttons"]}], "has other places"),
        (
            "utter_a",
            [{"text": "{number} {day}", "buttons": GOOD["utter_a"][0]["buttons"]}],
            "has other places than the fallback language: day, number",
        ),
        ("utter_a", [{"text": "Заказ: {number}."}], "has other buttons than the fallback language: none"),
        (
            "utter_a",
            [{"text": "Заказ: {number}.", "buttons": [{"title": "Да", "payload": "/no"}]}],
            "has other buttons than the fallback language: /no",
        ),
        (
            "utter_a",
            [{"text": "Order {number} is here now.", "buttons": [{"title": "Да", "payload": "/yes"}]}],
            "is not translated",
        ),
        (
            "utter_a",
            [{"text": "Заказ: {number}.", "buttons": [{"title": "Да" * 30, "payload": "/yes"}]}],
            "has more than 48 characters",
        ),
        ("utter_b", [{"text": "{n, plural, one {# день} other {# дней}}"}], "lacks the form few, many"),
        ("utter_b", [{"text": "{n} {Day}"}], "holds a brace that belongs to no place"),
        ("utter_c", [{"text": "Здравствуйте"}], "the words for the channel 'mail'"),
        ("utter_c", [{"text": "слово " * 100}, GOOD["utter_c"][1]], "has 600 characters, more than 480"),
        ("utter_c", [{"text": " "}, GOOD["utter_c"][1]], "says nothing"),
        ("utter_c", [{"text": "Подождите, пожалуйста"}, GOOD["utter_c"][1]], "asks to wait"),
    ],
)
def test_a_fault_is_found_with_its_line(tmp_path: Path, key: str, variants: Any, says: str) -> None:
    found = _found(tmp_path, GOOD | {key: variants})
    assert len(found) == 1, found
    assert says in found[0]
    line = int(found[0].removeprefix(f"{tmp_path / 'ru.yml'}:").partition(":")[0])
    assert f"{key}:" in (tmp_path / "ru.yml").read_text(encoding="utf-8").splitlines()[line - 1]
