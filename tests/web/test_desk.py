from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from adapters.web.desk import WebDesk
from adapters.web.pages import Pages
from adapters.web.shield import POLICY
from bot.clock import SetClock
from bot.desk.cases import Cases
from bot.desk.values import CaseCard, CaseState, EventKind, Outcome, Priority, Reason
from bot.errors import TryLaterError
from bot.settings import Settings
from tests.web.conftest import SECRET
from tests.web.staff import PASSWORD, Staff

Enter = Callable[[str], TestClient]


@pytest.fixture
def frontend(settings: Settings, staff: Staff, clock: SetClock) -> WebDesk:
    return WebDesk(settings, staff.desk, secret=SECRET, clock=clock, pages=Pages())


@pytest.fixture
def door(frontend: WebDesk) -> Iterator[Callable[[], TestClient]]:
    """A browser that has not signed in."""
    opened: list[TestClient] = []

    def browser() -> TestClient:
        client = TestClient(Starlette(routes=list(frontend.routes())), base_url="http://desk.test")
        opened.append(client)
        return client

    yield browser
    for client in opened:
        client.close()


@pytest.fixture
def enter(door: Callable[[], TestClient]) -> Enter:
    """Sign somebody in who exists."""

    def entered(login: str) -> TestClient:
        client = door()
        answer = sign_in(client, login)
        assert answer.status_code == 200, answer.text
        assert answer.url.path == "/desk"
        return client

    return entered


def sign_in(client: TestClient, login: str, password: str = PASSWORD, **more: str) -> Any:
    form = fields(client.get("/desk/sign-in").text)
    return client.post("/desk/sign-in", data={**form, "login": login, "password": password, **more})


def fields(page: str, action: str = "/desk/sign-in") -> dict[str, str]:
    """The hidden fields of a form, as a browser would send them."""
    match = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert match, f"no form for {action}"
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', match[1])
    return {name: html.unescape(value) for name, value in found}


def act(client: TestClient, case: Any, name: str, page: str | None = None, **typed: str) -> Any:
    """Fill in a form of the case's page and send it."""
    page = client.get(f"/desk/cases/{case.id}").text if page is None else page
    shown = "close" if name == "hand-back" else "approve" if name == "decline" else name
    form = fields(page, f"/desk/cases/{case.id}/{shown}")
    return client.post(f"/desk/cases/{case.id}/{name}", data={**form, **typed})


def problem(answer: Any) -> str:
    match = re.search(r'<p class="bad"[^>]*>(.*?)</p>', answer.text)
    return html.unescape(match[1]) if match else ""


def shown(page: str, name: str) -> bool:
    marks = re.findall(rf'data-act="{name}"( hidden)?', page)
    assert marks
    return set(marks) == {""}


# --- the door


def test_nobody_sees_anything_without_signing_in(staff: Staff, door: Callable[[], TestClient]) -> None:
    case = staff.case()
    client = door()
    for path in ("/desk", f"/desk/cases/{case.id}", "/desk/password"):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/desk/sign-in?next=%2Fdesk")
        assert "Lena" not in client.get(path).text
    assert client.get("/desk/events").status_code == 401


