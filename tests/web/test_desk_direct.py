"""Direct mode, and replies changed after they were sent: at the web desk, without and with a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from bot.mailroom.tables import outbox
from tests.web.browsing import Enter, act, fields, problem, shown
from tests.web.conftest import Office
from tests.web.looking import look
from tests.web.staff import Staff
from tests.web.test_desk_browser import DESK, PHONE, TABLET, claim, note, open_case, reply
from tests.web.test_desk_browser import enter as enter_browser  # noqa: F401 (a fixture)

EnterBrowser = Callable[..., Page]
ON = "Direct mode is on."


def delivered(staff: Staff) -> None:
    """The channel has shown all that waited."""
    with staff.database.begin() as connection:
        waits = outbox.update().where(outbox.c.state == "queued")
        connection.execute(waits.values(state="sent", channel_message_id="line-1"))


def corrections(staff: Staff) -> list[tuple[str, Any]]:
    with staff.database.begin() as connection:
        rows = connection.execute(
            sa.select(outbox.c.text, outbox.c.corrects).where(outbox.c.corrects.is_not(None))
        ).all()
    return [(row.text, row.corrects["text"]) for row in rows]


def test_direct_mode_is_off_until_the_owner_wants_it_and_stands_where_one_writes(
    staff: Staff, enter: Enter
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    assert not shown(client.get(f"/desk/cases/{case.id}").text, "direct")
    page = act(client, case, "claim").text
    assert shown(page, "direct")
    assert ON not in page
    page = act(client, case, "direct", page).text
    assert staff.now(case).direct
    assert ON in page.partition('id="composer"')[2]
    page = act(client, case, "direct", page).text
    assert not staff.now(case).direct
    assert ON not in page


def test_it_ends_when_the_owner_changes(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("sue", "supervisor")
    case = staff.case()
    ana, sue = enter("ana"), enter("sue")
    page = act(ana, case, "direct", act(ana, case, "claim").text).text
    assert ON not in sue.get(f"/desk/cases/{case.id}").text, "it is not hers"
    assert ON not in act(sue, case, "take-over").text
    assert not staff.now(case).direct
    assert problem(act(ana, case, "direct", page)).startswith("Sue has this case")


def test_a_trainee_has_none(staff: Staff, enter: Enter) -> None:
    staff.person("tim", "trainee")
    case = staff.case()
    client = enter("tim")
    page = act(client, case, "claim").text
    assert not shown(page, "direct")
    assert "cannot write to buyers directly" in problem(act(client, case, "direct", page))
    assert not staff.now(case).direct


def test_a_reply_that_waits_is_changed_before_it_goes(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    page = act(client, case, "reply", reply="It is loost.").text
    page = act(client, case, "change", page, changed="It is lost.").text
    assert staff.said_to_buyer(case) == ["It is lost."]
    assert corrections(staff) == []
    assert "changed a reply: <bdi>before it went; before: It is loost." in page


def test_a_reply_that_was_shown_is_changed_on_the_channel_and_begins_again_with_its_new_words(
    staff: Staff, enter: Enter
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    act(client, case, "reply", reply="It is loost.")
    delivered(staff)
    page = act(client, case, "change", changed="It is lost.").text
    assert corrections(staff) == [("It is lost.", "It is loost.")]
    assert "Instead of an earlier message" in page
    assert 'name="changed" rows="3" dir="auto">It is lost.</textarea>' in page
    delivered(staff)
    act(client, case, "change", changed="It is lost, we send another.")
    assert [text for text, _ in corrections(staff)] == ["It is lost.", "It is lost, we send another."]


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001], ids=["none", "blanks", "too long"])
def test_what_is_no_reply_changes_none_and_is_kept(staff: Staff, enter: Enter, text: str) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    page = act(client, case, "reply", reply="It is lost.").text
    answer = act(client, case, "change", page, changed=text)
    assert problem(answer)
    assert staff.said_to_buyer(case) == ["It is lost."]
    if text.strip():
        assert f'dir="auto">{text}</textarea>' in answer.text


def test_only_ones_own_replies_and_no_approved_ones_can_be_changed(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("tim", "trainee")
    staff.person("sue", "supervisor")
    case, other = staff.case(), staff.case()
    ana, sue, tim = enter("ana"), enter("sue"), enter("tim")
    act(ana, case, "claim")
    page = act(ana, case, "reply", reply="It is lost.").text
    assert "/change" in page
    assert "/change" not in act(sue, case, "take-over").text
    refused = ana.post(
        f"/desk/cases/{case.id}/change",
        data={**fields(page, f"/desk/cases/{case.id}/change"), "changed": "No."},
    )
    assert problem(refused).startswith("Sue has this case")
    act(tim, other, "claim")
    act(tim, other, "reply", reply="It may be lost.")
    act(sue, other, "approve")
    page = tim.get(f"/desk/cases/{other.id}").text
    assert "/withdraw" in page
    assert "/change" not in page
    assert staff.said_to_buyer(case) == ["It is lost."]
    assert staff.said_to_buyer(other) == ["It may be lost."]


@pytest.mark.browser
def test_in_direct_mode_enter_sends_and_without_it_does_not(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
) -> None:
    office.staff.person("ana", name="Ana Duarte")
    case = office.staff.case()
    page = enter_browser("ana")
    claim(page, case)
    reply(page).fill("One line")
    page.keyboard.press("Enter")
    expect(reply(page)).to_have_value("One line\n")
    assert office.staff.said_to_buyer(case) == []
    page.get_by_role("button", name="Direct mode").click()
    expect(page.locator("#direct")).to_contain_text(ON)
    reply(page).fill("Shift makes")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("a new line")
    page.keyboard.press("Enter")
    expect(page.locator("#lines .said.agent")).to_contain_text("Shift makes")
    expect(reply(page)).to_have_value("")
    page.keyboard.press("Enter")
    expect(page.locator("#flash .bad")).to_have_count(0)
    page.locator("label", has_text="Private note").first.click()
    expect(page.locator("#direct")).to_be_visible()
    note(page).fill("for us alone")
    page.keyboard.press("Enter")
    expect(note(page)).to_have_value("for us alone\n")
    assert office.staff.said_to_buyer(case) == ["Shift makes\na new line"]


@pytest.mark.browser
def test_a_take_over_ends_it_on_the_open_page(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
) -> None:
    office.staff.person("ana")
    office.staff.person("sue", "supervisor")
    case = office.staff.case()
    ana, sue = enter_browser("ana"), enter_browser("sue")
    claim(ana, case)
    ana.get_by_role("button", name="Direct mode").click()
    expect(ana.locator("#direct")).to_contain_text(ON)
    open_case(sue, case)
    sue.get_by_role("button", name="Take over").click()
    expect(ana.locator("#direct")).not_to_contain_text(ON)
    expect(ana.locator("#direct button")).to_be_hidden()
    expect(sue.locator("#direct")).not_to_contain_text(ON)


@pytest.mark.browser
def test_a_change_is_not_lost_while_the_conversation_goes_on(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter_browser("ana")
    claim(page, case)
    reply(page).fill("It is loost.")
    page.keyboard.press("Control+Enter")
    page.locator(".change summary").click()
    field = page.get_by_label("what goes instead")
    expect(field).to_have_value("It is loost.")
    field.fill("It is lost.")
    # The line itself becomes another meanwhile.
    delivered(office.staff)
    office.staff.hears(office.staff.sender(case), "Hello?")
    expect(page.locator("#lines")).to_contain_text("Hello?")
    expect(field).to_have_value("It is lost.")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator("#flash")).to_contain_text("The reply is changed.")
    expect(page.locator("#lines .said.agent").last).to_contain_text("It is lost.")
    expect(page.locator(".change[open]")).to_have_count(0)
    page.locator(".change summary").first.click()
    expect(page.locator(".change textarea").first).to_have_value("It is lost.")
    assert corrections(office.staff) == [("It is lost.", "It is loost.")]


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_both_fit_and_can_be_used_by_everybody(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
    size: dict[str, int],
) -> None:
    office.staff.person("ana")
    case = office.staff.case()
    page = enter_browser("ana", size)
    claim(page, case)
    reply(page).fill("It is lost, and another one is on its way to you: it should arrive on Friday.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#lines .said.agent")).to_be_visible()
    expect(reply(page)).to_have_value("")
    page.get_by_role("button", name="Direct mode").click()
    expect(page.locator("#direct")).to_contain_text(ON)
    page.locator(".change summary").click()
    look(page, "direct")
