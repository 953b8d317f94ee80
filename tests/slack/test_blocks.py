"""What we say fits into Slack's limits and is nothing but text, whatever it holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from adapters.slack.blocks import MOST_TITLE, MOST_VALUE, MOST_WORDS, Post, to_posts
from adapters.slack.text import escaped, parts, shortened, to_plain
from bot.errors import NeverError
from bot.messages import Author, Button, Outbound


def outbound(text: str, buttons: Sequence[Button] = (), name: str | None = None) -> Outbound:
    return Outbound(
        key="out-17",
        channel="slack",
        account="T1",
        sender="T1/D1//U1",
        text=text,
        author=Author.BOT,
        position=2,
        created_at=dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc),
        buttons=tuple(buttons),
        author_name=name,
    )


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def checked(posts: Sequence[Post]) -> Sequence[Post]:
    """The posts, each of which Slack would take."""
    ids = [block["block_id"] for post in posts for block in post.blocks]
    assert len(ids) == len(set(ids))
    for post in posts:
        # Slack's own models know lengths and counts, not these.
        assert [block.to_dict() for block in Block.parse_all(list(post.blocks))]
        assert 0 < len(post.blocks) <= 50
        assert post.text.strip()
        assert units(post.text) <= 40_000
        actions = [
            element["action_id"]
            for block in post.blocks
            for element in block["elements"]
            if "action_id" in element
        ]
        assert len(actions) == len(set(actions))
        for block in post.blocks:
            assert len(block["block_id"]) <= 255
            for element in block["elements"]:
                if block["type"] == "rich_text":
                    assert units("".join(_said(one) for one in element["elements"])) <= MOST_WORDS
                    assert all(_said(one) for one in element["elements"])
                elif block["type"] == "actions":
                    assert 0 < units(element["text"]["text"]) <= MOST_TITLE
                    assert 0 < len(element["value"]) <= MOST_VALUE
    return posts


def _said(element: dict[str, Any]) -> str:
    return str(element.get("text") or element.get("url"))


def words(posts: Sequence[Post]) -> str:
    return "\n".join(
        "".join(_said(one) for one in section["elements"])
        for post in posts
        for block in post.blocks
        if block["type"] == "rich_text"
        for section in block["elements"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "<!channel> <!here> @here <@U1> <#C1> <https://evil.example|your bank>",
        "*not bold* _nor slanted_ ~nor struck~ `nor code` > nor quoted",
        ":smile: &amp; &lt; <",
        "أين طردي CD-100001؟",
        "😀 👩‍👩‍👧‍👦 e\u0301",
    ],
)
def test_what_looks_like_markup_stays_text(text: str) -> None:
    (post,) = checked(to_posts(outbound(text)))
    kinds = {
        element["type"] for block in post.blocks for one in block["elements"] for element in one["elements"]
    }
    assert words([post]) == text
    assert kinds <= {"text", "link"}
    assert "<" not in post.text


def test_addresses_of_pages_are_links_to_just_these_pages() -> None:
    (post,) = checked(to_posts(outbound("Track it: https://t.example/x?a=1&b=(2). Or http://u.example, now")))
    (block,) = post.blocks
    found = block["elements"][0]["elements"]
    assert [one["url"] for one in found if one["type"] == "link"] == [
        "https://t.example/x?a=1&b=(2",
        "http://u.example",
    ]


def test_a_long_text_is_cut_between_paragraphs_and_nothing_is_lost() -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "word " * 120 for number in range(60))
    posts = checked(to_posts(outbound(text, [Button("Yes", "/service_affirm")])))
    assert len(posts) > 1
    assert words(posts).split() == text.split()
    assert [block["type"] for post in posts[:-1] for block in post.blocks].count("actions") == 0
    assert posts[-1].blocks[-1]["type"] == "actions"


def test_a_text_without_a_blank_is_cut_all_the_same() -> None:
    posts = checked(to_posts(outbound("字" * 9000 + "😀" * 4000)))
    assert words(posts).replace("\n", "") == "字" * 9000 + "😀" * 4000


def test_letters_of_several_parts_are_not_torn_apart() -> None:
    family = "👩‍👩‍👧‍👦"
    assert all(set(one.split(family)) == {""} for one in parts(family * 900, 3000))
    assert shortened("e\u0301" * 100, 10) == "e\u0301" * 4 + "…"


def test_many_buttons_stand_in_several_blocks() -> None:
    (post,) = checked(to_posts(outbound("Which?", [Button(f"No. {n}", f"/choose{n}") for n in range(60)])))
    assert [len(block["elements"]) for block in post.blocks[1:]] == [25, 25, 10]


def test_buttons_without_a_word_have_a_notice() -> None:
    (post,) = checked(to_posts(outbound("", [Button("Yes", "/yes"), Button("No", "/no")])))
    assert post.text == "Yes · No"


def test_a_long_title_is_shortened_and_an_empty_one_is_not() -> None:
    (post,) = checked(to_posts(outbound("?", [Button("x" * 200, "/a"), Button("  ", "/b")])))
    assert [one["text"]["text"] for one in post.blocks[1]["elements"]] == ["x" * 74 + "…", "…"]


def test_a_button_that_says_more_than_slack_takes_is_never_sent() -> None:
    with pytest.raises(NeverError):
        to_posts(outbound("?", [Button("Yes", "/" + "x" * MOST_VALUE)]))


def test_more_buttons_than_slack_takes_are_never_sent() -> None:
    with pytest.raises(NeverError):
        to_posts(outbound("?", [Button("Yes", f"/{number}") for number in range(2000)]))


def test_an_agent_is_named_above_the_words() -> None:
    (post,) = checked(to_posts(outbound("Good morning", name="Mei <!here>")))
    assert post.blocks[0]["elements"] == [{"type": "plain_text", "text": "Mei <!here>"}]


def test_nothing_to_say_is_no_post() -> None:
    assert list(to_posts(outbound(""))) == []
    assert list(to_posts(outbound("\n\n"))) == []


_TEXT = st.text(
    st.sampled_from("ab <>&|*_~`@#!:/.\n😀\u200d\u0301字ا") | st.characters(blacklist_categories=["Cs"])
)


@given(_TEXT, st.lists(st.builds(Button, _TEXT, st.text("xyz", min_size=1, max_size=50)), max_size=30))
@settings(max_examples=150, deadline=None)
def test_whatever_we_say_slack_takes_it(text: str, buttons: list[Button]) -> None:
    posts = checked(to_posts(outbound(text, buttons)))
    assert words(posts).split() == text.split()


@given(st.text("<>&;amplt|!@#U1 ab"))
def test_whatever_is_escaped_is_read_as_it_was(text: str) -> None:
    assert to_plain(escaped(text), "U0").split() == text.split()


@given(_TEXT, st.integers(2, 60))
def test_parts_are_short_enough_and_lose_no_word(text: str, most: int) -> None:
    found = list(parts(text, most))
    assert all(units(one) <= most for one in found)
    assert "".join("".join(found).split()) == "".join(text.split())
