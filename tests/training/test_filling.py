"""The review inbox fills itself: with what was misunderstood, once, grouped, and without personal data."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Database
from bot.desk.cases import Cases
from bot.desk.people import People
from bot.desk.tables import intent_labels
from bot.desk.values.cases import CaseCard, Reason
from bot.desk.values.people import Rank
from bot.mailroom.tables import conversations
from bot.shop.tables import customers
from bot.training.counting import recount_stale
from bot.training.finding import is_drawn
from bot.training.masking import LONGEST, masked
from bot.training.reading import View
from bot.training.tables import review_items
from bot.training.values import OPERATOR, Meaning, Verdict
from tests.conftest import BACKENDS
from tests.training.talks import LOST, SURE, TORN, Talks

# --- What comes in ---


def test_what_was_not_understood_comes_in_and_what_was_surely_understood_does_not(talks: Talks) -> None:
    talks.say("where is my stuff", LOST)
    talks.say("a parcel or an order", TORN, buyer="ben")
    talks.say("track my parcel please", SURE, buyer="eva")
    talks.pass_time(minutes=2)
    talks.fill()
    assert talks.reasons() == {"where is my stuff": ["fallback"], "a parcel or an order": ["unsure"]}


def test_a_pressed_button_and_an_answer_to_a_form_do_not_come_in(talks: Talks) -> None:
    talks.say("Yes", None)
    talks.say("Hauptstr. 5, Berlin", LOST, form="change_form")
    talks.say("???", LOST, buyer="eva")
    talks.pass_time(minutes=2)
    talks.fill()
    assert talks.reasons() == {}


def test_what_a_buyer_says_again_in_other_words_comes_in(talks: Talks) -> None:
    talks.say("when will the blue lamp come", SURE)
    talks.say("when will it come the blue lamp now", SURE, later=100)
    talks.say("I want an invoice for the tax office", SURE, later=100)
    talks.pass_time(minutes=2)
    talks.fill()
    assert talks.reasons() == {"when will the blue lamp come": ["rephrased"]}


def test_the_same_much_later_is_another_question(talks: Talks) -> None:
    talks.say("when will the blue lamp come", SURE)
    talks.say("when will it come the blue lamp now", SURE, later=100_000)
    talks.pass_time(minutes=2)
    talks.fill()
    assert talks.reasons() == {}


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_said_again_after_the_first_was_looked_at_is_told_of_it(talks: Talks) -> None:
    talks.say("when will the blue lamp come", TORN)
    talks.pass_time(minutes=2)
    talks.fill()
    (before,) = talks.groups()
    talks.say("the blue lamp when will it come", SURE)
    talks.pass_time(minutes=2)
    talks.fill()
    (after,) = talks.groups()
    assert talks.reasons() == {"when will the blue lamp come": ["unsure", "rephrased"]}
    assert after.waiting == before.waiting == 1
    assert after.worth >= before.worth


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_flow_that_was_left_half_way_comes_in_with_what_began_it(talks: Talks) -> None:
    talks.say("I think I want to send it back", SURE, flow="return", leaves="return_form")
    talks.say("CD-104233", SURE, form="return_form", flow="return", leaves="return_form")
    talks.say("hello there", SURE, buyer="eva", flow="greeting")
    talks.fill()
    assert talks.reasons() == {}
    talks.pass_time(hours=25)
    talks.fill()
    assert talks.reasons() == {"I think I want to send it back": ["left"]}
    # And once only.
    talks.pass_time(hours=25)
    talks.fill()
    assert len(talks.reasons()) == 1


def test_after_few_stars_the_least_certain_message_comes_in(talks: Talks) -> None:
    talks.say("my lamp flickers at night", (("refund_faulty", 0.7), ("product_usage", 0.1)))
    talks.say("and it hums too", (("refund_faulty", 0.95), ("product_usage", 0.01)), later=3000)
    talks.say("★★", None, facts=[{"what": "rating", "stars": 2}])
    talks.say("★★★★★", None, buyer="eva", facts=[{"what": "rating", "stars": 5}])
    talks.pass_time(minutes=2)
    talks.fill()
    assert talks.reasons() == {"my lamp flickers at night": ["rated"]}


def test_what_an_agent_knew_better_comes_in_and_waits_for_an_admin(talks: Talks, database: Database) -> None:
    number = talks.say("my lamp flickers at night", SURE)
    other = talks.say("where is my parcel", SURE, buyer="eva")
    with database.begin() as connection:
        people = People(connection, talks.settings.rules, talks.clock)
        sam = people.add("sam", "Sam", Rank.AGENT, "a long password")
        for message, talk, intent in ((number, 1, "refund_faulty"), (other, 2, SURE[0][0])):
            case = Cases(connection, talks.settings.rules, talks.clock).open(
                talk, intent=SURE[0][0], reason=Reason.REPEATED, card=CaseCard(wants=""), language="en"
            )
            connection.execute(
                intent_labels.insert().values(
                    case_id=case.id, inbox_id=message, predicted=SURE[0][0], intent=intent, person_id=sam.id,
                    at=talks.clock.now(),
                )
            )  # fmt: skip
    talks.pass_time(minutes=2)
    talks.fill()
    assert talks.reasons() == {"my lamp flickers at night": ["agent"]}
    assert talks.groups() == []
    (group,) = talks.groups(View.SECOND)
    done = talks.review().label(OPERATOR, group.id, Verdict(Meaning.INTENT, "refund_faulty"))
    assert done.settled == 1


def test_one_in_fifty_is_drawn_and_always_the_same_ones() -> None:
    drawn = [number for number in range(20_000) if is_drawn(number, 2)]
    assert drawn == [number for number in range(20_000) if is_drawn(number, 2)]
    assert 300 < len(drawn) < 500
    assert not any(is_drawn(number, 0) for number in range(1_000))
    assert all(is_drawn(number, 100) for number in range(1_000))


@pytest.mark.parametrize("backend", BACKENDS)
def test_looking_twice_or_in_two_processes_at_once_stores_a_message_once(talks: Talks) -> None:
    for number in range(30):
        talks.say(f"where is my stuff {number}", LOST, buyer=f"b{number}")
    talks.pass_time(minutes=2)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: talks.fill(), range(3)))
    talks.fill()
    assert len(talks.reasons()) == 30
    assert sum(group.waiting for group in talks.groups()) == 30


# --- Groups ---


def test_what_means_the_same_is_one_group_and_languages_stay_apart(talks: Talks) -> None:
    for number in range(5):
        talks.say("where is my stuff now", LOST, buyer=f"b{number}")
    talks.say("where is my stuff now", LOST, buyer="jo", language="de")
    talks.say("something else entirely different", LOST, buyer="eva")
    talks.pass_time(minutes=2)
    talks.fill()
    talks.say("now where is my stuff", LOST, buyer="late")
    talks.pass_time(minutes=2)
    talks.fill()
    sizes = {(group.language, group.sample): group.waiting for group in talks.groups()}
    assert sizes == {
        ("en", "where is my stuff now"): 6,
        ("de", "where is my stuff now"): 1,
        ("en", "something else entirely different"): 1,
    }


def test_the_group_with_the_most_to_learn_comes_first(talks: Talks) -> None:
    talks.say("quite a puzzle alone", LOST, buyer="a")
    for number in range(3):
        talks.say("a parcel or an order", TORN, buyer=f"b{number}")
    talks.pass_time(minutes=2)
    talks.fill()
    first, second = talks.groups()
    assert (first.waiting, second.waiting) == (3, 1)
    assert first.worth == pytest.approx(3 * (1 - 0.07))
    assert first.likely[0][0] == "logistics_where_is_parcel"


def test_forty_ways_to_ask_for_a_parcel_are_a_few_decisions(talks: Talks) -> None:
    with warnings.catch_warnings(record=True):
        from bot.training.vectors import SharedEncode
    ways = (
        "where's my stuff",
        "where is my stuff??",
        "Wheres my stuff",
        "so where is my stuff",
        "where my stuff",
    )
    for number in range(40):
        talks.say(ways[number % len(ways)], LOST, buyer=f"b{number}")
    talks.say("can I pay with a gift card", LOST, buyer="eva")
    talks.pass_time(minutes=2)
    talks.fill(SharedEncode())
    sizes = sorted(group.waiting for group in talks.groups())
    assert sizes == [1, 40]


# --- Personal data ---


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("write to anna.lindqvist@mail.example.org", "write to buyer@example.com"),
        ("call me at +49 30 1234567 please", "please"),
        ("my card 4111 1111 1111 1111 was declined", "was declined"),
        ("where is CD-104233?", "where is CD-000000?"),
        ("see https://shop.example/orders/77?token=abc", "see https://example.com/"),
        ("Lindqvist here, Ana Lindqvist", "•••• here, ••••"),
        ("I paid 49.90 for 2 lamps, size 42", "I paid 49.90 for 2 lamps, size 42"),
        ("two\nlines\u2028and\x00more\x1b[31m", "two lines and more [31m"),
    ],
)
def test_of_a_message_only_its_wording_is_kept(text: str, kept: str) -> None:
    shown = masked(text, ["Ana Lindqvist"])
    assert kept in shown
    for secret in ("anna", "1234567", "4111", "104233", "token", "Lindqvist", "Ana "):
        assert secret not in shown


def test_what_the_store_knows_of_a_buyer_is_masked_before_it_is_stored(
    talks: Talks, database: Database
) -> None:
    talks.say("I live in Birkenweg 12, 10115 Teltow, my name is Petra Voss and Ana wrote this", LOST)
    with database.begin() as connection:
        customer = connection.execute(
            customers.insert().values(
                number="C1", name="Petra Voss", email="p@voss.example", phone="", language="de", country="DE",
                timezone="Europe/Berlin", street="Birkenweg 12", city="Teltow", region="", postcode="10115",
                consents_to_notices=False, consents_to_marketing=False, points=0,
            )
        ).inserted_primary_key[0]  # fmt: skip
        connection.execute(conversations.update().values(customer_id=customer))
    talks.pass_time(minutes=2)
    talks.fill()
    with database.begin() as connection:
        (text,) = connection.execute(sa.select(review_items.c.text)).scalars()
    assert text == "I live in ••••, •••• ••••, my name is •••• and •••• wrote this"


@pytest.mark.parametrize("sign", ["a", "1", " ", "@", "=", "\u200b", "é", "中", "1-", "a@"])
def test_a_hostile_text_costs_no_time_and_no_length(sign: str) -> None:
    assert len(masked(sign * 50_000, ["x" * 5_000])) <= LONGEST


def test_what_a_text_is_masked_to_is_masked_to_itself() -> None:
    once = masked("Ana, CD-104233, a@b.example, +49 30 1234567, www.x.example", ["Ana"])
    assert masked(once, ["Ana"]) == once


# --- What has gone ---


@pytest.mark.parametrize("backend", BACKENDS)
def test_groups_whose_messages_went_are_counted_anew(talks: Talks, database: Database) -> None:
    for number in range(4):
        talks.say("where is my stuff now", LOST, buyer=f"b{number}")
    talks.pass_time(minutes=2)
    talks.fill()

    def forget(where: Any) -> None:
        with database.begin() as connection:
            connection.execute(review_items.delete().where(where))
        recount_stale(database)

    forget(review_items.c.id <= 2)
    assert [group.waiting for group in talks.groups()] == [2]
    forget(sa.true())
    assert talks.groups() == []
    assert recount_stale(database) == 0


def test_what_means_the_same_as_what_was_erased_begins_a_group_anew(talks: Talks, database: Database) -> None:
    own = talks.filler()
    talks.say("where is my stuff now", LOST)
    talks.say("where is my stuff then", LOST, buyer="ben")
    for _ in range(3):
        # The first look is also the hour's: from then on groups are kept at hand.
        own.fill(1)
    with database.begin() as connection:
        connection.execute(review_items.delete())
    recount_stale(database)
    talks.say("where is my stuff now", LOST, buyer="eva")
    talks.say("where is my stuff now", LOST, buyer="jo")
    own.fill()
    own.fill()
    assert [group.waiting for group in talks.groups()] == [2]
