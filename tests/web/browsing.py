"""Using the desk's pages as a browser without scripts does: read a form, fill it in, send it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from tests.web.staff import PASSWORD

#: A browser that has not signed in.
Door = Callable[[], TestClient]
#: Sign somebody in who exists.
Enter = Callable[[str], TestClient]


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


def warning(answer: Any) -> str:
    match = re.search(r'<p class="warning"[^>]*>(.*?)</p>', answer.text)
    return html.unescape(match[1]) if match else ""


def shown(page: str, name: str) -> bool:
    marks = re.findall(rf'data-act="{name}"( hidden)?', page)
    assert marks
    return set(marks) == {""}
