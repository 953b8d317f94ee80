from __future__ import annotations

import pytest

from tests.web.browsing import Door, Enter, fields, problem, sign_in
from tests.web.staff import PASSWORD, Staff


def test_nobody_sees_anything_without_signing_in(staff: Staff, door: Door) -> None:
    case = staff.case()
    client = door()
    for path in ("/desk", f"/desk/cases/{case.id}", "/desk/password"):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/desk/sign-in?next=%2Fdesk")
        assert "Lena" not in client.get(path).text
    assert client.get("/desk/events").status_code == 401


def test_after_signing_in_one_is_where_one_wanted_to_be(staff: Staff, door: Door) -> None:
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
def test_signing_in_leads_to_no_foreign_page(staff: Staff, door: Door, after: str) -> None:
    staff.person("ana")
    client = door()
    form = fields(client.get("/desk/sign-in", params={"next": after}).text)
    assert form["next"] == "/desk"
    data = {**form, "next": after, "login": "ana", "password": PASSWORD}
    answer = client.post("/desk/sign-in", data=data, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def test_a_wrong_login_and_a_wrong_password_look_the_same(staff: Staff, door: Door) -> None:
    staff.person("ana")
    wrong = sign_in(door(), "ana", "wrong password")
    nobody = sign_in(door(), "eve", PASSWORD)
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert problem(wrong) == problem(nobody) == "The login or the password is wrong."
    assert 'value="ana"' in wrong.text
    assert PASSWORD not in nobody.text


def test_too_many_tries_are_told_how_long_to_wait(staff: Staff, door: Door) -> None:
    staff.person("ana")
    client = door()
    for _ in range(5):
        assert sign_in(client, "ana", "wrong password").status_code == 401
    answer = sign_in(client, "ana")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 15 * 60
    assert "15 minutes" in problem(answer)


def test_the_sign_in_form_works_only_where_it_was_shown(staff: Staff, door: Door) -> None:
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


def test_the_session_cookie_stays_with_us(staff: Staff, door: Door) -> None:
    staff.person("ana")
    client = door()
    form = fields(client.get("/desk/sign-in").text)
    data = {**form, "login": "ana", "password": PASSWORD}
    answer = client.post("/desk/sign-in", data=data, follow_redirects=False)
    cookies = [value.lower() for value in answer.headers.get_list("set-cookie")]
    session = next(value for value in cookies if value.startswith("crossdesk_desk="))
    for part in ("httponly", "samesite=strict", "path=/;"):
        assert part in session


def test_signing_out_ends_the_session_itself(staff: Staff, enter: Enter, door: Door) -> None:
    staff.person("ana")
    client = enter("ana")
    stolen = door()
    stolen.cookies.set("crossdesk_desk", client.cookies["crossdesk_desk"])
    assert stolen.get("/desk").url.path == "/desk"
    form = fields(client.get("/desk").text, "/desk/sign-out")
    assert client.post("/desk/sign-out", data=form).url.path == "/desk/sign-in"
    assert stolen.get("/desk").url.path == "/desk/sign-in"


def test_the_password_can_be_changed(staff: Staff, enter: Enter, door: Door) -> None:
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
