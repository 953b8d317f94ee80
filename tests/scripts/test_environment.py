"""The whole set-up with a stand-in for uv: what it does, does once, and repeats after an interruption."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from scripts.setup.__main__ import ROOT
from scripts.setup.stamp import NAME

# It notes its arguments, and stops where the test has put a file named like the step: until that is gone.
UV = """
[ "$1" = --version ] && { echo "uv 0.13.9"; exit; }
echo "$1 $2" >>"$HOME/log"
for step in venv sync install; do
    case "$1 $2" in *$step*) ;; *) continue ;; esac
    left=3000
    while [ -e "$HOME/stop-$step" ] && [ $((left -= 1)) -gt 0 ]; do touch "$HOME/at-$step"; sleep 0.02; done
done
[ -e "$HOME/no-network" ] && { echo "  cause: dns error"; exit 2; }
case "$1 $2" in
    venv*) mkdir -p .venv/bin && cp "$HOME/bin/python3.10" .venv/bin/python ;;
    *install) touch .venv/bin/crossdesk ;;
esac
"""
FRESH = ["venv --python", "pip sync", "pip sync", "pip install"]


class Machine:
    """A project's folder with a space in its name, on a machine with a Python 3.10 and a uv."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "my shop"
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "requirements/run.in", "requirements/run.txt", "requirements/dev.txt"):
            (self.root / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)

    def start(self, level: str) -> subprocess.Popen[str]:
        environ = {"PATH": f"{self.home / 'bin'}:/usr/bin:/bin", "HOME": str(self.home)}
        command = [sys.executable, "-m", "scripts.setup", level]
        # Whoever runs the tests in the background of a shell has interrupts ignored, and so would this.
        heeded = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            command, cwd=self.root, env=environ, stderr=subprocess.PIPE, text=True, preexec_fn=heeded
        )

    def setup(self, level: str) -> tuple[int, str]:
        process = self.start(level)
        said = process.communicate(timeout=60)[1]
        return process.returncode, said

    def done(self) -> list[str]:
        """Tell what uv was told to do since this was asked last."""
        log = self.home / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def started_and_stopped_at(self, step: str, level: str) -> subprocess.Popen[str]:
        (self.home / f"stop-{step}").touch()
        process = self.start(level)
        until((self.home / f"at-{step}").exists)
        return process

    def go_on(self, step: str) -> None:
        (self.home / f"stop-{step}").unlink()


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def machine(tmp_path, executable) -> Machine:
    executable("bin/python3.10", f'exec "{sys.executable}" "$@"')
    executable("bin/uv", UV)
    return Machine(tmp_path)


def test_a_second_run_does_nothing_and_says_nothing(machine):
    code, said = machine.setup("run")
    assert code == 0
    assert machine.done() == FRESH
    assert "requirements/run.txt: installed" in said
    assert machine.setup("run") == (0, "")
    assert machine.done() == []


def test_what_tests_need_is_added_once_and_stays(machine):
    machine.setup("run")
    machine.done()
    assert "requirements/dev.txt: installed" in machine.setup("dev")[1]
    assert machine.done() == FRESH[1:]
    assert machine.setup("run") == (0, "")
    (machine.root / "requirements/dev.txt").write_text("changed")
    assert "requirements/dev.txt: installed" in machine.setup("run")[1]


def test_only_the_project_is_installed_again_when_only_it_has_changed(machine):
    machine.setup("run")
    machine.done()
    (machine.root / "pyproject.toml").write_text("changed")
    assert machine.setup("run")[0] == 0
    assert machine.done() == ["pip install"]


@pytest.mark.parametrize("broken", ["python", "stamp", "moved"])
def test_a_broken_environment_is_made_anew(machine, broken):
    machine.setup("run")
    machine.done()
    if broken == "python":
        (machine.root / ".venv/bin/python").write_text("#!/nowhere\n")
    elif broken == "stamp":
        (machine.root / ".venv" / NAME).write_text("{")
    else:
        machine.root = machine.root.rename(machine.home / "moved")
    code, said = machine.setup("run")
    assert code == 0
    assert ".venv: made anew" in said
    assert machine.done() == FRESH


@pytest.mark.parametrize("step", ["venv", "sync", "install"])
def test_a_set_up_that_was_killed_is_repeated_once_its_uv_has_ended(machine, step):
    killed = machine.started_and_stopped_at(step, "run")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    machine.done()
    again = machine.start("run")
    assert again.stderr is not None
    assert "waiting for it" in again.stderr.readline()
    assert machine.done() == []
    machine.go_on(step)
    assert again.communicate(timeout=60)[1].endswith("s)\n")
    assert again.returncode == 0
    assert machine.done() == FRESH
    assert machine.setup("run") == (0, "")


def test_two_at_once_do_the_work_once(machine):
    first = machine.started_and_stopped_at("sync", "dev")
    second = machine.start("dev")
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()
    machine.go_on("sync")
    assert second.communicate(timeout=60)[1] == ""
    assert (first.communicate(timeout=60)[1] or "").endswith("s)\n")
    assert (first.returncode, second.returncode) == (0, 0)
    assert machine.done() == FRESH


def test_an_extension_that_fails_leaves_no_environment_that_looks_whole(machine):
    machine.setup("run")
    (machine.home / "no-network").touch()
    code, said = machine.setup("dev")
    assert code == 2
    assert "could not be reached" in said
    machine.done()
    (machine.home / "no-network").unlink()
    assert machine.setup("dev")[0] == 0
    assert machine.done() == FRESH


def test_a_file_in_the_way_is_replaced(machine):
    (machine.root / ".venv").write_text("")
    assert machine.setup("run")[0] == 0
    assert (machine.root / ".venv/bin/crossdesk").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_line(machine):
    (machine.root / ".tools").write_text("")
    code, said = machine.setup("run")
    assert code == 2
    assert said.startswith("setup: cannot write into ")
    assert len(said.splitlines()) == 1


def test_ctrl_c_ends_it_without_a_trace(machine):
    process = machine.started_and_stopped_at("sync", "run")
    process.send_signal(signal.SIGINT)
    machine.go_on("sync")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert said.endswith("setup: interrupted; run the same command again to go on\n")
    assert "Traceback" not in said


def test_the_shell_passes_over_a_python_that_does_not_run(machine, executable):
    executable("bin/python3", "echo 'pyenv: python3: command not found' >&2; exit 127")
    environ = {"PATH": f"{machine.home / 'bin'}:/usr/bin:/bin", "HOME": str(machine.home)}
    script = str(machine.root / "scripts" / "setup.sh")
    result = subprocess.run(
        [script, "run"], env=environ, capture_output=True, text=True, cwd=os.sep, check=False
    )
    assert result.returncode == 0, result.stderr
    assert machine.done() == FRESH
