"""Stand-ins for what set-up meets on machines."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def executable(tmp_path: Path):
    """Write a shell script below a fresh folder and make it executable."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write
