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
