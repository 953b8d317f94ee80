"""Getting uv: the machine's own, else the pinned release, installed by pip into .tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .pythons import Python, probe
from .steps import SetupError, Step, clean_environment, failure, run, say

OLDEST = (0, 5, 0)
OLDEST_PYTHON = (3, 8)


class Uv(NamedTuple):
    """A uv that has been run and is recent enough."""

    path: str
    version: tuple[int, ...]


def version_of(executable: str) -> tuple[int, ...] | None:
    """Run an executable; return the version of uv that it is, or None."""
    try:
        result = subprocess.run(
            [executable, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
            timeout=20,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"uv (\d+)\.(\d+)\.(\d+)", result.stdout)
    return tuple(int(part) for part in match.groups()) if match and result.returncode == 0 else None


def find(root: Path, path: str | None = None, home: Path | None = None) -> Uv | None:
    """Find a uv on the PATH, where its own installer puts it, or in .tools."""
    home = home or Path.home()
    on_path = shutil.which("uv", path=path)
    places = [Path(on_path)] if on_path else []
    places += [home / ".local/bin/uv", home / ".cargo/bin/uv", _tools(root) / "bin" / "uv"]
    for place in places:
        version = version_of(str(place)) if place.exists() else None
        if version is not None and version >= OLDEST:
            return Uv(str(place), version)
    return None


def obtain(root: Path, python: Python | None) -> Uv:
    """Find uv or install it.

    Raises: SetupError, if no Python here can make the environment to install it in, or pip fails.
    """
    step = Step()
    found = find(root)
    if found is None:
        say("uv is not here: installing it into .tools …")
        _install(root, python)
        found = find(root)
        if found is None:
            raise SetupError("uv was installed into .tools but does not run on this machine.")
    step.done(f"uv {'.'.join(str(part) for part in found.version)}: {found.path}")
    return found


def _install(root: Path, python: Python | None) -> None:
    target = _tools(root)
    reasons = []
    for maker in _makers(python):
        # What an interrupted attempt has left is not to be trusted.
        shutil.rmtree(target, ignore_errors=True)
        made = run([maker, "-m", "venv", str(target)])
        if made.code != 0:
            reasons.append(f"  {maker}: {made.lines[-1].strip() if made.lines else made.code}")
            continue
        command = [str(target / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        command += ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
        outcome = run([*command, "-r", str(root / "requirements" / "uv.txt")])
        if outcome.code != 0:
            shutil.rmtree(target, ignore_errors=True)
            raise failure("Installing uv", outcome)
        return
    shutil.rmtree(target, ignore_errors=True)
    said = "\n".join(reasons)
    raise SetupError(
        "no Python here can make a virtual environment to install uv in:\n"
        f"{said}\nsetup: On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again."
    )


def _makers(python: Python | None) -> list[str]:
    """Return the Pythons that may hold uv: the one that runs this, then the Python 3.10 that was found."""
    running = [sys.executable] if sys.version_info[:2] >= OLDEST_PYTHON else []
    return running + ([python.path] if python and python.path not in running else [])


def _tools(root: Path) -> Path:
    return root / ".tools" / "uv"


def fetch_python(uv: Uv, refused: dict[str, str]) -> Python:
    """Take uv's own Python 3.10, which uv fetches if it is not there.

    Raises: SetupError, saying what was tried.
    """
    managed = _managed(uv)
    if managed is None:
        say("No Python 3.10 that runs is on this machine: asking uv to fetch one …")
        outcome = run([uv.path, "python", "install", "3.10"])
        managed = _managed(uv)
        if managed is None:
            tried = "".join(f"\n  {path}: {reason}" for path, reason in refused.items())
            raise SetupError(
                f"crossdesk needs Python 3.10, and none that runs was found. Tried:{tried or ' nothing'}\n"
                "setup: Install one (pyenv install 3.10, for example), or name it with CROSSDESK_PYTHON.\n"
                f"setup: {failure('Fetching one with uv', outcome)}"
            )
    return managed


def _managed(uv: Uv) -> Python | None:
    outcome = run([uv.path, "python", "find", "--system", "--python-preference", "only-managed", "3.10"])
    answer = probe(outcome.lines[-1].strip()) if outcome.code == 0 and outcome.lines else ""
    return None if isinstance(answer, str) else answer
