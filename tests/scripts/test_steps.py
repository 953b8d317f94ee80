"""A step that fails says what to do, and a long one shows that it lives."""

from __future__ import annotations

import sys

import pytest

from scripts.setup import steps
from scripts.setup.__main__ import ROOT


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("error: No space left on device (os error 28)", "disk is full"),
        ("Resolved\nerror: no wheel for this platform", "once this cause is gone"),
        ("", "once this cause is gone"),
    ],
)
def test_a_failure_shows_what_was_said_and_what_to_do(said, advice):
    text = str(steps.failure("Installing", steps.Outcome(2, said.splitlines())))
    assert text.startswith("Installing failed (exit code 2):")
    assert all(line in text for line in said.splitlines())
    assert advice in text


@pytest.mark.parametrize(
    "said",
    [
        "error: Failed to fetch\n  cause: dns error\n  cause: Name or service not known",
        "WARNING: Retrying after 'NewConnectionError'\nERROR: No matching distribution found for uv",
        "error: operation timed out",
    ],
)
def test_a_missing_network_is_told_shortly(said):
    text = str(steps.failure("Installing", steps.Outcome(2, said.splitlines())))
    assert "the network, or the package index configured here, could not be reached" in text
    assert "No matching distribution" not in text
    assert len(text.splitlines()) == 2


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
