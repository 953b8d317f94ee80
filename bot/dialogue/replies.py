"""Replies: ``replies/<lang>.yml`` in Rasa's ``responses:`` format, looked up by language, then channel."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.dialogue import traditional
from bot.dialogue.filling import MissingValueError, filled
from bot.errors import ConfigurationError
from bot.messages import Button

#: Payloads are filled as plain English is: without signs of direction.
_OF_PAYLOADS = "en"


class MissingReplyError(ConfigurationError):
    """No language has this reply, or a value for it is missing."""


@dataclass(frozen=True)
class Reply:
    """A reply ready to be said."""

    text: str
    buttons: tuple[Button, ...]
    #: BCP 47: the language asked for (``zh-Hant`` is Chinese in traditional characters), or the fallback.
    language: str


class Replies:
    """All replies in all languages: by language and key, the ways in which one is said."""

    def __init__(
        self,
        responses: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
        fallback: str,
        version: str = "",
    ) -> None:
        self._responses = responses
        self._fallback = fallback
        #: The version that was released and a digest of all words, as turns record it; empty: nobody knows.
        self.version = version

    def has(self, key: str) -> bool:
        """Whether any language that can be answered in has the reply."""
        return key in self._responses.get(self._fallback, {})

    def beginning(self, prefix: str) -> tuple[str, ...]:
        """The names of the replies that begin with this, in the order of the fallback's file."""
        return tuple(key for key in self._responses.get(self._fallback, {}) if key.startswith(prefix))

    def languages(self) -> tuple[str, ...]:
        """The languages that have replies."""
        return tuple(self._responses)

    def spoken(self, language: str) -> str:
        """In which language a buyer of this one is answered: in their own, or in the fallback.

        Args:
            language: BCP 47. Its script counts where it is another one than that of the replies.
        """
        own = language.split("-")[0]
        if own not in self._responses:
            return self._fallback
        return traditional.TAG if language.startswith(traditional.TAG) else own

    def written_for(self, key: str, channel: str) -> bool:
        """Whether the reply has words of its own for this channel."""
        variants = self._responses.get(self._fallback, {}).get(key, ())
        return any(variant.get("channel") == channel for variant in variants)

    def has_variants(self, key: str) -> bool:
        """Whether some channel has several ways to say the reply, so that it matters which was heard last."""
        return any(
            len({one.get("channel") for one in ways}) < len(ways)
            for ways in (responses.get(key, ()) for responses in self._responses.values())
        )

    def say(
        self, key: str, language: str, values: Mapping[str, Any], *, channel: str = "", heard: int = 0
    ) -> Reply:
        """The reply in this language, or in the fallback language, with its places filled.

        Args:
            key: Rasa's name of the reply, such as ``utter_greet``.
            language: BCP 47.
            values: what goes into the places; other keys are ignored.
            channel: prefers a variant written for this channel.
            heard: how often the buyer has been told this before: the variants come in turn.

        Raises:
            MissingReplyError: neither language has it, or a place has no value.
        """
        for spoken in dict.fromkeys((self.spoken(language), self._fallback)):
            variants = self._responses.get(spoken.split("-")[0], {}).get(key, ())
            fitting = [variant for variant in variants if variant.get("channel") == channel] or [
                variant for variant in variants if "channel" not in variant
            ]
            if fitting:
                break
        else:
            raise MissingReplyError(f"there is no reply '{key}' in '{language}' or '{self._fallback}'")
        # A value within a payload stands in a JSON string: its quotes must not end it.
        quoted = {name: _Quoted(value) for name, value in values.items() if value is not None}
        variant = fitting[heard % len(fitting)]
        write = traditional.traditional if spoken == traditional.TAG else str
        try:
            return Reply(
                text=filled(write(variant["text"]), values, spoken),
                buttons=tuple(
                    # A payload is part of the program: it is the same in all languages.
                    Button(
                        filled(write(button["title"]), values, spoken),
                        filled(button["payload"], quoted, _OF_PAYLOADS),
                    )
                    for button in variant.get("buttons", ())
                ),
                language=spoken,
            )
        except MissingValueError as missing:
            raise MissingReplyError(f"the reply '{key}' needs a value for '{missing}'") from missing


class _Quoted:
    """A value as it stands within a JSON string."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return json.dumps(str(self._value), ensure_ascii=False)[1:-1]


def read_folders(folders: Sequence[Path], languages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read ``<lang>.yml`` in each folder, by language and key; later folders are laid over earlier ones.

    Raises:
        ConfigurationError: a file is not in Rasa's ``responses:`` format.
    """
    found: dict[str, dict[str, Any]] = {}
    for language in languages:
        for folder in folders:
            path = folder / f"{language}.yml"
            try:
                known = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            found.setdefault(language, {}).update(_read(path, known.st_mtime_ns, known.st_size))
    return found


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, Any]:
    """A file, read once while it is the same: that takes a tenth of a second each."""
    return read_replies(path)


def read_replies(path: Path) -> dict[str, Any]:
    """The replies of one file: by key, the variants.

    Raises:
        ConfigurationError: it is not in Rasa's ``responses:`` format.
    """
    try:
        content = YAML(typ="safe", pure=False).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigurationError(f"{path}{line}: this is not YAML: {error.problem}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: this is not YAML: {str(error).splitlines()[0]}") from error
    responses = content.get("responses") if isinstance(content, dict) else None
    if not isinstance(responses, dict):
        raise ConfigurationError(f"{path}: expected a `responses:` section")
    for key, variants in responses.items():
        if not isinstance(variants, list) or not all(map(_is_reply, variants)):
            raise ConfigurationError(
                f"{path}: '{key}' must be a list of replies, each with a `text` and, if it has `buttons`, a "
                "`title` and a `payload` for each"
            )
    return responses


def _is_reply(variant: Any) -> bool:
    if not isinstance(variant, dict) or not isinstance(variant.get("text"), str):
        return False
    buttons = variant.get("buttons", [])
    return isinstance(buttons, list) and all(
        isinstance(button, dict) and all(isinstance(button.get(part), str) for part in ("title", "payload"))
        for button in buttons
    )
