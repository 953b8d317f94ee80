"""Letters: on a channel that has them, a turn is one letter with greeting and signature."""

from __future__ import annotations

from bot.dialogue.letters import as_letter
from bot.dialogue.replies import Replies
from bot.dialogue.turn import Said
from bot.messages import Button
from bot.settings import ShopRules

SAID = [Said("Order CD-1 is paid.", (Button("Cancel", "/order_cancel"),), "en"), Said("More?", (), "en")]


def _letter(
    replies: Replies,
    rules: ShopRules,
    *,
    channel: str = "mail",
    name: str | None = "Ana",
    language: str = "en",
) -> list[Said]:
    return as_letter(replies, SAID, channel=channel, language=language, name=name, store=rules.store)


def test_all_that_is_said_in_a_turn_is_one_letter(replies: Replies, rules: ShopRules) -> None:
    (letter,) = _letter(replies, rules)
    assert letter.text == (
        "Dear Ana,\n\nOrder CD-1 is paid.\n\nMore?\n\nKind regards\nMeri, automated assistant\nMeridian Goods"
    )
    assert [button.title for button in letter.buttons] == ["Cancel"]


def test_a_letter_without_a_name_greets_all_the_same(replies: Replies, rules: ShopRules) -> None:
    (letter,) = _letter(replies, rules, name=None)
    assert letter.text.startswith("Hello,\n\n")


def test_a_letter_is_in_the_buyers_language(replies: Replies, rules: ShopRules) -> None:
    (letter,) = _letter(replies, rules, language="de")
    assert letter.text.startswith("Guten Tag Ana!\n\n")
    assert letter.language == "de"


def test_a_chat_has_no_letters_and_silence_is_no_letter(replies: Replies, rules: ShopRules) -> None:
    assert _letter(replies, rules, channel="web") == SAID
    assert as_letter(replies, [], channel="mail", language="en", name="Ana", store=rules.store) == []


def test_a_greeting_in_a_letter_does_not_greet_twice(replies: Replies) -> None:
    values = {"name": "Ana", "assistant": "Meri", "store": "Meridian Goods"}
    assert "Good morning" in replies.say("utter_greet_morning", "en", values, channel="web").text
    assert replies.say("utter_greet_morning", "en", values, channel="mail").text.startswith("I'm Meri")
