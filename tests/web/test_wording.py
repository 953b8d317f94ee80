from __future__ import annotations

import re

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from adapters.web.wording import Wording, accepted_languages
from bot.settings import Settings

TEN = ("en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko")


def request(accept: str = "", query: str = "", cookie: str = "") -> Request:
    headers = [(b"accept-language", accept.encode()), (b"cookie", cookie.encode())]
    return Request(
        {"type": "http", "method": "GET", "path": "/chat", "query_string": query.encode(), "headers": headers}
    )


@pytest.fixture(scope="module")
def wording(settings: Settings) -> Wording:
    return Wording(settings.rules.languages, settings.rules.fallback_language)


def test_the_page_speaks_all_ten_languages_of_the_store(settings: Settings, wording: Wording) -> None:
    assert set(wording.languages) == set(TEN) == set(settings.rules.languages)


@pytest.mark.parametrize("code", TEN)
def test_a_language_says_all_that_english_says_with_the_same_values(wording: Wording, code: str) -> None:
    english, other = wording.languages["en"].strings, wording.languages[code].strings
    assert list(other) == list(english)
    for key, text in english.items():
        if key == "quick":
            assert len(set(other[key])) == len(text) == 4
        else:
            assert sorted(re.findall(r"{\w+}", other[key])) == sorted(re.findall(r"{\w+}", text)), key
            assert code == "en" or key in ("title",) or other[key] != text or key == "conversation", key


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", ["de", "en"]),
        ("en;q=0.2, ar ;q=0.9", ["ar", "en"]),
        ("zh-Hant-TW", ["zh"]),
        ("*", []),
        ("fr;q=0, en", ["en"]),
        ("de;q=x", []),
        (";;;,,=;q", []),
        ("x" * 100_000, []),
        ("", []),
    ],
)
def test_the_browsers_wishes_are_read_in_order(accept: str, wanted: list[str]) -> None:
    assert accepted_languages(accept) == wanted


def test_a_click_goes_before_an_earlier_choice_and_that_before_the_browser(wording: Wording) -> None:
    full = request("de", "lang=ar", "crossdesk_language=ja")
    assert wording.choose(full).language.code == "ar"
    assert wording.choose(request("de", "", "crossdesk_language=ja")).language.code == "ja"
    assert wording.choose(request("de")).language.code == "de"
    assert wording.choose(request("de", "lang=xx", "crossdesk_language=../etc")).language.code == "de"


def test_a_language_that_the_page_lacks_falls_back_but_is_told_to_the_bot(wording: Wording) -> None:
    choice = wording.choose(request("nl-NL,nl;q=0.9"))
    assert (choice.language.code, choice.hint) == ("en", "nl")


def test_a_store_may_name_a_language_that_the_page_cannot_speak_yet() -> None:
    italian = Wording(("en", "it"), "en").languages["it"]
    assert (italian.name, italian.direction) == ("Italiano", "ltr")
    assert italian.strings["send"] == "Send"


def test_arabic_is_read_from_right_to_left(client: TestClient) -> None:
    page = client.get("/chat?lang=ar").text
    assert '<html lang="ar" dir="rtl">' in page
    assert '<html lang="ar" dir="rtl">' in client.get("/chat", headers={"accept-language": "en"}).text


def test_the_store_and_its_assistant_introduce_themselves(client: TestClient) -> None:
    page = client.get("/chat", headers={"accept-language": "en"}).text
    assert "Welcome to Meridian Goods. I am Meri, the store’s automated assistant." in page
