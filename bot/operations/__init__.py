"""Looking after a running service: figures, readiness, house-keeping, backups, what is known of a buyer."""

from __future__ import annotations
