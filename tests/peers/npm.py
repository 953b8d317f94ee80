"""Peers that come as npm packages: installed once, exactly as their lock file says, below ``var/peers``.

Node itself comes as a Python package, so that every machine has the same one. To pin another:
``uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file
tests/peers/node.txt tests/peers/node.in``. To pin a peer anew, change its ``package.json`` and run
``npm install --package-lock-only --omit-lockfile-registry-resolved`` beside it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bot.settings import ROOT

_HERE = Path(__file__).parent
_KEPT = ROOT / "var" / "peers"
_PINS = _HERE / "node.txt"
#: Seconds for fetching a package.
_PATIENCE = 170


class NotInstalledError(Exception):
    """A peer could not be installed."""


def node() -> Path:
    """The folder with ``node`` and ``npm``."""

    def make(place: Path) -> None:
        _run(sys.executable, "-m", "venv", str(place))
        _run(
            str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes", "--requirement", str(_PINS)
        )

    return _once("node", _digest(_PINS), make) / "bin"


def installed(name: str) -> Path:
    """The ``node_modules`` of the peer whose ``package.json`` and lock file lie in the folder ``name``.

    Raises:
        NotInstalledError: it cannot be fetched here.
    """
    wanted = [_HERE / name / "package.json", _HERE / name / "package-lock.json"]

    def make(place: Path) -> None:
        programs = node()
        place.mkdir()
        for file in wanted:
            shutil.copy(file, place)
        path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
        _run(
            str(programs / "npm"),
            *("ci", "--prefix", str(place), "--ignore-scripts", "--no-audit", "--no-fund"),
            path=path,
        )

    return _once(name, _digest(*wanted), make) / "node_modules"


def _once(name: str, digest: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made once for all test runs, also those at the same time."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    place = _KEPT / f"{name}-{digest}"
    with (_KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "whole").exists():
            shutil.rmtree(place, ignore_errors=True)
            make(place)
            (place / "whole").touch()
    return place


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _run(*command: str, path: str | None = None) -> None:
    environment = {**os.environ, **({"PATH": path} if path else {})}
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=_PATIENCE, env=environment
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise NotInstalledError(f"{' '.join(command[:3])}: {said[-500:]}") from error
