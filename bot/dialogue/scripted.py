"""Scripted conversations: what a buyer does, line by line, and what must come of it; read and played.

A file holds a list of scripts. A script has a ``name``, ``lines`` and, where it needs them, a ``situation``
(whose order ``{number}``, ``{email}``, ``{phone}`` and ``{name}`` stand for; ``{number:stuck}`` is that of
another one), ``name_on_channel``, ``channel`` and ``network``. Each line is what a buyer types (``buyer``; a
mapping of ``text`` and ``times`` repeats it; ``photo: true`` sends one with it), a button by its title, the
beginning of it, or a payload (``press``), or an ``event``, ``at`` a moment or not. What must come of it:
``says``, ``never_says`` or ``silent``, ``offers`` (buttons), ``flow``, ``status``, ``queue``, ``reason``,
``card`` and ``card_never`` (words on the case card).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.desk.cases import Cases
from bot.dialogue.rehearsal import LineError, Rehearsal
from bot.errors import CrossdeskError
from bot.shop.values import OrderSample

_PLACE = re.compile(r"\{(number|email|phone|name)(?::(\w+))?\}")
#: What a line may hold: what happens …
_ACTS = {"buyer", "press", "event"}
#: … and what must come of it.
_CHECKS = {
    "says",
    "never_says",
    "silent",
    "offers",
    "flow",
    "status",
    "queue",
    "reason",
    "card",
    "card_never",
}
_SCRIPT = {"name", "situation", "lines", "name_on_channel", "channel", "network"}
#: What the bot never says, whatever it is asked.
_NEVER = re.compile(
    r"\{\w*\}|\bNone\b|\bTraceback\b|\.\.|patient|guarantee|100 ?% (?:sure|safe|certain)|\balways\b|fault of",
    re.IGNORECASE,
)
_APOLOGY = re.compile(r"\bsorry\b|\bapolog", re.IGNORECASE)


class ScriptError(CrossdeskError):
    """A file of scripted conversations cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Script:
    """One scripted conversation."""

    #: The file's, without its ending.
    file: str
    name: str
    lines: tuple[Mapping[str, Any], ...]
    situation: str | None = None
    name_on_channel: str | None = None
    channel: str = "web"
    network: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def read_scripts(folder: Path) -> list[Script]:
    """Every script of every file of a folder, by file; none where there is no such folder.

    Raises:
        ScriptError: a file is no list of scripts, or asks for what there is not.
    """
    return [script for path in sorted(folder.glob("*.yml")) for script in _of_file(path)]


