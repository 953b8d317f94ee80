"""A skip is a note on a laptop and a failure in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture
def run_suite(tmp_path: Path):
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(ci: str | None, **modules: str) -> tuple[int, str]:
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(f"import pytest\n{text}\n")
        environ = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
        environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        # What stands beside the suite's own conftest is found from anywhere.
        environ["PYTHONPATH"] = str(TESTS.parent)
        if ci is not None:
            environ["CI"] = ci
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
        result = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        return result.returncode, result.stdout

    return run


SKIPPED = "@pytest.mark.skip(reason='no Chromium')\ndef test_page():\n    pass"
SKIPS_ITSELF = "def test_page():\n    pytest.skip('no PostgreSQL')"
MODULE = "pytest.skip('no broker', allow_module_level=True)"
EXPECTED_FAILURE = "@pytest.mark.xfail(reason='known')\ndef test_page():\n    assert False"


def test_a_laptop_skips_by_name(run_suite):
    code, output = run_suite(None, test_a=SKIPPED + "\ndef test_rest():\n    pass")
    assert code == 0
    assert "1 passed, 1 skipped" in output


@pytest.mark.parametrize(
    ("module", "reason"),
    [(SKIPPED, "no Chromium"), (SKIPS_ITSELF, "no PostgreSQL"), (MODULE, "no broker")],
    ids=["mark", "call", "module"],
)
def test_ci_fails_on_a_skip_and_tells_its_reason(run_suite, module, reason):
    code, output = run_suite("true", test_a=module, test_b="def test_rest():\n    pass")
    assert code != 0
    assert "CI allows no skip" in output
    assert reason in output
    assert "skipped" not in output.splitlines()[-1]


def test_ci_lets_an_expected_failure_be(run_suite):
    code, output = run_suite("true", test_a=EXPECTED_FAILURE)
    assert code == 0
    assert "1 xfailed" in output
