"""Examine a model before its release: on the test set, on real conversations and on the scripts."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.clock import Clock
from bot.database import Database
from bot.dialogue.engine import Engine
from bot.memory import settle
from bot.settings import Settings
from bot.training import compare, models, outcomes, scripts, versions
from bot.training.judging import TEST_SET, figures, test_set_digest
from bot.training.staging import Migrate
from bot.training.values import Difference
from nlu.evaluation import read_labelled

#: What is being done, while it is done.
Step = Callable[[str], AbstractContextManager[None]]


def _untold(_name: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Examined:
    """What was found of a model."""

    #: Kept with the version.
    figures: Mapping[str, Any]
    #: How many of the latest conversations were taken again, and whose outcome would have changed.
    conversations: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Examiner:
    """Examines models; needs some minutes, and the memory of two models.

    Args:
        settings: the store's.
        database: its conversations, of which none is acted upon.
        clock: the time.
        by: who wants to know, a login.
        migrate: gives an empty database its tables.
        step: told what is being done.
    """

    settings: Settings
    database: Database
    clock: Clock
    by: str
    migrate: Migrate
    step: Step = _untold

    def examine(self, path: Path, *, conversations: int | None = None) -> Examined:
        """Examine a model, and the released one in what nobody has asked it yet: only then can gates tell.

        Args:
            path: the model's file.
            conversations: so many of the latest are taken again; None: as many as the store's rules say. What
                fewer show is not kept.

        Raises:
            ModelError: one of the two does not load.
            LabelledSetError: the test set cannot be read.
            ScriptError: a file of scripts cannot be used.
        """
        settings = self.settings
        released = models.current(settings)
        live = None
        if released is not None and released.name != path.name:
            live = versions.find(settings, released.name)
        kept = next((one for one in versions.listed(settings) if one.name == path.name), None)
        with _own_lexicon(settings) as lexicon, ExitStack() as loaded:
            engine = loaded.enter_context(closing(Engine.load(path)))
            found = self._asked(engine, kept.figures if kept else {})
            taken: tuple[int, tuple[Difference, ...]] = (0, ())
            before: Mapping[str, Any] = {}
            if live is not None:
                other = loaded.enter_context(closing(Engine.load(models.models_folder(settings) / live.name)))
                before = self._asked(other, live.figures)
                settle()
                taken = self._taken_again(other, engine, conversations)
            # Last: from here on both know the demonstration's products, and no longer the store's.
            found = self._played(engine, found, lexicon)
            if live is not None:
                before = self._played(other, before, lexicon)
                if before != live.figures:
                    versions.write_down(settings, replace(live, figures=before))
        return Examined(found, *taken)

    def examine_kept(self, version: versions.Version, *, conversations: int | None = None) -> Examined:
        """Examine a version, and keep its figures with it; raises as ``examine`` does."""
        path = models.models_folder(self.settings) / version.name
        found = self.examine(path, conversations=conversations)
        versions.write_down(self.settings, replace(version, figures=found.figures))
        return found

    def _asked(self, engine: Engine, known: Mapping[str, Any]) -> Mapping[str, Any]:
        with self.step("test set"):
            labelled = read_labelled(TEST_SET)
            # What an older program kept tells less.
            is_whole = "right_by_intent" in known
            if is_whole and known.get("test_set") == test_set_digest(labelled):
                return known
            return {**known, **figures(engine.parse_all, labelled)}

    def _played(self, engine: Engine, known: Mapping[str, Any], lexicon: Path) -> Mapping[str, Any]:
        with self.step("scripts"):
            if known.get("scripts", {}).get("digest") == scripts.digest(self.settings):
                return known
            return {**known, "scripts": scripts.play(self.settings, engine, lexicon, self.migrate)}

    def _taken_again(
        self, before: Engine, after: Engine, wanted: int | None
    ) -> tuple[int, tuple[Difference, ...]]:
        asked = self.settings.rules.releases.conversations
        limit = asked if wanted is None else wanted
        with self.step("conversations"):
            with self.database.begin() as connection:
                count = len(compare.latest(connection, limit))
            found = tuple(compare.differences(self.settings, self.database, before, after, limit))
            if limit >= asked:
                with self.database.begin() as connection:
                    outcomes.keep(
                        connection,
                        after.model,
                        before.model,
                        found,
                        conversations=count,
                        by=self.by,
                        at=self.clock.now(),
                    )
        return count, found


@contextlib.contextmanager
def _own_lexicon(settings: Settings) -> Iterator[Path]:
    """Have models that are loaded meanwhile look for product names in a copy of the store's file.

    The scripts are about the demonstration's products: what serves must not see these.
    """
    before = os.environ.get("CROSSDESK_LEXICON")
    with tempfile.TemporaryDirectory() as place:
        own = Path(place) / "lexicon.json"
        theirs = Path(before) if before else settings.files / "lexicon.json"
        if theirs.is_file():
            shutil.copyfile(theirs, own)
        os.environ["CROSSDESK_LEXICON"] = str(own)
        try:
            yield own
        finally:
            if before is None:
                del os.environ["CROSSDESK_LEXICON"]
            else:
                os.environ["CROSSDESK_LEXICON"] = before
