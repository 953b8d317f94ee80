"""The versions that are kept: what each was made from, by whom and when, and whether its file is whole."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import ModelError
from bot.settings import Settings
from bot.shelf import write_json
from bot.training import history, models, rollout
from bot.training.models import Fingerprints, ModelVersion, models_folder, record_path

#: Of released and older models, how many are kept.
KEPT = 5
#: Bytes that are read at once.
_PIECE = 1 << 20


@dataclass(frozen=True)
class Version:
    """A model that is kept."""

    #: The file's name below ``CROSSDESK_FILES/models``.
    name: str
    #: Of all files it was made from; empty where nobody wrote it down.
    fingerprint: str
    made_at: dt.datetime
    #: A login, or ``operator`` for the command line.
    made_by: str = "operator"
    made_from: Fingerprints = field(default_factory=Fingerprints)
    #: SHA-256 of the file; empty where nobody wrote it down.
    digest: str = ""
    #: How long its training took, in all and by component, in seconds.
    seconds: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)
    #: How well it understands the test set, if it was asked.
    figures: Mapping[str, Any] = field(default_factory=dict)
    #: The digest of what the shipped examples had taught, on which it learnt the store's own; empty: it
    #: learnt all together, or nobody wrote it down. And whether that was known from a training before.
    foundation: str = ""
    taken_over: bool = False


def listed(settings: Settings) -> list[Version]:
    """Every version that is kept, the newest first."""
    paths = models_folder(settings).glob("*.tar.gz")
    return sorted((_read(settings, path) for path in paths), key=lambda one: one.made_at, reverse=True)


def find(settings: Settings, name: str) -> Version:
    """The version of this name, or of the one name that begins like this.

    Raises:
        ModelError: there is none, or there are several.
    """
    known = listed(settings)
    found = [one for one in known if name in (one.name, one.name.removesuffix(".tar.gz"))] or [
        one for one in known if name and one.name.startswith(name)
    ]
    if len(found) != 1:
        what = f"several models begin with '{name}'" if found else f"there is no model '{name}'"
        raise ModelError(f"{what}: `crossdesk models list` tells their names")
    return found[0]


def write_down(settings: Settings, version: Version) -> None:
    """Keep what is known of a version beside its file."""
    record = asdict(version) | {"made_at": version.made_at.isoformat()}
    write_json(record_path(settings, version.name), record)


def digest_of(path: Path) -> str:
    """SHA-256 of a model's file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def require_whole(settings: Settings, version: Version) -> None:
    """Let pass a model whose file is as it was when it was made.

    Raises:
        ModelError: it is cut short, or another.
    """
    path = models_folder(settings) / version.name
    try:
        if version.digest:
            if digest_of(path) != version.digest:
                raise ModelError(
                    f"the model {version.name} is not as it was made: its file is cut or changed"
                )
            return
        with tarfile.open(path) as packed:
            # Read to its end: what was cut off is missed there.
            for _ in packed:
                pass
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ModelError(f"the model {version.name} cannot be read: {error}") from error


def drop_old(settings: Settings, keep: frozenset[str] = frozenset()) -> None:
    """Remove all but the latest few; never the released one, the one before it, nor one that is tried.

    How well those were that go is kept.
    """
    try:
        released = models.current(settings)
    except ModelError:
        released = None
    tried = rollout.current(settings)
    kept = {*keep, *((released.name, released.previous) if released else ())}
    kept |= {tried.version} if tried else set()
    for version in listed(settings)[KEPT:]:
        if version.name not in kept:
            history.keep(settings, version.name, version.made_at, version.figures)
            (models_folder(settings) / version.name).unlink(missing_ok=True)
            record_path(settings, version.name).unlink(missing_ok=True)


def release(settings: Settings, name: str, *, by_choice: bool) -> ModelVersion:
    """Make a version the current one.

    Args:
        settings: where models lie.
        name: the version's file.
        by_choice: a person chose it: it stays although it may be older than the files that lie here.

    Raises:
        ModelError: there is no such model, or its file is not whole; the one before stays.
    """
    version = find(settings, name)
    require_whole(settings, version)
    try:
        before = models.current(settings)
    except ModelError:
        before = None
    previous = None
    if before is not None:
        previous = before.previous if before.name == version.name else before.name
    released = ModelVersion(
        version.name,
        version.fingerprint,
        previous=previous,
        chosen_over=models.shipped_digest(settings) if by_choice else None,
    )
    models.release(settings, released)
    return released


def _read(settings: Settings, path: Path) -> Version:
    try:
        record = json.loads(record_path(settings, path.name).read_text(encoding="utf-8"))
        return Version(
            **{
                **record,
                "name": path.name,
                "made_at": dt.datetime.fromisoformat(record["made_at"]),
                "made_from": Fingerprints(**record["made_from"]),
            }
        )
    except (OSError, ValueError, TypeError, KeyError):
        # An older program's, or somebody removed it: the model itself may be as good as any.
        made = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)
        return Version(path.name, _released_fingerprint(settings, path.name), made)


def _released_fingerprint(settings: Settings, name: str) -> str:
    try:
        released = models.current(settings)
    except ModelError:
        return ""
    return released.fingerprint if released is not None and released.name == name else ""
