"""The public sets, as tab-separated files of text, label and language that the user has fetched."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path


class DataError(Exception):
    """A file is missing or not what it should be; the message says which, and what is needed."""


@dataclass(frozen=True)
class Texts:
    """Messages and what each is labelled as."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def without(self, label: str) -> Texts:
        """Return those that have another label."""
        kept = [pair for pair in zip(self.texts, self.labels, strict=True) if pair[1] != label]
        return Texts(tuple(text for text, _ in kept), tuple(label for _, label in kept))

    def of(self, labels: Collection[str]) -> Texts:
        """Return those that have one of the labels."""
        kept = [pair for pair in zip(self.texts, self.labels, strict=True) if pair[1] in labels]
        return Texts(tuple(text for text, _ in kept), tuple(label for _, label in kept))


def read(folder: Path, names: Sequence[str]) -> dict[str, Texts]:
    """Read the files ``<name>.tsv``.

    Raises: DataError.
    """
    return {name: _file(folder / f"{name}.tsv") for name in names}


def _file(path: Path) -> Texts:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}. CONTRIBUTING.md says which files are needed.") from error
    if not rows or not all(row.get("text") is not None and row.get("label") for row in rows):
        raise DataError(f"{path}: the first line must be 'text', 'label', 'lang', the others a message each")
    return Texts(tuple(row["text"] for row in rows), tuple(row["label"] for row in rows))
