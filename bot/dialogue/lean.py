"""Keeps TensorFlow out of processes that load a model without it.

Rasa imports TensorFlow wherever it might be needed, whether or not the pipeline has a component that uses it:
half of a worker's memory and much of its time to be ready. Ours has none (``config.yml``).
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot.settings import ROOT

#: Rasa's components that compute with TensorFlow.
NEEDS_TENSORFLOW = frozenset(
    {
        "DIETClassifier",
        "ResponseSelector",
        "LanguageModelFeaturizer",
        "ConveRTFeaturizer",
        "TEDPolicy",
        "UnexpecTEDIntentPolicy",
    }
)
_LEFT_OUT = frozenset({"tensorflow", "tensorflow_hub", "tensorflow_text", "tensorflow_addons", "keras"})


def keep_tensorflow_out(config: Path = ROOT / "config.yml") -> bool:
    """Answer imports of TensorFlow with empty modules; call it before Rasa is imported.

    Returns:
        False where that was not done: the configuration uses it, or it is imported already.
    """
    content = YAML(typ="safe").load(config.read_text(encoding="utf-8")) or {}
    parts = [*(content.get("pipeline") or ()), *(content.get("policies") or ())]
    used = {str(part.get("name", "")).rsplit(".", 1)[-1] for part in parts}
    if used & NEEDS_TENSORFLOW or "tensorflow" in sys.modules:
        return False
    sys.meta_path.insert(0, _LeaveOut())
    return True


class _AbsentMeta(type):
    """Lets a class stand for whatever is named below TensorFlow: a base class, an annotation, a decorator."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent

    def __call__(cls, *given: Any, **named: Any) -> Any:
        if cls is not _Absent:
            return super().__call__(*given, **named)
        # As a decorator it gives back what it decorates.
        return given[0] if len(given) == 1 and callable(given[0]) and not named else _Absent

    def __getitem__(cls, item: Any) -> Any:
        return cls


class _Absent(metaclass=_AbsentMeta):
    """Something of TensorFlow that nothing of ours ever computes with."""


class _AbsentModule(types.ModuleType):
    __path__: list[str] = []  # noqa: RUF012 (a package, as the import system knows it)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent


class _LeaveOut:
    """Finds and loads the empty modules."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if name.split(".", 1)[0] not in _LEFT_OUT:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""
        del module
