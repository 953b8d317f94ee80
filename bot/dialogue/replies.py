"""Replies: ``replies/<lang>.yml`` in Rasa's ``responses:`` format, looked up by language, then channel."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.errors import ConfigurationError
from bot.messages import Button

#: A place for a value in a reply. Braces of JSON payloads never look like this.
_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class MissingReplyError(ConfigurationError):
    """No language has this reply, or a value for it is missing."""


@dataclass(frozen=True)
class Reply:
    """A reply ready to be said."""

    text: str
    buttons: tuple[Button, ...]
    #: ISO 639-1 of the text: the language asked for, or the fallback.
    language: str


class Replies:
    """All replies in all languages, the store's own laid over the shipped ones."""

    def __init__(
        self, responses: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]], fallback: str
    ) -> None:
        self._responses = responses
        self._fallback = fallback

    @classmethod
    def load(cls, folders: Sequence[Path], languages: Sequence[str], fallback: str) -> Replies:
        """Read ``<lang>.yml`` in each folder; later folders are laid over earlier ones, key by key.

        Raises:
            ConfigurationError: a file is not in Rasa's ``responses:`` format.
        """
        found: dict[str, dict[str, Any]] = {}
        for folder in folders:
            for language in languages:
                path = folder / f"{language}.yml"
                if path.exists():
                    found.setdefault(language, {}).update(_read(path))
        return cls(found, fallback)

    def has(self, key: str) -> bool:
        """Whether any language that can be answered in has the reply."""
        return key in self._responses.get(self._fallback, {})

    def languages(self) -> tuple[str, ...]:
        """The languages that have replies."""
        return tuple(self._responses)

    def say(
        self, key: str, language: str, values: Mapping[str, Any], *, channel: str = "", seed: str = ""
    ) -> Reply:
        """The reply in this language, or in the fallback language, with its places filled.

        Args:
            key: Rasa's name of the reply, such as ``utter_greet``.
            language: ISO 639-1.
            values: what goes into the places; other keys are ignored.
            channel: prefers a variant written for this channel.
            seed: chooses among variants, the same for the same seed.

        Raises:
            MissingReplyError: neither language has it, or a place has no value.
        """
        for spoken in dict.fromkeys((language, self._fallback)):
            variants = self._responses.get(spoken, {}).get(key, ())
            fitting = [variant for variant in variants if variant.get("channel") == channel] or [
                variant for variant in variants if "channel" not in variant
            ]
            if fitting:
                break
        else:
            raise MissingReplyError(f"there is no reply '{key}' in '{language}' or '{self._fallback}'")
        # A value within a payload stands in a JSON string: its quotes must not end it.
        quoted = {name: _Quoted(value) for name, value in values.items() if value is not None}
        variant = fitting[zlib.crc32(f"{key}{seed}".encode()) % len(fitting)]
        return Reply(
            text=_filled(variant["text"], key, values),
            buttons=tuple(
                Button(_filled(button["title"], key, values), _filled(button["payload"], key, quoted))
                for button in variant.get("buttons", ())
            ),
            language=spoken,
        )


class _Quoted:
    """A value as it stands within a JSON string."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return json.dumps(str(self._value), ensure_ascii=False)[1:-1]


def _filled(text: str, key: str, values: Mapping[str, Any]) -> str:
    def value(place: re.Match[str]) -> str:
        name = place.group(1)
        if values.get(name) is None:
            raise MissingReplyError(f"the reply '{key}' needs a value for '{name}'")
        return str(values[name])

    return _PLACE.sub(value, text).strip()


def _read(path: Path) -> dict[str, Any]:
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
