from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from adapters.web.secret import load_secret
from bot.errors import ConfigurationError


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    files = tmp_path / "var" / "files"
    key = load_secret(files, {})
    assert len(key) >= 32
    assert load_secret(files, {}) == key
    assert stat.S_IMODE((files / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in files.iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    keys: list[str] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        keys.append(load_secret(tmp_path, {}))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    assert load_secret(tmp_path, {"CROSSDESK_SECRET": "s" * 32}) == "s" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="CROSSDESK_SECRET holds 6 characters: give at least 32"):
        load_secret(tmp_path, {"CROSSDESK_SECRET": "secret"})
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(ConfigurationError, match=r"secret\.key holds 0 characters"):
        load_secret(tmp_path, {})


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"file.*make the folder writable, or set CROSSDESK_SECRET"):
        load_secret(tmp_path / "file", {})
