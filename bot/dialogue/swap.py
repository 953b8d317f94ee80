"""Hot swap: a worker notices what was released, loads it beside what serves, and changes between turns."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bot.dialogue.engine import Engine
from bot.errors import ModelError

log = logging.getLogger(__name__)

#: A model that was refused is tried again after this, in seconds: its folder may have been away.
AGAIN_SECONDS = 60.0
#: What a freshly loaded model must be able to read before it serves anybody.
TRIAL = "hello"


class Releases(Protocol):
    """What is released; cheap to ask before every turn."""

    def newest(self) -> str | None:
        """The name of the released model; None where there is none, or nobody can tell.

        Changes whenever something is released; an old name may come back.
        """
        ...

    def path(self, name: str) -> Path:
        """Its file, which is whole.

        Raises:
            ModelError: it is missing, cut short or changed.
        """
        ...


def loaded(path: Path) -> Engine:
    """A model that has been tried.

    Raises:
        ModelError: it does not load, or cannot read.
    """
    engine = Engine.load(path)
    try:
        engine.understand(TRIAL)
    except Exception as error:
        engine.close()
        raise ModelError(f"the model {path.name} cannot read: {type(error).__name__}: {error}") from error
    return engine


class Swap:
    """Has the released model ready; whoever takes turns asks for it between two of them.

    Args:
        releases: what is released.
        serving: the name of the model that serves now; None for none.
        load: makes an engine of a file.
        on_refused: told the name of a model that does not serve, and why; the one before goes on.
        again_after: seconds.
    """

    def __init__(
        self,
        releases: Releases,
        serving: str | None,
        load: Callable[[Path], Engine] = loaded,
        on_refused: Callable[[str, str], None] = lambda *_: None,
        again_after: float = AGAIN_SECONDS,
    ) -> None:
        self._releases = releases
        self._serving = serving
        self._load = load
        self._on_refused = on_refused
        self._again_after = again_after
        self._loading: threading.Thread | None = None
        self._ready: tuple[str, Engine] | None = None
        #: What was refused last, and until when it is not tried again.
        self._refused: tuple[str, float] | None = None

    def take(self) -> Engine | None:
        """The released model where it is loaded and not the one that serves; never waits."""
        if self._loading is not None:
            if self._loading.is_alive():
                return None
            self._loading = None
        wanted = self._releases.newest()
        ready, self._ready = self._ready, None
        if ready is not None:
            if wanted in (ready[0], None):
                self._serving = ready[0]
                return ready[1]
            # Another was released meanwhile.
            ready[1].close()
        refused = self._is_refused(wanted)
        if wanted is not None and wanted != self._serving and not refused:
            self._loading = threading.Thread(target=self._prepare, args=(wanted,), daemon=True)
            self._loading.start()
        return None

    def wait(self) -> None:
        """Wait until what is being loaded is loaded or refused."""
        if self._loading is not None:
            self._loading.join()

    def close(self) -> None:
        """Let go of a model that nobody took."""
        self.wait()
        if self._ready is not None:
            self._ready[1].close()
            self._ready = None

    def _is_refused(self, name: str | None) -> bool:
        if self._refused is not None and self._refused[0] != name:
            # Somebody has released another meanwhile, and perhaps mended this one.
            self._refused = None
        return self._refused is not None and time.monotonic() < self._refused[1]

    def _prepare(self, name: str) -> None:
        try:
            self._ready = (name, self._load(self._releases.path(name)))
        except Exception as error:
            # Whatever is wrong with it, the one that serves goes on.
            why = str(error) if isinstance(error, ModelError) else type(error).__name__
            log.error("the released model %s is refused, the one before goes on: %s", name, why)
            self._refused = (name, time.monotonic() + self._again_after)
            self._on_refused(name, why)
