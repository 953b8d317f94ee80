"""Replies: the buyer's language, then the fallback; the channel's variant, then the general one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue.replies import MissingReplyError, Replies, read_folders
from bot.errors import ConfigurationError
from bot.settings import ROOT


def _replies(**languages: dict[str, Any]) -> Replies:
    return Replies(languages, "en")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "replies"
    made.mkdir()
    return made


def _load(folder: Path, text: str | bytes) -> Replies:
    (folder / "en.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Replies(read_folders((folder,), ("en", "de")), "en")


# --- Which words ---


def test_a_reply_comes_in_the_buyers_language() -> None:
    replies = _replies(en={"utter_hi": [{"text": "Hello"}]}, de={"utter_hi": [{"text": "Hallo"}]})
    said = replies.say("utter_hi", "de", {})
    assert (said.text, said.language) == ("Hallo", "de")


@pytest.mark.parametrize("own", [{}, {"utter_hi": []}, {"utter_hi": [{"text": "Tach", "channel": "mail"}]}])
def test_what_a_language_lacks_comes_in_the_fallback_and_says_so(own: dict[str, Any]) -> None:
    replies = _replies(en={"utter_hi": [{"text": "Hello"}]}, de=own)
    said = replies.say("utter_hi", "de", {}, channel="web")
    assert (said.text, said.language) == ("Hello", "en")
    assert replies.say("utter_hi", "xx", {}).text == "Hello"


def test_a_channel_has_its_own_words_where_they_were_written() -> None:
    replies = _replies(en={"utter_hi": [{"text": "Hello"}, {"text": "Dear Sir", "channel": "mail"}]})
    assert {replies.say("utter_hi", "en", {}, channel="mail", heard=n).text for n in range(20)} == {
        "Dear Sir"
    }
    assert {replies.say("utter_hi", "en", {}, channel="web", heard=n).text for n in range(20)} == {"Hello"}


def test_a_reply_that_only_other_channels_have_is_missing() -> None:
    replies = _replies(en={"utter_hi": [{"text": "Dear Sir", "channel": "mail"}]})
    with pytest.raises(MissingReplyError, match="there is no reply 'utter_hi' in 'de' or 'en'"):
        replies.say("utter_hi", "de", {}, channel="web")


def test_variants_come_in_turn_so_that_none_is_heard_twice_running() -> None:
    replies = _replies(en={"utter_hi": [{"text": text} for text in ("Hi", "Hello", "Good day")]})
    said = [replies.say("utter_hi", "en", {}, heard=n).text for n in range(7)]
    assert said == ["Hi", "Hello", "Good day", "Hi", "Hello", "Good day", "Hi"]


def test_words_of_another_channel_are_no_variant() -> None:
    mail = {"text": "Dear Sir", "channel": "mail"}
    replies = _replies(
        en={"utter_hi": [{"text": "Hello"}, mail], "utter_bye": [{"text": "Bye"}, {"text": "So long"}]}
    )
    assert not replies.has_variants("utter_hi")
    assert replies.has_variants("utter_bye")
    assert not replies.has_variants("utter_lost")


def test_a_reply_that_nobody_wrote_is_an_error_that_names_it() -> None:
    with pytest.raises(MissingReplyError, match="there is no reply 'utter_lost' in 'de' or 'en'"):
        _replies(en={}).say("utter_lost", "de", {})


# --- Values ---


@pytest.mark.parametrize("values", [{}, {"name": None}])
def test_a_value_that_is_missing_is_an_error_that_names_it(values: dict[str, Any]) -> None:
    replies = _replies(en={"utter_hi": [{"text": "Hello, {name}"}]})
    with pytest.raises(MissingReplyError, match="the reply 'utter_hi' needs a value for 'name'"):
        replies.say("utter_hi", "en", values)


def test_values_are_filled_in_as_they_are_and_only_once() -> None:
    replies = _replies(en={"utter_hi": [{"text": " {greeting}, {name}! {count} "}]})
    said = replies.say(
        "utter_hi", "en", {"greeting": "Hi {name}", "name": "{order} \\1 %s", "count": 0, "x": 1}
    )
    assert said.text == "Hi {name}, {order} \\1 %s! 0"


def test_braces_that_are_no_place_stay() -> None:
    replies = _replies(en={"utter_hi": [{"text": "{ name } {Name} {} {0} {a b} {{name}}"}]})
    assert replies.say("utter_hi", "en", {"name": "Ana"}).text == "{ name } {Name} {} {0} {a b} {Ana}"


def test_the_braces_of_a_payload_survive() -> None:
    payload = '/inform{"return_confirmed": "yes"}'
    replies = _replies(en={"utter_hi": [{"text": "?", "buttons": [{"title": "Yes", "payload": payload}]}]})
    (button,) = replies.say("utter_hi", "en", {}).buttons
    assert (button.title, button.payload) == ("Yes", payload)


@pytest.mark.parametrize(
    "value", ['19" rack', 'x"}/service_human{"y": "', "back\\slash", "läuft", "new\nline"]
)
def test_a_value_in_a_payload_cannot_end_its_string(value: str) -> None:
    button = {"title": "{name}", "payload": '/inform{"product": "{name}"}'}
    replies = _replies(en={"utter_hi": [{"text": "?", "buttons": [button]}]})
    (made,) = replies.say("utter_hi", "en", {"name": value}).buttons
    assert json.loads(made.payload.removeprefix("/inform")) == {"product": value}
    assert made.title == value


# --- Counts ---

DAYS = "{days, plural, one {# день} few {# дня} many {# дней} other {# дня}}"


@pytest.mark.parametrize(
    ("days", "told"), [(1, "1 день"), ("2", "2 дня"), (5, "5 дней"), (21, "21 день"), (1000, "1\xa0000 дней")]
)
def test_a_count_takes_the_form_that_its_language_has_for_it(days: object, told: str) -> None:
    replies = _replies(en={}, ru={"utter_hi": [{"text": f"Срок: {DAYS}, {{name}}."}]})
    assert replies.say("utter_hi", "ru", {"days": days, "name": "x"}).text == f"Срок: {told}, x."


def test_a_form_that_is_not_written_out_is_that_of_all_others() -> None:
    replies = _replies(en={"utter_hi": [{"text": "{n, plural, other {# pieces}}"}]})
    assert replies.say("utter_hi", "en", {"n": 1}).text == "1 pieces"


@pytest.mark.parametrize("value", [None, "many", "1.5", ""])
def test_a_count_that_is_no_whole_number_is_an_error_that_names_it(value: object) -> None:
    replies = _replies(en={"utter_hi": [{"text": "{n, plural, one {# piece} other {# pieces}}"}]})
    with pytest.raises(MissingReplyError, match="the reply 'utter_hi' needs a value for 'n'"):
        replies.say("utter_hi", "en", {"n": value})


# --- Directions ---


def test_foreign_values_keep_their_direction_in_arabic() -> None:
    button = {"title": "الطلب {number}", "payload": '/inform{"order_number": "{number}"}'}
    replies = _replies(en={}, ar={"utter_hi": [{"text": "رقم الطلب: {number}، {days}", "buttons": [button]}]})
    said = replies.say("utter_hi", "ar", {"number": "CD-104233", "days": "3"})
    assert said.text == "رقم الطلب: \u2068CD-104233\u2069، 3"
    assert said.buttons[0].title == "الطلب \u2068CD-104233\u2069"
    assert said.buttons[0].payload == '/inform{"order_number": "CD-104233"}'


def test_arabic_values_need_no_sign_and_other_languages_have_none() -> None:
    replies = _replies(en={"utter_hi": [{"text": "{a} {b}"}]}, ar={"utter_hi": [{"text": "مرحبًا {a}، {b}"}]})
    assert replies.say("utter_hi", "ar", {"a": "ليلى", "b": ""}).text == "مرحبًا ليلى،"
    assert replies.say("utter_hi", "en", {"a": "ليلى", "b": "CD-1"}).text == "ليلى CD-1"


def test_an_arabic_text_that_begins_with_a_foreign_word_is_still_read_from_the_right() -> None:
    replies = _replies(en={}, ar={"utter_hi": [{"text": "{product}: متوفر"}]})
    assert replies.say("utter_hi", "ar", {"product": "Lumia"}).text == "\u200f\u2068Lumia\u2069: متوفر"


def test_a_name_alone_and_a_list_of_one_are_isolated_only_once() -> None:
    replies = _replies(
        en={}, ar={"utter_a": [{"text": "PayPal"}], "utter_b": [{"text": "طريقة الدفع: {name}"}]}
    )
    name = replies.say("utter_a", "ar", {}).text
    assert name == "PayPal"
    assert replies.say("utter_b", "ar", {"name": f"\u2068{name}\u2069"}).text.count("\u2068") == 1


def test_an_abbreviation_at_the_end_of_a_sentence_has_one_full_stop() -> None:
    replies = _replies(en={"utter_hi": [{"text": "From {day} on. Until {day}. {day}"}]})
    told = replies.say("utter_hi", "en", {"day": "4 dec."}).text
    assert told == "From 4 dec. on. Until 4 dec. 4 dec."


# --- Traditional characters ---


def test_who_writes_traditional_characters_is_answered_in_them() -> None:
    button = {"title": "联系人工客服", "payload": '/inform{"a": "订单"}'}
    replies = _replies(en={}, zh={"utter_hi": [{"text": "{name}，订单已发货", "buttons": [button]}]})
    said = replies.say("utter_hi", "zh-Hant", {"name": "陈先生"})
    assert (said.text, said.language) == ("陈先生，訂單已發貨", "zh-Hant")
    assert (said.buttons[0].title, said.buttons[0].payload) == ("聯絡人工客服", '/inform{"a": "订单"}')
    assert replies.say("utter_hi", "zh", {"name": "陈"}).text == "陈，订单已发货"
    assert replies.say("utter_hi", "zh-Hans", {"name": "陈"}).language == "zh"


def test_who_is_answered_in_which_language() -> None:
    replies = _replies(en={}, zh={}, pt={})
    told = {
        tag: replies.spoken(tag)
        for tag in ("pt", "pt-BR", "zh", "zh-Hans", "zh-Hant", "zh-Hant-HK", "it", "")
    }
    assert told == {
        "pt": "pt",
        "pt-BR": "pt",
        "zh": "zh",
        "zh-Hans": "zh",
        "zh-Hant": "zh-Hant",
        "zh-Hant-HK": "zh-Hant",
        "it": "en",
        "": "en",
    }


# --- Files ---


def test_the_stores_own_replies_are_laid_over_the_shipped_ones(tmp_path: Path) -> None:
    for name, text in (("shipped", "{a: [{text: A}], b: [{text: B}]}"), ("own", "{b: [{text: mine}]}")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "en.yml").write_text(f"responses: {text}\n", encoding="utf-8")
    replies = Replies(
        read_folders((tmp_path / "shipped", tmp_path / "own", tmp_path / "none"), ("en",)), "en"
    )
    assert [replies.say(key, "en", {}).text for key in ("a", "b")] == ["A", "mine"]
    assert replies.languages() == ("en",)
    assert replies.has("a")
    assert not replies.has("c")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("responses: [", r"en\.yml, line \d+: this is not YAML"),
        (b"responses: {a: [{text: \xff}]}", r"en\.yml: this is not YAML"),
        (b"responses: {a: [{text: '\x00'}]}", r"en\.yml: this is not YAML"),
        ("", "expected a `responses:` section"),
        ("- a", "expected a `responses:` section"),
        ("responses:\n", "expected a `responses:` section"),
        ("responses: {utter_hi: Hello}", "'utter_hi' must be a list of replies"),
        ("responses: {utter_hi: [Hello]}", "'utter_hi' must be a list of replies"),
        ("responses: {utter_hi: [{txt: Hello}]}", "'utter_hi' must be a list of replies"),
        ("responses: {utter_hi: [{text: 5}]}", "'utter_hi' must be a list of replies"),
        (
            "responses: {utter_hi: [{text: Hi, buttons: [{title: Yes}]}]}",
            "a `title` and a `payload` for each",
        ),
        ("responses: {utter_hi: [{text: Hi, buttons: Yes}]}", "a `title` and a `payload` for each"),
        (
            "responses: {utter_hi: [{text: Hi, buttons: [{title: 1, payload: /a}]}]}",
            "a `title` and a `payload`",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_when_it_is_read(
    folder: Path, text: str | bytes, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says) as refused:
        _load(folder, text)
    assert "\n" not in str(refused.value)


def test_every_button_of_the_shipped_replies_means_something() -> None:
    from ruamel.yaml import YAML

    def read(name: str) -> Any:
        return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))

    intents = set(read("domain.yml")["intents"])
    for key, variants in read("replies/en.yml")["responses"].items():
        for variant in variants:
            for button in variant.get("buttons", ()):
                intent = button["payload"].lstrip("/").partition("{")[0]
                assert intent in intents, f"{key}: {button['payload']}"
