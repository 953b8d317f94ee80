"""A buyer without an order number is known by a code, sent by letter to the address on the order."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.dialogue.rehearsal import Rehearsal
from bot.mailroom.tables import conversations, outbox
from bot.settings import CodeRules
from bot.shop.values import OrderSample

MAILBOX = "help@meridian-goods.example"


@pytest.fixture
def talk(rehearsal: Rehearsal) -> Rehearsal:
    """The bot of a store that sends codes."""
    rules = rehearsal.rules.copy(
        update={
            "channels": ("web", "mail"),
            "identity": rehearsal.rules.identity.copy(
                update={"one_time_code": CodeRules(channel="mail", account=MAILBOX)}
            ),
        }
    )
    return replace(rehearsal, rules=rules)


@pytest.fixture
def sample(samples: dict[str, OrderSample]) -> OrderSample:
    return samples["in_transit"]


def say(talk: Rehearsal, text: str) -> str:
    return "\n".join(reply["text"] for reply in talk.play({"text": text})["replies"])


def letters(talk: Rehearsal) -> list[tuple[str, str]]:
    """To whom letters went, and what they say."""
    with talk.database.begin() as connection:
        rows = connection.execute(
            sa.select(conversations.c.sender, outbox.c.text)
            .join(conversations, conversations.c.id == outbox.c.conversation_id)
            .where(conversations.c.channel == "mail", conversations.c.account == MAILBOX)
            .order_by(outbox.c.id)
        ).all()
    return [(row.sender, row.text) for row in rows]


def code(talk: Rehearsal) -> str:
    found = re.search(r"\b\d{6}\b", letters(talk)[-1][1])
    assert found is not None
    return found.group()


def asked_for_a_code(talk: Rehearsal, address: str) -> str:
    say(talk, "where is my parcel?")
    talk.play({"button": "/no_order_number"})
    return say(talk, address)


def test_the_code_shows_the_parcel(talk: Rehearsal, sample: OrderSample) -> None:
    said = asked_for_a_code(talk, sample.email)
    assert "a code is on its way" in said
    assert [address for address, _ in letters(talk)] == [sample.email]
    said = say(talk, code(talk))
    if "Which order is it about?" in said:
        said = say(talk, sample.number)

    assert sample.number in said
    assert "tracking number" in said


def test_a_code_is_asked_for_in_words_too(talk: Rehearsal, sample: OrderSample) -> None:
    say(talk, "has my parcel been sent? where is it")

    assert "Which e-mail address" in say(talk, "I don't have the order number")


def test_an_address_that_nobody_has_gets_the_same_answer_and_no_letter(
    talk: Rehearsal, sample: OrderSample
) -> None:
    known, unknown = sample.email, "nobody@elsewhere.example"
    said = asked_for_a_code(talk, unknown)
    first = letters(talk)
    again = say(talk, known)

    assert not first
    assert said == again
    assert len(letters(talk)) == 1


def test_a_wrong_code_shows_nothing(talk: Rehearsal, sample: OrderSample) -> None:
    asked_for_a_code(talk, sample.email)
    wrong = f"{(int(code(talk)) + 1) % 10**6:06}"
    said = say(talk, wrong)

    assert "isn't the code" in said
    assert "tracking number" not in said


def test_five_wrong_codes_go_to_a_person(talk: Rehearsal, sample: OrderSample) -> None:
    asked_for_a_code(talk, sample.email)
    wrong = f"{(int(code(talk)) + 1) % 10**6:06}"
    for _ in range(4):
        say(talk, wrong)
    ended = talk.play({"text": wrong})

    assert "paused the check" in ended["replies"][-1]["text"]
    assert ended["case"]["reason"] == "identity_locked"


def test_a_code_that_never_comes_ends_with_a_person(talk: Rehearsal, sample: OrderSample) -> None:
    asked_for_a_code(talk, sample.email)
    ended = talk.play({"button": "/no_order_number"})

    assert "a colleague can find your order another way" in ended["replies"][-1]["text"]
    assert ended["status"] == "queued"


def test_the_number_found_after_all_is_as_good(talk: Rehearsal, sample: OrderSample) -> None:
    asked_for_a_code(talk, "nobody@elsewhere.example")

    assert "tracking number" in say(talk, f"found it: {sample.number}, {sample.email}")


def test_an_order_number_is_no_code(talk: Rehearsal, sample: OrderSample) -> None:
    asked_for_a_code(talk, sample.email)
    said = say(talk, f"I have it now, it is {sample.number}")

    assert "isn't the code" not in said
    assert "tracking number" in said


def test_an_order_number_before_any_address_asks_for_the_contact(
    talk: Rehearsal, sample: OrderSample
) -> None:
    say(talk, "where is my parcel?")
    talk.play({"button": "/no_order_number"})

    assert "e-mail address or phone" in say(talk, sample.number)
    assert "tracking number" in say(talk, sample.email)


def test_another_question_meanwhile_is_answered(talk: Rehearsal, sample: OrderSample) -> None:
    asked_for_a_code(talk, sample.email)

    assert "PayPal" in say(talk, "which payment methods do you accept?")
    assert sample.number in say(talk, code(talk)) or "Which order" in say(talk, "hm")


def test_a_store_without_letters_sends_no_code(rehearsal: Rehearsal, sample: OrderSample) -> None:
    say(rehearsal, "where is my parcel?")
    ended = rehearsal.play({"button": "/no_order_number"})

    assert ended["status"] == "queued"
    assert not letters(rehearsal)
