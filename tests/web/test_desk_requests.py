"""The page of what the bot asks of people, over a real desk: as HTML, and in a browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.desk.values.requests import RequestState
from tests.web.browsing import Enter, problem
from tests.web.conftest import Office
from tests.web.looking import fits
from tests.web.staff import Staff
from tests.web.test_desk_browser import DESK, PHONE
from tests.web.test_desk_browser import Enter as EnterBrowser
from tests.web.test_desk_browser import enter as enter_browser  # noqa: F401 (a fixture)


def send(client: Any, request_id: int, act: str, **fields: str) -> Any:
    page = client.get("/desk/requests").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    return client.post(f"/desk/requests/{request_id}/{act}", data={"csrf": csrf.group(1), **fields})


def test_the_page_shows_what_waits_and_what_it_is_about(staff: Staff, enter: Enter) -> None:
    staff.person("sue", "supervisor")
    staff.approval()
    staff.question("write to anna@example.com: is the zip made of metal?")
    page = enter("sue").get("/desk/requests").text
    assert "the buyer would pay 110.00 EUR" in page
    assert "Approve €19.00" in page
    assert "€30.00" in page
    assert "Your answer in German" in page
    assert "anna@example.com" not in page
    assert "30 min left" in page
    assert re.search(r'id="asked"[^>]*>2 ', enter("sue").get("/desk").text, re.DOTALL)


def test_a_supervisor_approves_once(staff: Staff, enter: Enter) -> None:
    staff.person("sue", "supervisor")
    asked = staff.approval()
    client = enter("sue")
    assert "Approved: the assistant tells the buyer" in send(client, asked.id, "approve").text
    again = send(client, asked.id, "decline", reason="no")
    assert again.status_code == 409
    assert "settled already by Sue" in problem(again)
    assert staff.request(asked).state is RequestState.APPROVED
    assert "Approved by" in client.get("/desk/requests?view=over").text


def test_what_was_typed_stays_where_it_was_wrong(staff: Staff, enter: Enter) -> None:
    staff.person("sue", "supervisor")
    asked = staff.approval()
    wrong = send(enter("sue"), asked.id, "counter", amount="lots <b>")
    assert wrong.status_code == 422
    assert "above zero" in problem(wrong)
    assert 'value="lots &lt;b&gt;"' in wrong.text
    assert staff.request(asked).state is RequestState.PENDING


def test_an_agent_sees_an_approval_and_cannot_decide_it(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    asked = staff.approval()
    client = enter("ana")
    assert "A supervisor decides this." in client.get("/desk/requests").text
    client_page = client.get("/desk").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', client_page)
    assert csrf is not None
    refused = client.post(f"/desk/requests/{asked.id}/approve", data={"csrf": csrf.group(1)})
    assert refused.status_code == 403
    assert staff.request(asked).state is RequestState.PENDING


def test_a_department_answers(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    asked = staff.question()
    assert "on its way to the buyer" in send(enter("ana"), asked.id, "answer", answer="Ja, aus Metall.").text
    assert staff.request(asked).answer == "Ja, aus Metall."


@pytest.mark.parametrize(
    ("path", "status"), [("99/approve", 404), ("1/grab", 404), (f"{10**30}/approve", 404), ("x/approve", 404)]
)
def test_what_there_is_not_is_said_so(staff: Staff, enter: Enter, path: str, status: int) -> None:
    staff.person("sue", "supervisor")
    staff.approval()
    client = enter("sue")
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/desk/requests").text)
    assert csrf is not None
    assert client.post(f"/desk/requests/{path}", data={"csrf": csrf.group(1)}).status_code == status


def test_a_decision_needs_the_page_it_was_made_on(staff: Staff, enter: Enter) -> None:
    staff.person("sue", "supervisor")
    asked = staff.approval()
    assert enter("sue").post(f"/desk/requests/{asked.id}/approve", data={}).status_code == 403
    assert staff.request(asked).state is RequestState.PENDING


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_supervisor_counters_and_a_question_is_answered(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
    size: dict[str, int],
) -> None:
    office.staff.person("sue", "supervisor")
    approval, question = office.staff.approval(), office.staff.question()
    page = enter_browser("sue", size)
    page.locator("#asked").click()
    expect(page.locator("#requests > li")).to_have_count(2)
    fits(page, "the requests")
    page.get_by_label("Your answer in German").fill("Ja, aus Metall.")
    card = page.locator(f"#request-{approval.id}")
    # The whole question, on a phone too: it says what was refused.
    assert card.locator(".wants").evaluate("one => one.scrollHeight <= one.clientHeight")
    card.get_by_label("Another amount").fill("0")
    card.get_by_role("button", name="Grant this").click()
    expect(page.locator("#flash")).to_contain_text("above zero")
    expect(page.get_by_label("Your answer in German")).to_have_value("Ja, aus Metall.")
    card.get_by_label("Another amount").fill("12.50")
    card.get_by_role("button", name="Grant this").click()
    expect(page.locator("#requests > li")).to_have_count(1)
    expect(page.get_by_label("Your answer in German")).to_have_value("Ja, aus Metall.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("Nobody is asked for anything.")).to_be_visible()
    assert office.staff.request(approval).granted_minor == 1_250
    assert office.staff.request(question).answer == "Ja, aus Metall."
