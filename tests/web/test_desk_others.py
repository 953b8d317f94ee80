"""Other conversations of a buyer who was recognised on several channels: seen beside the case, to be read."""

from __future__ import annotations

import html

import pytest

from bot.desk.values.cases import Case
from bot.mailroom import conversations, outbox
from bot.messages import Attachment, Author
from bot.operations.buyers import unlink
from bot.shop.tables import customers
from tests.service.estate import SOMEBODY
from tests.web.browsing import Enter, act
from tests.web.conftest import Office
from tests.web.looking import fits
from tests.web.staff import Staff
from tests.web.test_desk_browser import DESK, PHONE
from tests.web.test_desk_browser import Enter as EnterBrowser
from tests.web.test_desk_browser import enter as enter_browser  # noqa: F401 (a fixture)

CARD = "4111 1111 1111 1111"
PHOTO = Attachment(name="crack.jpg", media_type="image/jpeg", path="ab/crack", size=2_000)


def linked(staff: Staff, *talks: int, number: str = "K-1") -> None:
    """The identity check has found the same customer behind all of them."""
    with staff.database.begin() as connection:
        made = connection.execute(customers.insert().values(**{**SOMEBODY, "number": number}))
        for talk in talks:
            conversations.set_customer(connection, talk, made.inserted_primary_key[0])


def on_telegram(staff: Staff) -> int:
    """A talk with the bot alone, on another channel."""
    talk = staff.hears("77", f"My card is {CARD}, and the mug is cracked", attachments=(PHOTO,))
    with staff.database.begin() as connection:
        connection.execute(
            conversations.conversations.update()
            .where(conversations.conversations.c.id == talk)
            .values(channel="telegram")
        )
        outbox.post(connection, talk, "A new mug is on its way.", now=staff.clock.now(), author=Author.BOT)
    return talk


def address(case: Case, talk: int) -> str:
    return f"/desk/cases/{case.id}/others/{talk}"


def test_who_has_the_case_reads_what_the_buyer_said_elsewhere(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case, talk = staff.case(), on_telegram(staff)
    linked(staff, case.conversation_id, talk)
    client = enter("ana")
    before = client.get(f"/desk/cases/{case.id}").text
    assert "With the assistant" in before
    assert address(case, talk) not in before
    act(client, case, "claim")
    assert address(case, talk) in client.get(f"/desk/cases/{case.id}").text
    page = html.unescape(client.get(address(case, talk)).text)
    for told in ("the mug is cracked", "A new mug is on its way.", "crack.jpg", "Telegram"):
        assert told in page
    assert CARD not in page
    # Nothing is done from here: the only forms are those of one's own menu.
    assert page.partition("<main")[2].count("<form") == 0


def test_nobody_else_reads_it(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("ben")
    case, talk = staff.case(), on_telegram(staff)
    linked(staff, case.conversation_id, talk)
    act(enter("ana"), case, "claim")
    refused = enter("ben").get(address(case, talk))
    assert refused.status_code == 403
    assert "mug" not in refused.text


@pytest.mark.parametrize("whose", ["a stranger's", "another buyer's", "nobody's", "far too many", "its own"])
def test_a_conversation_of_somebody_else_is_not_shown(staff: Staff, enter: Enter, whose: str) -> None:
    staff.person("sue", "supervisor")
    case, talk = staff.case(), on_telegram(staff)
    linked(staff, case.conversation_id)
    if whose == "another buyer's":
        linked(staff, talk, number="K-2")
    asked = {"nobody's": 99_999, "far too many": 10**20, "its own": case.conversation_id}.get(whose, talk)
    client = enter("sue")
    answer = client.get(address(case, asked))
    assert answer.status_code in (403, 404)
    assert "mug" not in answer.text
    assert "With the assistant" not in client.get(f"/desk/cases/{case.id}").text


def test_what_was_taken_apart_is_two_buyers_again(staff: Staff, enter: Enter) -> None:
    staff.person("sue", "supervisor")
    case, talk = staff.case(), on_telegram(staff)
    linked(staff, case.conversation_id, talk)
    client = enter("sue")
    assert client.get(address(case, talk)).status_code == 200
    with staff.database.begin() as connection:
        assert unlink(connection, str(talk)) == "K-1"
    assert client.get(address(case, talk)).status_code == 403
    assert address(case, talk) not in client.get(f"/desk/cases/{case.id}").text


def test_a_case_elsewhere_is_named_with_who_has_it(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("ben")
    first, second = staff.case(), staff.case("And my invoice?")
    linked(staff, first.conversation_id, second.conversation_id)
    act(enter("ben"), second, "claim")
    page = enter("ana").get(f"/desk/cases/{first.id}").text
    assert f'<a href="/desk/cases/{second.id}">Case {second.id}</a>' in page
    assert "<bdi>Ben</bdi>" in page


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_fits(
    office: Office,
    enter_browser: EnterBrowser,  # noqa: F811 (the fixture)
    size: dict[str, int],
) -> None:
    office.staff.person("sue", "supervisor")
    case, talk = office.staff.case(), on_telegram(office.staff)
    linked(office.staff, case.conversation_id, talk)
    page = enter_browser("sue", size)
    page.goto(page.url.partition("/desk")[0] + f"/desk/cases/{case.id}")
    page.get_by_role("link", name="read it").click()
    page.get_by_text("the mug is cracked").wait_for()
    fits(page, "the other conversation")
    page.get_by_role("link", name="Back to the case").click()
    page.get_by_role("link", name="read it").wait_for()
