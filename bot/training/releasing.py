"""Release and roll back: what serves is changed by one file, and written down with who and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.database import Database
from bot.errors import GateError, ModelError
from bot.settings import Settings
from bot.sharing import doors
from bot.training import acts, background, gates, models, progress, versions
from bot.training.acts import Act, Entry
from bot.training.gates import Gate
from bot.training.models import Fingerprints, ModelVersion
from bot.training.versions import Version


@dataclass(frozen=True)
class Serving:
    """How a process's workers stand to a version."""

    version: str
    #: The process: its host, its id and something unique.
    process: str
    #: Why they refuse it; empty: they serve with it.
    refused: str


@dataclass(frozen=True)
class Releases:
    """Changes which model serves."""

    settings: Settings
    database: Database
    clock: Clock

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Releases:
        """One with a database of its own; ``close`` it.

        Raises:
            ConfigurationError: the database's URL is none.
        """
        return cls(settings, Database(settings.database_url), clock)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def standing(self, version: Version, now: Fingerprints | None = None) -> list[Gate]:
        """Every gate, and how a version stands to it; ``now`` as in ``gates.standing``."""
        with self.database.begin() as connection:
            return gates.standing(self.settings, connection, version, now)

    def release(self, name: str, by: str, *, reason: str = "") -> ModelVersion:
        """Release a version; workers that run change to it by themselves, within seconds.

        Args:
            name: the version, or the beginning of its name.
            by: who does it, a login.
            reason: why it is released although a gate stands against it.

        Raises:
            GateError: a gate stands against it, and no reason was given.
            ModelError: there is no such model, or its file is not whole.
        """
        version = versions.find(self.settings, name)
        against = [gate for gate in self.standing(version) if gate.refuses]
        reason = reason.strip()
        if against and not reason:
            raise GateError(
                f"{version.name} is not released: {'; '.join(gate.says for gate in against)}",
                gates=tuple(gate.says for gate in against),
            )
        return self._change(version.name, by, Act.RELEASE, reason, against)

    def roll_back(self, by: str, *, reason: str = "") -> ModelVersion:
        """Release the version that served before the one that serves now.

        Raises:
            ModelError: there is none, or its file is not whole.
        """
        now = models.current(self.settings)
        if now is None or now.previous is None:
            raise ModelError("no model served before this one: `crossdesk models list` tells which are kept")
        return self._change(now.previous, by, Act.ROLL_BACK, reason.strip(), ())

    def _change(self, name: str, by: str, act: Act, reason: str, against: Sequence[Gate]) -> ModelVersion:
        before = _serving(self.settings)
        with self.database.begin() as connection:
            overridden = tuple({"gate": gate.name, "says": gate.says} for gate in against)
            acts.note(connection, Entry(self.clock.now(), by, act, name, before, reason, overridden))
            # Last: if this fails, nothing is written down.
            return versions.release(self.settings, name, by_choice=True)

    def train(self, by: str) -> None:
        """Begin to train a candidate beside whatever serves; returns at once.

        Raises:
            ModelError: a training is running already.
        """
        background.start(self.settings, by)
        self._note(Act.TRAIN, by)

    def stop(self, by: str) -> None:
        """Have the training that runs stop.

        Raises:
            ModelError: none runs.
        """
        progress.ask_to_stop(self.settings)
        self._note(Act.STOP, by)

    def log(self, limit: int) -> list[Entry]:
        """What was done, the latest first."""
        with self.database.begin() as connection:
            return acts.latest(connection, limit)

    def _note(self, act: Act, by: str) -> None:
        with self.database.begin() as connection:
            acts.note(connection, Entry(self.clock.now(), by, act))

    def workers(self) -> list[Serving]:
        """Which models the workers of all processes serve with, and which they refuse and why."""
        with self.database.begin() as connection:
            found = [door for door in doors.listed(connection) if door.name.startswith(doors.MODEL)]
        return [Serving(door.name.removeprefix(doors.MODEL), door.holder, door.why) for door in found]


def _serving(settings: Settings) -> str | None:
    try:
        now = models.current(settings)
    except ModelError:
        return None
    return None if now is None else now.name
