"""The desk in Slack: the emulator behind its edge, where Alice is Ana and Bob is Sue."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from bot.desk.values.cases import CardField, Outcome
from bot.desk.values.people import Person
from bot.settings import Settings
from tests.channels.house import until
from tests.desks.rig import DeskRig
from tests.peers.local_slack import ALICE, BOB, DESK, TEAM
from tests.slack.desk_house import DeskHouse, said

_USERS = {"ana": ALICE, "sue": BOB}


class SlackDeskRig(DeskHouse):
    """Eve is a member of the workspace and of nothing else."""

    name: ClassVar[str] = "slack"

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, settings)
        # Which queue is shown where is not the suite's business.
        self._options = {"channels": {"default": DESK}}
        self._heard: dict[str, int] = {}

    async def sees(self, person: Person, case_id: int, words: str) -> str:
        async def look() -> str | None:
            shown = said(await self.card(case_id)) + " ".join(await self.thread(case_id))
            return shown if words in shown else None

        return await until(look, f"'{words}' in Slack's case {case_id}") or ""

    async def told(self, person: Person, words: str) -> None:
        async def look() -> bool:
            return self._times_told(words) > self._heard.get(words, 0)

        await until(look, f"'{words}' told")
        self._heard[words] = self._times_told(words)

    def was_told(self, person: Person, words: str) -> bool:
        return self._times_told(words) > 0

    def _times_told(self, words: str) -> int:
        """In somebody's ear, or in what a modal turned into."""
        ears = [str(told["text"]) for method, told in self.edge.told if method == "chat.postEphemeral"]
        modals = [said(answer.get("view", {})) for answer in self.edge.answers.values() if answer]
        return sum(words in one for one in [*ears, *modals])

    async def claims(self, person: Person, case_id: int) -> None:
        # By a card that may be older than the click.
        action = {"type": "button", "action_id": f"desk:claim:{case_id}", "value": "x"}
        await self._clicks(_USERS[person.login], case_id, action)

    async def takes_over(self, person: Person, case_id: int) -> None:
        action = {"type": "button", "action_id": f"desk:take_over:{case_id}", "value": "x"}
        await self._clicks(_USERS[person.login], case_id, action)

    async def replies(self, person: Person, case_id: int, text: str) -> None:
        await self.writes(case_id, f">> {text}", user=_USERS[person.login])

    async def remarks(self, person: Person, case_id: int, text: str) -> None:
        await self.writes(case_id, text, user=_USERS[person.login])

    async def closes(self, person: Person, case_id: int, outcome: Outcome, summary: str) -> None:
        values = {"outcome": outcome.value, "summary": summary}
        await self._fills(person, case_id, "Close…", values)

    async def passes_on(self, person: Person, case_id: int, queue: str) -> None:
        await self._fills(person, case_id, "Pass on…", {"queue": queue})

    async def reveals(self, person: Person, case_id: int, field: CardField) -> str:
        answer = await self._fills(person, case_id, "Show data…", {"data": field.value})
        return str(answer)

    async def stranger_claims(self, case_id: int) -> None:
        action = {"type": "button", "action_id": f"desk:claim:{case_id}", "value": "x"}
        await self._clicks("U66EVE", case_id, action)
        await self.whispered("Only members of the desk")

    async def _fills(self, person: Person, case_id: int, title: str, values: dict[str, str]) -> object:
        user, opened = _USERS[person.login], self.edge.called.count("views.open")
        await self.presses(await self.shows(case_id, title), title, user=user)

        async def look() -> bool:
            return self.edge.called.count("views.open") > opened

        await until(look, "a form")
        return await self.submits(await self.modal(), values, user=user)

    async def _clicks(self, user: str, case_id: int, action: dict[str, str]) -> None:
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "trigger_id": "1.2.3",
            "channel": {"id": DESK},
            "message": {"ts": (await self.card(case_id))["ts"]},
            "actions": [action],
        }
        await self.brings({"type": "interactive", "payload": payload})


_: type[DeskRig] = SlackDeskRig
