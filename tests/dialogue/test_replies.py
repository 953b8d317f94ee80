"""Replies: the buyer's language, then the fallback; the channel's variant, then the general one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue.recovery import load_replies
from bot.dialogue.replies import MissingReplyError, Replies
from bot.errors import ConfigurationError
from bot.settings import ROOT, Settings


def _replies(**languages: dict[str, Any]) -> Replies:
    return Replies(languages, "en")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "replies"
    made.mkdir()
    return made


def _load(folder: Path, text: str | bytes) -> Replies:
    (folder / "en.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Replies.load((folder,), ("en", "de"), "en")


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
    assert {replies.say("utter_hi", "en", {}, channel="mail", seed=f"{n}").text for n in range(20)} == {
        "Dear Sir"
    }
    assert {replies.say("utter_hi", "en", {}, channel="web", seed=f"{n}").text for n in range(20)} == {
        "Hello"
    }


def test_a_reply_that_only_other_channels_have_is_missing() -> None:
    replies = _replies(en={"utter_hi": [{"text": "Dear Sir", "channel": "mail"}]})
    with pytest.raises(MissingReplyError, match="there is no reply 'utter_hi' in 'de' or 'en'"):
        replies.say("utter_hi", "de", {}, channel="web")


def test_variants_are_chosen_by_the_seed_and_all_of_them_are_used() -> None:
    replies = _replies(en={"utter_hi": [{"text": text} for text in ("Hi", "Hello", "Good day")]})
    chosen = [replies.say("utter_hi", "en", {}, seed=f"{n}").text for n in range(50)]
    assert chosen == [replies.say("utter_hi", "en", {}, seed=f"{n}").text for n in range(50)]
    assert set(chosen) == {"Hi", "Hello", "Good day"}


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


# --- Files ---


def test_the_stores_own_replies_are_laid_over_the_shipped_ones(tmp_path: Path) -> None:
    for name, text in (("shipped", "{a: [{text: A}], b: [{text: B}]}"), ("own", "{b: [{text: mine}]}")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "en.yml").write_text(f"responses: {text}\n", encoding="utf-8")
    replies = Replies.load((tmp_path / "shipped", tmp_path / "own", tmp_path / "none"), ("en",), "en")
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


def test_the_shipped_replies_can_all_be_said(settings: Settings) -> None:
    replies = load_replies(settings)
    from ruamel.yaml import YAML

    shipped = YAML(typ="safe").load((ROOT / "replies" / "en.yml").read_text(encoding="utf-8"))["responses"]

    class Anything(dict[str, str]):
        def get(self, name: str, default: Any = None) -> str:
            return f"<{name}>"

        def __getitem__(self, name: str) -> str:
            return f"<{name}>"

    for key in shipped:
        said = replies.say(key, "en", Anything())
        assert said.text
        for button in said.buttons:
            intent, _, entities = button.payload.partition("{")
            assert intent.startswith("/")
            if entities:
                assert isinstance(json.loads("{" + entities), dict)


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
