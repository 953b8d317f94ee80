"""The word lists and tables that the made-up store is drawn from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).resolve().parent.parent / "seed_data"


@cache
def read(name: str) -> dict[str, Any]:
    """One of the files, by its name without ending."""
    loaded: dict[str, Any] = YAML(typ="safe").load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return loaded


@cache
def names() -> dict[str, dict[str, list[str]]]:
    """By language, what the goods are called in it: the name first, then others; by the store's own name."""
    return {path.stem: read(f"names/{path.stem}") for path in sorted((FOLDER / "names").glob("*.yml"))}


@cache
def kinds() -> dict[str, dict[str, list[str]]]:
    """By language, what buyers call the goods of a kind in it, beside their names."""
    return {path.stem: read(f"kinds/{path.stem}") for path in sorted((FOLDER / "kinds").glob("*.yml"))}


@cache
def texts() -> dict[str, dict[str, str]]:
    """By language, what is said of the goods in it; by the store's own words."""
    return {path.stem: read(f"texts/{path.stem}") for path in sorted((FOLDER / "texts").glob("*.yml"))}


def categories() -> tuple[str, ...]:
    """The catalogue's files, in a fixed order."""
    return tuple(f"catalogue/{path.stem}" for path in sorted((FOLDER / "catalogue").glob("*.yml")))
