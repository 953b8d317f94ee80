"""Release and roll back: what serves is changed by one file, and written down with who and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.database import Database
from bot.errors import GateError, ModelError
from bot.settings import Settings
from bot.sharing import doors
from bot.training import acts, background, gates, models, progress, rollout, shadow, sides, versions
from bot.training.acts import Act, Entry
from bot.training.gates import Gate
from bot.training.models import Fingerprints, ModelVersion
from bot.training.rollout import Rollout
from bot.training.shadow import Parting, Shadow
from bot.training.sides import Side
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
class Trial:
    """What is tried beside the released version, and how it goes."""

    rollout: Rollout
    #: Of what runs in shadow.
    shadow: Shadow | None = None
    #: Of what has a share: the released version first.
    sides: tuple[Side, ...] = ()


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
        version, reason, against = self._let_pass(name, reason)
        return self._change(version.name, by, Act.RELEASE, reason, against)

    def shadow(self, name: str, by: str) -> Rollout:
        """Run a version in shadow: it takes again what is taken from now on, and nobody hears it.

        Raises:
            ModelError: there is no such model, its file is not whole, or it is the released one.
        """
        return self._try(versions.find(self.settings, name), 0, by, Act.SHADOW, "", ())

    def share(self, name: str, percent: int, by: str, *, reason: str = "") -> Rollout:
        """Give a version some of a hundred conversations; each stays its for as long as it is tried.

        Args:
            name: the version, or the beginning of its name.
            percent: ``rollout.LEAST`` to ``rollout.MOST``.
            by: who does it, a login.
            reason: why, although a gate stands against its release.

        Raises:
            GateError: a gate stands against its release, and no reason was given: these buyers hear it, too.
            ModelError: there is no such model, its file is not whole, it is the released one, or the share is
                too small or too large.
        """
        if not rollout.LEAST <= percent <= rollout.MOST:
            raise ModelError(
                f"a share is from {rollout.LEAST} to {rollout.MOST} of a hundred conversations; "
                "whoever wants more releases the version"
            )
        version, reason, against = self._let_pass(name, reason)
        why = f"{percent} % of the conversations{f': {reason}' if reason else ''}"
        return self._try(version, percent, by, Act.SHARE, why, against)

    def withdraw(self, by: str, *, reason: str = "") -> None:
        """Try no version any more: from the next turn on the released one has all conversations.

        Raises:
            ModelError: none is tried.
        """
        tried = rollout.current(self.settings)
        if tried is None:
            raise ModelError("no version is tried now")
        now = self.clock.now()
        with self.database.begin() as connection:
            entry = Entry(now, by, Act.WITHDRAW, tried.version, tried.against, reason.strip())
            acts.note(connection, entry)
            shadow.end(connection, now)
            rollout.end(self.settings)

    def trial(self) -> Trial | None:
        """What is tried now and how it goes; None: nothing is."""
        tried = rollout.current(self.settings)
        if tried is None:
            return None
        with self.database.begin() as connection:
            if tried.is_shadow:
                found = shadow.latest(connection)
                return Trial(tried, shadow=found if found and found.version == tried.version else None)
            return Trial(tried, sides=sides.of(connection, tried))

    def shadowed(self) -> tuple[Shadow, list[Parting]] | None:
        """The latest shadow run, and what would have gone otherwise; None: there was none."""
        with self.database.begin() as connection:
            found = shadow.latest(connection)
            return None if found is None else (found, shadow.listed(connection, found.id))

    def _let_pass(self, name: str, reason: str) -> tuple[Version, str, list[Gate]]:
        """A version that may be heard, with the reason, and what stands against it all the same."""
        version = versions.find(self.settings, name)
        against = [gate for gate in self.standing(version) if gate.refuses]
        reason = reason.strip()
        if against and not reason:
            raise GateError(
                f"{version.name} is not released: {'; '.join(gate.says for gate in against)}",
                gates=tuple(gate.says for gate in against),
            )
        return version, reason, against

    def _try(
        self, version: Version, percent: int, by: str, act: Act, why: str, against: Sequence[Gate]
    ) -> Rollout:
        serving = _serving(self.settings)
        if serving is None or serving == version.name:
            raise ModelError("there is nothing to try it beside" if serving is None else "it is released")
        versions.require_whole(self.settings, version)
        now, before = self.clock.now(), rollout.current(self.settings)
        begins_at = now + rollout.LEAD
        if before is not None and before.version == version.name and not before.is_shadow:
            # The workers have it: a share that grows or shrinks takes nobody's away for that.
            begins_at = before.begins_at
        tried = Rollout(version.name, serving, percent, begins_at, by)
        with self.database.begin() as connection:
            overridden = tuple({"gate": gate.name, "says": gate.says} for gate in against)
            acts.note(connection, Entry(now, by, act, version.name, serving, why, overridden))
            if tried.is_shadow:
                shadow.begin(connection, tried, now)
            else:
                shadow.end(connection, now)
            # Last: if this fails, nothing is written down.
            rollout.begin(self.settings, tried)
        return tried

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
            shadow.end(connection, self.clock.now())
            # Whatever was tried is over, before anything else is released.
            rollout.end(self.settings)
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
