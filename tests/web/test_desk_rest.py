"""Beside answering: laying aside, ready texts, what became of replies, looking for cases, the rating."""

from __future__ import annotations

import re

import sqlalchemy as sa

from bot.clock import SetClock
from bot.desk.labels import labels
from bot.desk.tables import cases
from bot.desk.values.cases import Case, CaseState, Outcome
from bot.mailroom.tables import conversations, outbox
from tests.web.browsing import Enter, act, problem, shown
from tests.web.staff import Staff


def stored(staff: Staff, **values: object) -> None:
    with staff.database.begin() as connection:
        connection.execute(outbox.update().where(outbox.c.author == "agent").values(**values))


def test_an_answered_case_is_laid_aside_and_taken_up_again(
    staff: Staff, enter: Enter, clock: SetClock
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    assert not shown(page, "snooze")
    assert problem(act(client, case, "snooze", page, minutes="120")).startswith(
        "The buyer waits for an answer"
    )
    page = act(client, case, "reply", page, reply="I ask the carrier.").text
    assert shown(page, "snooze")
    for minutes in ("0", "", "-5", "99999999999"):
        assert problem(act(client, case, "snooze", page, minutes=minutes)).startswith("Choose a moment")
    page = act(client, case, "snooze", page, minutes="120").text
    assert staff.now(case).state is CaseState.SNOOZED
    assert "Laid aside until" in page
    assert f"/desk/cases/{case.id}" in client.get("/desk?view=aside").text
    page = act(client, case, "wake", page).text
    assert staff.now(case).state is CaseState.WAITING_BUYER
    assert "is taken up again" in page


def test_a_ready_text_is_read_in_ones_own_language_and_sent_in_the_buyers(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    german = "Guten Tag, hier ist Ana Duarte von Meridian Goods."
    assert german in page
    assert "Hello, this is Ana Duarte from Meridian Goods." in page
    used = client.get(f"/desk/cases/{case.id}?use=hello").text
    assert re.search(r'<textarea id="reply"[^>]*>Guten Tag, hier ist Ana Duarte', used)
    assert client.get(f"/desk/cases/{case.id}?use=no-such-text").status_code == 200


def test_a_reply_that_waits_is_taken_back_and_one_that_failed_is_sent_again(
    staff: Staff, enter: Enter
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    page = act(client, case, "reply", reply="It is loost.").text
    assert "Take back" in page
    page = act(client, case, "withdraw", page).text
    assert staff.said_to_buyer(case) == []
    assert staff.now(case).state is CaseState.WAITING_US
    assert "took back a reply: <bdi>before it went: It is loost." in page
    act(client, case, "reply", page, reply="It is lost.")
    stored(staff, state="failed", error="the buyer has blocked the store")
    page = client.get(f"/desk/cases/{case.id}").text
    assert "the buyer has blocked the store" in page
    assert "Take back" not in page
    page = act(client, case, "retry", page).text
    assert "had a reply sent again" in page
    with staff.database.begin() as connection:
        states = (
            connection.execute(sa.select(outbox.c.state).where(outbox.c.author == "agent")).scalars().all()
        )
    assert states == ["queued"]


def test_what_has_gone_is_taken_back_or_the_page_says_why_not(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    page = act(client, case, "reply", reply="It is lost.").text
    stored(staff, state="sent")
    assert problem(act(client, case, "withdraw", page)).startswith("The channel did not say which message")
    stored(staff, channel_message_id="line-1")
    page = act(client, case, "withdraw", page).text
    assert "took back a reply: <bdi>which the buyer had: It is lost." in page
    assert "Deleted an earlier message" in page
    assert "Take back" not in page
    with staff.database.begin() as connection:
        takes_back = outbox.update().where(outbox.c.corrects.is_not(None))
        connection.execute(takes_back.values(state="failed", error="mail cannot do that"))
    assert "mail cannot do that" in client.get(f"/desk/cases/{case.id}").text


def closed(staff: Staff, enter: Enter, **typed: str) -> Case:
    staff.person("ana")
    case = staff.case("Wo ist mein Paket?")
    client = enter("ana")
    page = act(client, case, "claim").text
    act(client, case, "close", page, outcome=Outcome.SOLVED.value, **typed)
    return staff.now(case)


def test_the_true_intent_is_chosen_with_one_click_on_closing(staff: Staff, enter: Enter) -> None:
    case = closed(staff, enter, intent="logistics_where_is_parcel")
    assert (case.state, case.true_intent) == (CaseState.CLOSED, "logistics_where_is_parcel")
    with staff.database.begin() as connection:
        (label,) = labels(connection)
    assert (label.text, label.predicted, label.intent, label.by) == (
        "Wo ist mein Paket?",
        "logistics_lost",
        "logistics_where_is_parcel",
        "ana",
    )


def test_another_intent_may_be_typed_and_none_need_be_given(staff: Staff, enter: Enter) -> None:
    case = closed(staff, enter, intent="logistics_lost", other_intent="Refund return")
    assert case.true_intent == "refund_return"
    other = staff.case()
    client = enter("ana")
    page = act(client, other, "claim").text
    answer = act(client, other, "close", page, outcome="solved", other_intent="<script>")
    assert problem(answer) == "'<script>' is no intent."
    act(client, other, "close", answer.text, outcome="solved")
    assert staff.now(other).true_intent is None


def test_cases_are_found_by_order_and_by_name(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    for text in ("cd 104233", "CD-104233", "104233x", "fischer", "%", "x"):
        found = f"/desk/cases/{case.id}" in client.get("/desk", params={"find": text}).text
        assert found is (text in ("cd 104233", "CD-104233", "fischer")), text


def test_the_list_tells_whom_a_case_is_offered_to(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    assert "Offered to you" in client.get("/desk").text
    assert "Offered to <bdi>you</bdi>" in client.get(f"/desk/cases/{case.id}").text


def test_other_conversations_of_the_same_customer_are_shown(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case, other, strange = staff.case(), staff.case("And my refund?"), staff.case()
    with staff.database.begin() as connection:
        for one in (case, other):
            own = conversations.c.id == one.conversation_id
            connection.execute(conversations.update().where(own).values(customer_id=7))
    page = enter("ana").get(f"/desk/cases/{case.id}").text
    assert f'<a href="/desk/cases/{other.id}">' in page
    assert f"/desk/cases/{strange.id}" not in page


def test_a_rating_stands_on_the_card_as_text(staff: Staff, enter: Enter) -> None:
    case = closed(staff, enter)
    with staff.database.begin() as connection:
        own = cases.c.id == case.id
        connection.execute(
            cases.update().where(own).values(satisfaction=2, comment="<b>slow</b> lena@example.com")
        )
    page = enter("ana").get(f"/desk/cases/{case.id}").text
    assert 'aria-label="2 of 5 stars">★★☆☆☆' in page
    assert "&lt;b&gt;slow&lt;/b&gt; l••••@example.com" in page
