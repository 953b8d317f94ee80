"""uv is taken where it is, else installed by the first Python that can hold it."""

from __future__ import annotations

import sys

import pytest

from scripts.setup import uv
from scripts.setup.pythons import Python
from scripts.setup.steps import SetupError

NO_VENV = 'echo "The virtual environment was not created: ensurepip is not available." >&2; exit 1'


def makes_venv(pip: str) -> str:
    """Return a Python that makes an environment, in which `python -m pip` does as told."""
    return f"""mkdir -p "$3/bin" && cat >"$3/bin/python" <<'END' && chmod +x "$3/bin/python"
#!/bin/sh
cd "$(dirname "$0")"
{pip}
END"""


GOOD = makes_venv("printf '#!/bin/sh\\necho uv 0.13.9\\n' >uv && chmod +x uv")
NO_NETWORK = makes_venv("echo Temporary failure in name resolution; exit 1")


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """A machine without uv, whose python3 is what the test says."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return lambda running: monkeypatch.setattr(sys, "executable", str(running))


@pytest.mark.parametrize(
    ("answer", "version"),
    [("uv 0.13.9 (somewhere)", (0, 13, 9)), ("uv 0.4.30", (0, 4, 30)), ("pip 23", None), ("", None)],
)
def test_a_uv_is_known_by_what_it_answers(executable, answer, version):
    assert uv.version_of(str(executable("uv", f"echo '{answer}'"))) == version


def test_a_uv_that_fails_or_is_too_old_is_not_taken(tmp_path, executable):
    executable("broken/uv", "echo 'uv 0.13.9'; exit 127")
    executable("old/uv", "echo 'uv 0.4.30'")
    home = tmp_path / "home"
    assert uv.find(tmp_path, path=str(tmp_path / "broken"), home=home) is None
    assert uv.find(tmp_path, path=str(tmp_path / "old"), home=home) is None
    kept = executable(".tools/uv/bin/uv", "echo 'uv 0.13.9'")
    assert uv.find(tmp_path, path=str(tmp_path / "old"), home=home) == uv.Uv(str(kept), (0, 13, 9))


def test_what_an_interrupted_installation_left_is_replaced(tmp_path, executable, bare_machine):
    bare_machine(executable("python3", GOOD))
    executable(".tools/uv/bin/uv", "exit 139")
    left = executable(".tools/uv/left", "")
    assert uv.obtain(tmp_path, None).version == (0, 13, 9)
    assert not left.exists()


def test_python_310_makes_the_environment_when_the_systems_python_has_no_venv(
    tmp_path, executable, bare_machine
):
    bare_machine(executable("python3", NO_VENV))
    found = Python(str(executable("python3.10", GOOD)), "3.10.13")
    assert uv.obtain(tmp_path, found).path == str(tmp_path / ".tools/uv/bin/uv")


def test_when_none_can_the_debian_package_is_named(tmp_path, executable, bare_machine):
    bare_machine(executable("python3", NO_VENV))
    with pytest.raises(SetupError, match=r"ensurepip is not available(.|\n)*apt-get install python3-venv"):
        uv.obtain(tmp_path, None)
    assert not (tmp_path / ".tools" / "uv").exists()


def test_without_a_network_nothing_is_left_behind(tmp_path, executable, bare_machine):
    bare_machine(executable("python3", NO_NETWORK))
    with pytest.raises(SetupError, match="could not be reached"):
        uv.obtain(tmp_path, None)
    assert not (tmp_path / ".tools" / "uv").exists()
