"""Why the bot said something, asked at the desk: script, policy and facts, masked."""

from __future__ import annotations

import html

import pytest

from bot.dialogue.grounds import version_of
from tests.web.browsing import Enter, act
from tests.web.conftest import Office
from tests.web.looking import fits
from tests.web.staff import Staff
from tests.web.test_desk_browser import DESK, PHONE
from tests.web.test_desk_browser import Enter as EnterBrowser
from tests.web.test_desk_browser import enter as enter_browser  # noqa: F401 (a fixture)

ORDER = {"what": "order", "at": "2026-06-10T02:00:00+00:00", "number": "CD-104233", "state": "delivered"}
PRIVATE = {"what": "contact", "email": "lena.fischer@example.com", "phone": "+49 30 1234567"}
REPLY = "utter_return_window_closed"


def test_the_owner_reads_flow_rule_clause_and_facts(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    position = staff.explains(case, REPLY, ORDER)
    client = enter("ana")
    act(client, case, "claim")
    where = f"/desk/cases/{case.id}/why/{position}"
    assert where in client.get(f"/desk/cases/{case.id}").text
    page = html.unescape(client.get(where).text)
    for told in (
        "Nein, leider.",
        "Refund return (93 %)",
        "action_start_return",
        "returns.window_days = 7",
        f"version <code>{version_of(staff.rules)}</code>",
        "number=CD-104233, state=delivered",
        "20260601-a.tar.gz",
    ):
        assert told in page


def test_personal_data_stays_masked(staff: Staff, enter: Enter) -> None:
    staff.person("sue", "supervisor")
    case = staff.case()
    position = staff.explains(case, REPLY, PRIVATE)
    page = enter("sue").get(f"/desk/cases/{case.id}/why/{position}")
    assert page.status_code == 200
    assert "contact" in page.text
    for secret in ("lena.fischer", "1234567"):
        assert secret not in page.text


def test_nobody_else_is_told(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("ben")
    case = staff.case()
    position = staff.explains(case, REPLY, ORDER)
    act(enter("ana"), case, "claim")
    stranger = enter("ben")
    assert "/why/" not in stranger.get(f"/desk/cases/{case.id}").text
    refused = stranger.get(f"/desk/cases/{case.id}/why/{position}")
    assert refused.status_code == 403
    assert "CD-104233" not in refused.text.partition("<main")[2]


@pytest.mark.parametrize("position", ["1", "999", str(10**17), "x"])
def test_what_no_turn_said_is_not_explained(staff: Staff, enter: Enter, position: str) -> None:
    staff.person("sue", "supervisor")
    case = staff.case()
    assert enter("sue").get(f"/desk/cases/{case.id}/why/{position}").status_code in (403, 404)


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_fits(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
    size: dict[str, int],
) -> None:
    office.staff.person("sue", "supervisor")
    case = office.staff.case()
    office.staff.explains(case, REPLY, ORDER, PRIVATE)
    page = enter_browser("sue", size)
    page.goto(page.url.partition("/desk")[0] + f"/desk/cases/{case.id}")
    page.get_by_role("link", name="Why?").last.click()
    page.get_by_text("returns.window_days = 7").wait_for()
    fits(page, "the reasons")
    page.get_by_role("link", name="Back to the case").click()
    page.get_by_role("link", name="Why?").last.wait_for()
