"""What the conformance suite needs of a desk's frontend: a rig, by which people work there."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Protocol

from bot.desk.service.desk import DatabaseDesk
from bot.desk.values.cases import CardField, Outcome
from bot.desk.values.people import Person
from bot.settings import Settings
from tests.web.staff import Staff


class DeskRig(Protocol):
    """A store whose people work in one frontend: Ana, an agent, and Sue, a supervisor, may; Eve may not.

    An act returns when the frontend has taken it; what came of it is seen, told, or asked of the desk.
    """

    #: The entry point's name.
    name: ClassVar[str]
    staff: Staff
    desk: DatabaseDesk
    ana: Person
    sue: Person

    def __init__(self, folder: Path, settings: Settings) -> None:
        """A folder of the rig's own; nothing is started yet."""
        ...

    async def open(self) -> None:
        """Start the frontend; called again after ``stop``, as after a restart."""
        ...

    async def stop(self) -> None:
        """Stop the frontend."""
        ...

    async def close(self) -> None:
        """End all."""
        ...

    async def sees(self, person: Person, case_id: int, words: str) -> str:
        """All that this person sees of a case, once these words are among it; says so if they never are."""
        ...

    async def told(self, person: Person, words: str) -> None:
        """Wait until this person was told so after what they did; each telling counts once."""
        ...

    def was_told(self, person: Person, words: str) -> bool:
        """Whether this person was told so so far, after anything that they did."""
        ...

    async def claims(self, person: Person, case_id: int) -> None: ...

    async def takes_over(self, person: Person, case_id: int) -> None: ...

    async def replies(self, person: Person, case_id: int, text: str) -> None:
        """Send words to the buyer."""
        ...

    async def remarks(self, person: Person, case_id: int, text: str) -> None:
        """Write a remark that stays inside."""
        ...

    async def closes(self, person: Person, case_id: int, outcome: Outcome, summary: str) -> None: ...

    async def passes_on(self, person: Person, case_id: int, queue: str) -> None: ...

    async def reveals(self, person: Person, case_id: int, field: CardField) -> str:
        """What is shown to somebody who asks for a hidden field."""
        ...

    async def stranger_claims(self, case_id: int) -> None:
        """Eve tries to claim, and has been refused when this returns."""
        ...
