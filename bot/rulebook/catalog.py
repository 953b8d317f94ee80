"""Every setting with its value, what it is for, and when a change of it is taken."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from bot.settings.reading import parse_yaml, read_text
from bot.settings.released import AFTER_RESTART, SHIPPED_FILE


@dataclass(frozen=True)
class Setting:
    """One setting, as an admin sees it."""

    #: Such as ``authority.refund``.
    place: str
    #: As YAML, in one line.
    value: str
    #: What comes with the program; None: this setting does not.
    shipped: str | None
    #: Whether the store's own file gives it.
    own: bool
    #: What the shipped file says of it.
    about: str
    #: Why a change is taken only after a restart; empty: from the next turn on.
    after_restart: str

    @property
    def part(self) -> str:
        """The part of the rules that it belongs to."""
        return self.place.split(".", 1)[0]


def catalog(own: str) -> list[Setting]:
    """Every setting with the store's own laid over the shipped ones, in the shipped file's order.

    Args:
        own: the text of the store's own file.

    Raises:
        ConfigurationError: it is no YAML.
    """
    shipped = _shipped()
    given = {
        ".".join(path): _flow(value)
        for path, value, _ in _leaves(parse_yaml(Path("shop.yml of the store"), own))
    }
    settings = []
    for place, (value, about) in shipped.items():
        settings.append(_setting(place, given.pop(place, None), value, about))
    # A setting of the store's own stands behind those that it belongs to.
    for place, value in given.items():
        settings.append(_setting(place, value, None, _about(shipped, place)))
    parts = list(dict.fromkeys(one.part for one in settings))
    return sorted(settings, key=lambda one: parts.index(one.part))


def find(settings: Sequence[Setting], words: str, *, own: bool = False) -> list[Setting]:
    """The settings that bear all these words in their name, value or explanation."""
    wanted = words.casefold().split()
    return [
        one
        for one in settings
        if (one.own or not own)
        and all(word in f"{one.place} {one.value} {one.about}".casefold() for word in wanted)
    ]


def _setting(place: str, own: str | None, shipped: str | None, about: str) -> Setting:
    value = shipped if own is None else own
    restart = AFTER_RESTART.get(place.split(".", 1)[0], "")
    return Setting(place, value or "", shipped, own is not None, about, restart)


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, tuple[str, str]]:
    text = read_text(SHIPPED_FILE)
    comments = _comments(text.splitlines())
    return {
        ".".join(path): (
            _flow(value),
            next((comments[line] for line in reversed(lines) if line in comments), ""),
        )
        for path, value, lines in _leaves(parse_yaml(SHIPPED_FILE, text))
    }


def _about(shipped: Mapping[str, tuple[str, str]], place: str) -> str:
    """What is said of a setting beside this one."""
    beside = place.rpartition(".")[0]
    return next((about for one, (_, about) in shipped.items() if one.startswith(f"{beside}.")), "")


def _leaves(
    holder: Any, path: tuple[str, ...] = (), lines: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, tuple[int, ...]]]:
    """Each value that holds no settings: its path, and the lines (from 0) of the keys that lead to it."""
    for key, value in holder.items():
        known = isinstance(holder, CommentedMap) and key in (holder.lc.data or ())
        own = (*lines, int(holder.lc.key(key)[0])) if known else lines
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, str(key)), own)
        else:
            yield (*path, str(key)), value, own


def _comments(lines: Sequence[str]) -> dict[int, str]:
    """By line (from 0), the comment that stands right above it."""
    found: dict[int, str] = {}
    above: list[str] = []
    for number, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith("#"):
            above.append(bare.lstrip("# "))
            continue
        if bare and above:
            found[number] = " ".join(above)
        above = []
    return found


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    yaml: Any = YAML(typ="safe")
    yaml.default_flow_style = True
    yaml.allow_unicode = True
    yaml.width = 100_000
    written = io.StringIO()
    yaml.dump(_bare(value), written)
    return written.getvalue().removesuffix("...\n").strip()


def _bare(value: Any) -> Any:
    """A value without what YAML's reader keeps beside it."""
    if isinstance(value, Mapping):
        return {_bare(key): _bare(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bare(one) for one in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    # Sets, bytes, and what bears a tag of its own are no settings: they are told as they stand.
    return value if value is None or isinstance(value, dt.date) else str(value)
