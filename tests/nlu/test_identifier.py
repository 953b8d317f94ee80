from __future__ import annotations

import pytest

from nlu.identifier import LanguageIdentifier

LANGUAGES = ("en", "zh", "es", "fr", "de", "pt", "ru", "ar", "ja", "ko")


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier(LANGUAGES, "en", proper_names=frozenset({"alpine", "rain", "jacket"}))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my parcel, it should have arrived", "en"),
        ("我的包裹还没有到", "zh"),
        ("訂單還沒到", "zh"),
        ("¿dónde está mi pedido?", "es"),
        ("où est mon colis, s'il vous plaît", "fr"),
        ("wo ist mein paket", "de"),
        ("onde está a minha encomenda", "pt"),
        ("quero cancelar", "pt"),
        ("где моя посылка", "ru"),
        ("أين طلبي", "ar"),
        ("荷物はまだ届いていません", "ja"),
        ("제 택배는 어디에 있나요", "ko"),
        ("我的 Alpine rain jacket 还没到", "zh"),
        ("hello, my order CD-104233", "en"),
    ],
)
def test_the_stores_languages_are_told_apart(
    identifier: LanguageIdentifier, text: str, language: str
) -> None:
    guess = identifier.identify(text)
    assert (guess.language, guess.known) == (language, True)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Dov'è il mio pacco? Non è ancora arrivato", "it"),
        ("gdzie jest moja paczka, czekam dwa tygodnie", "pl"),
        ("Waar is mijn pakket? Ik wacht al twee weken", "nl"),
        ("siparişim nerede, iki haftadır bekliyorum", "tr"),
        ("đơn hàng của tôi ở đâu, tôi đã chờ hai tuần", "vi"),
        ("สวัสดีครับ พัสดุของผมอยู่ที่ไหน", "th"),
    ],
)
def test_a_language_that_the_store_does_not_speak_is_named_and_not_known(
    identifier: LanguageIdentifier, text: str, language: str
) -> None:
    guess = identifier.identify(text)
    assert (guess.language, guess.known) == (language, False)


@pytest.mark.parametrize(
    "text",
    [
        "42",
        "CD-104233",
        "anna@example.com",
        "🙏",
        "Alpine rain jacket",
        "",
        "  ",
        "https://a.example/x",
        "?!",
    ],
)
@pytest.mark.parametrize("previous", ["de", "ja", "ar", "pt"])
def test_what_tells_no_language_keeps_the_conversations(
    identifier: LanguageIdentifier, text: str, previous: str
) -> None:
    assert identifier.identify(text, previous=previous).language == previous


def test_a_conversation_in_short_answers_stays_put(identifier: LanguageIdentifier) -> None:
    language = "de"
    for answer in ("ja", "42", "nein", "ok", "M", "Anna", "CD-104233", "danke", "👍", "14.3."):
        language = identifier.identify(answer, previous=language).language
        assert language == "de", answer


def test_a_buyer_who_changes_the_language_is_followed(identifier: LanguageIdentifier) -> None:
    assert identifier.identify("Hola, buenos días, tengo una pregunta", previous="en").language == "es"
    assert identifier.identify("你好", previous="en").language == "zh"


def test_the_channels_hint_decides_where_the_text_does_not(identifier: LanguageIdentifier) -> None:
    assert identifier.identify("12345", hint="pt-BR").language == "pt"
    assert identifier.identify("12345").language == "en"
    assert identifier.identify("where is my parcel", hint="ru").language == "en"


def test_the_same_text_always_has_the_same_answer() -> None:
    guesses = {LanguageIdentifier(LANGUAGES, "en").identify("la commande numero") for _ in range(5)}
    assert len(guesses) == 1


@pytest.mark.parametrize("text", ["\ud800", "a" * 100_000, "\u202e\u200b", "\x00", "ﷺ" * 500, "𝓱𝓮𝓵𝓵𝓸"])
def test_hostile_text_gets_a_guess(identifier: LanguageIdentifier, text: str) -> None:
    assert 0 <= identifier.identify(text).confidence <= 1
