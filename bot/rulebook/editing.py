"""One setting changed in the text of a ``shop.yml``; comments and everything else stay as they are."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from bot.errors import NotYAMLError, RulesError
from bot.settings.reading import parse_yaml, read_text
from bot.settings.released import SHIPPED_FILE

#: The deepest that a setting stands, and the longest path, in characters.
_DEEPEST, _LONGEST = 8, 200


def assigned(text: str, place: str, value: str) -> str:
    """A text in which a setting has another value.

    Args:
        text: of the store's own file.
        place: the setting's path, such as ``authority.refund``.
        value: as YAML, such as ``"60.00"``, ``14`` or ``[a, b]``.

    Raises:
        ConfigurationError: the text or the value is no YAML.
        RulesError: the path leads through something that holds no settings.
    """
    keys = _keys(place)
    whole = parse_yaml(Path("the draft"), text, quotes=True)
    told = _read(value)
    below: Any = _shipped()
    at: Any = whole
    for depth, key in enumerate(keys):
        own = _written(at, key) or _written(below, key) or key
        below = below.get(own) if isinstance(below, Mapping) else None
        if depth == len(keys) - 1:
            at[own] = told
            break
        if not isinstance(at.get(own), CommentedMap):
            if at.get(own) is not None or (below is not None and not isinstance(below, Mapping)):
                raise RulesError(f"'{place}' is no setting: '{'.'.join(keys[: depth + 1])}' holds no others")
            at[own] = CommentedMap()
        at = at[own]
    return _dumped(whole)


def without(text: str, place: str) -> str:
    """A text that says nothing of a setting, so that the shipped value holds.

    Raises:
        ConfigurationError: the text is no YAML.
        RulesError: it says nothing of it.
    """
    keys = _keys(place)
    whole = parse_yaml(Path("the draft"), text, quotes=True)
    path: list[tuple[Any, Any]] = []
    at: Any = whole
    for key in keys:
        own = _written(at, key)
        if own is None:
            raise RulesError(f"the store's own rules say nothing of '{place}': the shipped value holds")
        path.append((at, own))
        at = at[own]
    for holder, own in reversed(path):
        del holder[own]
        if holder:
            break
    return _dumped(whole) if whole else ""


@lru_cache(maxsize=1)
def _shipped() -> CommentedMap:
    return parse_yaml(SHIPPED_FILE, read_text(SHIPPED_FILE))


def _keys(place: str) -> list[str]:
    keys = place.split(".")
    if not all(keys) or len(keys) > _DEEPEST or len(place) > _LONGEST:
        raise RulesError(f"'{place[:80]}' is no setting: name it like authority.refund")
    return keys


def _written(holder: Any, key: str) -> Any:
    """The key as it stands there: to YAML it may be a number."""
    found = [own for own in holder if str(own) == key] if isinstance(holder, Mapping) else []
    return found[0] if found else None


def _read(value: str) -> Any:
    """The value as YAML; errors count its own lines, without the key that it is put under."""
    indented = "\n  ".join(value.strip().splitlines())
    try:
        return parse_yaml(Path("the value"), f"value:\n  {indented}", quotes=True)["value"]
    except NotYAMLError as error:
        line = max(1, (error.line or 2) - 1)
        raise NotYAMLError(f"the value, line {line}: {error.says}", says=error.says, line=line) from error


def _dumped(whole: CommentedMap) -> str:
    yaml: Any = YAML(typ="rt")
    yaml.width = 120
    written = io.StringIO()
    yaml.dump(whole, written)
    return written.getvalue()
