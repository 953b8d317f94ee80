"""Previews: what a buyer would read, in each language and on each channel."""

from __future__ import annotations

import pytest

from bot.dialogue import spoken
from bot.dialogue.spoken import SHIPPED, Said
from bot.settings import Settings
from bot.wording import preview
from bot.wording.preview import CHANNELS, shown


@pytest.fixture(scope="module")
def said(settings: Settings) -> Said:
    return spoken.said(settings, SHIPPED)


@pytest.fixture
def backend() -> str:
    """Nothing here asks a database."""
    return "sqlite"


def test_every_reply_can_be_shown_in_every_language_on_every_channel(said: Said, settings: Settings) -> None:
    rules = settings.rules
    problems = [
        (one.problem, key, language)
        for language in rules.languages
        for key in said.under[language]
        for one in shown(said.whole, key, language, "web", rules)
        if one.problem or not one.text or ("{" in one.text)
    ]
    assert problems == []


def test_no_sample_is_missing(said: Said, settings: Settings) -> None:
    texts = " ".join(
        one.text for key in said.under["en"] for one in shown(said.whole, key, "en", "web", settings.rules)
    )
    # Places whose values are whole sentences of the program's show their names.
    assert texts.count("‹") < 60


def test_a_letter_is_greeted_and_signed_and_its_choices_have_numbers(said: Said, settings: Settings) -> None:
    (chat,) = shown(said.whole, "utter_about_bot", "de", "web", settings.rules)
    (letter,) = shown(said.whole, "utter_about_bot", "de", "mail", settings.rules)
    assert letter.text.startswith("Guten Tag")
    assert chat.text in letter.text
    assert letter.text.endswith(settings.rules.store.name)
    assert letter.buttons == chat.buttons
    assert (chat.numbered, letter.numbered) == (False, True)


def test_words_of_a_channels_own_are_shown_there_only(said: Said, settings: Settings) -> None:
    texts = {
        channel: [one.text for one in shown(said.whole, "utter_greet_day", "en", channel, settings.rules)]
        for channel in CHANNELS
    }
    assert texts["web"] == texts["telegram"] == texts["slack"]
    assert texts["web"][0].startswith("Hello Lena Fischer.")
    assert "Hello Lena" not in texts["mail"][0]


@pytest.mark.parametrize(("language", "forms"), [("en", 2), ("ru", 3), ("ar", 5), ("ja", 1)])
def test_counts_are_shown_in_every_form_of_the_language(
    said: Said, settings: Settings, language: str, forms: int
) -> None:
    found = shown(said.whole, "utter_refund_policy", language, "web", settings.rules)
    assert len(found) == forms
    assert len({one.text for one in found}) == forms


def test_sums_and_days_are_told_as_the_language_does(said: Said, settings: Settings) -> None:
    (german,) = shown(said.whole, "utter_order_unpaid", "de", "web", settings.rules)
    (english,) = shown(said.whole, "utter_order_unpaid", "en", "web", settings.rules)
    assert "178,90" in german.text
    assert "178.90" in english.text


def test_what_is_read_from_the_right_says_so_and_isolates_foreign_words(
    said: Said, settings: Settings
) -> None:
    (arabic,) = shown(said.whole, "utter_order_unpaid", "ar", "web", settings.rules)
    assert arabic.direction == "rtl"
    assert "\u2068CD-104233\u2069" in arabic.text


def test_a_language_without_the_reply_is_answered_in_the_fallback(said: Said, settings: Settings) -> None:
    less = {**said.whole, "de": {}}
    (found,) = shown(less, "utter_about_bot", "de", "web", settings.rules)
    assert (found.language, found.direction) == ("en", "ltr")


def test_words_that_cannot_be_said_say_why(said: Said, settings: Settings) -> None:
    wrong = {**said.whole, "en": {**said.whole["en"], "utter_about_bot": [{"text": "{n, plural, one {#}}"}]}}
    found = shown(wrong, "utter_about_bot", "en", "web", settings.rules)
    assert {bool(one.problem) for one in found} == {True, False}
    assert [one.text for one in found if one.problem] == [""]


def test_ways_have_names(said: Said) -> None:
    assert preview.ways(said.under["en"]["utter_greet_day"]) == ["way 1", "mail"]
    assert preview.ways(said.under["en"]["utter_about_bot"]) == [""]
