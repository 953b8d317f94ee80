"""A share of the conversations for a candidate, which a worker holds beside what serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bot.dialogue.engine import Engine
from bot.dialogue.swap import Releases, Swap, loaded


class Rollouts(Releases, Protocol):
    """Which candidate has a share; cheap to ask before every turn. Its ``newest`` is None where none has."""

    def includes(self, conversation_id: int) -> bool:
        """Whether a conversation is the candidate's: the same answer in every process."""
        ...


class Sharing:
    """Holds the candidate that has a share of the conversations, for as long as it has.

    Args:
        rollouts: which candidate that is.
        load: makes an engine of a file.
        on_refused: told the name of a candidate that does not load, and why; what is released has its turns.
        on_shared: told its name once it is loaded, and None when it is over.
    """

    def __init__(
        self,
        rollouts: Rollouts,
        load: Callable[[Path], Engine] = loaded,
        on_refused: Callable[[str, str], None] = lambda *_: None,
        on_shared: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        self._rollouts = rollouts
        self._load = load
        self._on_refused = on_refused
        self._on_shared = on_shared
        self._swap: Swap | None = None
        self._engine: Engine | None = None

    @property
    def model(self) -> str | None:
        """The name of the candidate that is held; None for none."""
        return None if self._engine is None else self._engine.model

    def refresh(self) -> None:
        """Begin to load what has a share, and let go of what has none any more; only between two turns."""
        if self._rollouts.newest() is None:
            self.close()
            return
        if self._swap is None:
            self._swap = Swap(self._rollouts, None, self._load, self._on_refused)
        self._take(self._swap)

    def engine_for(self, conversation_id: int) -> Engine | None:
        """The candidate where the conversation is its; None: what is released takes the turn.

        Waits for a candidate that is being loaded: a conversation has its turns from one version.
        """
        self.refresh()
        if self._swap is None or not self._rollouts.includes(conversation_id):
            return None
        if self._engine is None or self._engine.model != self._rollouts.newest():
            self._swap.wait()
            self._take(self._swap)
        return self._engine

    def close(self) -> None:
        """Let go of the candidate. Idempotent."""
        swap, engine, self._swap, self._engine = self._swap, self._engine, None, None
        if swap is not None:
            swap.close()
        if engine is not None:
            engine.close()
            self._on_shared(None)

    def _take(self, swap: Swap) -> None:
        newer = swap.take()
        if newer is not None:
            before, self._engine = self._engine, newer
            if before is not None:
                before.close()
            self._on_shared(newer.model)
