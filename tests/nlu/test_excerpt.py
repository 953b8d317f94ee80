from __future__ import annotations

import pytest

from nlu.excerpt import excerpt, readable


def count(text: str) -> int:
    return len(text.split()) + len(text) // 40


def test_a_short_text_stays_whole() -> None:
    assert excerpt("Where is it?  Thanks!", 100, count) == "Where is it? Thanks!"


def test_of_a_long_mail_the_first_the_last_and_the_questions_stay() -> None:
    mail = (
        "I ordered a lamp. " + "My dog likes the box very much indeed. " * 30 + "When does it arrive? "
        "We had such good weather here. " * 1 + "It rained a lot too. " * 30 + "Please cancel the order."
    )
    short = excerpt(mail, 40, count)
    assert short.startswith("I ordered a lamp.")
    assert "When does it arrive?" in short
    assert short.endswith("Please cancel the order.")
    assert count(short) <= 45


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "word " * 50_000, "我的包裹在哪里" * 9_000, "🙏" * 10_000, "a\u0301" * 40_000]
)
def test_whatever_is_sent_the_limit_holds(text: str) -> None:
    short = excerpt(text, 50, len)
    assert 0 < len(short) <= 50


def test_what_cannot_be_seen_is_not_read() -> None:
    assert readable("re\u200bfund\u202e my\x00 \ud800money") == "refund my money"
    assert readable("ｒｅｆｕｎｄ") == "refund"
    assert readable(" \n\t ") == ""
