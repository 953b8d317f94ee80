"""Of 120 letters in the shapes of the common mail programs the buyer's new words are kept, and no others."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from adapters.mail.letter import read
from adapters.mail.quotes import new_words

LETTERS = Path(__file__).parent / "letters"
LANGUAGES = ("ar", "de", "en", "es", "fr", "ja", "ko", "pt", "ru", "zh")


@lru_cache(maxsize=1)
def letters() -> dict[str, tuple[str, str]]:
    """What was written anew, and what we took for it, by language and file."""
    found = {}
    for language in LANGUAGES:
        marked = YAML(typ="safe").load(LETTERS / f"{language}.yml")
        for file, new in marked.items():
            kept = new_words(read([(LETTERS / language / file).read_bytes()]).body)
            found[f"{language}/{file}"] = (new, kept)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_new_word_of_a_buyer_is_lost(language: str) -> None:
    mine = {name: pair for name, pair in letters().items() if name.startswith(f"{language}/")}
    assert len(mine) >= 12
    lost = {
        name: missing
        for name, (new, kept) in mine.items()
        if (missing := Counter(new.split()) - Counter(kept.split()))
    }
    assert not lost


def test_old_words_are_left_in_at_most_one_letter_of_twenty() -> None:
    left = {name: kept for name, (new, kept) in letters().items() if kept.split() != new.split()}
    assert len(letters()) >= 120
    assert len(left) <= len(letters()) * 0.05, left


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nthis was my question and still no reply to order A-1",
        "From: Berlin\nTo: Lyon\nDate: tomorrow\nHow much is that?",
        "The number is CD-104233\nann@mailer.example\nThanks",
        "Best regards\nAnn\nPS: my order number is CD-104233, phone +49 30 1234567",
        "a < b\n- one\n- two\n----\nthree?",
        "Betreff ist egal: wo ist mein Paket?",
        "You said:\nit ships on Friday.\nIt did not.",
        "size > 40",
    ],
)
def test_what_only_looks_like_a_quote_or_a_signature_stays(text: str) -> None:
    assert new_words(text) == text


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("> Do you want a refund?\nYes please.\n> To the same card?\nNo.", "Yes please.\nNo."),
        ("> Your order shipped.\n\nYesterday, but broken.", "Yesterday, but broken."),
        ("Hi\n\nOn Mon, Nov 16, 2026 at 10:00 AM Shop Support\n<bot@shop.test>\nwrote:\n\n> Hello\n", "Hi"),
        ("Where?\n-- \nAnn\n+49 30 1234", "Where?"),
        ("", ""),
        ("> only\n> a quote", ""),
    ],
)
def test_quotes_are_cut_wherever_they_stand(text: str, new: str) -> None:
    assert new_words(text) == new


#: Above what is passed on: a phone's line, and the names of from, date, subject and to.
FORWARDED = {
    "en": ("Begin forwarded message:", "From", "Date", "Subject", "To"),
    "de": ("Anfang der weitergeleiteten Nachricht:", "Von", "Datum", "Betreff", "An"),
    "es": ("Inicio del mensaje reenviado:", "De", "Fecha", "Asunto", "Para"),
    "fr": ("Début du message réexpédié :", "De", "Date", "Objet", "À"),
    "pt": ("Início da mensagem reencaminhada:", "De", "Data", "Assunto", "Para"),
    "ru": ("Начало переадресованного сообщения:", "От", "Дата", "Тема", "Кому"),
    "ar": ("بداية الرسالة المعاد توجيهها:", "من", "التاريخ", "الموضوع", "إلى"),
    "zh": ("开始转发的邮件：", "发件人", "日期", "主题", "收件人"),
    "ja": ("転送されたメッセージ:", "差出人", "日付", "件名", "宛先"),
    "ko": ("전달된 메시지 시작:", "보낸 사람", "날짜", "제목", "받는 사람"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "headers alone"])
def test_what_is_passed_on_is_cut_with_its_headers(language: str, marked: bool) -> None:
    line, *names = FORWARDED[language]
    values = ("Ann <ann@mailer.example>", "16 Nov 2026 10:00", "CD-104233", "help@shop.test")
    headers = "\n".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
    above = f"{line}\n\n" if marked else ""
    assert new_words(f"1 ✓ 2\n\n{above}{headers}\n\nOld words of an old letter.") == "1 ✓ 2"


@pytest.mark.parametrize(
    "text",
    [
        ">" * 200_000,
        ("On " * 50 + "1 1:00 a@b.c:\n") * 4_000,
        "From: a@b.c\n" * 20_000,
        "-" * 100_000 + "\n" + "- " * 50_000,
        ("a@" * 2_000 + ":\n") * 200,
        ("(" * 500 + "\n") * 2_000,
        "Sent from " * 40_000,
    ],
)
def test_hostile_text_is_read_without_end_of_patience(text: str) -> None:
    # The suite's own time-out is the judge.
    assert len(new_words(text)) <= len(text)
