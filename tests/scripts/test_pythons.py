"""Set-up takes the first Python 3.10 that runs, whatever else bears its name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts.setup import pythons
from scripts.setup.steps import SetupError

SHIM = 'echo "pyenv: python3.10: command not found" >&2\nexit 127'
REAL = f'exec "{sys.executable}" "$@"'


def answering(version: str, implementation: str = "cpython", pointer: int = 8) -> str:
    return f"""echo '[[{version}], "/somewhere/python", "{implementation}", {pointer}]'"""


def find(
    tmp_path: Path, *on_path: Path, root: str = "project", folders: tuple[str, ...] = (), **environ: str
):
    environ["PATH"] = os.pathsep.join(str(folder) for folder in on_path)
    return pythons.search(tmp_path / root, environ, tmp_path / "home", folders)


def test_the_running_python_is_good():
    found = pythons.probe(sys.executable)
    assert isinstance(found, pythons.Python)
    assert found.version == sys.version.split()[0]


def test_a_shim_that_fails_is_passed_over_and_its_words_are_kept(tmp_path, executable):
    shim = executable("shims/python3.10", SHIM)
    real = executable("usr/python3.10", REAL)
    found, refused = find(tmp_path, shim.parent, real.parent)
    assert found == pythons.probe(sys.executable)
    assert refused == {str(shim): "pyenv: python3.10: command not found"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (answering("3, 11, 7"), "is Python 3.11.7"),
        (answering("3, 1, 0"), "is Python 3.1.0"),
        (answering("3, 10, 14", implementation="pypy"), "is pypy, 64 bits"),
        (answering("3, 10, 14", pointer=4), "is cpython, 32 bits"),
        ("echo hello", "does not answer like Python"),
        ("echo '[1, 2, 3, 4]'", "does not answer like Python"),
        ("exit 3", "exit code 3"),
        ("echo \"ModuleNotFoundError: No module named '_ssl'\" >&2; exit 1", "No module named '_ssl'"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_what_only_looks_like_python_310_is_refused_with_a_reason(tmp_path, executable, body, reason):
    fake = executable("bin/python3.10", body)
    found, refused = find(tmp_path, fake.parent)
    assert found is None
    assert reason in refused[str(fake)]


def test_one_that_hangs_is_given_up(executable, monkeypatch):
    monkeypatch.setattr(pythons, "PROBE_SECONDS", 0.2)
    assert "did not answer" in pythons.probe(str(executable("python3.10", "exec sleep 30")))


def test_a_file_that_is_no_program_is_refused(tmp_path, executable):
    fake = executable("bin/python3.10", "")
    fake.write_bytes(b"\x7fELF and nothing more")
    found, refused = find(tmp_path, fake.parent)
    assert found is None
    assert refused[str(fake)] == "exec format error"


def test_pyenvs_newest_version_comes_before_the_systems(tmp_path, executable):
    names = ["3.10.9", "3.10.13", "3.10-dev", "3.11.7", "3.9.18"]
    for name in names:
        executable(f"pyenv/versions/{name}/bin/python3.10", REAL)
    executable("usr/python3.10", REAL)
    environ = {"PYENV_ROOT": str(tmp_path / "pyenv"), "PATH": ""}
    places = list(pythons.candidates(environ, tmp_path / "home", (str(tmp_path / "usr"),)))
    assert [Path(place).relative_to(tmp_path).parts[-3] for place in places[:3]] == [
        "3.10.13",
        "3.10.9",
        "3.10-dev",
    ]
    assert places[3:] == [str(tmp_path / "usr" / "python3.10")]


def test_pyenv_is_looked_for_at_home_when_no_variable_names_it(tmp_path, executable):
    there = executable("home/.pyenv/versions/3.10.1/bin/python3.10", REAL)
    assert list(pythons.candidates({}, tmp_path / "home", ())) == [str(there)]


def test_a_plain_python3_may_be_the_right_one(tmp_path, executable):
    assert find(tmp_path, executable("bin/python3", REAL).parent)[0] is not None


def test_the_projects_own_environment_is_never_what_it_is_made_from(tmp_path, executable):
    own = executable("project/.venv/bin/python3.10", REAL)
    assert find(tmp_path, own.parent) == (None, {})


def test_a_path_with_a_space_is_a_path(tmp_path, executable):
    assert find(tmp_path, executable("my tools/python3.10", REAL).parent)[0] is not None


def test_a_folder_named_like_python_is_none(tmp_path):
    (tmp_path / "bin" / "python3.10").mkdir(parents=True)
    assert find(tmp_path, tmp_path / "bin") == (None, {})


def test_the_python_that_was_asked_for_comes_first(tmp_path, executable):
    asked = executable("asked/python", REAL)
    shim = executable("bin/python3.10", SHIM)
    found, refused = find(tmp_path, shim.parent, CROSSDESK_PYTHON=str(asked))
    assert found is not None
    assert refused == {}


@pytest.mark.parametrize(
    ("body", "reason"), [(answering("3, 12, 1"), "is Python 3.12.1"), (SHIM, "command not found")]
)
def test_a_wrong_python_that_was_asked_for_is_an_error_and_not_replaced(tmp_path, executable, body, reason):
    asked = executable("asked/python", body)
    good = executable("bin/python3.10", REAL)
    with pytest.raises(SetupError, match=reason):
        find(tmp_path, good.parent, CROSSDESK_PYTHON=str(asked))


def test_another_pythons_variables_do_not_reach_the_probe(executable, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    body = f'test -z "$PYTHONHOME$PYTHONDONTWRITEBYTECODE" || exit 9\n{REAL}'
    assert isinstance(pythons.probe(str(executable("python3.10", body))), pythons.Python)
