"""Marks in messages: a part of what is said of them, examples as Rasa reads them, names that are found."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.training_data import entities_parser
from rasa.shared.nlu.training_data.loading import load_data

from bot.errors import ErasedError, ReviewError, StaleReviewError
from bot.operations.buyers import find
from bot.operations.erase import erase
from bot.shop.tables import products
from bot.training import marks
from bot.training.annotating import annotated, unannotated
from bot.training.examples import as_line
from bot.training.findings import Kind as Found
from bot.training.masking import one_line
from bot.training.named import Named
from bot.training.reading import View
from bot.training.tables import review_items, review_marks
from bot.training.unfound import unfound
from bot.training.values import Actor, ItemState, Mark
from bot.training.words import write_words
from nlu.entities.spans import Kind
from tests.training.talks import LOST, Talks
from tests.training.test_labels import PARCEL, THREAT, admin, learned

TEXT = "where is my alpine shell, the zibeline one"


@pytest.fixture
def shop(talks: Talks) -> Talks:
    """A shop with one product, and a buyer who calls it something else."""
    with talks.database.begin() as connection:
        connection.execute(
            products.insert().values(
                code="JKT-001",
                name="Tindra Rain Jacket",
                category="jackets",
                description="",
                facts={},
                certificates=[],
                size_chart=[],
                aliases=[],
                goes_with=[],
                review_count=0,
            )
        )
    talks.say(TEXT, LOST)
    talks.pass_time(minutes=2)
    talks.fill()
    return talks


@pytest.fixture
def ada(talks: Talks) -> Actor:
    return admin(talks, "ada")


@pytest.fixture
def bob(talks: Talks) -> Actor:
    return admin(talks, "bob")


def item(talks: Talks) -> int:
    [one] = talks.review().items(talks_group(talks))
    return one.id


def talks_group(talks: Talks) -> int:
    with talks.database.begin() as connection:
        return int(connection.execute(sa.select(review_items.c.group_id)).scalar_one())


def lexicon(talks: Talks) -> list[str]:
    told = json.loads((talks.settings.files / "lexicon.json").read_text(encoding="utf-8"))
    return [name for product in told["products"] for name in product["names"]]


def test_the_kinds_are_those_that_the_pipeline_finds() -> None:
    assert sorted(marks.KINDS) == sorted(kind.value for kind in Kind)


def test_a_mark_becomes_part_of_the_example_and_an_undo_takes_both_back(shop: Talks, ada: Actor) -> None:
    review = shop.review()
    review.mark(ada, item(shop), "colour", "zibeline")
    review.mark(ada, item(shop), "product", "alpine shell", value="JKT-001")
    assert learned(shop) == ""
    review.label(ada, talks_group(shop), PARCEL)
    line = (
        '- where is my [alpine shell]{"entity": "product", "value": "JKT-001"}, the [zibeline](colour) one\n'
    )
    assert line in learned(shop)
    path = shop.settings.store / "nlu" / "en" / "learned.yml"
    [example] = load_data(str(path)).entity_examples
    assert example.get("text") == TEXT
    assert [(one["entity"], one["value"]) for one in example.get("entities")] == [
        ("product", "JKT-001"),
        ("colour", "zibeline"),
    ]
    review.undo(ada)
    assert learned(shop) == ""
    # They wait for what is said next.
    [again] = review.items(talks_group(shop))
    assert [made.decided for made in again.marks] == [False, False]
    review.label(ada, talks_group(shop), PARCEL, dropped=[again.marks[1].id])
    assert "the zibeline one" in learned(shop)


def test_what_buyers_call_a_product_is_found_from_the_next_message_on(
    shop: Talks, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_LEXICON", str(shop.settings.files / "lexicon.json"))
    find, review = Named(), shop.review()
    now = dt.datetime(2026, 11, 23, tzinfo=dt.timezone.utc)
    made = review.mark(ada, item(shop), "product", "alpine shell", value="JKT-001")
    assert not made.mark.is_among(find(TEXT, "en", now))
    review.label(ada, talks_group(shop), PARCEL)
    assert lexicon(shop) == ["Tindra Rain Jacket", "alpine shell"]
    assert made.mark.is_among(find(TEXT, "en", now))
    assert review.names() == [("alpine shell", "JKT-001")]
    review.undo(ada)
    assert lexicon(shop) == ["Tindra Rain Jacket"]


def test_what_an_erased_buyer_called_a_product_is_forgotten(shop: Talks, ada: Actor) -> None:
    review = shop.review()
    review.mark(ada, item(shop), "product", "alpine shell", value="JKT-001")
    review.label(ada, talks_group(shop), PARCEL)
    assert "alpine shell" in lexicon(shop)
    with shop.database.begin() as connection:
        talk = connection.execute(sa.select(review_items.c.conversation_id)).scalar_one()
        erase(connection, find(connection, f"conversation:{talk}"), shop.settings.files, shop.clock.now())
    with shop.database.begin() as connection:
        write_words(connection, shop.settings)
    assert lexicon(shop) == ["Tindra Rain Jacket"]


def test_words_that_name_two_products_name_none(shop: Talks, ada: Actor) -> None:
    with shop.database.begin() as connection:
        row = dict(connection.execute(sa.select(products)).mappings().one())
        connection.execute(products.insert().values({**row, "id": None, "code": "JKT-002"}))
    shop.say("the alpine shell is too small", (("product_size", 0.3), ("refund_size", 0.2)), buyer="eva")
    shop.fill()
    review = shop.review()
    for group, code in zip(shop.groups(), ("JKT-001", "JKT-002"), strict=True):
        [one] = review.items(group.id)
        review.mark(ada, one.id, "product", "alpine shell", value=code)
        review.label(ada, group.id, PARCEL)
    assert review.names() == []


def test_a_mark_that_the_bot_does_not_find_is_told_where_the_examples_are_checked(
    shop: Talks, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDESK_LEXICON", str(shop.settings.files / "lexicon.json"))
    review = shop.review()
    assert unfound(shop.settings) == []
    review.mark(ada, item(shop), "product", "alpine shell", value="JKT-001")
    review.mark(ada, item(shop), "colour", "zibeline")
    review.label(ada, talks_group(shop), PARCEL)
    [finding] = unfound(shop.settings)
    assert finding.kind is Found.UNFOUND
    assert not finding.kind.forbids
    assert "“zibeline” was marked as colour" in finding.says
    assert finding.text == TEXT


def test_whoever_leaves_a_mark_standing_says_the_same_and_who_drops_it_disputes(
    shop: Talks, ada: Actor, bob: Actor
) -> None:
    review, group = shop.review(), talks_group(shop)
    review.mark(ada, item(shop), "colour", "zibeline")
    assert review.label(ada, group, THREAT).second == 1
    assert review.label(bob, group, THREAT).settled == 1
    assert "[zibeline](colour)" in learned(shop)
    review.undo(bob)
    [waits] = review.items(group)
    [theirs] = [made.id for made in waits.marks if made.actor == "ada"]
    assert review.label(bob, group, THREAT, dropped=[made.id for made in waits.marks]).disputed == 1
    assert theirs in [made.id for made in waits.marks]
    assert learned(shop) == ""
    [disputed] = review.items(group)
    assert {login: len(verdict.marks) for login, verdict in disputed.said.items()} == {"ada": 1, "bob": 0}
    # What the two say of the wish itself is the same.
    assert review.agreements()[0].same == 1.0
    carl = admin(shop, "carl")
    assert review.label(carl, group, THREAT).settled == 1
    assert "[zibeline](colour)" in learned(shop)


def test_who_decides_on_an_older_page_is_refused_when_a_mark_was_added(shop: Talks, ada: Actor) -> None:
    review, group = shop.review(), shop.groups()[0]
    made = review.mark(ada, item(shop), "colour", "zibeline")
    with pytest.raises(StaleReviewError):
        review.label(ada, group.id, PARCEL, fence=group.fence)
    review.unmark(made.id)
    assert review.items(group.id)[0].marks == ()
    with pytest.raises(ErasedError):
        review.unmark(made.id)


@pytest.mark.parametrize(
    ("kind", "words", "more", "says"),
    [
        ("colour", "puce", {}, "does not stand in the message"),
        ("colour", "zibeline", {"start": 3}, "does not stand there"),
        ("colour", "zibeline", {"start": 10**9}, "does not stand there"),
        ("colour", "zibeline", {"start": -1}, "does not stand there"),
        ("colour", " , ", {}, "say which words"),
        ("colour", "", {}, "say which words"),
        ("<script>", "zibeline", {}, "is nothing that is found"),
        ("return_line", "zibeline", {}, "is nothing that is found"),
        ("product", "shell", {}, "say which product it is"),
        ("product", "shell", {"value": "NO-1"}, "there is no product 'NO-1'"),
        ("colour", "zibeline", {"value": "JKT-001"}, "only a product has a code"),
        ("size", "alpine", {}, "is marked as product already"),
        ("size", "shell, the", {}, "is marked as product already"),
    ],
)
def test_marks_that_make_no_sense_are_refused(
    shop: Talks, ada: Actor, kind: str, words: str, more: dict[str, object], says: str
) -> None:
    review = shop.review()
    review.mark(ada, item(shop), "product", "alpine shell", value="JKT-001")
    with pytest.raises(ReviewError, match=says):
        review.mark(ada, item(shop), kind, words, **more)  # type: ignore[arg-type]
    assert len(review.items(talks_group(shop))[0].marks) == 1


def test_of_marks_that_two_people_made_across_each_other_one_must_be_dropped(
    shop: Talks, ada: Actor, bob: Actor
) -> None:
    review, group = shop.review(), talks_group(shop)
    first = review.mark(ada, item(shop), "colour", "zibeline")
    review.label(ada, group, THREAT)
    other = review.mark(bob, item(shop), "size", "the zibeline one")
    with pytest.raises(ReviewError, match="drop one of them"):
        review.label(bob, group, THREAT)
    assert review.label(bob, group, THREAT, dropped=[first.id]).disputed == 1
    assert other.mark in review.items(group)[0].said["bob"].marks


def test_a_settled_or_erased_message_is_not_marked_and_its_marks_go_with_it(shop: Talks, ada: Actor) -> None:
    review, number = shop.review(), item(shop)
    made = review.mark(ada, number, "colour", "zibeline")
    review.label(ada, talks_group(shop), PARCEL)
    with pytest.raises(ReviewError, match="settled"):
        review.mark(ada, number, "size", "alpine")
    with pytest.raises(ReviewError, match="a decision includes this mark"):
        review.unmark(made.id)
    with shop.database.begin() as connection:
        connection.execute(review_marks.delete())
        connection.exec_driver_sql("DELETE FROM review_labels")
        connection.execute(review_items.delete())
    with pytest.raises(ErasedError):
        review.mark(ada, number, "size", "alpine")


def test_what_was_masked_is_not_marked(talks: Talks, ada: Actor) -> None:
    talks.say("the jacket for Lindqvist please", LOST)
    talks.fill()
    with pytest.raises(ReviewError, match="was masked"):
        talks.review().mark(ada, item(talks), "product", "for ••••", value="JKT-001")


def test_the_filler_keeps_what_the_bot_finds(talks: Talks, ada: Actor) -> None:
    find = Named()
    # A colour that is neither a rule's nor any catalogue's, whichever store's lexicon the process has read.
    talks.say("the red one in zibeline", LOST)
    own = talks.filler()
    own._find = find
    while own.fill():
        pass
    [one] = talks.review().items(talks_group(talks))
    assert [(mark.kind, one.words(mark)) for mark in one.named or ()] == [("colour", "red")]
    made = talks.review().mark(ada, one.id, "colour", "zibeline")
    assert one.is_found(made.mark) is False
    assert one.state is ItemState.WAITING
    assert talks.groups(View.WAITING)


# --- As Rasa reads it ---

_KINDS = st.sampled_from(("colour", "size", "order_number"))
_TEXTS = st.text(st.sampled_from("ab é[](){}:\"'\\/-•*#x中🙂\t=<>&|"), max_size=30)


@st.composite
def _marked(draw: st.DrawFn) -> tuple[str, list[Mark]]:
    text = one_line(draw(_TEXTS))
    places = sorted(draw(st.sets(st.integers(0, max(len(text), 1)), max_size=6)))
    spans = zip(places[::2], places[1::2], strict=False)
    found = [
        Mark(start, end, *draw(st.one_of(st.tuples(_KINDS), st.tuples(st.just("product"), _TEXTS))))
        for start, end in spans
        if end <= len(text) and text[start:end].strip()
    ]
    return text, found


@given(_marked())
def test_whatever_is_marked_rasa_reads_it_as_it_was_meant(given_marks: tuple[str, list[Mark]]) -> None:
    text, wanted = given_marks
    line = annotated(text, wanted)
    # As Rasa's reader does it.
    plain = entities_parser.replace_entities(line)
    read = [
        Mark(one["start"], one["end"], one["entity"], one["value"] if one["entity"] == "product" else None)
        for one in entities_parser.find_entities_in_training_example(line)
    ]
    assert read == wanted
    if wanted:
        assert plain == text.translate(str.maketrans("[]", "()"))
    assert unannotated(line) == (plain, tuple(wanted))


@given(_marked())
def test_an_examples_marks_stand_where_they_stood(given_marks: tuple[str, list[Mark]]) -> None:
    text, wanted = given_marks
    line = as_line(text, wanted)
    if line:
        plain, read = unannotated(line)
        assert plain == as_line(text) or wanted
        assert {plain[one.start : one.end] for one in read} <= {
            text[one.start : one.end].translate(str.maketrans("[]", "()")) for one in wanted
        }


def test_a_mark_in_the_long_form_that_is_none_is_told_where(talks: Talks) -> None:
    from bot.training.checks import check

    own = Path(talks.settings.store) / "nlu" / "en"
    own.mkdir(parents=True)
    (own / "own.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: order_state\n  examples: |\n    - the [red]{"entity" one} thing\n',
        encoding="utf-8",
    )
    [finding] = check(talks.settings, ["order_state"])
    assert finding.kind is Found.UNREADABLE
    assert "the [red]" in finding.says
    assert unfound(talks.settings) == []
