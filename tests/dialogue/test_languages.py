"""Languages asked for by name, and buyers who keep what they asked for."""

from __future__ import annotations

import pytest

from bot.dialogue.actions.languages import language_named
from bot.dialogue.meaning import bare
from bot.dialogue.replies import Replies
from bot.settings import ShopRules


@pytest.mark.parametrize(
    ("text", "current", "named"),
    [
        ("In English please", "de", "en"),
        ("Können wir Englisch sprechen?", "de", "en"),
        ("auf Deutsch bitte", "en", "de"),
        ("Ich spreche kein Deutsch, bitte auf Englisch", "de", "en"),
        ("parlez-vous français ?", "en", "fr"),
        ("parlez vous francais", "en", "fr"),
        ("¿Habla español?", "en", "es"),
        ("em português, por favor", "en", "pt"),
        ("по-русски, пожалуйста", "en", "ru"),
        ("можно на английском?", "ru", "en"),
        ("هل يمكننا التحدث بالإنجليزية؟", "ar", "en"),
        ("تكلم عربي", "en", "ar"),
        ("可以说中文吗", "en", "zh"),
        ("請用繁體中文", "zh", "zh-Hant"),
        ("请用简体字", "zh-Hant", "zh"),
        ("日本語でお願いします", "en", "ja"),
        ("한국어로 해주세요", "en", "ko"),
        ("영어로 말해 주세요", "ko", "en"),
        ("Hablamos en alemán mejor", "es", "de"),
    ],
)
def test_a_language_is_known_by_what_buyers_call_it(
    rules: ShopRules, text: str, current: str, named: str
) -> None:
    assert language_named(text, rules.languages, current) == named


@pytest.mark.parametrize(
    "text", ["", "Do you speak Italian?", "¿Habla otro idioma?", "do you ship to Germany?"]
)
def test_what_names_none_of_the_stores_languages_names_none(rules: ShopRules, text: str) -> None:
    assert language_named(text, rules.languages, "en") is None


def test_a_language_that_the_store_does_not_speak_is_not_named() -> None:
    assert language_named("auf Deutsch bitte", ("en", "fr"), "en") is None
    assert language_named("請用繁體中文", ("en",), "en") is None


def test_a_title_is_typed_without_signs_of_direction_and_with_any_full_stop() -> None:
    assert bare("الطلب \u2068CD-1\u2069؟") == bare("الطلب CD-1")
    assert bare("是。") == "是"


def test_the_shipped_replies_are_there_for_each_language_of_the_store(
    rules: ShopRules, replies: Replies
) -> None:
    for language in rules.languages:
        assert replies.say("utter_yes", language, {}).language == language
