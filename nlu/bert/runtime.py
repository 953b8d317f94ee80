"""OpenVINO, which runs the network: without what would report each start to its maker."""

from __future__ import annotations

import sys
from typing import Any


def openvino() -> Any:
    """Return the package ``openvino``, imported without its telemetry.

    Importing it starts that, in a process of its own, whoever the user is. Its own code goes on without where
    the package is not there.
    """
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino as package

    return package
