"""Models on disk: which one is current, and whether it still fits the files it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bot.errors import ModelError
from bot.settings import ROOT, Settings
from bot.shelf import write_json

#: Everything that a model is made from, below the project's root; the store's own folder is added.
SOURCES = ("config.yml", "domain.yml", "nlu", "stories", "replies", "requirements/run.txt")
#: What of that, and of the store's own folder, is examples, and what is flows and words; all else is code.
EXAMPLES, SCRIPTS = ("nlu/data",), ("domain.yml", "stories", "replies")
CODE = ("config.yml", "nlu", "requirements/run.txt")
_SUFFIXES = {".yml", ".yaml", ".py", ".txt"}


@dataclass(frozen=True)
class ModelVersion:
    """A trained model."""

    #: The file's name below ``CROSSDESK_FILES/models``.
    name: str
    #: Of the files it was made from.
    fingerprint: str
    #: The version that was released before: what a worker falls back to that starts and cannot load this one.
    previous: str | None = field(default=None, compare=False)
    #: Of the shipped files when a person released it: it is not trained anew until these change.
    chosen_over: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Fingerprints:
    """Digests of the parts of what a model is made from; empty: not known."""

    #: The shipped examples.
    data: str = ""
    #: The examples in the store's own folder.
    learned: str = ""
    #: The components, their settings and their versions.
    code: str = ""
    #: The shipped domain, flows and replies.
    scripts: str = ""
    #: The flows and replies in the store's own folder.
    own: str = ""


def models_folder(settings: Settings) -> Path:
    """Where models lie; shared between hosts."""
    return settings.files / "models"


def fingerprint(settings: Settings, root: Path = ROOT) -> str:
    """A digest of all that a model is made from: data, domain, stories, our components, versions."""
    own = (settings.store / part for part in ("nlu", "stories", "replies"))
    return _digest((*(root / source for source in SOURCES), *own))


def fingerprints(settings: Settings, root: Path = ROOT) -> Fingerprints:
    """Digests of the parts: which of them has changed."""
    own = settings.store
    return Fingerprints(
        data=_digest([root / part for part in EXAMPLES]),
        learned=_digest([own / "nlu"]),
        code=_digest([root / part for part in CODE], without=[root / part for part in EXAMPLES]),
        scripts=_digest([root / part for part in SCRIPTS]),
        own=_digest([own / "stories", own / "replies"]),
    )


def shipped(parts: Fingerprints) -> Fingerprints:
    """The parts that only another version of the program changes."""
    return replace(parts, learned="", own="")


def shipped_digest(settings: Settings, root: Path = ROOT) -> str:
    """Of all that comes with the program."""
    return hashlib.sha256(repr(shipped(fingerprints(settings, root))).encode()).hexdigest()


def _digest(bases: Iterable[Path], without: Sequence[Path] = ()) -> str:
    digest = hashlib.sha256()
    for base in bases:
        for path in _files(base):
            if any(other in path.parents for other in without):
                continue
            digest.update(str(path.relative_to(base.parent)).encode())
            digest.update(b"\0")
            digest.update(path.read_bytes())
            digest.update(b"\0")
    return digest.hexdigest()


def current(settings: Settings) -> ModelVersion | None:
    """The released model, or None if none was ever released."""
    path = models_folder(settings) / "current.json"
    try:
        version = ModelVersion(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} is damaged: run `crossdesk train`") from error
    return version if (models_folder(settings) / version.name).exists() else None


def current_path(settings: Settings) -> Path:
    """The released model's file.

    Raises:
        ModelError: there is none yet.
    """
    version = current(settings)
    if version is None:
        raise ModelError("there is no trained model yet: run `crossdesk train`")
    return models_folder(settings) / version.name


def is_stale(settings: Settings) -> bool:
    """Whether the released model is missing or made from other files than those that lie here now."""
    try:
        version = current(settings)
    except ModelError:
        # A damaged note of the release is mended by a training.
        return True
    return version is None or version.fingerprint != fingerprint(settings)


def has_outgrown(settings: Settings, root: Path = ROOT) -> bool:
    """Whether ``serve`` must train before it serves: the model is missing, or the program's files are others.

    What a person released stays until these change. What lies in the store's own folder, such as what was
    learned and the rule of a new intent, waits for a person, who compares before the release.
    """
    try:
        version = current(settings)
    except ModelError:
        return True
    if version is None:
        return True
    if version.fingerprint == fingerprint(settings, root):
        return False
    if version.chosen_over is not None and version.chosen_over == shipped_digest(settings, root):
        return False
    made = made_from(settings, version.name)
    return made is None or shipped(made) != shipped(fingerprints(settings, root))


def record_path(settings: Settings, name: str) -> Path:
    """Where it is written down of a model what it was made from, by whom and when."""
    return models_folder(settings) / f"{name.removesuffix('.tar.gz')}.json"


def made_from(settings: Settings, name: str) -> Fingerprints | None:
    """What a model was made from, part by part; None where nobody wrote it down."""
    try:
        record = json.loads(record_path(settings, name).read_text(encoding="utf-8"))
        return Fingerprints(**record["made_from"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def release(settings: Settings, version: ModelVersion) -> None:
    """Make a model the current one, at once or not at all; workers that run notice it by themselves."""
    write_json(models_folder(settings) / "current.json", asdict(version))


def _files(base: Path) -> Iterator[Path]:
    if base.is_file():
        yield base
        return
    if base.is_dir():
        yield from sorted(
            path for path in base.rglob("*") if path.suffix in _SUFFIXES and "__pycache__" not in path.parts
        )
