"""What the training cache must know of our code: Rasa looks at a component, not at what it uses."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path


def of_modules(*names: str) -> str:
    """Return a digest of the modules' sources."""
    digest = hashlib.blake2b(digest_size=12)
    for name in names:
        spec = find_spec(name)
        if spec is not None and spec.origin:
            digest.update(Path(spec.origin).read_bytes())
    return digest.hexdigest()


def of_files(*folders: Path) -> str:
    """Return a digest of the YAML files in folders, by name and content."""
    digest = hashlib.blake2b(digest_size=12)
    for folder in folders:
        for path in sorted(folder.glob("*.yml")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
