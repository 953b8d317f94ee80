"""The web desk, used as a browser without scripts does."""

from __future__ import annotations

import html
from pathlib import Path
from typing import ClassVar

import httpx
from starlette.applications import Starlette

from adapters.web.desk import WebDesk
from adapters.web.pages import Pages
from bot.clock import SystemClock
from bot.desk.values.cases import CardField, Outcome
from bot.desk.values.people import Person
from bot.settings import Settings
from tests.channels.house import until
from tests.desks.rig import DeskRig
from tests.slack.desk_house import unhurried
from tests.web.browsing import fields, problem, warning
from tests.web.staff import PASSWORD, Staff


class WebRig:
    """Ana and Sue are signed in; Eve is not."""

    name: ClassVar[str] = "web"

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        self.staff = Staff(folder, settings.rules, SystemClock())
        unhurried(self.staff)
        self.desk = self.staff.desk
        self.ana, self.sue = self.staff.person("ana"), self.staff.person("sue", "supervisor")
        self._browsers: dict[str, httpx.AsyncClient] = {}
        self._answers: dict[str, httpx.Response] = {}
        self._pages_of: dict[str, list[str]] = {}

    async def open(self) -> None:
        self._frontend = WebDesk(
            self._settings, self.desk, secret="s" * 40, clock=self.staff.clock, pages=Pages()
        )
        await self._frontend.start()
        self._app = Starlette(routes=list(self._frontend.routes()))

    async def stop(self) -> None:
        await self._frontend.stop()
        for browser in self._browsers.values():
            await browser.aclose()
        self._browsers.clear()

    async def close(self) -> None:
        await self.stop()
        self.staff.close()

    async def sees(self, person: Person, case_id: int, words: str) -> str:
        browser = await self._browser(person)

        async def look() -> str | None:
            page = html.unescape((await browser.get(f"/desk/cases/{case_id}")).text)
            return page if words in page else None

        return await until(look, f"'{words}' on the page of case {case_id}") or ""

    async def told(self, person: Person, words: str) -> None:
        answer = self._answers[person.login]
        assert words in problem(answer) + warning(answer)

    def was_told(self, person: Person, words: str) -> bool:
        return any(words in page for page in self._pages_of.get(person.login, ()))

    async def claims(self, person: Person, case_id: int) -> None:
        await self._act(person, case_id, "claim")

    async def takes_over(self, person: Person, case_id: int) -> None:
        await self._act(person, case_id, "take-over")

    async def replies(self, person: Person, case_id: int, text: str) -> None:
        await self._act(person, case_id, "reply", reply=text)

    async def remarks(self, person: Person, case_id: int, text: str) -> None:
        await self._act(person, case_id, "note", note=text)

    async def closes(self, person: Person, case_id: int, outcome: Outcome, summary: str) -> None:
        await self._act(person, case_id, "close", outcome=outcome.value, summary=summary)

    async def passes_on(self, person: Person, case_id: int, queue: str) -> None:
        await self._act(person, case_id, "pass-on", queue=queue)

    async def reveals(self, person: Person, case_id: int, field: CardField) -> str:
        await self._act(person, case_id, "reveal", field=field.value)
        return html.unescape(self._answers[person.login].text)

    async def stranger_claims(self, case_id: int) -> None:
        browser = self._new()
        answer = await browser.post(f"/desk/cases/{case_id}/claim", data={"csrf": "x"})
        await browser.aclose()
        assert answer.status_code == 401

    async def _act(self, person: Person, case_id: int, name: str, **typed: str) -> None:
        browser = await self._browser(person)
        page = (await browser.get(f"/desk/cases/{case_id}")).text
        form = fields(page, f"/desk/cases/{case_id}/{name}")
        answer = await browser.post(f"/desk/cases/{case_id}/{name}", data={**form, **typed})
        self._answers[person.login] = answer
        self._pages_of.setdefault(person.login, []).append(html.unescape(answer.text))

    async def _browser(self, person: Person) -> httpx.AsyncClient:
        if person.login not in self._browsers:
            browser = self._browsers[person.login] = self._new()
            form = fields((await browser.get("/desk/sign-in")).text)
            data = {**form, "login": person.login, "password": PASSWORD}
            assert (await browser.post("/desk/sign-in", data=data)).status_code == 200
        return self._browsers[person.login]

    def _new(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self._app)
        return httpx.AsyncClient(transport=transport, base_url="http://shop.test", follow_redirects=True)


_: type[DeskRig] = WebRig
