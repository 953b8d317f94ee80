"""A step that fails says what to do, and a long one shows that it lives."""

from __future__ import annotations

import sys

import pytest

from scripts.setup import steps, uv
from scripts.setup.__main__ import ROOT


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("error: failed to fetch\n  cause: dns error", "network"),
        ("Temporary failure in name resolution", "network"),
        ("error: No space left on device (os error 28)", "disk is full"),
        ("no wheel for this platform", "once the cause above is gone"),
    ],
)
def test_a_failure_shows_its_cause_and_what_to_do(said, advice):
    text = str(steps.failure("Installing", steps.Outcome(2, said.splitlines())))
    assert text.startswith("Installing failed (exit code 2):")
    assert said.splitlines()[-1] in text
    assert advice in text


def test_a_command_that_is_not_there_is_a_failure_like_any_other():
    outcome = steps.run(["/nowhere/uv"])
    assert outcome.code == 127
    assert "No such file" in outcome.lines[0]


def test_a_command_speaks_only_when_asked(capfd):
    outcome = steps.run([sys.executable, "-c", "print('one'); print(); import sys; sys.exit('two')"])
    assert outcome.code == 1
    assert sorted(outcome.lines) == ["one", "two"]
    assert capfd.readouterr() == ("", "")


def test_a_long_command_repeats_its_latest_line(monkeypatch, capfd):
    monkeypatch.setattr(steps, "HEARTBEAT_SECONDS", 0.05)
    # It goes on until its output has been repeated, however slow the machine.
    outcome = steps.run([sys.executable, "-u", "-c", "import time; print('fetching'); time.sleep(1)"])
    assert outcome.code == 0
    assert "s: fetching" in capfd.readouterr().err


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


def test_requirements_pin_by_hash_and_name_no_index():
    for name in ("run", "dev", "uv"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        assert "--index" not in text
        entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert entries
        assert all("==" in line and line.endswith("\\") for line in entries)


def test_what_is_tested_is_what_runs():
    def pins(name: str) -> set[str]:
        lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
        return {line.split()[0] for line in lines if line and not line.startswith(" ")}

    assert pins("run") <= pins("dev")
