from __future__ import annotations

import pytest

from adapters.web.shield import POLICY
from bot.clock import SetClock
from bot.desk.people import People
from bot.errors import TryLaterError
from tests.web.browsing import Enter, act, fields, problem, sign_in
from tests.web.staff import Staff


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
