"""Benchmarks: each prints its numbers beside a rival's, measured in the same run."""

from __future__ import annotations
