"""Reading ``shop.yml``: the store's own laid over the shipped one, mistakes told by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.errors import ConfigurationError, NotYAMLError
from bot.settings.rules import ShopRules

#: The most values that a file may stand for: a few lines of aliases can make billions.
_MOST = 50_000


@dataclass(frozen=True)
class Fault:
    """Something that stands against a ``shop.yml``."""

    #: The file that it stands in; None: in neither, where a key is missing from both.
    file: Path
    #: From 1; None where no line can be named.
    line: int | None
    #: The key's path, such as ``authority.refund``; empty where the file is no YAML.
    place: str
    #: What is wrong, and what is allowed.
    says: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else str(self.file)
        return f"{where}: {self.place}: {self.says}" if self.place else f"{where}: {self.says}"


def read_rules(shipped: Path, own: Path | None = None) -> ShopRules:
    """Read the shipped ``shop.yml`` and lay the store's own over it, key by key.

    Raises:
        ConfigurationError: names the file, the line and what is allowed.
    """
    if own is None:
        return _required(*check_rules(shipped, Path(), ""))
    return _required(*check_rules(shipped, own, read_text(own)))


def read_text(own: Path) -> str:
    """The store's own ``shop.yml``; nothing where there is none.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return own.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationError(f"{own} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{own}: this is not YAML: {str(error).splitlines()[0]}") from error


def check_rules(shipped: Path, own: Path, text: str) -> tuple[ShopRules | None, tuple[Fault, ...]]:
    """Lay a text over the shipped ``shop.yml``: the rules, or everything that stands against them.

    Args:
        shipped: the file that comes with the program.
        own: the file that the text is or is to be, to be named.
        text: of the store's own file.

    Raises:
        ConfigurationError: the shipped file itself cannot be read.
    """
    base = parse_yaml(shipped, read_text(shipped))
    if not base:
        raise ConfigurationError(f"{shipped} is missing")
    try:
        over = parse_yaml(own, text)
    except NotYAMLError as error:
        return None, (Fault(own, error.line, "", error.says),)
    try:
        return ShopRules.parse_obj(_laid_over(base, over)), ()
    except ValidationError as error:
        faults = [
            _fault(shipped, base, own, over, tuple(one["loc"]), one["type"], one["msg"])
            for one in error.errors()
        ]
        return None, tuple(dict.fromkeys(faults))


def _required(rules: ShopRules | None, faults: Sequence[Fault]) -> ShopRules:
    if rules is None:
        raise ConfigurationError(str(faults[0]))
    return rules


def _fault(
    shipped: Path,
    base: CommentedMap,
    own: Path,
    over: CommentedMap,
    place: tuple[Any, ...],
    kind: str,
    says: str,
) -> Fault:
    (own_depth, own_line), (depth, shipped_line) = _standing_of(over, place), _standing_of(base, place)
    name, line = (own, own_line) if own_depth and own_depth >= depth else (shipped, shipped_line)
    wrong = _unknown_key(place) if kind == "value_error.extra" else _SHAPES.get(kind, says)
    if place[-1:] == (_OF_A_KEY,):
        place, wrong = place[:-1], f"a key here: {wrong}"
    return Fault(name, line, ".".join(map(str, place)), wrong)


#: What stands for a mapping's key in the place of an error.
_OF_A_KEY = "__key__"
#: What to say where Python's word for a shape would mean nothing to whoever writes YAML.
_SHAPES = {
    "type_error.tuple": "give a list (such as [a, b])",
    "type_error.dict": "give keys and values (such as {a: 1})",
    "type_error.none.not_allowed": "give a value; to keep the shipped one leave the key out",
    "type_error.str": "give a text",
    "type_error.integer": "value is not a valid integer: give a whole number (such as 14)",
    "type_error.decimal": "value is not a valid decimal: give a number (such as 12.50)",
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


def parse_yaml(path: Path, text: str, *, quotes: bool = False) -> CommentedMap:
    """A ``shop.yml`` with its comments and lines; ``quotes``: and with its quotes, to be written again.

    Raises:
        NotYAMLError: it is none; with the line, where it is known.
    """

    def wrong(says: str, line: int | None = None) -> NotYAMLError:
        return NotYAMLError(str(Fault(path, line, "", says)), says=says, line=line)

    try:
        yaml: Any = YAML(typ="rt")
        yaml.preserve_quotes = quotes
        loaded = yaml.load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise wrong(f"this is not YAML: {error.problem}", line) from error
    except YAMLError as error:
        raise wrong(f"this is not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise wrong("this is nested too deeply") from error
    except ValueError as error:
        # A day that is none, such as 2026-02-30.
        raise wrong(f"this is not YAML: {str(error).splitlines()[0]}") from error
    if loaded is None:
        return CommentedMap()
    if _is_huge(loaded):
        raise wrong(f"this stands for more than {_MOST:,} values")
    if not isinstance(loaded, CommentedMap):
        raise wrong(f"expected keys and values, found a {type(loaded).__name__}")
    return loaded


def _is_huge(loaded: Any) -> bool:
    count, left = 0, [loaded]
    while left and count <= _MOST:
        one = left.pop()
        count += 1
        if isinstance(one, Mapping):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return count > _MOST


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
