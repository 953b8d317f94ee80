"""Reading ``shop.yml``: the store's own laid over the shipped one, mistakes told by line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.errors import ConfigurationError
from bot.settings.rules import ShopRules


def read_rules(shipped: Path, own: Path | None = None) -> ShopRules:
    """Read the shipped ``shop.yml`` and lay the store's own over it, key by key.

    Raises:
        ConfigurationError: names the file, the line and what is allowed.
    """
    base = _read_yaml(shipped)
    over = _read_yaml(own) if own is not None and own.exists() else CommentedMap()
    try:
        return ShopRules.parse_obj(_laid_over(base, over))
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        (own_depth, own_line), (depth, shipped_line) = _standing_of(over, place), _standing_of(base, place)
        name, line = (own, own_line) if own_depth and own_depth >= depth else (shipped, shipped_line)
        where = f"{name}, line {line}" if line else str(name)
        wrong = (
            _unknown_key(place)
            if first["type"] == "value_error.extra"
            else _SHAPES.get(first["type"], first["msg"])
        )
        raise ConfigurationError(f"{where}: {'.'.join(map(str, place))}: {wrong}") from error


#: What to say where Python's word for a shape would mean nothing to whoever writes YAML.
_SHAPES = {
    "type_error.tuple": "give a list (such as [a, b])",
    "type_error.dict": "give keys and values (such as {a: 1})",
    "type_error.none.not_allowed": "give a value; to keep the shipped one leave the key out",
    "type_error.str": "give a text",
}


def _unknown_key(place: tuple[Any, ...]) -> str:
    """What to say of a key that nothing knows: which ones there are."""
    model: type[BaseModel] = ShopRules
    for key in place[:-1]:
        # Names within a mapping and places in a list belong to no model.
        field = next((field for field in model.__fields__.values() if field.alias == key), None)
        model = model if field is None else field.type_
    known = ", ".join(field.alias for field in model.__fields__.values())
    return f"there is no such key (known are: {known})"


def _read_yaml(path: Path) -> CommentedMap:
    try:
        loaded = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} is missing") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigurationError(f"{path}{line}: this is not YAML: {error.problem}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        said = str(error).splitlines()[0]
        raise ConfigurationError(f"{path}: this is not YAML: {said}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: this is nested too deeply") from error
    if loaded is None:
        return CommentedMap()
    if not isinstance(loaded, CommentedMap):
        raise ConfigurationError(f"{path}: expected keys and values, found a {type(loaded).__name__}")
    return loaded


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in ((str(key), value) for key, value in over.items()):
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _laid_over(below, value)
        else:
            merged[key] = value
    return merged


def _standing_of(source: Any, place: tuple[Any, ...]) -> tuple[int, int | None]:
    """How many parts of a key's path stand in a file, and the line (from 1) of the deepest of them."""
    line = None
    for depth, key in enumerate(place):
        # A key may be a number to YAML; to us it is a name.
        written = {str(own): own for own in source} if isinstance(source, CommentedMap) else {}
        if key not in written:
            return depth, line
        line = _line_of(source, written[key]) or line
        source = source[written[key]]
    return len(place), line


def _line_of(source: CommentedMap, key: Any) -> int | None:
    # What comes through a merge (`<<`) stands elsewhere.
    return int(source.lc.key(key)[0]) + 1 if key in (source.lc.data or ()) else None