def test_after_signing_in_one_is_where_one_wanted_to_be(staff: Staff, door: Callable[[], TestClient]) -> None:
    staff.person("ana")
    case = staff.case()
    client = door()
    page = client.get(f"/desk/cases/{case.id}").text
    answer = client.post("/desk/sign-in", data={**fields(page), "login": "ANA", "password": PASSWORD})
    assert answer.url.path == f"/desk/cases/{case.id}"
    assert client.get("/desk/sign-in").url.path == "/desk"


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.test",
        "//evil.test/desk",
        "/desk\\@evil.test",
        "/desk/../x",
        "javascript:x",
        "/desk\r\nX: y",
    ],
)
def test_signing_in_leads_to_no_foreign_page(
    staff: Staff, door: Callable[[], TestClient], after: str
) -> None:
    staff.person("ana")
    client = door()
    form = fields(client.get("/desk/sign-in", params={"next": after}).text)
    assert form["next"] == "/desk"
    data = {**form, "next": after, "login": "ana", "password": PASSWORD}
    answer = client.post("/desk/sign-in", data=data, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def test_a_wrong_login_and_a_wrong_password_look_the_same(
    staff: Staff, door: Callable[[], TestClient]
) -> None:
    staff.person("ana")
    wrong = sign_in(door(), "ana", "wrong password")
    nobody = sign_in(door(), "eve", PASSWORD)
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert problem(wrong) == problem(nobody) == "The login or the password is wrong."
    assert 'value="ana"' in wrong.text
    assert PASSWORD not in nobody.text


def test_too_many_tries_are_told_how_long_to_wait(staff: Staff, door: Callable[[], TestClient]) -> None:
    staff.person("ana")
    client = door()
    for _ in range(5):
        assert sign_in(client, "ana", "wrong password").status_code == 401
    answer = sign_in(client, "ana")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 15 * 60
    assert "15 minutes" in problem(answer)


def test_the_sign_in_form_works_only_where_it_was_shown(staff: Staff, door: Callable[[], TestClient]) -> None:
    staff.person("ana")
    foreign = fields(door().get("/desk/sign-in").text)
    client = door()
    client.get("/desk/sign-in")
    data = {"login": "ana", "password": PASSWORD}
    assert client.post("/desk/sign-in", data={**data, "csrf": foreign["csrf"]}).status_code == 403
    assert client.post("/desk/sign-in", data=data).status_code == 403
    own = fields(client.get("/desk/sign-in").text)
    cross = {"origin": "https://evil.test"}
    assert client.post("/desk/sign-in", data={**data, **own}, headers=cross).status_code == 403
    assert client.post("/desk/sign-in", data={**data, **own}).url.path == "/desk"


def test_the_session_cookie_stays_with_us(staff: Staff, door: Callable[[], TestClient]) -> None:
    staff.person("ana")
    client = door()
    form = fields(client.get("/desk/sign-in").text)
    data = {**form, "login": "ana", "password": PASSWORD}
    answer = client.post("/desk/sign-in", data=data, follow_redirects=False)
    cookies = [value.lower() for value in answer.headers.get_list("set-cookie")]
    session = next(value for value in cookies if value.startswith("crossdesk_desk="))
    for part in ("httponly", "samesite=strict", "path=/desk"):
        assert part in session


def test_signing_out_ends_the_session_itself(
    staff: Staff, enter: Enter, door: Callable[[], TestClient]
) -> None:
    staff.person("ana")
    client = enter("ana")
    stolen = door()
    stolen.cookies.set("crossdesk_desk", client.cookies["crossdesk_desk"])
    assert stolen.get("/desk").url.path == "/desk"
    form = fields(client.get("/desk").text, "/desk/sign-out")
    assert client.post("/desk/sign-out", data=form).url.path == "/desk/sign-in"
    assert stolen.get("/desk").url.path == "/desk/sign-in"


def test_the_password_can_be_changed(staff: Staff, enter: Enter, door: Callable[[], TestClient]) -> None:
    staff.person("ana")
    client = enter("ana")
    form = fields(client.get("/desk/password").text, "/desk/password")
    new = {"new": "another long phrase", "again": "another long phrase"}
    wrong = client.post("/desk/password", data={**form, "old": "nonsense", **new})
    assert problem(wrong) == "The old password is wrong."
    unlike = client.post("/desk/password", data={**form, "old": PASSWORD, **new, "again": "a typo"})
    assert problem(unlike) == "The new password is not the same in both places."
    short = client.post("/desk/password", data={**form, "old": PASSWORD, "new": "short", "again": "short"})
    assert "characters" in problem(short)
    done = client.post("/desk/password", data={**form, "old": PASSWORD, **new})
    assert done.url.path == "/desk"
    assert "Your password is changed" in done.text
    assert client.get("/desk").url.path == "/desk"
    assert sign_in(door(), "ana").status_code == 401
    assert sign_in(door(), "ana", "another long phrase").url.path == "/desk"


def test_away_and_back(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    client = enter("ana")
    form = fields(client.get("/desk").text, "/desk/away")
    assert '<span class="tag">away</span>' in client.post("/desk/away", data={**form, "away": "yes"}).text
    assert '<span class="tag">away</span>' not in client.post("/desk/away", data={**form, "away": "no"}).text


# --- the list


def test_the_list_shows_what_presses_most_first(staff: Staff, enter: Enter, clock: SetClock) -> None:
    staff.person("ana")
    staff.case(card=CaseCard(wants="first come"))
    clock.advance(seconds=60)
    staff.case(card=CaseCard(wants="second come"))
    staff.case(card=CaseCard(wants="to the bank"), priority=Priority.URGENT, reason=Reason.ALWAYS_HUMAN)
    page = enter("ana").get("/desk").text
    assert re.findall(r'<span class="wants" dir="auto">(.*?)</span>', page) == [
        "to the bank",
        "first come",
        "second come",
    ]
    assert "Sensitive topic" in page
    assert "Logistics lost" in page
    assert "2 min left" in page
    assert 'data-waiting="3"' in page


def test_the_list_can_be_narrowed(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    mine = staff.case(card=CaseCard(wants="mine it is"))
    staff.case(card=CaseCard(wants="another queue"), intent="refund_request")
    client = enter("ana")
    act(client, mine, "claim")

    def wants(query: str) -> list[str]:
        return re.findall(r'<span class="wants" dir="auto">(.*?)</span>', client.get(f"/desk?{query}").text)

    assert wants("view=mine") == ["mine it is"]
    assert wants("view=unclaimed") == ["another queue"]
    assert wants("queue=aftersales") == ["another queue"]
    assert wants("queue=logistics&view=mine") == ["mine it is"]
    assert wants("view=closed") == wants("queue=payment") == []
    act(client, mine, "close", outcome="solved")
    assert wants("view=closed") == ["mine it is"]
    assert len(wants("queue=%00<script>&view=xx")) == 1


def test_a_list_holds_no_personal_data(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.case()
    page = enter("ana").get("/desk").text
    for secret in ("lena.fischer", "1234567", "Lindenweg"):
        assert secret not in page


# --- a case


def test_the_card_tells_all_and_shows_nothing_private(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    page = html.unescape(enter("ana").get(f"/desk/cases/{case.id}").text)
    for fact in (
        "Checked</span>, valued buyer",
        "German",
        "Germany",
        "said twice that tracking has not moved",
        "Looked up CD-104233",
        "in transit",
        "no scan since 3 May, Leipzig",
        "€89.90",
        "Logistics lost 62 %",
        "Wed 04:00",
    ):
        assert fact in page
    for secret in ("lena.fischer", "1234567", "Lindenweg"):
        assert secret not in page


def test_showing_a_field_is_written_down(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    case = staff.case()
    client = enter("ana")
    page = client.get(f"/desk/cases/{case.id}").text
    assert "/reveal" not in page
    csrf = fields(page, f"/desk/cases/{case.id}/claim")
    refused = client.post(f"/desk/cases/{case.id}/reveal", data={**csrf, "field": "email"})
    assert refused.status_code == 409
    assert "lena.fischer" not in refused.text
    act(client, case, "claim")
    answer = client.post(f"/desk/cases/{case.id}/reveal", data={**csrf, "field": "email"})
    assert "lena.fischer@example.com" in answer.text
    assert "1234567" not in answer.text
    assert "lena.fischer" not in client.get(f"/desk/cases/{case.id}").text
    with staff.database.begin() as connection:
        events = Cases(connection, staff.rules, staff.clock).events(case.id)
    assert (events[-1].kind, events[-1].actor, events[-1].text) == (EventKind.REVEALED, "Ana Duarte", "email")
    assert client.post(f"/desk/cases/{case.id}/reveal", data={**csrf, "field": "card"}).status_code == 422


def test_a_case_is_claimed_answered_and_handed_back(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    case = staff.case()
    client = enter("ana")
    page = client.get(f"/desk/cases/{case.id}").text
    assert [shown(page, form) for form in ("claim", "reply", "note", "close")] == [True, False, True, False]
    claimed = act(client, case, "claim")
    assert "The case is yours." in claimed.text
    assert [shown(claimed.text, form) for form in ("claim", "reply", "note", "close")] == [
        False,
        True,
        True,
        True,
    ]
    answered = act(client, case, "reply", reply="Guten Tag,\r\nhier ist Ana.")
    assert "on its way to the buyer" in answered.text
    assert staff.said_to_buyer(case) == ["Guten Tag,\nhier ist Ana."]
    assert "Being sent" in answered.text
    unsaid = act(client, case, "hand-back", summary="will wait")
    assert (unsaid.status_code, problem(unsaid)) == (422, "Please choose how the case ended.")
    assert ">will wait</textarea>" in unsaid.text
    act(client, case, "hand-back", outcome="answered", summary="will wait")
    after = staff.now(case)
    assert (after.state, after.outcome, after.summary) == (CaseState.CLOSED, Outcome.ANSWERED, "will wait")


def test_a_private_note_never_reaches_the_buyer(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("ben")
    case = staff.case()
    act(enter("ana"), case, "claim")
    noted = act(enter("ben"), case, "note", note="difficult buyer, be patient")
    assert "The buyer never sees it." in noted.text
    assert re.search(r'<li id="event-\d+" class="note">.*?difficult buyer', noted.text, re.DOTALL)
    assert "difficult" not in " ".join(line.text for line in staff.lines(case))


def test_the_second_to_claim_is_told_who_was_first(staff: Staff, enter: Enter) -> None:
    staff.person("ana", name="Ana Duarte")
    staff.person("ben")
    case = staff.case()
    ana, ben = enter("ana"), enter("ben")
    seen = ben.get(f"/desk/cases/{case.id}").text
    act(ana, case, "claim")
    late = act(ben, case, "claim", seen)
    assert late.status_code == 409
    assert "Ana Duarte" in problem(late)
    assert not shown(late.text, "reply")


def test_a_late_agents_text_does_not_reach_the_buyer_and_is_not_lost(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("sue", "supervisor")
    case = staff.case()
    ana, sue = enter("ana"), enter("sue")
    seen = act(ana, case, "claim").text
    assert "The case is yours now." in act(sue, case, "take-over").text
    late = act(ana, case, "reply", seen, reply="I <b>promise</b> you everything")
    assert late.status_code == 409
    assert problem(late)
    assert ">I &lt;b&gt;promise&lt;/b&gt; you everything</textarea>" in late.text
    assert staff.said_to_buyer(case) == []


def test_a_form_sent_twice_says_it_once(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    for _ in range(2):
        assert act(client, case, "reply", page, reply="We are looking into it.").status_code == 200
        assert act(client, case, "note", page, note="asked the carrier").status_code == 200
    assert staff.said_to_buyer(case) == ["We are looking into it."]
    assert client.get(f"/desk/cases/{case.id}").text.count("asked the carrier") == 1


def test_release_and_passing_on(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    act(client, case, "claim")
    act(client, case, "release")
    assert staff.now(case).owner_id is None
    act(client, case, "claim")
    refused = act(client, case, "pass-on", queue="nowhere")
    assert refused.status_code == 422
    assert "nowhere" in problem(refused)
    act(client, case, "pass-on", queue="payment")
    assert (staff.now(case).queue, staff.now(case).owner_id) == ("payment", None)


def test_a_trainees_words_wait_for_a_yes(staff: Staff, enter: Enter) -> None:
    staff.person("tim", "trainee")
    staff.person("ana")
    case = staff.case()
    tim, ana = enter("tim"), enter("ana")
    act(tim, case, "claim")
    waiting = act(tim, case, "reply", reply="Ich frage nach.")
    assert "waits for a colleague’s yes" in waiting.text
    assert staff.said_to_buyer(case) == []
    declined = act(ana, case, "decline", decline="Please name a date.")
    assert "The draft is declined." in declined.text
    act(tim, case, "reply", reply="Ich frage nach und melde mich bis Freitag.")
    act(ana, case, "approve", draft="Ich frage nach und melde mich bis Freitag, 12 Uhr.")
    assert staff.said_to_buyer(case) == ["Ich frage nach und melde mich bis Freitag, 12 Uhr."]


def test_a_suggested_reply_can_be_taken_without_scripts(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    (link,) = re.findall(r'href="(/desk/cases/\d+\?use=\d+)"', page)
    text = html.unescape(client.get(link).text)
    written = re.search(r'<textarea id="reply"[^>]*>(.*?)</textarea>', text, re.DOTALL)
    assert written
    assert "We have opened a trace" in written[1]
    for nonsense in ("99", "-1", "x", "٣", "1" * 400):
        assert client.get(f"/desk/cases/{case.id}?use={nonsense}").status_code == 200


HOSTILE = "</textarea><script>alert(1)</script>\" onmouseover='x' {{ 7*7 }} \u202egnp.exe"


def test_a_buyers_words_are_data(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case(HOSTILE, card=CaseCard(wants=HOSTILE, name=HOSTILE, bot_did=(HOSTILE,)))
    client = enter("ana")
    act(client, case, "claim")
    page = act(client, case, "note", note=HOSTILE).text + client.get("/desk").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "onmouseover='x'" not in page
    assert "{{ 7*7 }}" in page


def test_a_pressed_button_reads_as_its_title(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    staff.hears(staff.sender(case), "", button="/thanks")
    page = enter("ana").get(f"/desk/cases/{case.id}").text
    assert '<p class="words" dir="auto">Thanks</p>' in page
    staff.hears(staff.sender(case), "", button="/never_offered")
    assert "(a choice)" in enter("ana").get(f"/desk/cases/{case.id}").text


# --- what must not happen


@pytest.mark.parametrize("forge", [{}, {"csrf": ""}, {"csrf": "x" * 27}, {"csrf": "é"}])
def test_an_act_that_our_page_did_not_send_is_not_done(
    staff: Staff, enter: Enter, forge: dict[str, str]
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    form = fields(act(client, case, "claim").text, f"/desk/cases/{case.id}/reply")
    del form["csrf"]
    answer = client.post(f"/desk/cases/{case.id}/reply", data={**form, **forge, "reply": "hello there"})
    assert answer.status_code == 403
    assert problem(answer).startswith("This page was out of date, and nothing was done.")
    assert ">hello there</textarea>" in answer.text
    assert staff.said_to_buyer(case) == []


def test_another_persons_proof_is_no_proof(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    staff.person("ben")
    case = staff.case()
    foreign = fields(enter("ben").get("/desk").text, "/desk/sign-out")["csrf"]
    client = enter("ana")
    assert client.post(f"/desk/cases/{case.id}/claim", data={"csrf": foreign}).status_code == 403
    assert client.post("/desk/away", data={"csrf": foreign, "away": "yes"}).status_code == 403
    assert client.post("/desk/sign-out", data={"csrf": foreign}).status_code == 403
    assert client.post("/desk/password", data={"csrf": foreign}).status_code == 403
    assert staff.now(case).owner_id is None
    assert client.get("/desk").url.path == "/desk"


def test_another_sites_page_cannot_act_even_with_the_proof(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    form = fields(client.get(f"/desk/cases/{case.id}").text, f"/desk/cases/{case.id}/claim")
    for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "same-site"}):
        assert client.post(f"/desk/cases/{case.id}/claim", data=form, headers=headers).status_code == 403
    assert staff.now(case).owner_id is None


def test_a_session_that_ended_gives_back_what_was_written(
    staff: Staff, enter: Enter, clock: SetClock
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    clock.advance(hours=13)
    answer = act(client, case, "reply", page, reply="A long <answer>")
    assert answer.status_code == 401
    assert "You are signed out. Nothing was sent." in answer.text
    assert "A long &lt;answer&gt;</textarea>" in answer.text
    assert fields(answer.text)["next"] == f"/desk/cases/{case.id}"


def test_who_was_sent_away_can_do_nothing_more(staff: Staff, enter: Enter) -> None:
    from bot.desk.people import People

    staff.person("sue", "supervisor")
    ana = staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = client.get(f"/desk/cases/{case.id}").text
    with staff.database.begin() as connection:
        People(connection, staff.rules, staff.clock, staff.hasher).deactivate(ana)
    assert act(client, case, "claim", page).status_code == 401
    assert client.get("/desk").url.path == "/desk/sign-in"
    assert sign_in(client, "ana").status_code == 401


@pytest.mark.parametrize("case_id", ["0", "999", str(2**53 + 1), "9" * 60])
def test_a_case_that_does_not_exist_is_said_so(staff: Staff, enter: Enter, case_id: str) -> None:
    staff.person("ana")
    client = enter("ana")
    assert client.get(f"/desk/cases/{case_id}").status_code == 404
    form = fields(client.get("/desk").text, "/desk/sign-out")
    answer = client.post(f"/desk/cases/{case_id}/note", data={**form, "note": "typed"})
    assert answer.status_code == 404


def test_nonsense_forms_are_refused_and_nothing_breaks(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text
    at = f"/desk/cases/{case.id}"
    assert client.post(f"{at}/nothing", data=fields(page, f"{at}/reply")).status_code == 404
    assert act(client, case, "reply", page, fence="x", reply="hi").status_code == 409
    assert act(client, case, "reply", page, fence="9" * 99, reply="hi").status_code == 409
    assert act(client, case, "reply", page, reply=" \u200b\n").status_code == 422
    assert act(client, case, "reply", page, reply="x" * 10_001).status_code == 422
    assert act(client, case, "close", page, outcome="eaten").status_code == 422
    csrf = fields(page, f"{at}/reply")
    assert client.post(f"{at}/approve", data={**csrf, "draft_id": "7"}).status_code == 422
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"\xff\xfe", b"a=1&" * 10_000, b"%%%", b"{}"):
        assert client.post(f"{at}/reply", content=body, headers=kind).status_code == 403
    huge = client.post(f"{at}/reply", content=b"x=" + b"y" * 300_000, headers=kind)
    assert huge.status_code == 413
    assert staff.said_to_buyer(case) == []
    assert act(client, case, "reply", page, reply="ein Satz " * 1_100).status_code == 200


def test_a_database_that_is_away_loses_no_words(
    staff: Staff, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    page = act(client, case, "claim").text

    async def away(*_: object, **__: object) -> None:
        raise TryLaterError("locked")

    with monkeypatch.context() as broken:
        broken.setattr(staff.desk, "reply", away)
        answer = act(client, case, "reply", page, reply="half an hour's work")
        assert answer.status_code == 503
        assert ">half an hour&#39;s work</textarea>" in answer.text
        broken.setattr(staff.desk, "case", away)
        worse = act(client, case, "reply", page, reply="half an hour's work")
        assert worse.status_code == 503
        assert "half an hour&#39;s work</textarea>" in worse.text
        broken.setattr(staff.desk, "person", away)
        assert client.get("/desk").status_code == 503
        assert client.get("/desk/events").status_code == 503
    assert staff.said_to_buyer(case) == []
    assert act(client, case, "reply", page, reply="half an hour's work").status_code == 200


def test_every_answer_of_the_desk_carries_the_security_headers(staff: Staff, enter: Enter) -> None:
    staff.person("ana")
    case = staff.case()
    client = enter("ana")
    for path in (
        "/desk",
        f"/desk/cases/{case.id}",
        "/desk/sign-in",
        "/desk/static/desk.js",
        "/desk/cases/999",
    ):
        headers = client.get(path, follow_redirects=False).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")
