"""What an admin wants to see first: whether the bot gets better, how much it understands, and what waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.clock import Clock
from bot.database import Database
from bot.errors import ModelError
from bot.settings import Settings
from bot.spelling import counted
from bot.training import acts, history, models, progress, versions, weeks
from bot.training.acts import Act, Entry
from bot.training.finding import FALLBACK
from bot.training.history import Point
from bot.training.labels import verdict_of
from bot.training.models import ModelVersion
from bot.training.progress import Training
from bot.training.tables import model_acts, review_acts
from bot.training.weeks import Week

#: Weeks, and intents in them, that are shown at most.
WEEKS, INTENTS = 26, 8
#: What is said instead of an intent of what was not understood.
NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True)
class Line:
    """One line of what was done, with models or in the inbox."""

    at: dt.datetime
    actor: str
    #: What was done, in words.
    says: str
    #: Why, in the words of whoever did it.
    reason: str = ""


@dataclass(frozen=True)
class Standing:
    """Which model serves, which one waits for somebody, and whether one is being made."""

    released: ModelVersion | None
    #: Made after the released one and never released; None: nothing waits.
    candidate: str | None
    training: Training | None


class Overview:
    """What pages and commands show of how the model stands; it changes nothing.

    Args:
        settings: the store's rules and folders.
        database: where turns, labels and the log are.
        clock: the time.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock

    def points(self) -> list[Point]:
        """How well each version understands the test set, in the order in which they were made."""
        here = (Point.of(one.name, one.made_at, one.figures) for one in versions.listed(self._settings))
        known = {one.name: one for one in history.remembered(self._settings)}
        known |= {one.name: one for one in here if one is not None}
        return sorted(known.values(), key=lambda one: one.made_at)

    def weeks(self, language: str | None = None, count: int = WEEKS) -> list[Week]:
        """How much was understood in each of the latest weeks in which anybody wrote, in order."""
        with self._database.begin() as connection:
            return weeks.coverage(connection, self._since(count), language)

    def drift(
        self, language: str | None = None, count: int = WEEKS, most: int = INTENTS
    ) -> tuple[list[Week], list[tuple[str, tuple[int, ...]]]]:
        """The weeks, and how often the most frequent intents were asked for in each of them."""
        with self._database.begin() as connection:
            found, asked = weeks.asked(connection, self._since(count), most, language)
        return found, [(NOT_UNDERSTOOD if name == FALLBACK else name, counts) for name, counts in asked]

    def accuracy_line(self, language: str | None = None) -> tuple[tuple[str, float, bool], ...]:
        """Of each version that can be compared: when it was made, its share that is right, if it serves."""
        standing = self.standing()
        serves = standing.released.name if standing.released else None
        # A version is told by when it was made: its name is long.
        return tuple(
            (f"{one.made_at:%d %b %H:%M}", share_of(one, language) or 0.0, one.name == serves)
            for one in comparable(self.points(), language)
        )

    def coverage_bars(self, language: str | None = None) -> tuple[tuple[dt.date, float, float, float], ...]:
        """Of each week the shares that were answered, handed over, and not understood."""
        return tuple(
            (one.begins, one.coverage, one.handed / one.messages, one.missed / one.messages)
            for one in self.weeks(language)
            if one.messages
        )

    def drift_lines(
        self, language: str | None = None
    ) -> tuple[tuple[dt.date, ...], tuple[tuple[str, tuple[float, ...]], ...]]:
        """The weeks, and of each of the most frequent intents its share of each week's messages."""
        found, asked = self.drift(language)
        lines = (
            (name, tuple(count / (week.messages or 1) for week, count in zip(found, counts, strict=True)))
            for name, counts in asked
        )
        return tuple(one.begins for one in found), tuple(lines)

    def standing(self) -> Standing:
        """Which model serves, and what waits beside it."""
        try:
            released = models.current(self._settings)
        except ModelError:
            released = None
        return Standing(released, self._candidate(released), progress.latest(self._settings))

    def log(self, limit: int, also: Sequence[Line] = ()) -> list[Line]:
        """What was done with models and in the inbox, and what else is named, the latest first."""
        with self._database.begin() as connection:
            lines = [_told(one) for one in acts.latest(connection, limit)]
            lines += [*_decisions(connection, limit), *also]
        return sorted(lines, key=lambda one: one.at, reverse=True)[:limit]

    def _since(self, count: int) -> dt.date:
        zone = ZoneInfo(self._settings.rules.store.timezone)
        this = weeks.monday(self._clock.now().astimezone(zone).date())
        return this - dt.timedelta(weeks=count - 1)

    def _candidate(self, released: ModelVersion | None) -> str | None:
        known = versions.listed(self._settings)
        live = next((one for one in known if released is not None and one.name == released.name), None)
        newer = [one.name for one in known if live is None or one.made_at > live.made_at]
        # What served once, and was taken back, waits for nobody.
        was_released = sa.select(model_acts.c.version).where(
            model_acts.c.version.in_(newer), model_acts.c.act == Act.RELEASE.value
        )
        with self._database.begin() as connection:
            before: Sequence[str] = connection.execute(was_released).scalars().all()
        return next((name for name in newer if name not in before), None)


def comparable(points: Sequence[Point], language: str | None = None) -> list[Point]:
    """The versions that were judged on the same test set as the latest one, and on this language."""
    known = [one for one in points if share_of(one, language) is not None]
    return [one for one in known if one.test_set == known[-1].test_set]


def share_of(point: Point, language: str | None = None) -> float | None:
    """How much of the test set, or of one language's part, is understood; None: there is no such part."""
    return point.accuracy if language is None else point.by_language.get(language)


def _told(entry: Entry) -> Line:
    name = entry.version.removesuffix(".tar.gz")
    against = "; ".join(str(gate["says"]) for gate in entry.gates)
    says = " ".join(part for part in (entry.told, name, f"(against: {against})" if against else "") if part)
    return Line(entry.at, entry.actor, says, entry.reason)


def _decisions(connection: Connection, limit: int) -> list[Line]:
    rows = connection.execute(sa.select(review_acts).order_by(review_acts.c.id.desc()).limit(limit))
    return [
        Line(
            row.at,
            row.actor,
            f"{counted(row.items, 'message')} in {row.language}: {verdict_of(row)}"
            + (" (taken back)" if row.undone_at else ""),
        )
        for row in rows
    ]