def _of_file(path: Path) -> list[Script]:
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ScriptError(f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise ScriptError(f"{path.name}: a list of scripts is wanted, each with `name` and `lines`")
    return [_script(path, one) for one in content]


def _script(path: Path, given: Mapping[str, Any]) -> Script:
    named, lines = given.get("name"), given.get("lines")
    if not isinstance(named, str) or not isinstance(lines, list) or not lines:
        raise ScriptError(f"{path.name}: a script needs a `name` and `lines`")
    if unknown := set(given) - _SCRIPT:
        raise ScriptError(
            f"{path.name}: {named}: there is no {_names(unknown)} (there are: {_names(_SCRIPT)})"
        )
    for number, line in enumerate(lines, start=1):
        place = f"{path.name}: {named}, line {number}"
        if not isinstance(line, dict) or len(_ACTS & set(line)) != 1:
            raise ScriptError(f"{place}: one of {_names(_ACTS)} is needed")
        if unknown := set(line) - _ACTS - _CHECKS - {"at", "photo"}:
            raise ScriptError(f"{place}: there is no {_names(unknown)} (there are: {_names(_CHECKS)})")
    return Script(path.stem, **{**given, "lines": tuple(lines)})


def _names(keys: set[str]) -> str:
    return ", ".join(f"`{key}`" for key in sorted(map(str, keys)))


@dataclass
class Player:
    """Plays a script line by line.

    Args:
        script: what happens, and what must come of it.
        rehearsal: the bot that it happens to.
        samples: an order for each situation.
    """

    script: Script
    rehearsal: Rehearsal
    samples: Mapping[str, OrderSample]
    #: The buttons offered last, by title.
    offered: dict[str, str] = field(default_factory=dict)

    def play(self) -> tuple[int, list[str]] | None:
        """Play it up to where it goes otherwise: the line's number and what was wrong; None: it went well."""
        for number, line in enumerate(self.script.lines, start=1):
            try:
                wrong = self.play_line(line)
            except (LineError, ScriptError) as error:
                wrong = [str(error)]
            if wrong:
                return number, wrong
        return None

    def play_line(self, line: Mapping[str, Any]) -> list[str]:
        """Play a line; returns what was not as it should be.

        Raises:
            LineError: what it says cannot happen now.
            ScriptError: there is no order for its situation.
        """
        played = self.rehearsal.play(self._sent(line))
        texts = [reply["text"] for reply in played["replies"]]
        said = "\n".join(texts).lower()
        buttons = {
            button["title"]: button["payload"] for reply in played["replies"] for button in reply["buttons"]
        }
        self.offered = buttons or self.offered
        case = played["case"] or {}
        wrong = [f"does not say {words!r}" for words in self._words(line, "says") if words not in said]
        wrong += [f"says {words!r}" for words in self._words(line, "never_says") if words in said]
        wrong += [f"does not offer {title!r}" for title in _all(line.get("offers")) if title not in buttons]
        wrong += [
            f"{name} is {found.get(name)!r}, not {line[name]!r}"
            for name, found in {"flow": played, "status": played, "queue": case, "reason": case}.items()
            if name in line and found.get(name) != line[name]
        ]
        card = self._card(case).lower()
        wrong += [f"the card lacks {words!r}" for words in self._words(line, "card") if words not in card]
        wrong += [f"the card holds {words!r}" for words in self._words(line, "card_never") if words in card]
        if line.get("silent") and said:
            wrong.append("the bot speaks")
        if "event" not in line or line["event"]["event"] != "agent_reply":
            wrong += [
                f"a reply holds {found[0]!r}" for text in texts for found in [_NEVER.search(text)] if found
            ]
            wrong += [f"two apologies in {text!r}" for text in texts if len(_APOLOGY.findall(text)) > 1]
        # Whoever writes is answered, or has a person: nobody is left in silence.
        if "event" not in line and not said and played["status"] not in ("queued", "agent"):
            wrong.append("nothing is said, and nobody has the conversation")
        if played["status"] in ("queued", "agent") and not case.get("queue"):
            wrong.append("a person has the conversation without a case in a queue")
        return [f"{one}\n{played}" for one in wrong]

    def _sent(self, line: Mapping[str, Any]) -> dict[str, Any]:
        sent: dict[str, Any] = {"channel": self.script.channel, "sender": "buyer"}
        if self.script.name_on_channel is not None:
            sent["sender_name"] = self.script.name_on_channel
        if self.script.network is not None:
            sent["network"] = self.script.network
        if "at" in line:
            sent["at"] = line["at"]
        if "event" in line:
            happened = {
                key: self.filled(value) if isinstance(value, str) else value
                for key, value in line["event"].items()
            }
            return sent | happened
        if "press" in line:
            return sent | {"button": self._button(self.filled(line["press"]))}
        if line.get("photo"):
            photo = {"name": "photo.jpg", "media_type": "image/jpeg", "size": 90_000, "path": "photo.jpg"}
            sent["attachments"] = [photo]
        typed = line["buyer"]
        text = typed if isinstance(typed, str) else typed["text"] * typed["times"]
        return sent | {"text": self.filled(text)}

    def _button(self, named: str) -> str:
        """The payload of the button that was offered last under this title; anything else is forged."""
        found = [payload for title, payload in self.offered.items() if title.startswith(named)]
        return self.offered.get(named) or (found[0] if len(found) == 1 else named)

    def _card(self, case: Mapping[str, Any]) -> str:
        if not case:
            return ""
        with self.rehearsal.database.begin() as connection:
            found = Cases(connection, self.rehearsal.rules, self.rehearsal.clock).get(case["id"])
        return f"{found.card} {found.priority.name}"

    def _words(self, line: Mapping[str, Any], check: str) -> list[str]:
        return [self.filled(words).lower() for words in _all(line.get(check))]

    def filled(self, words: str) -> str:
        """Words with the order of the script's situation, or of another, in its places.

        Raises:
            ScriptError: there is no order for the situation.
        """

        def value(place: re.Match[str]) -> str:
            situation = place.group(2) or self.script.situation or "(none)"
            sample = self.samples.get(situation)
            if sample is None:
                raise ScriptError(f"{self.script}: there is no order for the situation {situation!r}")
            return str(getattr(sample, place.group(1)))

        return _PLACE.sub(value, words)


def _all(words: Any) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())
