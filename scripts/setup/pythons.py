"""Finding a Python 3.10 that really runs: a name on the PATH may be a shim with nothing behind it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Iterator, Mapping, NamedTuple

from .steps import SetupError, clean_environment

WANTED = (3, 10)
PROBE_SECONDS = 20
SYSTEM_FOLDERS = (
    "/usr/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/python@3.10/bin",
    "/usr/local/opt/python@3.10/bin",
    "/home/linuxbrew/.linuxbrew/bin",
)

# A Python built without OpenSSL's or SQLite's headers starts well and fails an hour later.
PROBE = """
import ctypes, json, sqlite3, ssl, struct, sys, zlib
print(json.dumps([list(sys.version_info[:3]), sys.executable, sys.implementation.name, struct.calcsize("P")]))
"""


class Python(NamedTuple):
    """An interpreter that has been run and found good."""

    path: str
    version: str


def probe(executable: str) -> Python | str:
    """Run an executable; return the Python that it is, or the reason why it will not do."""
    try:
        result = subprocess.run(
            [executable, "-I", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=clean_environment(),
            timeout=PROBE_SECONDS,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not answer within {PROBE_SECONDS} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if result.returncode != 0:
        said = result.stderr.strip().splitlines()
        return said[-1] if said else f"exit code {result.returncode}"
    try:
        version, path, implementation, pointer = json.loads(result.stdout)
        found = ".".join(str(part) for part in version)
    except (TypeError, ValueError):
        return "does not answer like Python"
    if tuple(version[:2]) != WANTED:
        return f"is Python {found}"
    if implementation != "cpython" or pointer != 8:
        return f"is {implementation}, {pointer * 8} bits: TensorFlow needs 64-bit CPython"
    return Python(path, found)


def candidates(environ: Mapping[str, str], home: Path, folders: tuple[str, ...]) -> Iterator[str]:
    """Yield the places where a Python 3.10 may be, likeliest first, each once."""
    seen = set()
    for path in _places(environ, home, folders):
        name = str(path)
        if name not in seen and os.access(name, os.X_OK) and not path.is_dir():
            seen.add(name)
            yield name


def _places(environ: Mapping[str, str], home: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    on_path = [Path(folder) for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in on_path:
        yield folder / "python3.10"
    versions = Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    installed = [path for path in versions.glob("3.10*") if path.is_dir()]
    for version in sorted(installed, key=_version_key, reverse=True):
        yield version / "bin" / "python3.10"
    for name in folders:
        yield Path(name) / "python3.10"
    for folder in on_path:
        yield folder / "python3"


def _version_key(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.name)]


def search(
    root: Path,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    folders: tuple[str, ...] = SYSTEM_FOLDERS,
) -> tuple[Python | None, dict[str, str]]:
    """Find a Python 3.10 on this machine; with it, why each executable tried before was refused.

    Raises: SetupError, if CROSSDESK_PYTHON names one that will not do.
    """
    environ = os.environ if environ is None else environ
    asked = environ.get("CROSSDESK_PYTHON")
    if asked:
        answer = probe(asked)
        if isinstance(answer, str):
            raise SetupError(
                f"CROSSDESK_PYTHON is {asked}, which will not do: {answer}. "
                "Set it to a Python 3.10, or unset it."
            )
        return answer, {}
    refused: dict[str, str] = {}
    ours = str(root / ".venv") + os.sep
    for candidate in candidates(environ, home or Path.home(), folders):
        # .venv may be what is about to be removed, even when it has been activated.
        if candidate.startswith(ours):
            continue
        answer = probe(candidate)
        if not isinstance(answer, str):
            return answer, refused
        refused[candidate] = answer
    return None, refused
